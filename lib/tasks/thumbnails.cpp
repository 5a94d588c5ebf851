#include "tasks/task_list.hpp"

namespace video::tasks {

TaskKind thumbnails() {
  TaskKind kind{.name = "thumbnails"};
  kind.timing.every = std::chrono::seconds{10};
  kind.timing.jitter = std::chrono::seconds{1};
  kind.make = [](const Surroundings& its) { return its.renditions.thumbnailsTask(); };
  return kind;
}

}  // namespace video::tasks

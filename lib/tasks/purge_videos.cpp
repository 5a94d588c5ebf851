#include "deletions/deletions.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {

TaskKind purgeVideos() {
  TaskKind kind{.name = "video-clear"};
  kind.timing.every = std::chrono::seconds{3};
  kind.shared = true;
  kind.make = [](const Surroundings& its) { return its.deletions.purgeVideos(); };
  return kind;
}

}  // namespace video::tasks

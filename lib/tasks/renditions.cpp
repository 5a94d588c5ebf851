#include "tasks/task_list.hpp"

namespace video::tasks {

TaskKind renditions() {
  TaskKind kind{.name = "renditions"};
  kind.timing.every = std::chrono::minutes{1};
  kind.timing.jitter = std::chrono::seconds{5};
  kind.timing.timeout = {};  // one long video may take hours
  kind.make = [](const Surroundings& its) { return its.renditions.renditionsTask(); };
  return kind;
}

}  // namespace video::tasks

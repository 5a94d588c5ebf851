#include "deletions/deletions.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {

TaskKind purgeUsers() {
  TaskKind kind{.name = "user-clear"};
  kind.timing.every = std::chrono::seconds{3};
  kind.shared = true;
  kind.make = [](const Surroundings& its) { return its.deletions.purgeUsers(); };
  return kind;
}

}  // namespace video::tasks

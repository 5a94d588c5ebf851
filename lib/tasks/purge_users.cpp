#include <utility>

#include "deletions/deletions.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {

TaskKind purgeUsers() {
  TaskKind kind{.name = "user-clear"};
  kind.timing.every = std::chrono::seconds{3};
  kind.shared = true;
  kind.make = [](const Surroundings& its) {
    schedule::Task task = its.deletions.purgeUsers();
    task.begin = [&its, begin = std::move(task.begin)] {
      its.exports.dropOld();
      return begin();
    };
    return task;
  };
  return kind;
}

}  // namespace video::tasks

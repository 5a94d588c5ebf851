#include "tasks/task_list.hpp"

namespace video::tasks {

TaskKind backup() {
  TaskKind kind{.name = "backup"};
  kind.timing.enabled = false;
  kind.timing.cron = "15 3 * * *";
  return kind;
}

}  // namespace video::tasks

#include "tasks/kinds.hpp"

namespace video::tasks {

Kind backup() {
  Kind kind{.name = "backup"};
  kind.timing.enabled = false;
  kind.timing.cron = "15 3 * * *";
  return kind;
}

}  // namespace video::tasks

#include "tasks/task_list.hpp"
#include "videos/videos.hpp"

namespace video::tasks {

TaskKind verify() {
  TaskKind kind{.name = "verify"};
  kind.timing.cron = "0 2 * * *";
  kind.timing.jitter = std::chrono::minutes{30};
  kind.timing.timeout = std::chrono::hours{4};
  kind.make = [](const Surroundings& its) { return its.videos.verifyTask(its.verifyShare); };
  return kind;
}

}  // namespace video::tasks

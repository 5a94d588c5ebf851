#include "tasks/task_list.hpp"
#include "videos/videos.hpp"

namespace video::tasks {

TaskKind mediaProbe() {
  TaskKind kind{.name = "media-probe"};
  kind.timing.every = std::chrono::hours{1};
  kind.timing.jitter = std::chrono::minutes{5};
  kind.make = [](const Surroundings& its) { return its.videos.probeTask(); };
  return kind;
}

}  // namespace video::tasks

#include "deletions/deletions.hpp"
#include "tasks/kinds.hpp"

namespace video::tasks {

Kind videoClear() {
  Kind kind{.name = "video-clear"};
  kind.timing.every = std::chrono::seconds{3};
  kind.shared = true;
  kind.make = [](const Surroundings& its) { return its.deletions.videoClear(); };
  return kind;
}

}  // namespace video::tasks

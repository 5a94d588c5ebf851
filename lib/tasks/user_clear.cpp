#include "deletions/deletions.hpp"
#include "tasks/kinds.hpp"

namespace video::tasks {

Kind userClear() {
  Kind kind{.name = "user-clear"};
  kind.timing.every = std::chrono::seconds{3};
  kind.shared = true;
  kind.make = [](const Surroundings& its) { return its.deletions.userClear(); };
  return kind;
}

}  // namespace video::tasks

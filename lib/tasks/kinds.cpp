#include "tasks/kinds.hpp"

namespace video::tasks {

// A task is a file that makes its kind, and its line here.
#define KIND(make)      \
  [] {                  \
    extern Kind make(); \
    return make();      \
  }()

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      KIND(backup),    KIND(orphanSweep), KIND(sessionSweep),  KIND(uploadSweep),
      KIND(userClear), KIND(videoClear),  KIND(walCheckpoint),
  };
  return all;
}

#undef KIND

}  // namespace video::tasks

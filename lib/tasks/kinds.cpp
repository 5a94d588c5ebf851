#include "tasks/kinds.hpp"

namespace video::tasks {

// A task is a file that makes its kind, and its name here, twice.
Kind backup(), orphanSweep(), sessionSweep(), uploadSweep(), userClear(), videoClear(), walCheckpoint();

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{backup(),    orphanSweep(), sessionSweep(), uploadSweep(),
                                     userClear(), videoClear(),  walCheckpoint()};
  return all;
}

}  // namespace video::tasks

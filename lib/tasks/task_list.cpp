#include "tasks/task_list.hpp"

namespace video::tasks {

// To add a task, write a file with a function that returns its TaskKind, and add the function here.
#define KIND(make)          \
  [] {                      \
    extern TaskKind make(); \
    return make();          \
  }()

const std::vector<TaskKind>& taskList() {
  static const std::vector<TaskKind> all{
      KIND(backup),       KIND(mediaProbe), KIND(orphanSweep),   KIND(renditions), KIND(reportSweep),
      KIND(sessionSweep), KIND(thumbnails), KIND(uploadSweep),   KIND(purgeUsers), KIND(verify),
      KIND(purgeVideos),  KIND(viewSweep),  KIND(walCheckpoint),
  };
  return all;
}

#undef KIND

}  // namespace video::tasks

#include "os/priority.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace video::os {

void beLowPriority() noexcept {
  constexpr int lowest = 19;
  // ioprio_set(2), whose header is not for C++: of this thread, the class that gets the disk when nobody else wants it.
  constexpr int process = 1;
  constexpr int idle = 3 << 13;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest);
  ::syscall(SYS_ioprio_set, process, 0, idle);
}

}  // namespace video::os

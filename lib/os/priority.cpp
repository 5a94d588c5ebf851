#include "os/priority.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace video::os {

void lowerPriority(int nice, bool idleDisk) noexcept {
  // On Linux each thread has its own priority, which new threads inherit; the main thread keeps that of the process.
  const auto thread = static_cast<id_t>(::gettid());
  const int wanted = std::min(::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid())) + nice, 19);
  if (::getpriority(PRIO_PROCESS, thread) < wanted) ::setpriority(PRIO_PROCESS, thread, wanted);
  // ioprio_set(2); the C library has neither the function nor its constants.
  constexpr int thisThread = 1;  // IOPRIO_WHO_PROCESS
  constexpr int idle = 3 << 13;  // IOPRIO_CLASS_IDLE
  if (idleDisk) ::syscall(SYS_ioprio_set, thisThread, 0, idle);
}

}  // namespace video::os

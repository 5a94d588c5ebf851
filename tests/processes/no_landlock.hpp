#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>

namespace video {

/// Runs `work` in a process whose kernel seems to have no Landlock. Returns what it returns; false if it throws.
template <class Work>
bool withoutLandlock(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr std::uint32_t notThere = static_cast<std::uint32_t>(SECCOMP_RET_ERRNO) | ENOSYS;
    std::array<sock_filter, 4> filter{
        sock_filter(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))),
        sock_filter(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1)),
        sock_filter(BPF_STMT(BPF_RET | BPF_K, notThere)), sock_filter(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW))};
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    bool is = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
    try {
      is = is && work();
    } catch (const std::exception&) {
      is = false;
    }
    ::_exit(is ? 0 : 1);
  }
  int status = -1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

}  // namespace video

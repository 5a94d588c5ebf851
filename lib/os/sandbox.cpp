#include "os/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "os/errors.hpp"

namespace video::os {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr int inputNumber = 3;
constexpr int outputNumber = 4;
constexpr int rulesNumber = 5;            // closed when the program starts
constexpr std::size_t mostErrors = 2000;  // bytes of standard error that are kept: the last ones

// ---- which system calls the child may make

#if defined(__x86_64__)
constexpr std::uint32_t ownArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t ownArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the system calls of this architecture are not known"
#endif

// Calls that reach nothing but the process itself and files that are open already, or that Landlock confines.
// `makeFilter` allows more, with some arguments only.
constexpr auto allowedCalls = std::to_array<long>({
  SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_lseek, SYS_close,
      SYS_close_range, SYS_dup, SYS_dup3, SYS_ftruncate, SYS_fadvise64, SYS_fsync, SYS_fdatasync, SYS_fstat,
      SYS_newfstatat, SYS_statx, SYS_fstatfs, SYS_statfs, SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getdents64,
      SYS_getcwd, SYS_ppoll, SYS_pselect6, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_mincore,
      SYS_brk, SYS_membarrier, SYS_futex, SYS_set_robust_list, SYS_get_robust_list, SYS_rseq, SYS_set_tid_address,
      SYS_execve, SYS_exit, SYS_exit_group, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
      SYS_restart_syscall, SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler,
      SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getpriority, SYS_nanosleep, SYS_clock_nanosleep,
      SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_times, SYS_getrusage, SYS_getrandom, SYS_getpid,
      SYS_gettid, SYS_getppid, SYS_getpgid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname, SYS_sysinfo,
      SYS_getcpu,
#if defined(__x86_64__)
      SYS_arch_prctl, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_poll, SYS_select, SYS_dup2, SYS_time,
      SYS_getrlimit, SYS_getpgrp,
#endif
});

// The program of the seccomp filter. Every call that is not listed fails with EPERM. `writes`: files may be opened for
// writing, as far as Landlock allows.
std::vector<sock_filter> makeFilter(bool writes) {
  constexpr auto refuse = static_cast<std::uint32_t>(SECCOMP_RET_ERRNO);
  constexpr auto argument = [](std::uint32_t number) {  // the lower half, on machines that are little-endian
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t));
  };
  std::vector<sock_filter> filter;
  const auto load = [&](std::size_t offset) {
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  };
  const auto end = [&](std::uint32_t result) { filter.push_back(BPF_STMT(BPF_RET | BPF_K, result)); };
  // The next instruction is for this value alone.
  const auto onlyIf = [&](std::uint32_t value) { filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)); };

  load(offsetof(seccomp_data, arch));
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ownArchitecture, 1, 0));
  end(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(seccomp_data, nr));
  for (const long call : allowedCalls) {
    onlyIf(static_cast<std::uint32_t>(call));
    end(SECCOMP_RET_ALLOW);
  }
  // The C library then uses clone, whose flags can be checked.
  onlyIf(SYS_clone3);
  end(refuse | ENOSYS);
  // Adds what decides on a call by its argument `number`; it must end in a result.
  const auto decideOn = [&](std::uint32_t call, std::uint32_t number, const auto& decide) {
    const std::size_t jump = filter.size();
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 0));
    load(argument(number));
    decide();
    filter[jump].jf = static_cast<unsigned char>(filter.size() - jump - 1);
  };
  const auto allowOnly = [&](std::uint32_t call, std::uint32_t number, std::initializer_list<std::uint32_t> values) {
    decideOn(call, number, [&] {
      for (const std::uint32_t value : values) {
        onlyIf(value);
        end(SECCOMP_RET_ALLOW);
      }
      end(refuse | EPERM);
    });
  };
  // Threads, but no processes.
  decideOn(SYS_clone, 0, [&] {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
    end(SECCOMP_RET_ALLOW);
    end(refuse | EPERM);
  });
  // Without F_SETOWN: the kernel would send any signal to any process of the same user.
  allowOnly(SYS_fcntl, 1, {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC});
  allowOnly(SYS_prlimit64, 0, {0});  // its own limits
  allowOnly(SYS_prctl, 0, {PR_SET_NAME, PR_GET_NAME});
  const auto open = [&](std::uint32_t call, std::uint32_t flags) {
    constexpr std::uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    decideOn(call, flags, [&] {
      filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, writes ? 0 : writing, 0, 1));
      end(refuse | EACCES);
      // Before Linux 6.2 Landlock lets whoever may read a file empty it in this way.
      filter.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, O_ACCMODE | O_TRUNC));
      onlyIf(O_RDONLY | O_TRUNC);
      end(refuse | EPERM);
      end(SECCOMP_RET_ALLOW);
    });
  };
  open(SYS_openat, 2);
#if defined(__x86_64__)
  open(SYS_open, 1);
#endif
  end(refuse | EPERM);
  return filter;
}

// ---- which files it may open

int landlockVersion() noexcept {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

// Every right that this version of Landlock can refuse. The headers may be older than the kernel.
std::uint64_t landlockRights(int version) noexcept {
  constexpr std::uint64_t ofFirst = (1ULL << 13) - 1;
  constexpr std::uint64_t refer = 1ULL << 13;
  constexpr std::uint64_t truncate = 1ULL << 14;
  constexpr std::uint64_t ioctls = 1ULL << 15;
  return ofFirst | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0) | (version >= 5 ? ioctls : 0);
}

void allowAccess(int ruleset, int file, std::uint64_t rights) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = file;
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    throwErrno(errno, "sandbox: landlock_add_rule");
}

// The rules for the files of a program; an empty descriptor without Landlock.
Descriptor makeRules(const SandboxedProgram& program) {
  const int version = landlockVersion();
  if (version < 1) return {};
  const std::uint64_t all = landlockRights(version);
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = all;
  Descriptor ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  if (!ruleset) throwErrno(errno, "sandbox: landlock_create_ruleset");
  constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
  const auto allowPath = [&](const char* path, std::uint64_t rights) {
    const Descriptor opened(::open(path, O_PATH | O_CLOEXEC));
    if (opened) allowAccess(ruleset.number(), opened.number(), rights);
  };
  for (const char* folder : {"/usr", "/lib", "/lib64", "/bin"})
    allowPath(folder, reading | LANDLOCK_ACCESS_FS_READ_DIR);
  for (const char* file : {"/etc/ld.so.cache", "/etc/ld.so.preload", program.command.front().c_str()})
    allowPath(file, reading);
  if (program.input >= 0) allowAccess(ruleset.number(), program.input, LANDLOCK_ACCESS_FS_READ_FILE);
  constexpr std::uint64_t truncate = 1ULL << 14;
  if (program.output >= 0)
    allowAccess(ruleset.number(), program.output,
                LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (all & truncate));
  return ruleset;
}

// ---- the child, from fork to exec: it calls only what is safe after a fork in a process with threads

// What it needs, made before the fork.
struct Prepared {
  const SandboxLimits& limits;
  pid_t parent;
  std::array<int, 6> files;  // what become its descriptors 0 to 5; -1: none; the last one: the Landlock rules
  sock_fprog filter;
  char* const* arguments;
};

constexpr std::string_view gaveUp = "sandbox: ";
constexpr int gaveUpStatus = 126;

[[noreturn]] void giveUp(const char* what) noexcept {
  // Nothing can be done about a failure.
  if (::write(STDERR_FILENO, gaveUp.data(), gaveUp.size()) > 0 && ::write(STDERR_FILENO, what, std::strlen(what)) > 0) {
  }
  ::_exit(gaveUpStatus);
}

void setLimit(__rlimit_resource what, rlim_t most, rlim_t last) noexcept {
  const rlimit limit{most, last};
  if (::setrlimit(what, &limit) != 0) giveUp("setrlimit");
}

// Makes the files its descriptors 0 to 5, and closes all others.
void placeFiles(std::array<int, 6> files) noexcept {
  // First out of the way of each other.
  for (int& file : files)
    if (file >= 0 && (file = ::fcntl(file, F_DUPFD_CLOEXEC, 10)) < 0) giveUp("fcntl");
  for (int number = 0; number < static_cast<int>(files.size()); ++number) {
    const int file = files[static_cast<std::size_t>(number)];
    if (file < 0)
      ::close(number);
    else if (::dup2(file, number) < 0)
      giveUp("dup2");
  }
  if (files[rulesNumber] >= 0) ::fcntl(rulesNumber, F_SETFD, FD_CLOEXEC);
  if (::syscall(SYS_close_range, rulesNumber + 1, ~0U, 0) != 0) giveUp("close_range");
}

// Sets how a child and its threads compete for the processor: SCHED_OTHER is beside others, at the lowest priority.
// Without privileges this needs RLIMIT_NICE, see etc/videod.service.
void setPolicy(pid_t child, int policy) noexcept try {
  const sched_param none{};
  ::sched_setscheduler(child, policy, &none);
  std::error_code failed;
  const std::filesystem::path threads = fmt::format("/proc/{}/task", child);
  for (auto thread = std::filesystem::directory_iterator(threads, failed);
       !failed && thread != std::filesystem::directory_iterator(); thread.increment(failed))
    ::sched_setscheduler(std::atoi(thread->path().filename().c_str()), policy, &none);
} catch (const std::exception&) {
  // Its other threads stay as they are.
}

void takeLowestPriority() noexcept {
  constexpr int idleDisk = 3 << 13;  // IOPRIO_CLASS_IDLE
  ::syscall(SYS_ioprio_set, 1, 0, idleDisk);
  ::setpriority(PRIO_PROCESS, 0, 19);
  // Even with the lowest nice value it would keep its core for a time slice when others have something to send.
  // But only if that can be undone again (sched(7)).
  const sched_param none{};
  rlimit most{};
  if (::geteuid() == 0 || (::getrlimit(RLIMIT_NICE, &most) == 0 && most.rlim_cur >= 1))
    ::sched_setscheduler(0, SCHED_IDLE, &none);
  // The first to be ended if memory runs out.
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0 || ::write(score, "1000", 4) != 4) {
  }
  ::close(score);
}

// Gives up what root has; it cannot come back through exec.
void dropPrivileges() noexcept {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) giveUp("PR_SET_NO_NEW_PRIVS");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0 && ::geteuid() == 0) giveUp("capset");
}

[[noreturn]] void becomeProgram(const Prepared& its) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != its.parent) ::_exit(gaveUpStatus);  // the parent has ended already
  placeFiles(its.files);                                 // first, as others wait for locks of files that are open here
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(077);
  if (::chdir("/") != 0) giveUp("chdir");
  takeLowestPriority();
  dropPrivileges();
  if (its.files[rulesNumber] >= 0 && ::syscall(SYS_landlock_restrict_self, rulesNumber, 0) != 0)
    giveUp("landlock_restrict_self");
  const auto seconds = static_cast<rlim_t>(its.limits.processor.count());
  setLimit(RLIMIT_CPU, seconds, seconds + 1);
  setLimit(RLIMIT_AS, its.limits.memory, its.limits.memory);
  setLimit(RLIMIT_FSIZE, its.limits.fileSize, its.limits.fileSize);
  setLimit(RLIMIT_NOFILE, 32, 32);
  setLimit(RLIMIT_CORE, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &its.filter, 0, 0) != 0) giveUp("PR_SET_SECCOMP");
  static const std::array<const char*, 4> environment{"PATH=/usr/bin:/bin", "LC_ALL=C", "MALLOC_ARENA_MAX=2", nullptr};
  ::execve(its.arguments[0], its.arguments, const_cast<char* const*>(environment.data()));
  giveUp("execve");
}

// ---- pipes

std::array<Descriptor, 2> makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throwErrno(errno, "sandbox: pipe");
  std::array<Descriptor, 2> made{Descriptor(ends[0]), Descriptor(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) throwErrno(errno, "sandbox: pipe");
  return made;
}

// Appends what there is to read. Closes the pipe at its end.
void readPipe(Descriptor& from, const std::function<void(std::string_view)>& take) {
  std::array<char, 16384> piece;
  while (from) {
    const ssize_t got = ::read(from.number(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0)
      from.reset();
    else
      take({piece.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

bool hasLandlock() noexcept {
  return landlockVersion() >= 1;
}

SandboxedChild::SandboxedChild(const SandboxedProgram& program)
    : limits_(program.limits), began_(std::chrono::steady_clock::now()), looked_(began_) {
  const Descriptor rules = makeRules(program);
  auto [out, outEnd] = makePipe();
  auto [err, errEnd] = makePipe();
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing) throwErrno(errno, "/dev/null");
  std::vector<sock_filter> filter = makeFilter(program.output >= 0 && rules);
  std::vector<char*> arguments;
  for (const std::string& word : program.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const Prepared prepared{
      limits_,
      ::getpid(),
      {nothing.number(), outEnd.number(), errEnd.number(), program.input, program.output, rules.number()},
      {static_cast<unsigned short>(filter.size()), filter.data()},
      arguments.data()};
  pid_ = ::fork();
  if (pid_ == 0) becomeProgram(prepared);
  if (pid_ < 0) throw Error(Fault::unavailable, fmt::format("sandbox: no process can be started ({})", errno));
  out_ = std::move(out);
  err_ = std::move(err);
}

SandboxedChild::~SandboxedChild() {
  if (pid_ < 0) return;
  kill();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void SandboxedChild::compete() noexcept {
  competes_ = true;
  setPolicy(pid_, SCHED_OTHER);
}

void SandboxedChild::competeIfStarved() noexcept {
  const SteadyTime now = std::chrono::steady_clock::now();
  clockid_t clock{};
  timespec used{};
  if (!killed_.empty() || now - looked_ < (competes_ ? 10 : 1) * limits_.patience ||
      ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    return;
  const auto usedNow = std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
  if (std::exchange(competes_, false))
    setPolicy(pid_, SCHED_IDLE);  // others may need less by now
  else if (usedNow - usedThen_ < (now - looked_) / 10)
    compete();
  looked_ = now;
  usedThen_ = usedNow;
}

void SandboxedChild::kill() noexcept {
  compete();  // to end it needs the processor
  // It has no children; its group may not exist yet.
  ::kill(pid_, SIGKILL);
}

bool SandboxedChild::wait(std::chrono::milliseconds most) {
  using std::chrono::milliseconds;
  const SteadyTime until = std::chrono::steady_clock::now() + most;
  while (pid_ >= 0) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (killed_.empty() && now - began_ > limits_.time) {
      killed_ = fmt::format("took longer than {} s", limits_.time.count() / 1000);
      isOutOfTime_ = true;
      kill();
    }
    // It may close its outputs before it ends, so do not wait for those alone.
    constexpr milliseconds look{50};
    const auto left = std::chrono::duration_cast<milliseconds>(until - now) + milliseconds{1};
    std::array<pollfd, 2> pipes{pollfd{out_.number(), POLLIN, 0}, pollfd{err_.number(), POLLIN, 0}};
    ::poll(pipes.data(), pipes.size(), static_cast<int>(std::clamp(left, milliseconds{0}, look).count()));
    const bool wasKilled = !killed_.empty();
    collect();
    if (!wasKilled && !killed_.empty()) kill();
    competeIfStarved();
    int status = 0;
    rusage used{};
    const pid_t ended = ::wait4(pid_, &status, WNOHANG, &used);
    if (ended == pid_)
      used_ = std::chrono::seconds{used.ru_utime.tv_sec + used.ru_stime.tv_sec} +
              std::chrono::microseconds{used.ru_utime.tv_usec + used.ru_stime.tv_usec};
    if (ended == pid_ || (ended < 0 && errno != EINTR)) reap(ended < 0 ? -1 : status);
    if (pid_ >= 0 && std::chrono::steady_clock::now() >= until) return false;
  }
  return true;
}

void SandboxedChild::reap(int status) {
  pid_ = -1;
  status_ = status;
  collect();
}

// What is beyond the limit is dropped.
void SandboxedChild::collect() {
  readPipe(err_, [&](std::string_view text) {
    errors_ += text;
    if (errors_.size() > mostErrors) errors_.erase(0, errors_.size() - mostErrors);
  });
  readPipe(out_, [&](std::string_view text) {
    const std::size_t taken = std::min(text.size(), static_cast<std::size_t>(limits_.printed) - printed_.size());
    printed_ += text.substr(0, taken);
    if (taken < text.size() && killed_.empty()) killed_ = fmt::format("printed more than {} bytes", limits_.printed);
  });
}

bool SandboxedChild::isNotStarted() const noexcept {
  return killed_.empty() && WIFEXITED(status_) && WEXITSTATUS(status_) == gaveUpStatus && errors_.starts_with(gaveUp);
}

bool SandboxedChild::wasStarved() const noexcept {
  return isOutOfTime_ && used_ < limits_.processor / 2;
}

std::string SandboxedChild::failure() const {
  std::string why;
  if (!killed_.empty())
    why = killed_;
  else if (WIFSIGNALED(status_))
    why = WTERMSIG(status_) == SIGXCPU || WTERMSIG(status_) == SIGKILL
              ? fmt::format("used more than {} s of processor time, or was killed", limits_.processor.count())
          : WTERMSIG(status_) == SIGXFSZ ? fmt::format("wrote more than {} bytes", limits_.fileSize)
                                         : fmt::format("ended with signal {}", WTERMSIG(status_));
  else if (status_ != 0)
    why = fmt::format("exited with status {}", WEXITSTATUS(status_));
  if (why.empty() || errors_.empty()) return why;
  return fmt::format("{}: {}", why, errors_);
}

}  // namespace video::os

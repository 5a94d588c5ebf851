// A library for LD_PRELOAD: counts the file-system calls of a program, and fails one of them or kills the program
// there.
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "faults/control.hpp"

namespace {

using video::faults::Action;
using video::faults::Call;
using video::faults::Control;
using Path = std::array<char, 600>;

Control* mapControl() {
  const char* const name = std::getenv(video::faults::controlVariable);
  if (name == nullptr) return nullptr;
  const auto file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0));
  if (file < 0) return nullptr;
  void* const mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::syscall(SYS_close, file);
  return mapped == MAP_FAILED ? nullptr : static_cast<Control*>(mapped);
}

// Null while no calls are counted.
Control* control() {
  static Control* const mapped = mapControl();
  return mapped != nullptr && mapped->armed ? mapped : nullptr;
}

Path pathOf(int file) {
  Path path{};
  if (control() == nullptr) return path;
  std::array<char, 64> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  ::syscall(SYS_readlinkat, AT_FDCWD, link.data(), path.data(), path.size() - 1);
  return path;
}

Path pathOf(int folder, const char* name) {
  Path path{};
  if (control() == nullptr || name == nullptr) return path;
  if (name[0] == '/') {
    std::snprintf(path.data(), path.size(), "%s", name);
    return path;
  }
  if (folder == AT_FDCWD)
    ::syscall(SYS_getcwd, path.data(), path.size());
  else
    path = pathOf(folder);
  const std::size_t length = std::strlen(path.data());
  std::snprintf(path.data() + length, path.size() - length, "/%s", name);
  return path;
}

[[noreturn]] void die() {
  ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
  for (;;) ::syscall(SYS_pause);
}

// Counts a call; what is to happen to it.
Action visit(Call call, const char* name, const Path& path) {
  Control* const its = control();
  if (its == nullptr || (its->calls & call) == 0) return Action::none;
  if (call != video::faults::answers && !std::string_view(path.data()).starts_with(its->below.data()))
    return Action::none;
  const std::uint32_t number = ++its->seen;
  if (its->first == 0 || number < its->first || number > its->last) return Action::none;
  ++its->hits;
  std::snprintf(its->hit.data(), its->hit.size(), "%s %.400s", name, path.data());
  if (its->action == Action::killBefore) die();
  return its->action;
}

template <class Work>
auto perform(Call call, const char* name, const Path& path, const Work& work) {
  const Action action = visit(call, name, path);
  if (action == Action::fail) {
    errno = control()->error;
    return decltype(work())(-1);
  }
  const auto result = work();
  if (action == Action::killAfter) die();
  return result;
}

template <class... Arguments>
int systemCall(long number, Arguments... arguments) {
  return static_cast<int>(::syscall(number, arguments...));
}

// `put(size)` writes that many of the bytes.
template <class Put>
ssize_t writeSome(const char* name, int file, std::size_t size, const Put& put) {
  struct stat is {};
  if (control() == nullptr || systemCall(SYS_fstat, file, &is) != 0 || !S_ISREG(is.st_mode)) return put(size);
  const Action action = visit(video::faults::writes, name, pathOf(file));
  if (action == Action::fail) {
    errno = control()->error;
    return -1;
  }
  const bool half = action == Action::tear || action == Action::shorten;
  const ssize_t written = put(half ? std::max<std::size_t>(size / 2, 1) : size);
  if (action == Action::tear || action == Action::killAfter) die();
  return written;
}

int openAt(int folder, const char* name, int flags, mode_t mode) {
  struct stat is {};
  const bool creates = control() != nullptr && (flags & O_CREAT) != 0 &&
                       systemCall(SYS_newfstatat, folder, name, &is, AT_SYMLINK_NOFOLLOW) != 0;
  return perform(creates ? video::faults::creates : video::faults::opens, creates ? "create" : "open",
                 pathOf(folder, name), [&] { return systemCall(SYS_openat, folder, name, flags, mode); });
}

int renameAt(int from, const char* name, int to, const char* newName, unsigned flags) {
  return perform(video::faults::renames, "rename", pathOf(to, newName),
                 [&] { return systemCall(SYS_renameat2, from, name, to, newName, flags); });
}

int unlinkAt(int folder, const char* name, int flags) {
  return perform(video::faults::unlinks, "unlink", pathOf(folder, name),
                 [&] { return systemCall(SYS_unlinkat, folder, name, flags); });
}

int makeFolder(int folder, const char* name, mode_t mode) {
  return perform(video::faults::makes, "mkdir", pathOf(folder, name),
                 [&] { return systemCall(SYS_mkdirat, folder, name, mode); });
}

int setSize(int file, off_t size) {
  return perform(video::faults::truncates, "ftruncate", pathOf(file),
                 [&] { return systemCall(SYS_ftruncate, file, size); });
}

int allocate(int file, off_t from, off_t size) {
  const int result = perform(video::faults::allocates, "fallocate", pathOf(file),
                             [&] { return systemCall(SYS_fallocate, file, 0, from, size); });
  return result == 0 ? 0 : errno;
}

int lockOrElse(int file, int command, void* argument) {
  const auto real = [&] { return systemCall(SYS_fcntl, file, command, argument); };
  const auto perhaps = [&] {
    // No kernel refuses to release a lock, and SQLite would keep it until its process ends.
    if (static_cast<const struct flock*>(argument)->l_type == F_UNLCK) return real();
    return perform(video::faults::locks, "fcntl", pathOf(file), real);
  };
  switch (command) {
    case F_SETLK:
    case F_SETLKW:
    case F_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_OFD_GETLK: return perhaps();
    default: return real();
  }
}

template <class Send>
ssize_t answer(const char* name, const void* bytes, std::size_t size, const Send& send) {
  if (size < 8 || std::memcmp(bytes, "HTTP/1.", 7) != 0) return send();
  return perform(video::faults::answers, name, Path{}, send);
}

}  // namespace

// glibc's functions of these names; on 64-bit machines those for large files are the same.
extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openAt(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openAt(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openAt(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openAt(folder, path, flags, mode);
}

ssize_t write(int file, const void* bytes, std::size_t size) {
  return writeSome("write", file, size, [&](std::size_t some) { return ::syscall(SYS_write, file, bytes, some); });
}
ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t at) {
  return writeSome("pwrite", file, size,
                   [&](std::size_t some) { return ::syscall(SYS_pwrite64, file, bytes, some, at); });
}
ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t at) {
  return pwrite(file, bytes, size, at);
}

int fsync(int file) {
  return perform(video::faults::syncs, "fsync", pathOf(file), [&] { return systemCall(SYS_fsync, file); });
}
int fdatasync(int file) {
  return perform(video::faults::syncs, "fdatasync", pathOf(file), [&] { return systemCall(SYS_fdatasync, file); });
}
int ftruncate(int file, off_t size) noexcept {
  return setSize(file, size);
}
int ftruncate64(int file, off64_t size) noexcept {
  return setSize(file, size);
}
int posix_fallocate(int file, off_t from, off_t size) {
  return allocate(file, from, size);
}
int posix_fallocate64(int file, off64_t from, off64_t size) {
  return allocate(file, from, size);
}
int fchmod(int file, mode_t mode) noexcept {
  return perform(video::faults::modes, "fchmod", pathOf(file), [&] { return systemCall(SYS_fchmod, file, mode); });
}
int lockWhole(int file, int operation) noexcept __asm__("flock");  // a struct has the name too
int lockWhole(int file, int operation) noexcept {
  return perform(video::faults::locks, "flock", pathOf(file), [&] { return systemCall(SYS_flock, file, operation); });
}
int fcntl(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  return lockOrElse(file, command, argument);
}
int fcntl64(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  return lockOrElse(file, command, argument);
}

int rename(const char* name, const char* newName) noexcept {
  return renameAt(AT_FDCWD, name, AT_FDCWD, newName, 0);
}
int renameat(int from, const char* name, int to, const char* newName) noexcept {
  return renameAt(from, name, to, newName, 0);
}
int renameat2(int from, const char* name, int to, const char* newName, unsigned flags) noexcept {
  return renameAt(from, name, to, newName, flags);
}
int linkat(int from, const char* name, int to, const char* newName, int flags) noexcept {
  return perform(video::faults::renames, "link", pathOf(to, newName),
                 [&] { return systemCall(SYS_linkat, from, name, to, newName, flags); });
}
int unlink(const char* name) noexcept {
  return unlinkAt(AT_FDCWD, name, 0);
}
int unlinkat(int folder, const char* name, int flags) noexcept {
  return unlinkAt(folder, name, flags);
}
int mkdir(const char* name, mode_t mode) noexcept {
  return makeFolder(AT_FDCWD, name, mode);
}
int mkdirat(int folder, const char* name, mode_t mode) noexcept {
  return makeFolder(folder, name, mode);
}

ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
  return answer("send", bytes, size, [&] { return ::syscall(SYS_sendto, socket, bytes, size, flags, nullptr, 0); });
}
ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  const iovec first = message->msg_iovlen > 0 ? message->msg_iov[0] : iovec{};
  return answer("sendmsg", first.iov_base, first.iov_len,
                [&] { return ::syscall(SYS_sendmsg, socket, message, flags); });
}
}

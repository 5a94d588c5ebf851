#include "store/sqlite_system_calls.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <string_view>
#include <utility>

#include "observe/log.hpp"
#include "os/copy_on_write.hpp"

namespace video::store {
namespace {

thread_local int noted = 0;

void note(int error) noexcept {
  if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE) noted = error;
}

// After a failed open SQLite tries again read-only, and reports the errno of that. A file that is open already is named
// by a link of /proc.
int openNoting(const char* path, int flags, int permissions) {
  if (std::string_view(path).starts_with("/proc/self/fd/")) flags &= ~O_NOFOLLOW;
  const int file = ::open(path, flags, permissions);
  if (file < 0) note(errno);
  return file;
}

constexpr off_t page = 4096;

// SQLite (unixShmMap) extends -shm by writing the last byte of each page, and then maps a file that may have holes.
// Whoever opens it first has cut it to 3 bytes, so the first page is lengthened too. Nobody else can be doing the same:
// it holds the lock for writing to the log.
bool lengthensShm(int file, std::size_t size, off_t at) {
  struct stat is {};
  return size == 1 && (at + 1) % page == 0 && ::fstat(file, &is) == 0 && is.st_size <= at;
}

// Gives a page of -shm its blocks. btrfs writes in place only to what is allocated; ext4 with blocks smaller than a
// page may need more of them to write to what is allocated and not written.
int fillPage(int file, off_t at) {
  if (os::isBtrfs(file)) return ::posix_fallocate(file, at, page);
  static constexpr std::array<char, page> zeros{};
  return ::pwrite(file, zeros.data(), zeros.size(), at) < 0 ? errno : 0;
}

ssize_t writeNoting(int file, const void* bytes, std::size_t size, off_t at) {
  if (lengthensShm(file, size, at)) {
    const int error = fillPage(file, at + 1 - page);
    if (error == ENOSPC || error == EDQUOT) {
      note(error);
      errno = ENOSPC;
      return -1;
    }
  }
  const ssize_t written = ::pwrite(file, bytes, size, at);
  if (written < 0) {
    note(errno);
    if (errno == EDQUOT) errno = ENOSPC;  // the only one that is SQLITE_FULL
  }
  return written;
}

// SQLite calls this for each failure, including a failed sync, before errno changes.
void noteLogged(void*, int code, const char*) {
  const int primary = code & 0xff;
  if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) note(errno);
}

template <class Function>
void replace(sqlite3_vfs& files, const char* name, Function function) {
  if (files.xGetSystemCall(&files, name) == nullptr) return;  // this build of SQLite has no use for it
  files.xSetSystemCall(&files, name, reinterpret_cast<sqlite3_syscall_ptr>(function));
}

}  // namespace

void prepareSqlite() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (const int code = sqlite3_config(SQLITE_CONFIG_LOG, &noteLogged, nullptr); code != SQLITE_OK)
      observe::warning("SQLite cannot be configured: a full disk at COMMIT is reported as another error",
                       {{"code", code}});
    sqlite3_initialize();
    sqlite3_vfs* const files = sqlite3_vfs_find(nullptr);
    if (files == nullptr || files->iVersion < 3) return;
    replace(*files, "open", &openNoting);
    replace(*files, "pwrite", &writeNoting);
    replace(*files, "pwrite64", &writeNoting);
  });
}

void forgetSqliteErrno() noexcept {
  noted = 0;
}

int takeSqliteErrno() noexcept {
  return std::exchange(noted, 0);
}

}  // namespace video::store

#include "store/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.hpp"

namespace video::store {
namespace {

// As root the directory's owner is given what root makes; anyone else may at most give it its group.
void giveToOwnerOf(int folder, int made) {
  struct stat wanted {};
  struct stat is {};
  if (::fstat(folder, &wanted) != 0 || ::fstat(made, &is) != 0) return;
  if (wanted.st_uid == is.st_uid && wanted.st_gid == is.st_gid) return;
  if (::fchown(made, wanted.st_uid, wanted.st_gid) != 0 && ::fchown(made, static_cast<uid_t>(-1), wanted.st_gid) != 0)
    return;
}

}  // namespace

void throwErrno(int error, std::string_view what) {
  const Fault fault = [error] {
    switch (error) {
      case ENOSPC:
      case EDQUOT: return Fault::diskFull;
      case EACCES:
      case EPERM: return Fault::forbidden;
      case EROFS: return Fault::unreachable;
      case EMFILE:
      case ENFILE: return Fault::unavailable;
      default: return Fault::internal;
    }
  }();
  throw Error(fault, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

Descriptor openFolder(int at, const std::string& name) {
  Descriptor folder(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) throwErrno(errno, name);
  return folder;
}

bool makeFolder(int at, const std::string& name) {
  if (::mkdirat(at, name.c_str(), 0750) != 0) {
    if (errno == EEXIST) return false;
    throwErrno(errno, name);
  }
  const Descriptor made = openFolder(at, name);
  if (::fchmod(made.number(), 0750) != 0) throwErrno(errno, name);
  giveToOwnerOf(at, made.number());
  return true;
}

Descriptor openIfThere(int at, const std::string& name, int flags) {
  Descriptor file(::openat(at, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno != ENOENT) throwErrno(errno, name);
  return file;
}

Descriptor makeFile(int at, const std::string& name, int flags, mode_t mode) {
  Descriptor file(::openat(at, name.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) {
    if (errno == EEXIST) return file;
    throwErrno(errno, name);
  }
  if (::fchmod(file.number(), mode) != 0) throwErrno(errno, name);
  giveToOwnerOf(at, file.number());
  return file;
}

Descriptor openOrMake(int at, const std::string& name, int flags, mode_t mode) {
  for (;;) {
    if (Descriptor there = openIfThere(at, name, flags)) return there;
    if (Descriptor made = makeFile(at, name, flags, mode)) return made;
  }
}

void fixOwnerAndMode(int at, const std::string& name) {
  const Descriptor file = openIfThere(at, name, O_RDWR);
  if (!file) throwErrno(ENOENT, name);
  if (::fchmod(file.number(), 0640) != 0) throwErrno(errno, name);
  giveToOwnerOf(at, file.number());
  sync(file.number(), name);
}

void writeAll(int file, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throwErrno(errno, what);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync(int file, std::string_view what) {
  if (::fsync(file) != 0) throwErrno(errno, what);
}

bool tryLock(int file, int operation) {
  while (::flock(file, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throwErrno(errno, "flock");
  }
  return true;
}

}  // namespace video::store

#include "os/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "os/copy_on_write.hpp"
#include "os/locks.hpp"

namespace video::os {
namespace {

// Gives the file to the owner of the folder if run as root, otherwise at most to the group of the folder.
void giveToOwnerOf(int folder, int made) {
  struct stat wanted {};
  struct stat is {};
  if (::fstat(folder, &wanted) != 0 || ::fstat(made, &is) != 0) return;
  if (wanted.st_uid == is.st_uid && wanted.st_gid == is.st_gid) return;
  if (::fchown(made, wanted.st_uid, wanted.st_gid) != 0 && ::fchown(made, static_cast<uid_t>(-1), wanted.st_gid) != 0)
    return;
}

bool isSame(const struct stat& one, const struct stat& other) noexcept {
  return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

bool exists(int at, const std::string& name) {
  struct stat is {};
  return ::fstatat(at, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0;
}

// Returns the file to write to: locked and empty.
Descriptor takeUnfinished(FileSystem& files, int at, const std::string& name, mode_t mode) {
  for (;;) {
    Descriptor file = openOrMake(files, at, name, O_RDWR, mode);
    lock(file.number());
    if (!isSameFile(file.number(), at, name)) continue;  // another process renamed or removed it before we got the lock
    if (files.ftruncate(file.number(), 0) != 0 || files.fchmod(file.number(), mode) != 0) throwErrno(errno, name);
    giveToOwnerOf(at, file.number());  // a file left by a crash may belong to root
    return file;
  }
}

}  // namespace

Descriptor openFolder(FileSystem& files, int at, const std::string& name) {
  Descriptor folder(files.openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
  if (!folder) throwErrno(errno, name);
  return folder;
}

bool makeFolder(FileSystem& files, int at, const std::string& name) {
  if (files.mkdirat(at, name.c_str(), 0750) != 0) {
    if (errno == EEXIST) return false;
    throwErrno(errno, name);
  }
  const Descriptor made = openFolder(files, at, name);
  if (files.fchmod(made.number(), 0750) != 0) throwErrno(errno, name);
  giveToOwnerOf(at, made.number());
  return true;
}

Descriptor openIfThere(FileSystem& files, int at, const std::string& name, int flags) {
  Descriptor file(files.openat(at, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0));
  if (!file && errno != ENOENT) throwErrno(errno, name);
  return file;
}

Descriptor makeFile(FileSystem& files, int at, const std::string& name, int flags, mode_t mode) {
  Descriptor file(files.openat(at, name.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) {
    if (errno == EEXIST) return file;
    throwErrno(errno, name);
  }
  if (files.fchmod(file.number(), mode) != 0) {
    const int error = errno;
    files.unlinkat(at, name.c_str());
    throwErrno(error, name);
  }
  giveToOwnerOf(at, file.number());
  return file;
}

Descriptor openOrMake(FileSystem& files, int at, const std::string& name, int flags, mode_t mode) {
  for (;;) {
    if (Descriptor there = openIfThere(files, at, name, flags)) return there;
    if (Descriptor made = makeFile(files, at, name, flags, mode)) return made;
  }
}

std::vector<std::string> listNames(FileSystem& files, int folder, std::string_view what) {
  // Opened anew, since descriptors made by dup share their position.
  Descriptor opened(files.openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!opened) throwErrno(errno, what);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(opened.number()), ::closedir);
  if (!stream) throwErrno(errno, what);
  opened.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* const entry = files.readdir(stream.get());
    if (entry == nullptr && errno != 0) throwErrno(errno, what);
    if (entry == nullptr) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

void removeFile(FileSystem& files, int at, const std::string& name) {
  if (files.unlinkat(at, name.c_str()) != 0 && errno != ENOENT) throwErrno(errno, name);
}

void removeTree(FileSystem& files, int at, const std::string& name) {
  struct stat is {};
  if (::fstatat(at, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return;
    throwErrno(errno, name);
  }
  if (!S_ISDIR(is.st_mode)) return removeFile(files, at, name);
  {
    const Descriptor folder = openFolder(files, at, name);
    for (const std::string& one : listNames(files, folder.number(), name)) removeTree(files, folder.number(), one);
  }
  if (files.rmdirat(at, name.c_str()) != 0 && errno != ENOENT) throwErrno(errno, name);
}

int tryWriteAll(FileSystem& files, int file, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = files.write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void writeAll(FileSystem& files, int file, std::string_view bytes, std::string_view what) {
  if (const int error = tryWriteAll(files, file, bytes); error != 0) throwErrno(error, what);
}

void copyFile(FileSystem& files, int from, int to, std::string_view what) {
  constexpr std::size_t pieceSize = 1U << 20;
  if (cloneFile(from, to)) return;
  std::string piece(pieceSize, '\0');
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(from, piece.data(), piece.size(), at);
    if (got < 0) throwErrno(errno, what);
    if (got == 0) return;
    writeAll(files, to, std::string_view(piece).substr(0, static_cast<std::size_t>(got)), what);
    at += got;
  }
}

void sync(FileSystem& files, int file, std::string_view what) {
  if (files.fsync(file) != 0) throwErrno(errno, what);
}

std::uint64_t freeSpace(FileSystem& files, int file, std::string_view what) {
  struct statvfs is {};
  if (files.fstatvfs(file, is) != 0) throwErrno(errno, what);
  return std::uint64_t{is.f_bavail} * is.f_frsize;
}

std::uint64_t freeInodes(FileSystem& files, int file, std::string_view what) {
  struct statvfs is {};
  if (files.fstatvfs(file, is) != 0) throwErrno(errno, what);
  return is.f_files == 0 ? UINT64_MAX : std::uint64_t{is.f_favail};
}

bool isSameFile(int file, int at, const std::string& name) noexcept {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file, &opened) == 0 && ::fstatat(at, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         isSame(opened, named);
}

bool isSameFile(int file, int other) noexcept {
  struct stat of {};
  struct stat ofOther {};
  return ::fstat(file, &of) == 0 && ::fstat(other, &ofOther) == 0 && isSame(of, ofOther);
}

int trySyncFolder(FileSystem& files, int at, const std::string& name) {
  const Descriptor opened(files.openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!opened) return errno == EACCES ? 0 : errno;
  return files.fsync(opened.number()) == 0 || errno == EINVAL ? 0 : errno;
}

int tryPlaceFile(FileSystem& files, int at, const std::string& name, const std::string& newName, unsigned flags) {
  if (files.renameat2(at, name.c_str(), at, newName.c_str(), flags) != 0) return errno;
  const std::size_t slash = newName.rfind('/');
  return trySyncFolder(files, at, slash == std::string::npos ? "." : newName.substr(0, slash + 1));
}

void placeMadeFile(FileSystem& files, int at, const std::string& name, const std::string& newName) {
  {
    const Descriptor file = openIfThere(files, at, name, O_RDWR);
    if (!file) throwErrno(ENOENT, name);
    if (files.fchmod(file.number(), 0640) != 0) throwErrno(errno, name);
    giveToOwnerOf(at, file.number());
    sync(files, file.number(), name);
  }
  if (const int error = tryPlaceFile(files, at, name, newName); error != 0) throwErrno(error, newName);
}

void writeFile(FileSystem& files, int at, const std::string& name, std::string_view bytes, mode_t mode,
               Existing existing) {
  const std::string unfinished = name + ".new";
  const Descriptor file = takeUnfinished(files, at, unfinished, mode);
  try {
    // All writers of this file take the lock first, so it cannot appear after this check.
    if (existing == Existing::keep && exists(at, name)) return removeFile(files, at, unfinished);
    writeAll(files, file.number(), bytes, name);
    sync(files, file.number(), name);
    if (const int error = tryPlaceFile(files, at, unfinished, name); error != 0)
      throwErrno(error, isSameFile(file.number(), at, name)
                            ? name + ": is new, but a power failure may bring back what was there before"
                            : name);
  } catch (...) {
    if (isSameFile(file.number(), at, unfinished)) files.unlinkat(at, unfinished.c_str());
    throw;
  }
}

void openMissingStandardStreams() noexcept {
  // open(2) takes the lowest number that is free.
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

void removeUnfinished(FileSystem& files, int at, const std::string& name) {
  const std::string unfinished = name + ".new";
  const Descriptor file = openIfThere(files, at, unfinished, O_RDWR);
  if (file && tryLock(file.number(), LOCK_EX) && isSameFile(file.number(), at, unfinished))
    removeFile(files, at, unfinished);
}

}  // namespace video::os

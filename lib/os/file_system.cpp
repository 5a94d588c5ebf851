#include "os/file_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace video::os {

int FileSystem::openat(int folder, const char* name, int flags, mode_t mode) {
  return ::openat(folder, name, flags, mode);
}

int FileSystem::mkdirat(int folder, const char* name, mode_t mode) {
  return ::mkdirat(folder, name, mode);
}

int FileSystem::fchmod(int file, mode_t mode) {
  return ::fchmod(file, mode);
}

ssize_t FileSystem::write(int file, const void* bytes, std::size_t size) {
  return ::write(file, bytes, size);
}

int FileSystem::ftruncate(int file, off_t size) {
  return ::ftruncate(file, size);
}

int FileSystem::fallocate(int file, off_t size) {
  errno = ::posix_fallocate(file, 0, size);
  return errno == 0 ? 0 : -1;
}

int FileSystem::fsync(int file) {
  return ::fsync(file);
}

int FileSystem::renameat2(int from, const char* name, int to, const char* newName, unsigned flags) {
  return ::renameat2(from, name, to, newName, flags);
}

int FileSystem::linkat(int from, const char* name, int to, const char* newName) {
  return ::linkat(from, name, to, newName, 0);
}

int FileSystem::linkat(int file, int folder, const char* name) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", file);
  return ::linkat(AT_FDCWD, path.data(), folder, name, AT_SYMLINK_FOLLOW);
}

int FileSystem::unlinkat(int folder, const char* name) {
  return ::unlinkat(folder, name, 0);
}

int FileSystem::rmdirat(int folder, const char* name) {
  return ::unlinkat(folder, name, AT_REMOVEDIR);
}

const dirent* FileSystem::readdir(DIR* folder) {
  return ::readdir(folder);
}

int FileSystem::fstatvfs(int file, struct statvfs& found) {
  return ::fstatvfs(file, &found);
}

FileSystem& systemFiles() noexcept {
  static FileSystem files;
  return files;
}

}  // namespace video::os

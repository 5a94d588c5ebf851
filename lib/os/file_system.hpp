#pragma once

#include <sys/statvfs.h>
#include <sys/types.h>

#include <cstddef>

namespace video::os {

/// The system calls that decide whether what was written is whole, durable and visible. Each takes and returns what the
/// call of its name does: -1 and errno where it fails. A test overrides them and has them fail. What SQLite does to the
/// database's files does not come through here. May be used from any thread.
class FileSystem {
 public:
  FileSystem() = default;
  virtual ~FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  virtual int openat(int folder, const char* name, int flags, mode_t mode);
  virtual int mkdirat(int folder, const char* name, mode_t mode);
  virtual int fchmod(int file, mode_t mode);
  virtual ssize_t write(int file, const void* bytes, std::size_t size);
  virtual int ftruncate(int file, off_t size);
  /// As posix_fallocate, but -1 and errno where it fails.
  virtual int fallocate(int file, off_t size);
  virtual int fsync(int file);
  virtual int renameat2(int from, const char* name, int to, const char* newName, unsigned flags);
  virtual int unlinkat(int folder, const char* name);
  virtual int fstatvfs(int file, struct statvfs& found);
};

/// The one that asks the kernel.
FileSystem& systemFiles() noexcept;

}  // namespace video::os

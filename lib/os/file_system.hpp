#pragma once

#include <dirent.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <cstddef>

namespace video::os {

/// The system calls that create, write, sync and rename files. Each function takes the arguments of the call it is
/// named after and returns its result: -1 with errno set on failure. Tests override them to make calls fail. SQLite
/// accesses the database files without it. May be used from any thread.
class FileSystem {
 public:
  FileSystem() = default;
  virtual ~FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  /// openat(2).
  virtual int openat(int folder, const char* name, int flags, mode_t mode);
  /// mkdirat(2).
  virtual int mkdirat(int folder, const char* name, mode_t mode);
  /// fchmod(2).
  virtual int fchmod(int file, mode_t mode);
  /// write(2); may write less than asked for.
  virtual ssize_t write(int file, const void* bytes, std::size_t size);
  /// ftruncate(2).
  virtual int ftruncate(int file, off_t size);
  /// posix_fallocate(3), but returns -1 and sets errno if it fails.
  virtual int fallocate(int file, off_t size);
  /// fsync(2).
  virtual int fsync(int file);
  /// renameat2(2).
  virtual int renameat2(int from, const char* name, int to, const char* newName, unsigned flags);
  /// linkat(2).
  virtual int linkat(int from, const char* name, int to, const char* newName);
  /// unlinkat(2) of a file.
  virtual int unlinkat(int folder, const char* name);
  /// unlinkat(2) of an empty folder.
  virtual int rmdirat(int folder, const char* name);
  /// readdir(3): null at the end, with errno as it was, or if it fails, with errno set.
  virtual const dirent* readdir(DIR* folder);
  /// fstatvfs(3).
  virtual int fstatvfs(int file, struct statvfs& found);
  /// linkat(2) of an open file.
  virtual int linkat(int file, int folder, const char* name);
};

/// Returns the implementation that makes the real system calls.
FileSystem& systemFiles() noexcept;

}  // namespace video::os

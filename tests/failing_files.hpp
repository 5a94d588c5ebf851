#pragma once

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "os/file_system.hpp"

namespace video::test {

/// The real file system, except that one call fails; calls are counted over all threads.
class FailingFiles : public os::FileSystem {
 public:
  /// How the call fails.
  struct Failure {
    int error = EIO;
    bool goesOn = false;   ///< every later call fails too, as on a broken or full disk
    bool isShort = false;  ///< no call fails, but each write takes at most 1000 bytes
  };

  /// Makes call number `call` fail; 1 is the next call.
  void failAt(int call, const Failure& failure) {
    const std::scoped_lock lock(mutex_);
    failure_ = failure;
    seen_ = 0;
    failed_ = 0;
    at_ = call;
  }
  /// Ends the failures; returns how many calls have failed.
  int heal() {
    const std::scoped_lock lock(mutex_);
    at_ = 0;
    failure_ = {};
    return failed_;
  }
  /// Returns the number of calls since `failAt`.
  int seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

  int openat(int folder, const char* name, int flags, mode_t mode) override {
    return fails() ? -1 : FileSystem::openat(folder, name, flags, mode);
  }
  int mkdirat(int folder, const char* name, mode_t mode) override {
    return fails() ? -1 : FileSystem::mkdirat(folder, name, mode);
  }
  int fchmod(int file, mode_t mode) override { return fails() ? -1 : FileSystem::fchmod(file, mode); }
  ssize_t write(int file, const void* bytes, std::size_t size) override {
    if (fails()) return -1;
    return FileSystem::write(file, bytes, isShort() ? std::min<std::size_t>(size, 1000) : size);
  }
  int ftruncate(int file, off_t size) override { return fails() ? -1 : FileSystem::ftruncate(file, size); }
  int fallocate(int file, off_t size) override { return fails() ? -1 : FileSystem::fallocate(file, size); }
  int fsync(int file) override { return fails() ? -1 : FileSystem::fsync(file); }
  int renameat2(int from, const char* name, int to, const char* newName, unsigned flags) override {
    return fails() ? -1 : FileSystem::renameat2(from, name, to, newName, flags);
  }
  int linkat(int from, const char* name, int to, const char* newName) override {
    return fails() ? -1 : FileSystem::linkat(from, name, to, newName);
  }
  int linkat(int file, int folder, const char* name) override {
    return fails() ? -1 : FileSystem::linkat(file, folder, name);
  }
  int unlinkat(int folder, const char* name) override { return fails() ? -1 : FileSystem::unlinkat(folder, name); }
  int rmdirat(int folder, const char* name) override { return fails() ? -1 : FileSystem::rmdirat(folder, name); }
  const dirent* readdir(DIR* folder) override { return fails() ? nullptr : FileSystem::readdir(folder); }
  int fstatvfs(int file, struct statvfs& found) override { return fails() ? -1 : FileSystem::fstatvfs(file, found); }

 private:
  bool fails() {
    const std::scoped_lock lock(mutex_);
    const int call = ++seen_;
    if (at_ == 0 || failure_.isShort || call < at_ || (call > at_ && !failure_.goesOn)) return false;
    ++failed_;
    errno = failure_.error;
    return true;
  }

  bool isShort() const {
    const std::scoped_lock lock(mutex_);
    return failure_.isShort;
  }

  mutable std::mutex mutex_;
  Failure failure_;
  int at_ = 0;
  int seen_ = 0;
  int failed_ = 0;
};

/// Runs `once(failure, call)`, which must call `failAt` and return the number of failed calls, for the first call, then
/// for the second, and so on until no call fails. Does so with EIO and ENOSPC, for that call alone and for all calls
/// from it on; then runs `once` with short writes.
template <class Once>
void failEachCall(FailingFiles& files, const Once& once) {
  for (const int error : {EIO, ENOSPC})
    for (const bool goesOn : {false, true})
      for (int call = 1, failed = 1; failed > 0; ++call) {
        INFO("call " << call << " fails with errno " << error << (goesOn ? ", and all after it" : ""));
        REQUIRE(call < 200);
        failed = once(FailingFiles::Failure{error, goesOn}, call);
      }
  once(FailingFiles::Failure{0, false, true}, 1);
  files.heal();
}

}  // namespace video::test

#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "os/file_system.hpp"

namespace video::test {

/// The real file system, one call of which fails, counted over all threads.
class FailingFiles : public os::FileSystem {
 public:
  /// What the call is made to do.
  struct Failure {
    int error = EIO;
    bool goesOn = false;   ///< every later call fails too, as on a disk that is broken or full
    bool isShort = false;  ///< no call fails, but each write takes at most 1000 bytes
  };

  /// From now on call number `call` fails; 1 is the next one.
  void failAt(int call, const Failure& failure) {
    failure_ = failure;
    seen_ = 0;
    failed_ = 0;
    at_ = call;
  }
  /// Lets everything succeed again; how many calls have failed.
  int heal() {
    at_ = 0;
    failure_ = {};
    return failed_;
  }
  /// How many calls there were since `failAt`.
  int seen() const { return seen_; }

  int openat(int folder, const char* name, int flags, mode_t mode) override {
    return fails() ? -1 : FileSystem::openat(folder, name, flags, mode);
  }
  int mkdirat(int folder, const char* name, mode_t mode) override {
    return fails() ? -1 : FileSystem::mkdirat(folder, name, mode);
  }
  int fchmod(int file, mode_t mode) override { return fails() ? -1 : FileSystem::fchmod(file, mode); }
  ssize_t write(int file, const void* bytes, std::size_t size) override {
    if (fails()) return -1;
    return FileSystem::write(file, bytes, failure_.isShort ? std::min<std::size_t>(size, 1000) : size);
  }
  int ftruncate(int file, off_t size) override { return fails() ? -1 : FileSystem::ftruncate(file, size); }
  int fallocate(int file, off_t size) override { return fails() ? -1 : FileSystem::fallocate(file, size); }
  int fsync(int file) override { return fails() ? -1 : FileSystem::fsync(file); }
  int renameat2(int from, const char* name, int to, const char* newName, unsigned flags) override {
    return fails() ? -1 : FileSystem::renameat2(from, name, to, newName, flags);
  }
  int unlinkat(int folder, const char* name) override { return fails() ? -1 : FileSystem::unlinkat(folder, name); }
  const dirent* readdir(DIR* folder) override { return fails() ? nullptr : FileSystem::readdir(folder); }
  int fstatvfs(int file, struct statvfs& found) override { return fails() ? -1 : FileSystem::fstatvfs(file, found); }

 private:
  bool fails() {
    const int call = ++seen_;
    const int at = at_;
    if (at == 0 || failure_.isShort || call < at || (call > at && !failure_.goesOn)) return false;
    ++failed_;
    errno = failure_.error;
    return true;
  }

  Failure failure_;  // set while nobody calls
  std::atomic<int> at_ = 0;
  std::atomic<int> seen_ = 0;
  std::atomic<int> failed_ = 0;
};

/// Runs `once(failure, call)` with the first call failing, then with the second, and so on until a run has no call that
/// fails: for a call of its own and for the disk from there on, with EIO and with ENOSPC. `once` is to call failAt.
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

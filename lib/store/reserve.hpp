#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include "os/file_system.hpp"

namespace video::store {

/// The file `reserve` of a data directory, and empty ones beside it: disk space and inodes that are released when
/// opening, a delete, a drain or a checkpoint meets a full disk, and allocated again later. All processes share one
/// reserve; any of them may make or release it. May be used from any thread.
class Reserve {
 public:
  /// Must be at least what a checkpoint needs (the log, up to the Writer's logLimit); otherwise deletes would still
  /// fail after the reserve was released.
  static constexpr std::uint64_t least = 8ULL << 20;

  /// The names of its files. There are as many empty ones as opening the database and creating the operator's socket
  /// need inodes.
  static constexpr std::array names{"reserve", "reserve.1", "reserve.2", "reserve.3"};

  /// `folder` is the open data directory, which must outlive this object.
  Reserve(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}
  /// Removes the reserve, or what there is of it. Returns whether there was anything.
  bool release() noexcept;
  /// Returns how many bytes this process has released since there was last a reserve. They are not for growth.
  std::uint64_t given() const noexcept { return given_; }
  /// Runs `work`, which opens the database and so needs some room beside it: if it throws diskFull, releases the
  /// reserve and runs it once more.
  void runWithRoom(const std::function<void()>& work);
  /// Allocates the reserve (64 MiB; on a small disk an eighth of the free space, but at least 8 MiB) if more than
  /// `floor` bytes, and inodes, remain free. Returns whether there is a reserve now. Throws Error if the disk cannot be
  /// queried.
  bool make(std::uint64_t floor);

 private:
  bool complete(std::uint64_t floor);
  bool allocate(std::uint64_t floor);

  os::FileSystem& files_;
  const int folder_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> given_ = 0;
};

}  // namespace video::store

#pragma once

#include <cstdint>
#include <mutex>

#include "os/file_system.hpp"

namespace video::store {

/// The file `reserve` of a data directory: space that is given up to a delete, a drain or a checkpoint that meets a
/// full disk, and made again later. It is of use to one process at a time, and any of them may make it or give it up.
/// May be used from any thread.
class Reserve {
 public:
  /// Once given up it must hold what a checkpoint moves (the log, Writer's logLimit), or deletes fail after it.
  static constexpr std::uint64_t least = 8ULL << 20;

  /// `folder` is the open data directory, which outlives this.
  Reserve(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}
  /// Gives it up; how many bytes it held, 0 where there was none.
  std::uint64_t release() noexcept;
  /// Makes it (64 MiB; on a small disk an eighth of what is free, 8 MiB at least) where space allows: never below
  /// `floor` bytes free. Whether one stands now. Throws Error where the disk cannot be asked.
  bool make(std::uint64_t floor);

 private:
  os::FileSystem& files_;
  const int folder_;
  std::mutex mutex_;
};

}  // namespace video::store

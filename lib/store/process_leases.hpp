#pragma once

#include <cstdint>
#include <mutex>

#include "os/descriptor.hpp"
#include "os/file_system.hpp"

namespace video::store {

/// The file OWNERS of a data directory. A process that takes leases locks one byte of it, and its leases are valid as
/// long as it holds that lock. The kernel releases the lock when the process ends, for whatever reason, so no timeout
/// is needed. May be used from any thread.
class ProcessLeases {
 public:
  /// `folder` is the open data directory, which must outlive this object.
  ProcessLeases(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}
  /// Returns the number of this process's byte, which is locked at the first call. Throws Error.
  std::int64_t own();
  /// Returns whether the process that locked this byte is still alive. Throws Error.
  bool isAlive(std::int64_t byte) const;

 private:
  Descriptor open() const;

  os::FileSystem& files_;
  const int folder_;
  mutable std::mutex mutex_;
  mutable Descriptor probe_;  // separate open file description: locks held through the same one do not conflict
  Descriptor owners_;
  std::int64_t own_ = 0;
};

}  // namespace video::store

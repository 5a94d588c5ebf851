#pragma once

#include <cstdint>
#include <mutex>

#include "os/descriptor.hpp"
#include "os/file_system.hpp"

namespace video::store {

/// The file OWNERS of a data directory: a process that takes leases locks a byte of it, and a lease counts for as long
/// as that lock is held. The kernel lets go of it when the process ends, however it ends; no clock decides. May be used
/// from any thread.
class ProcessLeases {
 public:
  /// `folder` is the open data directory, which outlives this.
  ProcessLeases(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}
  /// The number of this process's byte; taken at the first call. Throws Error.
  std::int64_t own();
  /// Whether the process that took this byte still lives. Throws Error.
  bool isAlive(std::int64_t byte) const;

 private:
  Descriptor open() const;

  os::FileSystem& files_;
  const int folder_;
  mutable std::mutex mutex_;
  mutable Descriptor probe_;  // an open file description of its own: it would not see its own locks
  Descriptor owners_;
  std::int64_t own_ = 0;
};

}  // namespace video::store

#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "store/scheduler_file.hpp"

namespace video::store {

/// The clock by which deletions are due: the system's clock, unless that jumped. If it moves by more than an hour
/// against the time since boot, this clock goes on as before until the jump is taken back or has lasted 10 minutes.
/// Its state is stored in the data directory, for other processes and the next start. After a restart of the machine,
/// more than an hour since the last run also counts as a jump. May be used from any thread.
class PurgeClock : public Clock {
 public:
  /// The arguments must outlive this object.
  PurgeClock(const DataDirectory& directory, const Clock& system, const Clock& sinceBoot = bootClock());
  /// Returns the time by which deletions are due.
  Time now() const override { return look().now; }
  /// Returns whether the system's clock jumped and is not trusted yet.
  bool isHeld() const { return look().isHeld; }

 private:
  struct Seen {
    Time now;
    bool isHeld;
  };
  Seen look() const;
  void load(Time wall, std::chrono::milliseconds boot) const;
  void save(Time wall, std::chrono::milliseconds boot, bool synced) const noexcept;

  const SchedulerFile file_;
  const Clock& system_;
  const Clock& sinceBoot_;
  mutable std::mutex mutex_;
  mutable std::optional<ClockState> state_;
  mutable std::optional<std::chrono::milliseconds> saved_;  // since boot
};

}  // namespace video::store

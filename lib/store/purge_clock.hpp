#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "store/scheduler_file.hpp"

namespace video::store {

/// Returns the time since this machine started, suspensions included (CLOCK_BOOTTIME).
std::chrono::milliseconds timeSinceBoot() noexcept;

/// The clock by which deletions are due: the system's clock, unless that jumped. If it moves by more than an hour
/// against the time since boot, this clock goes on as before until the jump is taken back or has lasted 10 minutes.
/// What it knows is kept in the data directory, for other processes and the next start; after a restart of the machine,
/// more than an hour that passed meanwhile counts as a jump too. May be used from any thread.
class PurgeClock : public Clock {
 public:
  /// Everything must outlive this object. `sinceBoot` is for tests.
  PurgeClock(const DataDirectory& directory, const Clock& system,
             std::function<std::chrono::milliseconds()> sinceBoot = timeSinceBoot);
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
  void save(Time wall, std::chrono::milliseconds boot) const noexcept;

  const SchedulerFile file_;
  const Clock& system_;
  const std::function<std::chrono::milliseconds()> sinceBoot_;
  mutable std::mutex mutex_;
  mutable std::optional<ClockState> state_;
  mutable std::optional<std::chrono::milliseconds> saved_;  // since boot
};

}  // namespace video::store

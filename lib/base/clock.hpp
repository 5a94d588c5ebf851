#pragma once

#include <chrono>

namespace video {

/// A point in time, UTC, in milliseconds, as used in rows, JSON and ids.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// A source of time. It is passed to everything that needs the time, so that a test can run a week in milliseconds.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Returns the current time. May be called from any thread.
  virtual Time now() const = 0;
};

/// Returns the system clock, which lives as long as the program.
const Clock& systemClock() noexcept;

/// Returns a clock that counts from the system's start, sleep included (CLOCK_BOOTTIME): for waits that must neither
/// end early nor last longer because someone set the time.
const Clock& bootClock() noexcept;

}  // namespace video

#pragma once

#include <chrono>

namespace video {

/// A point of wall time, UTC, in milliseconds: what rows, JSON and ids carry.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Where time comes from; given to whatever needs it, so that a test can run a week in milliseconds.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Now, by the wall. May be called from any thread.
  virtual Time now() const = 0;
};

/// The machine's own clock; lives as long as the program.
const Clock& systemClock() noexcept;

}  // namespace video

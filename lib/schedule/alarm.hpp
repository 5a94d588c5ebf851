#pragma once

#include <memory>

#include "base/clock.hpp"

namespace video::schedule {

/// What one thread sleeps by.
class Alarm {
 public:
  virtual ~Alarm() = default;
  /// Returns at `until` (never at Time::max()), when `ring` was called since the last return, or when the clock was
  /// set: the caller looks at the time again.
  virtual void sleepUntil(Time until) = 0;
  /// Ends the sleep of the other thread, or its next one. From any thread.
  virtual void ring() noexcept = 0;
};

/// A clock that wakes: in a test, one whose weeks pass at once. May be used from any thread.
class AlarmClock : public Clock {
 public:
  virtual std::unique_ptr<Alarm> makeAlarm() const = 0;
};

/// The machine's own clock; lives as long as the program. Sleepers notice when it is set, and cost nothing meanwhile.
const AlarmClock& systemAlarmClock() noexcept;

}  // namespace video::schedule

#pragma once

#include <memory>

#include "base/clock.hpp"

namespace video::schedule {

/// Puts one thread to sleep until a time.
class Alarm {
 public:
  virtual ~Alarm() = default;
  /// Returns at `until` (Time::max() means never), when `ring` has been called since the last return, or when the
  /// clock was set: the caller must read the time again.
  virtual void sleepUntil(Time until) = 0;
  /// Ends the current sleep, or the next one. May be called from any thread.
  virtual void ring() noexcept = 0;
};

/// A clock that also makes alarms; tests use one whose weeks pass at once. May be used from any thread.
class AlarmClock : public Clock {
 public:
  /// Makes an alarm for one thread; the clock must outlive it.
  virtual std::unique_ptr<Alarm> makeAlarm() const = 0;
};

/// Returns the system clock, which lives as long as the program. Sleeping threads wake when it is set, and do not poll.
const AlarmClock& systemAlarmClock() noexcept;

}  // namespace video::schedule

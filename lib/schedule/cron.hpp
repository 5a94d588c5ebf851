#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video::schedule {

/// A schedule in the five fields of a crontab line: minute, hour, day of month, month, day of week (0 or 7 is Sunday).
/// Each is `*`, a number, a range `1-5`, a step `*/15` or `8-18/2`, a list of these, or a name (`jan`, `mon`). If both
/// day of month and day of week are restricted, either may match (crontab(5)). Times are local.
///
/// When the local clock jumps, schedules with a fixed hour and minute still run once a day: a skipped time runs at the
/// jump, and a repeated time runs only the first time. Schedules whose minute or hour begins with `*` follow the local
/// clock: twice in a repeated hour, never in a skipped one.
class Cron {
 public:
  /// Throws malformed, naming the field and the reason; also for a date that never comes (`0 0 30 2 *`).
  explicit Cron(std::string_view fields);

  /// Returns the first scheduled time after `moment`.
  Time after(Time moment) const;
  /// Returns the five fields as they were given.
  const std::string& text() const noexcept { return text_; }
  bool operator==(const Cron& other) const { return text_ == other.text_; }

 private:
  using LocalMinutes = std::chrono::duration<std::int64_t, std::ratio<60>>;  ///< since 1970, by the local clock

  bool hasDay(std::chrono::sys_days day) const;
  bool has(LocalMinutes minute) const;
  bool hasAny(LocalMinutes after, LocalMinutes upTo) const;
  static LocalMinutes localOf(std::chrono::sys_time<std::chrono::minutes> minute);

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool anyDay_ = false;      ///< the day of month begins with `*`
  bool anyWeekday_ = false;  ///< the day of week begins with `*`
  bool followsClock_ = false;
};

}  // namespace video::schedule

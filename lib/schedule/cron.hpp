#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video::schedule {

/// Minutes that a crontab line's five fields name: minute, hour, day of month, month, day of week (0 or 7 is Sunday),
/// each `*`, numbers, ranges `1-5`, steps `*/15` or `8-18/2`, lists of these, and names (`jan`, `mon`). Where day of
/// month and day of week are both restricted, either will do (crontab(5)). By local time.
///
/// Where the local clock jumps, times at fixed hours and minutes come once a day all the same: one that is skipped
/// comes at the jump, one that is repeated comes the first time only. Those whose minute or hour begins with `*` follow
/// the local clock: twice in an hour that is repeated, never in one that is skipped.
class Cron {
 public:
  /// Throws Error malformed, saying which field and why; also for what never comes (`0 0 30 2 *`).
  explicit Cron(std::string_view fields);

  /// The first of its times after `moment`.
  Time after(Time moment) const;
  const std::string& text() const noexcept { return text_; }
  bool operator==(const Cron& other) const { return text_ == other.text_; }

 private:
  using LocalMinutes = std::chrono::duration<std::int64_t, std::ratio<60>>;  ///< since 1970, as the local clock shows

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
  bool anyWeekday_ = false;  ///< likewise
  bool followsClock_ = false;
};

}  // namespace video::schedule

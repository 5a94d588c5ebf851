#include "schedule/cron.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace video::schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 12> monthNames{"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> dayNames{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr minutes longestRepeat = 4h;  // more than a local clock is ever set back
constexpr days longestGap{40 * 366};   // between two 29ths of February on the same day of the week, 1888 to 1928

// What a field may contain.
struct Kind {
  std::string_view name;
  int first;
  int last;
  std::span<const std::string_view> names{};
  int firstName = 0;
};

class FieldReader {
 public:
  FieldReader(const Kind& kind, std::string_view text) : kind_(kind), text_(text) {}

  // Calls `set` with every number that the field names.
  template <class Set>
  void read(Set set) const {
    std::string_view rest = text_;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      more = comma != std::string_view::npos;
      part(rest.substr(0, comma), set);
      rest = more ? rest.substr(comma + 1) : std::string_view{};
    }
  }

 private:
  template <class Set>
  void part(std::string_view text, Set set) const {
    const std::size_t slash = text.find('/');
    const std::string_view range = text.substr(0, slash);
    int step = 1;
    if (slash != std::string_view::npos) {
      step = number(text.substr(slash + 1));
      if (step < 1) refuse("a step must be 1 or more");
    }
    int from = kind_.first;
    int to = kind_.last;
    if (range != "*") {
      const std::size_t dash = range.find('-');
      from = value(range.substr(0, dash));
      to = dash != std::string_view::npos ? value(range.substr(dash + 1)) : from;
      if (dash == std::string_view::npos && slash != std::string_view::npos) to = kind_.last;
    }
    if (from > to) refuse("a range must be ascending");
    step = std::min(step, to - from + 1);
    for (int i = from; i <= to; i += step) set(i);
  }

  int number(std::string_view text) const {
    int read = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (error != std::errc{} || end != text.data() + text.size()) refuse("not a number, range, step or list");
    return read;
  }

  int value(std::string_view text) const {
    std::string small(text);
    std::transform(small.begin(), small.end(), small.begin(), toLower);
    const auto named = std::find(kind_.names.begin(), kind_.names.end(), std::string_view(small));
    if (named != kind_.names.end()) return kind_.firstName + static_cast<int>(named - kind_.names.begin());
    const int read = number(text);
    if (read < kind_.first || read > kind_.last) refuse(fmt::format("must be from {} to {}", kind_.first, kind_.last));
    return read;
  }

  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(Fault::malformed, fmt::format("{} \"{}\": {}", kind_.name, text_, why));
  }

  const Kind& kind_;
  std::string_view text_;
};

std::vector<std::string_view> split(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  std::vector<std::string_view> fields;
  for (std::size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(blanks, end);
  }
  return fields;
}

const Kind minuteKind{"minute", 0, 59};
const Kind hourKind{"hour", 0, 23};
const Kind dayKind{"day of month", 1, 31};
const Kind monthKind{"month", 1, 12, monthNames, 1};
const Kind weekdayKind{"day of week", 0, 7, dayNames, 0};

}  // namespace

Cron::Cron(std::string_view fields) : text_(fields) {
  const std::vector<std::string_view> parts = split(fields);
  if (parts.size() != 5)
    throw Error(Fault::malformed,
                fmt::format("\"{}\" is not five fields: minute, hour, day of month, month, day of week", fields));
  const auto at = [](int value) { return static_cast<std::size_t>(value); };
  FieldReader(minuteKind, parts[0]).read([&](int value) { minutes_.set(at(value)); });
  FieldReader(hourKind, parts[1]).read([&](int value) { hours_.set(at(value)); });
  FieldReader(dayKind, parts[2]).read([&](int value) { days_.set(at(value)); });
  FieldReader(monthKind, parts[3]).read([&](int value) { months_.set(at(value)); });
  FieldReader(weekdayKind, parts[4]).read([&](int value) { weekdays_.set(at(value % 7)); });
  followsClock_ = parts[0].front() == '*' || parts[1].front() == '*';
  anyDay_ = parts[2].front() == '*';
  anyWeekday_ = parts[4].front() == '*';
  const sys_days begin = std::chrono::year{1896} / std::chrono::March / 1;
  for (sys_days day = begin; !hasDay(day); day += days{1})
    if (day - begin > longestGap)
      throw Error(Fault::malformed, fmt::format("\"{}\" is a date that never comes", fields));
}

bool Cron::hasDay(sys_days day) const {
  const std::chrono::year_month_day date{day};
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool byDate = days_[static_cast<unsigned>(date.day())];
  const bool byWeekday = weekdays_[std::chrono::weekday{day}.c_encoding()];
  return anyDay_ || anyWeekday_ ? byDate && byWeekday : byDate || byWeekday;
}

bool Cron::has(LocalMinutes minute) const {
  const auto day = floor<days>(minute);
  const auto inDay = static_cast<std::size_t>((minute - day).count());
  return minutes_[inDay % 60] && hours_[inDay / 60] && hasDay(sys_days{day});
}

bool Cron::hasAny(LocalMinutes after, LocalMinutes upTo) const {
  for (LocalMinutes minute = after + LocalMinutes{1}; minute <= upTo; ++minute) {
    const auto day = floor<days>(minute);
    if (!hasDay(sys_days{day})) {
      minute = day + days{1} - LocalMinutes{1};
      continue;
    }
    if (has(minute)) return true;
  }
  return false;
}

Cron::LocalMinutes Cron::localOf(std::chrono::sys_time<minutes> minute) {
  const time_t seconds = std::chrono::system_clock::to_time_t(minute);
  tm local{};
  ::localtime_r(&seconds, &local);
  return LocalMinutes{minute.time_since_epoch().count() + local.tm_gmtoff / 60};
}

Time Cron::after(Time moment) const {
  auto minute = floor<minutes>(moment);
  LocalMinutes seen = localOf(minute);  // the latest time that the local clock has shown
  if (!followsClock_)
    for (auto before = minute - longestRepeat; before < minute; ++before) seen = std::max(seen, localOf(before));
  for (;;) {
    // Step to the next minute, or to the next hour if this hour or day does not match.
    const LocalMinutes now = localOf(minute);
    const bool inMeantHour = hours_[static_cast<std::size_t>(floor<std::chrono::hours>(now).count() % 24 + 24) % 24] &&
                             hasDay(sys_days{floor<days>(now)});
    minute += inMeantHour ? 1min : minutes{60 - (now - floor<std::chrono::hours>(now)).count()};
    const LocalMinutes next = localOf(minute);
    if (followsClock_ ? has(next) : next > seen && hasAny(seen, next)) return minute;
    seen = std::max(seen, next);
  }
}

}  // namespace video::schedule

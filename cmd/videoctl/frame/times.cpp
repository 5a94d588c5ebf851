#include "frame/times.hpp"

#include <charconv>
#include <ctime>

#include "base/units.hpp"

namespace video::ctl {
namespace {

// Reads `count` digits from the front of `text` and removes them, and what must follow them.
std::optional<int> takeDigits(std::string_view& text, std::size_t count, std::string_view after) {
  int value = 0;
  if (text.size() < count || text.find_first_not_of("0123456789") < count) return std::nullopt;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  if (!text.starts_with(after)) return std::nullopt;
  text.remove_prefix(after.size());
  return value;
}

// The local time, which days and hours beyond the usual bring to the days around it.
std::optional<Time> localTime(std::tm wanted) {
  wanted.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&wanted);
  if (seconds < 0) return std::nullopt;
  return Time{std::chrono::seconds{seconds}};
}

std::optional<Time> beginOfDay(Time now, int daysBefore) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return std::nullopt;
  local.tm_mday -= daysBefore;
  local.tm_hour = local.tm_min = local.tm_sec = 0;
  return localTime(local);
}

// `2026-11-01`, `2026-11-01 14:30` or `2026-11-01T14:30`.
std::optional<Time> parseLocal(std::string_view text) {
  const auto year = takeDigits(text, 4, "-");
  const auto month = year ? takeDigits(text, 2, "-") : std::nullopt;
  const auto day = month ? takeDigits(text, 2, "") : std::nullopt;
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  std::tm local{};
  local.tm_year = *year - 1900;
  local.tm_mon = *month - 1;
  local.tm_mday = *day;
  if (text.empty()) return localTime(local);
  if (text[0] != ' ' && text[0] != 'T') return std::nullopt;
  text.remove_prefix(1);
  const auto hour = takeDigits(text, 2, ":");
  const auto minute = hour ? takeDigits(text, 2, "") : std::nullopt;
  if (!minute || *hour > 23 || *minute > 59 || !text.empty()) return std::nullopt;
  local.tm_hour = *hour;
  local.tm_min = *minute;
  return localTime(local);
}

}  // namespace

std::optional<Time> parseTimeGiven(std::string_view text, Time now) {
  const auto isNumber = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (text == "today") return beginOfDay(now, 0);
  if (text == "yesterday") return beginOfDay(now, 1);
  if (text.starts_with('@')) return isNumber(text.substr(1)) ? parseTime(text.substr(1)) : std::nullopt;
  if (isNumber(text)) return std::nullopt;  // a year, seconds, days?
  if (const auto ago = parseDuration(text.starts_with('-') ? text.substr(1) : text)) {
    const Time time = now - *ago;
    return time >= Time{} ? std::optional(time) : std::nullopt;
  }
  if (const auto local = parseLocal(text)) return local;
  return parseTime(text);
}

}  // namespace video::ctl

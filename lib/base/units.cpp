#include "base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace video {
namespace {

using std::chrono::milliseconds;

constexpr std::array monthNames{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array dayNames{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
const Time lastTime = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// Reads exactly `count` digits from the front of `text` and removes them.
std::optional<int> takeDigits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!isDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view literal) {
  if (!text.starts_with(literal)) return false;
  text.remove_prefix(literal.size());
  return true;
}

// Reads as many digits as there are, with an optional fraction.
std::optional<double> takeNumber(std::string_view& text) {
  std::size_t length = 0;
  bool point = false;
  while (length < text.size() && (isDigit(text[length]) || (text[length] == '.' && !point)))
    point |= text[length++] == '.';
  if (length == 0 || !isDigit(text[0]) || !isDigit(text[length - 1]) || length > 18) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, value);
  if (error != std::errc{} || end != text.data() + length) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

std::optional<Time> makeTime(int year, int month, int day, int hour, int minute, int second) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const Time time = Time{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
  if (time >= sys_days{std::chrono::year{10'000} / 1 / 1}) return std::nullopt;  // by a leap second
  return time;
}

std::optional<Time> inBounds(std::optional<Time> time) {
  if (!time || *time < Time{} || *time > lastTime) return std::nullopt;
  return time;
}

struct Parts {
  int year, month, day, weekday, hour, minute, second, millisecond;
};

Parts partsOf(Time time) {
  using namespace std::chrono;
  const sys_days days = floor<std::chrono::days>(time);
  const year_month_day date{days};
  const hh_mm_ss clock{time - days};
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(weekday{days}.c_encoding()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

std::optional<int> takeMonth(std::string_view& text) {
  for (std::size_t i = 0; i < monthNames.size(); ++i)
    if (take(text, monthNames[i])) return static_cast<int>(i) + 1;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parseSize(std::string_view text) {
  const auto number = takeNumber(text);
  if (!number) return std::nullopt;
  constexpr std::string_view letters = "KMGT";
  double unit = 1;
  if (!text.empty() && text != "B") {
    const std::size_t power = letters.find(text[0]);
    if (power == std::string_view::npos) return std::nullopt;
    text.remove_prefix(1);
    if (!text.empty() && text != "B" && text != "iB") return std::nullopt;
    unit = std::pow(text == "B" ? 1000.0 : 1024.0, static_cast<double>(power) + 1);
  }
  const double bytes = std::round(*number * unit);
  if (bytes >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::optional<milliseconds> parseDuration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double inMilliseconds;
  };
  constexpr std::array units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"ms", 1}, Unit{"m", 60'000},
                             Unit{"s", 1000}};
  if (text == "0") return milliseconds{0};
  double total = 0;
  double previous = 1e18;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = takeNumber(text);
    if (!number) return std::nullopt;
    double unit = 0;
    for (const Unit& known : units)
      if (unit == 0 && take(text, known.name)) unit = known.inMilliseconds;
    if (unit == 0 || unit >= previous) return std::nullopt;
    previous = unit;
    total += *number * unit;
  }
  if (total > 86'400'000.0 * 36'525) return std::nullopt;
  return milliseconds{static_cast<std::int64_t>(std::llround(total))};
}

std::string formatDuration(milliseconds duration) {
  constexpr std::array units{std::pair{"d", 86'400'000}, std::pair{"h", 3'600'000}, std::pair{"m", 60'000},
                             std::pair{"s", 1000}, std::pair{"ms", 1}};
  std::string text;
  std::int64_t left = duration.count();
  for (const auto& [name, size] : units)
    if (left >= size) {
      text += fmt::format("{}{}", left / size, name);
      left %= size;
    }
  return text.empty() ? "0s" : text;
}

std::optional<Time> parseTime(std::string_view text) {
  if (!text.empty() && text.size() <= 12 && text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t unixSeconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), unixSeconds);
    return inBounds(Time{std::chrono::seconds{unixSeconds}});
  }
  const auto year = takeDigits(text, 4);
  const bool dash1 = take(text, "-");
  const auto month = takeDigits(text, 2);
  const bool dash2 = take(text, "-");
  const auto day = takeDigits(text, 2);
  if (!year || !dash1 || !month || !dash2 || !day) return std::nullopt;
  if (!take(text, "T") && !take(text, "t") && !take(text, " ")) return std::nullopt;
  const auto hour = takeDigits(text, 2);
  const bool colon1 = take(text, ":");
  const auto minute = takeDigits(text, 2);
  const bool colon2 = take(text, ":");
  const auto second = takeDigits(text, 2);
  if (!hour || !colon1 || !minute || !colon2 || !second) return std::nullopt;
  milliseconds fraction{0};
  if (take(text, ".")) {
    std::size_t digits = 0;
    for (; digits < text.size() && isDigit(text[digits]); ++digits)
      if (digits < 3) fraction += milliseconds{(text[digits] - '0') * (digits == 0 ? 100 : digits == 1 ? 10 : 1)};
    if (digits == 0 || digits > 9) return std::nullopt;
    text.remove_prefix(digits);
  }
  std::chrono::minutes offset{0};
  if (!take(text, "Z") && !take(text, "z")) {
    const bool west = text.starts_with("-");
    if (!take(text, "-") && !take(text, "+")) return std::nullopt;
    const auto offsetHour = takeDigits(text, 2);
    const bool colon = take(text, ":");
    const auto offsetMinute = takeDigits(text, 2);
    if (!offsetHour || !colon || !offsetMinute || *offsetHour > 23 || *offsetMinute > 59) return std::nullopt;
    offset = std::chrono::minutes{*offsetHour * 60 + *offsetMinute} * (west ? -1 : 1);
  }
  const auto time = makeTime(*year, *month, *day, *hour, *minute, *second);
  if (!text.empty() || !time) return std::nullopt;
  return inBounds(*time + fraction - offset);
}

std::optional<milliseconds> parsePosition(std::string_view text) {
  double seconds = 0;
  for (int part = 0; part < 3; ++part) {
    const bool whole = text.find(':') != std::string_view::npos;
    if (whole && text.find('.') < text.find(':')) return std::nullopt;
    const auto number = takeNumber(text);
    if (!number || (part > 0 && *number >= 60)) return std::nullopt;
    seconds = seconds * 60 + *number;
    if (text.empty()) {
      if (seconds > 86'400.0 * 365) return std::nullopt;
      return milliseconds{std::llround(seconds * 1000)};
    }
    if (!take(text, ":")) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::int64_t> secondsToMs(std::string_view text) {
  text = trimmed(text);
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, seconds);
  constexpr double most = 1e12;
  if (problem != std::errc() || rest != end || !(seconds > -most && seconds < most)) return std::nullopt;
  return std::llround(seconds * 1000);
}

std::string formatTime(Time time) {
  // Written by hand: lists are full of times, and a format string would cost more than all their other fields.
  const Parts p = partsOf(time);
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto put = [&text](std::size_t last, int value) {
    for (; value > 0; value /= 10) text[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, p.year);
  put(6, p.month);
  put(9, p.day);
  put(12, p.hour);
  put(15, p.minute);
  put(18, p.second);
  put(22, p.millisecond);
  return text;
}

std::string formatDisplayTime(Time time) {
  const Parts p = partsOf(time);
  return fmt::format("{} {:02} {:04}, {:02}:{:02}:{:02}", monthNames[static_cast<std::size_t>(p.month) - 1], p.day,
                     p.year, p.hour, p.minute, p.second);
}

std::string formatHttpTime(Time time) {
  const Parts p = partsOf(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", dayNames[static_cast<std::size_t>(p.weekday)], p.day,
                     monthNames[static_cast<std::size_t>(p.month) - 1], p.year, p.hour, p.minute, p.second);
}

std::optional<Time> parseHttpTime(std::string_view text) {
  const auto takeClock = [&text](int& hour, int& minute, int& second) {
    const auto h = takeDigits(text, 2);
    const bool colon1 = take(text, ":");
    const auto m = takeDigits(text, 2);
    const bool colon2 = take(text, ":");
    const auto s = takeDigits(text, 2);
    if (!h || !colon1 || !m || !colon2 || !s) return false;
    hour = *h;
    minute = *m;
    second = *s;
    return true;
  };
  int hour = 0;
  int minute = 0;
  int second = 0;
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) {  // asctime: Sun Nov  6 08:49:37 1994
    if (text.size() < 4 || text[3] != ' ') return std::nullopt;
    text.remove_prefix(4);
    const auto month = takeMonth(text);
    if (!month || !take(text, " ")) return std::nullopt;
    const bool padded = take(text, " ");
    const auto day = takeDigits(text, padded ? 1 : 2);
    if (!day || !take(text, " ") || !takeClock(hour, minute, second) || !take(text, " ")) return std::nullopt;
    const auto year = takeDigits(text, 4);
    if (!year || !text.empty()) return std::nullopt;
    return makeTime(*year, *month, *day, hour, minute, second);
  }
  text.remove_prefix(comma + 1);
  if (!take(text, " ")) return std::nullopt;
  const auto day = takeDigits(text, 2);
  const bool old = text.starts_with("-");  // RFC 850: 06-Nov-94
  if (!day || (!take(text, "-") && !take(text, " "))) return std::nullopt;
  const auto month = takeMonth(text);
  if (!month || (!take(text, "-") && !take(text, " "))) return std::nullopt;
  auto year = takeDigits(text, old ? 2 : 4);
  if (!year || !take(text, " ") || !takeClock(hour, minute, second) || text != " GMT") return std::nullopt;
  if (old) *year += *year < 70 ? 2000 : 1900;
  return makeTime(*year, *month, *day, hour, minute, second);
}

std::string formatSize(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  for (; value >= 1024 && unit + 1 < names.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, names[unit]);
}

}  // namespace video

#include "base/units.hpp"

#include <limits>

#include "base/address.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

void checkTime(Time time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  holds(parseTime(formatTime(time)) == time, "a time is read as it was written", formatTime(time));
  holds(parseHttpTime(formatHttpTime(time)) == Time{whole}, "an HTTP-date is read as it was written",
        formatHttpTime(time));
  holds(!formatDisplayTime(time).empty(), "a time can be shown");
}

void run(fuzz::Input in) {
  const std::string text = in.rest();
  if (const auto size = parseSize(text)) {
    holds(*size <= std::numeric_limits<std::int64_t>::max(), "a size fits a column", text);
    holds(!formatSize(*size).empty(), "a size can be shown", text);
    const std::string digits = std::to_string(*size);
    if (digits.size() <= 15) holds(parseSize(digits) == size, "a size is read from its own digits", digits);
  }
  if (const auto duration = parseDuration(text)) {
    holds(duration->count() >= 0, "a duration is not negative", text);
    const std::string written = formatDuration(*duration);
    holds(parseDuration(written) == duration, "a duration is read as it was written", written);
  }
  if (const auto time = parseTime(text)) checkTime(*time);
  if (const auto time = parseHttpTime(text)) {
    const std::string written = formatHttpTime(*time);
    holds(parseHttpTime(written) == time, "an HTTP-date is read as it was written", written);
    holds(!formatTime(*time).empty() && !formatDisplayTime(*time).empty(), "a time can be shown", text);
  }
  if (const auto position = parsePosition(text)) holds(position->count() >= 0, "a position is not negative", text);
  holds(addressKey(text).size() <= std::max<std::size_t>(text.size(), 8), "an address key is short", text);
}

const fuzz::Target target{"units", run};

}  // namespace

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

/// Parses a size in bytes: `5M`, `1.5GiB`, `2GB`, `64`. K M G T and KiB… are powers of 1024, KB… of 1000. Returns
/// nothing if it is not a size or is over 2^63-1.
std::optional<std::uint64_t> parseSize(std::string_view text);

/// Parses a duration: `30d`, `2h30m`, `250ms`, `45s`, with the units d h m s ms, largest first. Returns nothing if it
/// is not a duration or is over 100 years.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);

/// Returns the shortest text that parseDuration parses as `duration`: `2h30m`, `0s`.
std::string formatDuration(std::chrono::milliseconds duration);

/// Parses a time in RFC 3339 with any offset, or Unix seconds. Returns nothing if it is not a time from 1970 to 9999.
std::optional<Time> parseTime(std::string_view text);

/// Parses a position in a video: `1:23.5`, `1:02:03`, `83.5` (seconds). Returns nothing if it is not one.
std::optional<std::chrono::milliseconds> parsePosition(std::string_view text);

/// Parses a number of seconds as in JSON (`-1.5e2`). Returns it in milliseconds; nothing if it is not a number, or not
/// between -10^12 and 10^12.
std::optional<std::int64_t> secondsToMs(std::string_view text);

/// Formats a time as RFC 3339 in UTC with milliseconds: `2026-11-21T09:30:00.000Z`.
std::string formatTime(Time time);

/// Formats a time in UTC as the original site did: `Nov 21 2026, 09:30:00`.
std::string formatDisplayTime(Time time);

/// Formats a time as IMF-fixdate (RFC 9110 §5.6.7): `Sat, 21 Nov 2026 09:30:00 GMT`.
std::string formatHttpTime(Time time);

/// Parses any of the three forms of an HTTP-date (RFC 9110 §5.6.7); returns nothing if it is not one.
std::optional<Time> parseHttpTime(std::string_view text);

/// Formats a size for people: `1.5 GiB`.
std::string formatSize(std::uint64_t bytes);

}  // namespace video

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

/// Reads `5M`, `1.5GiB`, `2GB`, `64` as bytes: K M G T and KiB… are 1024, KB… are 1000. Nothing where it is no size
/// or over 2^63-1.
std::optional<std::uint64_t> parseSize(std::string_view text);

/// Reads `30d`, `2h30m`, `250ms`, `45s`. Units ms s m h d, largest first. Nothing where it is no duration or
/// over 100 years.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);

/// The shortest text that parseDuration reads as this: `2h30m`, `0s`.
std::string formatDuration(std::chrono::milliseconds duration);

/// Reads RFC 3339 with any offset, or Unix seconds. Nothing where it is no time between the years 1970 and 9999.
std::optional<Time> parseTime(std::string_view text);

/// Reads a place in a video: `1:23.5`, `1:02:03`, `83.5` (seconds). Nothing where it is none.
std::optional<std::chrono::milliseconds> parsePosition(std::string_view text);

/// RFC 3339 in UTC with milliseconds: `2026-11-21T09:30:00.000Z`.
std::string formatTime(Time time);

/// The original site's form, in UTC: `Nov 21 2026, 09:30:00`.
std::string formatDisplayTime(Time time);

/// IMF-fixdate (RFC 9110 §5.6.7): `Sat, 21 Nov 2026 09:30:00 GMT`.
std::string formatHttpTime(Time time);

/// Reads the three forms of an HTTP-date (RFC 9110 §5.6.7).
std::optional<Time> parseHttpTime(std::string_view text);

/// A size for a person: `1.5 GiB`.
std::string formatSize(std::uint64_t bytes);

}  // namespace video

#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace video::ctl {

/// Parses a TIME of the command line (see `videoctl help values`): RFC 3339, `2026-11-01`, `2026-11-01 14:30`, `@UNIX`,
/// `7d` or `-7d` (so long before `now`), `today`, `yesterday`. Days begin, and times without an offset are, in the
/// local time zone. Returns nothing if it is none of these, or not a time from 1970 to 9999; a bare number is none.
std::optional<Time> parseTimeGiven(std::string_view text, Time now);

}  // namespace video::ctl

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

/// The name that a user gets here: the same one if it is allowed, else one that is; `number` is for a name of which
/// nothing would be left.
std::string importedName(std::string_view name, std::string_view number);

/// Parses a time as MySQL writes it, `2026-11-21 01:48:20`, or as the original site shows it, `Nov 21 2026, 01:48:20`,
/// taken as UTC. Returns nothing if it is neither.
std::optional<Time> parseImportedTime(std::string_view text);

}  // namespace video

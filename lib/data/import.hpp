#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

struct ImportFiles;

/// Reads a whole dump. Throws malformed if it is none of a video site.
void checkDump(const ImportFiles& files);

/// The name that a user gets here: the same one if it is allowed, else one that is; `number` is for a name of which
/// nothing would be left.
std::string importedName(std::string_view name, std::string_view number);

/// Parses a time as MySQL writes it, `2026-11-21 01:48:20`, or as the original site shows it, `Nov 21 2026, 01:48:20`,
/// taken as UTC. Returns nothing if it is neither.
std::optional<Time> parseImportedTime(std::string_view text);

/// Returns whether a password looks like what a program has made of one, or like bytes: whoever has read the dump could
/// sign in with it, and nobody who knows the password itself. A few real passwords look so, too.
bool isPasswordHash(std::string_view text);

}  // namespace video

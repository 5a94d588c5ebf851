#pragma once

#include <string>
#include <string_view>

namespace video {

/// Returns the GLOB of SQLite for what people write to match names: a set that begins with `!`, as in a shell, does not
/// match its characters. Throws malformed for a pattern that is not 1 to 200 characters long, or with more than 8 `*`
/// and sets, which would take too long on names that almost match.
std::string nameGlob(std::string_view pattern);

}  // namespace video

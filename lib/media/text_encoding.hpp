#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace video::media {

/// Returns a text in UTF-8, without a byte order mark. The text may be in UTF-8, UTF-16 or GB18030: a byte order mark
/// tells, otherwise the bytes do. Returns nothing if it is in none of them, as far as can be told. Its size is at most
/// twice that of `bytes`, or four times for GB18030.
std::optional<std::string> toUtf8(std::string_view bytes);

}  // namespace video::media

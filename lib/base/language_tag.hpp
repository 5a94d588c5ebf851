#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace video {

/// Returns a language tag (BCP 47) in its usual case, such as `zh-Hant-TW`; nothing if it is none. It begins with a
/// language of two or three letters and has at most 35 characters. Whether its subtags are registered is not checked.
std::optional<std::string> normalLanguageTag(std::string_view text);

}  // namespace video

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace video {

/// Whether a text may have several lines, which LF ends.
enum class Lines { one, several };

/// Throws Fault::malformed naming `field`, unless `text` is valid UTF-8 without control characters (but LF, where it
/// may have several lines) and `least` to `most` characters (code points) long.
void checkText(std::string_view field, std::string_view text, std::size_t least, std::size_t most,
               Lines lines = Lines::one);

/// Whether `text` is valid UTF-8 (RFC 3629).
bool isUtf8(std::string_view text) noexcept;

/// `text` with U+FFFD for each byte that is no part of valid UTF-8.
std::string repairedUtf8(std::string_view text);

/// Whether a user may bear this name: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}`.
bool isUserName(std::string_view text) noexcept;

/// Whether both are equal without case, ASCII only (header names, user names).
bool equalWithoutCase(std::string_view a, std::string_view b) noexcept;

/// Without the spaces and tabs around it (RFC 9110 §5.6.3).
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace video

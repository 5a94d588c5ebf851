#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace video {

/// Whether a text may have several lines, separated by LF.
enum class Lines { one, several };

/// Throws malformed, naming `field`, unless `text` is valid UTF-8 without control characters (other than LF, if it may
/// have several lines) and has `least` to `most` characters (code points).
void checkText(std::string_view field, std::string_view text, std::size_t least, std::size_t most,
               Lines lines = Lines::one);

/// Does the same for the name of a person, which also must not have bidirectional formatting characters (they would
/// reorder the text around it), invisible characters (two names would look the same), or consist of blanks.
void checkPersonName(std::string_view field, std::string_view text, std::size_t least, std::size_t most);

/// Returns valid UTF-8 in lower case, for comparing: each letter of any script by itself, as Unicode has it.
std::string foldedCase(std::string_view text);

/// Returns whether a character reorders the text around it.
bool isBidi(char32_t c) noexcept;

/// Returns whether a character is not seen, and takes no room: as Default_Ignorable_Code_Point of Unicode, and what
/// ends lines or annotates them, such as U+200B and U+2028.
bool isInvisible(char32_t c) noexcept;

/// Returns whether a character is a control character, C0, DEL or C1.
bool isControl(char32_t c) noexcept;

/// Returns whether a character is written from right to left, such as those of Hebrew and Arabic.
bool isRightToLeft(char32_t c) noexcept;

/// Removes and returns the code point at the front of `text`, which is not empty; nothing, and removes nothing, if it
/// is not well-formed UTF-8 (RFC 3629 §4).
std::optional<char32_t> takeCodePoint(std::string_view& text);

/// Appends a code point as UTF-8.
void appendCodePoint(std::string& out, char32_t point);

/// Returns whether `text` is valid UTF-8 (RFC 3629).
bool isUtf8(std::string_view text) noexcept;

/// Returns `text` with each byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string repairedUtf8(std::string_view text);

/// Returns whether `text` is a valid user name: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}`.
bool isUserName(std::string_view text) noexcept;

/// Returns a file name made of `text`, which stays in its folder (on systems that separate with `\` too), is not
/// hidden, has no control or bidirectional formatting characters, and has at most 200 bytes.
std::string safeFileName(std::string_view text);

/// Returns the name of a video made of a file name, which may have any bytes: what is not valid UTF-8 and control
/// characters, line ends among them, become `_`, and what is longer than `most` characters is cut.
std::string repairedName(std::string_view text, std::size_t most = 200);

/// Returns whether a file system may treat `text` (UTF-8) and another name as the same one although they differ in more
/// than the case of ASCII letters: file systems disagree on other letters with case and on combining marks. Chinese,
/// Japanese and Korean characters are safe.
bool mayBeFolded(std::string_view text);

/// Returns an ASCII capital letter in lower case, and any other byte unchanged.
constexpr char toLower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Returns a stable 64-bit hash (FNV-1a), which is the same in every build. Not for texts chosen by clients.
std::uint64_t stableHash(std::string_view text) noexcept;

/// Returns whether two texts are equal ignoring ASCII case, as for header field names and user names.
bool equalWithoutCase(std::string_view a, std::string_view b) noexcept;

/// Parses a color: `#ffcc00`, `#fc0`, or a number, 65536 * red + 256 * green + blue. Other numbers of
/// hexadecimal digits are padded with leading zeros. Returns nothing if `text` is not a color.
std::optional<std::int64_t> parseColor(std::string_view text);

/// Returns `text` without leading and trailing spaces and tabs (RFC 9110 §5.6.3).
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace video

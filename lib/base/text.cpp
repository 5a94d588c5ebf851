#include "base/text.hpp"

#include <fmt/format.h>

#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.hpp"

namespace video {
namespace {

bool isAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum class Sight { none, blank, seen };

struct Unseen {
  char32_t first;
  char32_t last;
  Sight sight = Sight::none;
};

// What is not seen, by code point. None: Default_Ignorable_Code_Point of Unicode 16, separators of lines and
// paragraphs, and interlinear annotation. Blank: White_Space, and the empty pattern of Braille.
constexpr std::array unseen{Unseen{0x0020, 0x0020, Sight::blank},
                            Unseen{0x00a0, 0x00a0, Sight::blank},
                            Unseen{0x00ad, 0x00ad},
                            Unseen{0x034f, 0x034f},
                            Unseen{0x061c, 0x061c},
                            Unseen{0x115f, 0x1160},
                            Unseen{0x1680, 0x1680, Sight::blank},
                            Unseen{0x17b4, 0x17b5},
                            Unseen{0x180b, 0x180f},
                            Unseen{0x2000, 0x200a, Sight::blank},
                            Unseen{0x200b, 0x200f},
                            Unseen{0x2028, 0x202e},
                            Unseen{0x202f, 0x202f, Sight::blank},
                            Unseen{0x205f, 0x205f, Sight::blank},
                            Unseen{0x2060, 0x206f},
                            Unseen{0x2800, 0x2800, Sight::blank},
                            Unseen{0x3000, 0x3000, Sight::blank},
                            Unseen{0x3164, 0x3164},
                            Unseen{0xfe00, 0xfe0f},
                            Unseen{0xfeff, 0xfeff},
                            Unseen{0xffa0, 0xffa0},
                            Unseen{0xfff0, 0xfffb},
                            Unseen{0x1bca0, 0x1bca3},
                            Unseen{0x1d173, 0x1d17a},
                            Unseen{0xe0000, 0xe0fff}};

Sight sightOf(char32_t c) noexcept {
  for (const Unseen& range : unseen)
    if (c >= range.first && c <= range.last) return range.sight;
  return Sight::seen;
}

}  // namespace

bool isBidi(char32_t c) noexcept {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c;
}

bool isInvisible(char32_t c) noexcept {
  return sightOf(c) == Sight::none;
}

bool isControl(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool isRightToLeft(char32_t c) noexcept {
  return (c >= 0x0590 && c < 0x0900) || (c >= 0xfb1d && c < 0xfe00) || (c >= 0xfe70 && c < 0xfeff) ||
         (c >= 0x10800 && c < 0x11000) || (c >= 0x1e800 && c < 0x1f000);
}

std::optional<char32_t> takeCodePoint(std::string_view& text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : (first & 0xf0) == 0xe0        ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return std::nullopt;
  char32_t point = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  if ((length == 3 && point < 0x800) || (length == 4 && point < 0x10000)) return std::nullopt;
  if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return std::nullopt;
  text.remove_prefix(length);
  return point;
}

void appendCodePoint(std::string& out, char32_t point) {
  const auto add = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  const auto more = [&](unsigned shift) { add(0x80U | ((point >> shift) & 0x3fU)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0U | (point >> 6));
    more(0);
  } else if (point < 0x10000) {
    add(0xe0U | (point >> 12));
    more(6);
    more(0);
  } else {
    add(0xf0U | (point >> 18));
    more(12);
    more(6);
    more(0);
  }
}

void checkText(std::string_view field, std::string_view text, std::size_t least, std::size_t most, Lines lines) {
  std::size_t length = 0;
  for (std::string_view rest = text; !rest.empty(); ++length) {
    const auto point = takeCodePoint(rest);
    if (!point) throw Error(Fault::malformed, fmt::format("{}: not valid UTF-8", field));
    if (lines == Lines::several && *point == '\n') continue;
    if (isControl(*point)) throw Error(Fault::malformed, fmt::format("{}: has a control character", field));
  }
  if (length < least || length > most)
    throw Error(Fault::malformed,
                fmt::format("{}: has {} characters, {} to {} are allowed", field, length, least, most));
}

void checkPersonName(std::string_view field, std::string_view text, std::size_t least, std::size_t most) {
  checkText(field, text, least, most);
  bool isBlank = true;
  for (std::string_view rest = text; !rest.empty();) {
    const char32_t point = *takeCodePoint(rest);
    if (isBidi(point)) throw Error(Fault::malformed, fmt::format("{}: has a bidirectional control character", field));
    if (isInvisible(point)) throw Error(Fault::malformed, fmt::format("{}: has an invisible character", field));
    if (sightOf(point) != Sight::blank) isBlank = false;
  }
  if (isBlank) throw Error(Fault::malformed, fmt::format("{}: must not be blank", field));
}

std::string foldedCase(std::string_view text) {
  // Of the C library, as long as the program lives.
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = takeCodePoint(text);
    if (!point) break;
    if (*point < 0x80 || unicode == nullptr)
      for (const char c : before.substr(0, before.size() - text.size())) out += toLower(c);
    else
      appendCodePoint(out, static_cast<char32_t>(::towlower_l(static_cast<wint_t>(*point), unicode)));
  }
  return out;
}

std::uint64_t stableHash(std::string_view text) noexcept {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

bool isUtf8(std::string_view text) noexcept {
  while (!text.empty())
    if (!takeCodePoint(text)) return false;
  return true;
}

std::string repairedUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    if (takeCodePoint(text)) {
      out += before.substr(0, before.size() - text.size());
    } else {
      out += "\uFFFD";
      text.remove_prefix(1);
    }
  }
  return out;
}

bool isUserName(std::string_view text) noexcept {
  if (text.empty() || text.size() > 64 || !(isAlphanumeric(text[0]) || text[0] == '_')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return isAlphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool mayBeFolded(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = *takeCodePoint(text);
    const bool isMark = c == 0x3099 || c == 0x309a;
    const bool isHan = (c >= 0x2e80 && c < 0xa4d0) || (c >= 0xac00 && c <= 0xd7a3);  // with kana and hangul
    if (c >= 0x80 && (!isHan || isMark)) return true;
  }
  return false;
}

std::string safeFileName(std::string_view text) {
  std::string_view rest = text.substr(0, 200);
  while (!isUtf8(rest)) rest.remove_suffix(1);
  std::string name;
  while (!rest.empty()) {
    const char32_t point = *takeCodePoint(rest);
    appendCodePoint(name, isControl(point) || isBidi(point) || point == '/' || point == '\\' ? U'_' : point);
  }
  if (name.empty() || name[0] == '.' || name[0] == '-') name.insert(0, "_");
  return name;
}

std::string repairedName(std::string_view text, std::size_t most) {
  std::string name;
  for (std::size_t length = 0; !text.empty() && length < most; ++length) {
    const auto point = takeCodePoint(text);
    if (!point) text.remove_prefix(1);
    appendCodePoint(name, !point || isControl(*point) ? U'_' : *point);
  }
  return name;
}

bool equalWithoutCase(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return toLower(x) == toLower(y); });
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> parseColor(std::string_view text) {
  const bool isHex = text.starts_with('#');
  if (isHex) text.remove_prefix(1);
  std::uint32_t color = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, color, isHex ? 16 : 10);
  if (problem != std::errc() || rest != end || color > 0xffffff) return std::nullopt;
  if (isHex && text.size() == 3) color = (color & 0xf00) * 0x1100 + (color & 0xf0) * 0x110 + (color & 0xf) * 0x11;
  return color;
}

}  // namespace video

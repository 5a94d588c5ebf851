#include "base/language_tag.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace video {

std::optional<std::string> normalLanguageTag(std::string_view text) {
  constexpr std::size_t most = 35;  // RFC 5646 section 4.4.1
  constexpr std::size_t mostOfSubtag = 8;
  const auto isLetter = [](char c) { return toLower(c) >= 'a' && toLower(c) <= 'z'; };
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() > most) return std::nullopt;
  std::string tag;
  bool isPrivate = false;  // after a singleton, such as x, all is in lower case
  for (bool isFirst = true, isLast = false; !isLast; isFirst = false) {
    const std::size_t end = text.find('-');
    std::string subtag(text.substr(0, end));
    isLast = end == std::string_view::npos;
    if (!isLast) text.remove_prefix(end + 1);
    if (subtag.empty() || subtag.size() > mostOfSubtag) return std::nullopt;
    const bool isLetters = std::all_of(subtag.begin(), subtag.end(), isLetter);
    if (!std::all_of(subtag.begin(), subtag.end(), [&](char c) { return isLetter(c) || isDigit(c); }))
      return std::nullopt;
    std::transform(subtag.begin(), subtag.end(), subtag.begin(), toLower);
    if (isFirst) {
      if (!isLetters || subtag.size() < 2 || subtag.size() > 3) return std::nullopt;
    } else {
      if (subtag.size() == 1) {
        if (isLast) return std::nullopt;
        isPrivate = true;
      }
      const auto upper = [](char& c) { c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
      if (!isPrivate && isLetters && subtag.size() == 4) upper(subtag[0]);
      if (!isPrivate && isLetters && subtag.size() == 2) std::for_each(subtag.begin(), subtag.end(), upper);
      tag += '-';
    }
    tag += subtag;
  }
  return tag;
}

}  // namespace video

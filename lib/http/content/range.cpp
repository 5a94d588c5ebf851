#include "http/content/range.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/text.hpp"

namespace video::http {
namespace {

constexpr std::size_t mostRanges = 16;

enum class Read { range, outside, malformed };

/// Parses a position of any number of digits; a value beyond 64 bits becomes the largest one.
std::optional<std::uint64_t> positionOf(std::string_view digits) noexcept {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

Read readRange(std::string_view spec, std::uint64_t size, ByteRange& range) noexcept {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return Read::malformed;
  const std::string_view firstText = spec.substr(0, dash);
  const std::string_view lastText = spec.substr(dash + 1);
  const auto last = positionOf(lastText);
  if (firstText.empty()) {
    if (!last) return Read::malformed;
    if (*last == 0) return Read::outside;
    const std::uint64_t length = std::min(*last, size);
    range = {size - length, length};
    return Read::range;
  }
  const auto first = positionOf(firstText);
  if (!first || (!lastText.empty() && (!last || *last < *first))) return Read::malformed;
  if (*first >= size) return Read::outside;
  range = {*first, (lastText.empty() || *last >= size ? size : *last + 1) - *first};
  return Read::range;
}

/// Adds a range, merged with all ranges that it overlaps or touches, at the position of the first of them.
void addRange(std::vector<ByteRange>& parts, ByteRange range) {
  std::size_t place = parts.size();
  for (std::size_t at = parts.size(); at-- > 0;) {
    const ByteRange& other = parts[at];
    if (range.first > other.first + other.length || other.first > range.first + range.length) continue;
    const std::uint64_t end = std::max(range.first + range.length, other.first + other.length);
    range.first = std::min(range.first, other.first);
    range.length = end - range.first;
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at));
    place = at;
  }
  parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(std::min(place, parts.size())), range);
}

}  // namespace

RangeChoice chooseRange(std::string_view header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  header = trimmed(header);
  if (!equalWithoutCase(header.substr(0, unit.size()), unit)) return {};
  RangeChoice choice{RangeChoice::Kind::unsatisfiable, {}};
  std::size_t count = 0;
  for (std::string_view set = header.substr(unit.size());; set.remove_prefix(set.find(',') + 1)) {
    const std::string_view spec = trimmed(set.substr(0, set.find(',')));
    if (!spec.empty()) {
      ByteRange range;
      const Read read = readRange(spec, size, range);
      if (read == Read::malformed) return {RangeChoice::Kind::unsatisfiable, {}};
      if (++count > mostRanges) return {};
      // A suffix of an empty content is satisfiable (RFC 9110 §14.1.2), but Content-Range cannot express it.
      if (read == Read::range && range.length == 0) return {};
      if (read == Read::range) addRange(choice.parts, range);
    }
    if (set.find(',') == std::string_view::npos) break;
  }
  if (!choice.parts.empty()) choice.kind = RangeChoice::Kind::parts;
  return choice;
}

}  // namespace video::http

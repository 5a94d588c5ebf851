#include "http/range.hpp"

#include <charconv>
#include <limits>
#include <optional>

#include "base/text.hpp"

namespace video::http {
namespace {

constexpr RangeChoice unsatisfiable{RangeChoice::Kind::unsatisfiable};

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A position of any number of digits; one beyond 64 bits counts as the largest.
std::optional<std::uint64_t> positionOf(std::string_view digits) noexcept {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

RangeChoice chooseOne(std::string_view spec, std::uint64_t size) noexcept {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return unsatisfiable;
  const std::string_view firstText = spec.substr(0, dash);
  const std::string_view lastText = spec.substr(dash + 1);
  const auto last = positionOf(lastText);
  if (firstText.empty()) {
    if (!last || *last == 0) return unsatisfiable;
    if (size == 0) return {};  // satisfiable (RFC 9110 §14.1.2), but Content-Range cannot say it
    const std::uint64_t length = *last < size ? *last : size;
    return {RangeChoice::Kind::part, size - length, length};
  }
  const auto first = positionOf(firstText);
  if (!first || (!lastText.empty() && (!last || *last < *first)) || *first >= size) return unsatisfiable;
  const std::uint64_t end = lastText.empty() || *last >= size ? size : *last + 1;
  return {RangeChoice::Kind::part, *first, end - *first};
}

}  // namespace

RangeChoice chooseRange(std::string_view header, std::uint64_t size) noexcept {
  header = trimmed(header);
  const std::size_t equals = header.find('=');
  if (header.empty()) return {};
  if (!equalWithoutCase(trimmed(header.substr(0, equals)), "bytes")) return {};
  if (equals == std::string_view::npos) return unsatisfiable;
  std::string_view set = header.substr(equals + 1);

  std::size_t count = 0;
  RangeChoice chosen = unsatisfiable;
  while (true) {
    const std::string_view spec = trimmed(set.substr(0, set.find(',')));
    if (!spec.empty()) {
      ++count;
      const RangeChoice one = chooseOne(spec, size);
      if (count == 1 || one.kind == RangeChoice::Kind::part) chosen = one;
    }
    const std::size_t comma = set.find(',');
    if (comma == std::string_view::npos) break;
    set.remove_prefix(comma + 1);
  }
  if (count > 1 && chosen.kind == RangeChoice::Kind::part) return {};
  return chosen;
}

}  // namespace video::http

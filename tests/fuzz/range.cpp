#include "http/content/range.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video::http;

namespace {

// Returns the digits as a number, or the largest number if they exceed it.
std::uint64_t numberOf(std::string_view digits) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : digits) {
    holds(c >= '0' && c <= '9', "an accepted range has only digits", digits);
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (most - digit) / 10 ? most : value * 10 + digit;
  }
  return value;
}

// Marks the bytes of a small content that one `first-last` selects, by a plain reading of RFC 9110 §14.1.2.
void mark(std::string_view range, std::vector<bool>& bytes) {
  const std::uint64_t size = bytes.size();
  const std::size_t dash = range.find('-');
  holds(dash != std::string_view::npos, "an accepted range has a hyphen", range);
  const std::string_view first = range.substr(0, dash);
  const std::string_view last = range.substr(dash + 1);
  std::uint64_t from = first.empty() ? size - std::min(numberOf(last), size) : numberOf(first);
  const std::uint64_t end = first.empty() || last.empty() ? size : std::min(numberOf(last), size - 1) + 1;
  for (; from < end; ++from) bytes[from] = true;
}

void run(fuzz::Input in) {
  const std::uint8_t mode = in.byte();
  const std::uint64_t size = mode & 1   ? in.longWord() & std::numeric_limits<std::int64_t>::max()
                             : mode & 2 ? 0
                                        : in.byte();
  const std::string header = in.rest();
  const RangeChoice choice = chooseRange(header, size);
  holds((choice.kind == RangeChoice::Kind::parts) == !choice.parts.empty(),
        "there are parts if and only if parts are chosen", header);
  holds(choice.parts.size() <= 16, "there are at most 16 parts", header);
  for (std::size_t i = 0; i < choice.parts.size(); ++i) {
    const ByteRange& part = choice.parts[i];
    holds(part.length > 0 && part.first < size && part.length <= size - part.first, "a part lies within the content",
          header);
    for (std::size_t j = 0; j < i; ++j) {
      const ByteRange& other = choice.parts[j];
      holds(part.first + part.length < other.first || other.first + other.length < part.first,
            "parts neither overlap nor touch", header);
    }
  }
  if (size > 255 || choice.kind != RangeChoice::Kind::parts) return;
  std::vector<bool> wanted(size);
  std::vector<bool> chosen(size);
  std::string_view ranges = video::trimmed(header);
  for (ranges.remove_prefix(std::string_view("bytes=").size()); !ranges.empty();) {
    const std::string_view range = video::trimmed(ranges.substr(0, ranges.find(',')));
    if (!range.empty()) mark(range, wanted);
    ranges.remove_prefix(std::min(ranges.find(','), ranges.size() - 1) + 1);
  }
  for (const ByteRange& part : choice.parts)
    std::fill_n(chosen.begin() + static_cast<std::ptrdiff_t>(part.first), part.length, true);
  holds(wanted == chosen, "the parts cover the requested bytes", header);
}

const fuzz::Target target{"range", run};

}  // namespace

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace video::http {

/// A byte range of a content.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;  ///< at least 1, clamped to the content
  bool operator==(const ByteRange&) const = default;
};

/// The byte ranges that a Range header field selects.
struct RangeChoice {
  enum class Kind { whole, parts, unsatisfiable } kind = Kind::whole;
  std::vector<ByteRange> parts;  ///< in the requested order; none overlaps or touches another
};

/// Evaluates a Range header field (RFC 9110 §14.2) for a content of `size` bytes. An empty value, an unknown unit or
/// more than 16 ranges select the whole content. A malformed `bytes` range, or only ranges outside the content, are
/// unsatisfiable. Merges ranges that overlap or touch (§15.3.7.2).
RangeChoice chooseRange(std::string_view header, std::uint64_t size);

}  // namespace video::http

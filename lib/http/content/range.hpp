#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace video::http {

/// A part of a content, in bytes.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;  ///< at least one, clamped to the content
  bool operator==(const ByteRange&) const = default;
};

/// What a Range header asks of a content.
struct RangeChoice {
  enum class Kind { whole, parts, unsatisfiable } kind = Kind::whole;
  std::vector<ByteRange> parts;  ///< in the order asked for; none overlaps or touches another
};

/// Reads a Range header (RFC 9110 §14.2) for a content of `size` bytes: empty, an unknown unit or more than 16 ranges
/// choose the whole; a malformed `bytes` range, or only ranges outside the content, are unsatisfiable. Ranges that
/// overlap or touch become one (§15.3.7.2).
RangeChoice chooseRange(std::string_view header, std::uint64_t size);

}  // namespace video::http

#pragma once

#include <cstdint>
#include <string_view>

namespace video::http {

/// What a Range header asks of a content.
struct RangeChoice {
  enum class Kind { whole, part, unsatisfiable } kind = Kind::whole;
  std::uint64_t first = 0;   ///< of a part: its first byte
  std::uint64_t length = 0;  ///< of a part: its bytes, at least one, clamped to the content
};

/// Reads a Range header (RFC 9110 §14.2) for a content of `size` bytes: empty, an unknown unit or several ranges choose
/// the whole; a malformed `bytes` range, or one outside the content, is unsatisfiable.
RangeChoice chooseRange(std::string_view header, std::uint64_t size) noexcept;

}  // namespace video::http

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace video::http {

/// Decodes a request body from the bytes of its connection as they arrive (RFC 9112 §6, §7.1). Trailers and chunk
/// extensions are checked and dropped.
class BodyDecoder {
 public:
  /// Creates a decoder for a request without a body.
  BodyDecoder() = default;
  /// Creates a decoder for the body that follows `head`.
  explicit BodyDecoder(const Head& head);

  /// Removes framing and at most one piece of the body from the front of `bytes` and returns the piece, which points
  /// into the memory of `bytes`. An empty piece means that the body is done or broken, or that more bytes are needed.
  std::string_view take(std::string_view& bytes);
  /// Returns whether the whole body has been decoded.
  bool done() const noexcept { return state_ == State::done; }
  /// Returns whether the chunked encoding is malformed; `take` then returns nothing more.
  bool broken() const noexcept { return state_ == State::broken; }
  /// Returns the bytes of the body still to come, or nothing if the body is chunked and not yet done.
  std::optional<std::uint64_t> left() const noexcept;

 private:
  enum class State : std::uint8_t {
    done,
    broken,
    plain,
    size,
    extensionGap,
    extensionStart,
    extensionName,
    extensionNameGap,
    extensionValue,
    extensionToken,
    extensionQuoted,
    extensionEscape,
    extensionEnd,
    sizeEnd,
    data,
    dataReturn,
    dataEnd,
    trailerStart,
    trailerName,
    trailerValue,
    trailerEnd,
    lastEnd
  };
  State next(char c);
  State nextInExtension(char c) const;

  State state_ = State::done;
  std::uint8_t digits_ = 0;
  std::uint16_t overhead_ = 0;  ///< bytes in the current chunk extension, or in all trailers
  std::uint64_t left_ = 0;      ///< bytes left of the body, or of the current chunk
};

}  // namespace video::http

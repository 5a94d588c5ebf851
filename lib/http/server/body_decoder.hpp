#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace video::http {

/// Takes a request's body out of the bytes of its connection, as they come (RFC 9112 §6, §7.1). Trailers and chunk
/// extensions are dropped.
class BodyDecoder {
 public:
  /// There is no body.
  BodyDecoder() = default;
  /// The body that follows `head`.
  explicit BodyDecoder(const Head& head);

  /// Takes framing and at most one piece of the body from the front of `bytes`; the piece points into `bytes`. An empty
  /// piece: it is done or broken, or needs more bytes.
  std::string_view take(std::string_view& bytes);
  /// Whether the body has been taken whole.
  bool done() const noexcept { return state_ == State::done; }
  /// Whether its chunks are malformed; then nothing more is taken.
  bool broken() const noexcept { return state_ == State::broken; }
  /// What is still to come, where a Content-Length said so.
  std::optional<std::uint64_t> left() const noexcept;

 private:
  enum class State : std::uint8_t {
    done,
    broken,
    plain,
    size,
    extension,
    sizeEnd,
    data,
    dataReturn,
    dataEnd,
    trailerStart,
    trailer,
    trailerEnd,
    lastEnd
  };
  State next(char c);

  State state_ = State::done;
  std::uint8_t digits_ = 0;
  std::uint16_t overhead_ = 0;  ///< bytes of one chunk's extension, or of all trailers
  std::uint64_t left_ = 0;      ///< of the whole body or of the chunk
};

}  // namespace video::http

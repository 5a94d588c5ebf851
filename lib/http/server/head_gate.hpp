#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace video::http {

/// Whether a byte may occur in a token (RFC 9110 §5.6.2).
bool isTokenByte(char c) noexcept;

/// Size limits of a request head.
struct HeadLimits {
  std::size_t requestLine = 8 * 1024;  ///< bytes without CRLF; above it 414
  std::size_t whole = 16 * 1024;       ///< bytes including the empty line; above it 431
  std::size_t fields = 128;            ///< number of header fields; above it 431
  std::size_t field = 8 * 1024;        ///< bytes of one header field without CRLF; above it 431
};

/// Why the transport refuses a request. `detail` must be a string literal.
struct Refusal {
  int status = 400;
  std::string_view detail;
};

/// Finds the end of a request head as its bytes arrive (RFC 9112 §2.1); looks at each byte once. Skips empty lines
/// before the request line.
class HeadEnd {
 public:
  /// Result of `look`: no end yet, the whole head, or a reason to refuse it.
  enum class State { more, whole, refused };

  /// Looks for the end. `bytes` is everything received since the last `reset`, old and new.
  State look(std::string_view bytes, const HeadLimits& limits);
  /// Starts over, for the next request.
  void reset() noexcept { *this = {}; }

  std::size_t start() const noexcept { return start_; }  ///< offset of the request line
  std::size_t end() const noexcept { return seen_; }     ///< after `whole`: offset behind the empty line
  /// Returns the reason, after `refused`.
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  State refuse(int status, std::string_view detail);

  std::size_t start_ = 0;
  std::size_t line_ = 0;
  std::size_t seen_ = 0;
  Refusal refusal_;
};

/// Parses a whole request head, from the request line to the empty line, into `head` and checks it (RFC 9112 §3, §5,
/// §6). The authority of an absolute-form target replaces the Host header field. Nothing is copied: `head` points into
/// `bytes`. Returns the reason if the head is refused, nothing if it is valid.
std::optional<Refusal> readHead(std::string_view bytes, const HeadLimits& limits, Head& head);

}  // namespace video::http

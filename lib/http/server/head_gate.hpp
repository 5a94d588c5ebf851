#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace video::http {

/// What a head may measure.
struct HeadLimits {
  std::size_t requestLine = 8 * 1024;  ///< bytes without its CRLF; over it 414
  std::size_t whole = 16 * 1024;       ///< bytes with the empty line; over it 431
  std::size_t fields = 128;            ///< header lines; over it 431
  std::size_t field = 8 * 1024;        ///< bytes of one of them without its CRLF; over it 431
};

/// Why the transport itself says no. The text lives as long as the program.
struct Refusal {
  int status = 400;
  std::string_view detail;
};

/// Finds the end of a head as its bytes arrive (RFC 9112 §2.1), looking at each byte once. Empty lines in front of the
/// request line are skipped.
class HeadEnd {
 public:
  /// What `look` has found: no end yet, the end, or a reason to refuse.
  enum class State { more, whole, refused };

  /// `bytes` is everything that has come since the last `reset`, old and new.
  State look(std::string_view bytes, const HeadLimits& limits);
  /// Starts over, for the next request.
  void reset() noexcept { *this = {}; }

  std::size_t start() const noexcept { return start_; }  ///< where the request line begins
  std::size_t end() const noexcept { return seen_; }     ///< once whole: one past the empty line
  /// Why, after `refused`.
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  State refuse(int status, std::string_view detail);

  std::size_t start_ = 0;
  std::size_t line_ = 0;
  std::size_t seen_ = 0;
  Refusal refusal_;
};

/// Reads a whole head, from its request line to its empty line, into `head`, and checks it (RFC 9112 §3, §5, §6).
/// Absolute-form targets lose their authority to Host. Nothing is copied: `head` is views of `bytes`. Returns why it is
/// refused; nothing where it is good.
std::optional<Refusal> readHead(std::string_view bytes, const HeadLimits& limits, Head& head);

}  // namespace video::http

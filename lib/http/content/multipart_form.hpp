#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace video::http {

/// Extracts one file from a multipart/form-data body (RFC 7578) as it arrives, in constant memory: passes the bytes of
/// the part named `part` to the sink and skips other parts. Throws malformed for broken framing, a part header larger
/// than 8 KiB, or more than 1 MiB outside the file.
class FormFile {
 public:
  /// Maximum number of bytes outside the file, not counting line ends.
  static constexpr std::size_t mostOutside = 1024 * 1024;
  /// Upper bound including line ends: in the worst case each byte is a header line with two more for its line end.
  static constexpr std::size_t mostOutsideWithEnds = 3 * mostOutside;

  /// `contentType` is the Content-Type of the request. `sink` must outlive the form. Throws malformed unless the type
  /// is multipart/form-data with a boundary.
  FormFile(std::string_view contentType, std::string_view part, const ByteSink& sink);

  /// Processes the next piece of the body; pieces may be cut anywhere.
  void take(std::span<const std::byte> piece);
  /// Call at the end of the body. Throws malformed if the framing is incomplete or there was no such part.
  void finish() const;

 private:
  enum class State { content, delimiter, headers, epilogue };

  std::size_t takeContent(std::string_view bytes);
  std::size_t takeDelimiter(std::string_view bytes);
  std::size_t takeHeaders(std::string_view bytes);
  void give(std::string_view bytes);
  void skip(std::size_t count);
  void beginPart();

  std::string part_;
  const ByteSink& sink_;
  std::string needle_;   ///< CRLF, two dashes and the boundary
  std::string pending_;  ///< bytes that may be the start of a delimiter or header
  std::string headers_;  ///< header fields of the current part
  State state_ = State::content;
  bool inFile_ = false;
  bool found_ = false;
  std::size_t outside_ = 0;  ///< bytes outside the file
};

}  // namespace video::http

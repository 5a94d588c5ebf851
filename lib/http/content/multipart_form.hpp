#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace video::http {

/// Finds one file in a multipart/form-data body (RFC 7578) as it comes, in flat memory: the bytes of the part named
/// `part` go to the sink, other parts are skipped. Throws malformed for broken framing, a part header over 8 KiB, or
/// more than 1 MiB outside of the file.
class FormFile {
 public:
  /// How many bytes may stand outside of the file; line ends are not counted.
  static constexpr std::size_t mostOutside = 1024 * 1024;
  /// No form has more of them with its line ends: a header line of one byte has two beside it.
  static constexpr std::size_t mostOutsideWithEnds = 3 * mostOutside;

  /// `contentType` is the request's; throws malformed unless it is multipart/form-data with a boundary.
  FormFile(std::string_view contentType, std::string_view part, const ByteSink& sink);

  /// Takes the next piece of the body, cut anywhere.
  void take(std::span<const std::byte> piece);
  /// Told when the body has ended: throws malformed where its framing is not complete, or there was no such part.
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
  std::string needle_;   ///< CRLF, two dashes, the boundary
  std::string pending_;  ///< bytes that may be the beginning of something
  std::string headers_;  ///< of the part that begins
  State state_ = State::content;
  bool inFile_ = false;
  bool found_ = false;
  std::size_t outside_ = 0;  ///< bytes of all but the file
};

}  // namespace video::http

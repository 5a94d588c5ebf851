#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "comments/char_reader.hpp"
#include "comments/formats.hpp"

namespace video::danmaku {

/// Longest text or attribute that parsers keep, in bytes; a longer one is too long for a comment anyway.
inline constexpr std::size_t mostText = 32 * 1024;

/// Completes and checks the rows that parsers find, and passes them on.
class RowMaker {
 public:
  RowMaker(RowSink& sink, const Bounds& bounds) : sink_(sink), left_(bounds.rows) {}

  /// Takes a row: `positionMs`, `content`, `importedAuthor` and `time` as in the file, `sourceId` empty if the file has
  /// none. Throws tooLarge.
  void take(Comment row);
  /// Counts a row that is skipped; a file is cut off only once.
  void skip(CommentSkip reason);

 private:
  void count();

  RowSink& sink_;
  std::int64_t left_;
  bool isCutOff_ = false;
};

// Each parser reads a whole file of its format; the JSON parser finds out which of the JSON formats it is and reads
// only the rows of `wanted`.
void readXml(CharReader& in, RowMaker& rows);
std::optional<CommentFormat> readJsonRows(CharReader& in, RowMaker& rows, std::optional<CommentFormat> wanted);
void readAss(CharReader& in, RowMaker& rows);
void readCues(CharReader& in, RowMaker& rows, bool isVtt);
void readCsv(CharReader& in, RowMaker& rows);

/// Returns Bilibili's mode, size, pool and perhaps level of a comment, separated by commas.
std::string bilibiliStyle(const Comment& row);
/// Sets mode, size and color from niconico's words for them, separated by spaces.
void applyNiconicoWords(std::string_view words, Comment& row);
/// Returns a whole number; nothing if `text` is not one.
std::optional<std::int64_t> wholeNumber(std::string_view text);
/// Returns a time in Unix seconds; nothing for 0.
Time timeOf(std::string_view unixSeconds);
/// Returns the text with every occurrence of `what` replaced.
std::string replaced(std::string_view text, std::string_view what, std::string_view with);

}  // namespace video::danmaku

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "comments/fields.hpp"

namespace video::danmaku {

/// Limits of a file: bytes after decompression, and comments.
struct Bounds {
  std::uint64_t bytes = 256ULL << 20;
  std::int64_t rows = 1'000'000;
};

/// Receives the rows of a file, in order.
class RowSink {
 public:
  virtual ~RowSink() = default;
  /// Takes a comment: position, content, importedAuthor and sourceId are set; mode, color and size as far as the format
  /// has them; `time` is Time{} if the file does not say when it was posted.
  virtual void take(Comment comment) = 0;
  /// Is told that a row was skipped.
  virtual void skip(CommentSkip reason) = 0;
};

/// Reads a file of comments, which may be compressed (gzip, zlib, raw deflate), in constant memory. Returns its format.
/// Throws malformed if the format is unknown or not `wanted`; tooLarge.
CommentFormat readRows(ContentReader& file, std::optional<CommentFormat> wanted, RowSink& sink,
                       const Bounds& bounds = {});

/// Writes a file of comments.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  /// Appends what comes before the comments.
  virtual void begin(std::string& out) = 0;
  /// Appends a comment; they must come sorted by position.
  virtual void add(std::string& out, const Comment& comment) = 0;
  /// Appends what comes after the comments.
  virtual void end(std::string& out) = 0;
};

/// Makes the writer of a format. Throws malformed for one that can only be imported.
std::unique_ptr<RowWriter> writerOf(CommentFormat format);

/// Returns the media type of a format's files, and the extension of their names.
std::pair<const char*, const char*> typeOf(CommentFormat format);

}  // namespace video::danmaku

#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace video::danmaku {

/// How a file is compressed.
enum class Packing { none, zlibOrGzip, deflate };

/// Reads the bytes of a file one by one, decompressed and without a byte order mark.
class CharReader {
 public:
  static constexpr int end = -1;

  /// `file` must outlive this object. Reading throws tooLarge after `most` bytes, decompressed.
  CharReader(ContentReader& file, Packing packing, std::uint64_t most);
  ~CharReader();
  CharReader(const CharReader&) = delete;
  CharReader& operator=(const CharReader&) = delete;

  /// Returns the next byte (0 to 255), or `end`; `get` removes it.
  int peek() { return at_ < size_ || fill() ? static_cast<unsigned char>(out_[at_]) : end; }
  int get() {
    const int next = peek();
    if (next != end) ++at_;
    return next;
  }
  /// Reads a line, without its LF or CRLF; only the first `most` bytes of a longer one. Returns false at the end of the
  /// file.
  bool line(std::string& to, std::size_t most = 64 * 1024);
  /// Returns the bytes that are in the buffer: at the beginning, up to 64 KiB.
  std::string_view ahead();
  /// Returns whether the compressed file is damaged or ends too early.
  bool isCutOff() const { return isCutOff_; }

 private:
  bool fill();
  // Reads more of the compressed file if all was used; returns false at its end.
  bool hasInput();
  // Continues with the next member of a gzip file (RFC 1952 §2.2), if there is one.
  void nextMember();

  ContentReader& file_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_;
  std::vector<char> in_;
  std::vector<char> out_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  bool isFirst_ = true;
  bool isCutOff_ = false;
  bool isEnd_ = false;
  bool isGzip_ = false;
  std::unique_ptr<z_stream> inflate_;
};

}  // namespace video::danmaku

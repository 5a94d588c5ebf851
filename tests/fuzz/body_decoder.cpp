#include "http/server/body_decoder.hpp"

#include <limits>

#include "fuzz.hpp"

using fuzz::holds;
using namespace video::http;

namespace {

struct Decoded {
  std::string body;
  bool done = false;
  bool broken = false;
  std::size_t used = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(const Head& head, const std::vector<std::string_view>& pieces) {
  BodyDecoder decoder(head);
  Decoded all;
  for (const std::string_view piece : pieces) {
    const std::string come(piece);  // a copy, so that a sanitizer detects reads beyond it
    std::string_view left = come;
    while (!left.empty() && !decoder.done() && !decoder.broken()) {
      const std::string_view taken = decoder.take(left);
      all.body += taken;
      holds(!taken.empty() || left.empty() || decoder.done() || decoder.broken(), "all input is consumed", piece);
    }
    all.used += come.size() - left.size();
  }
  all.done = decoder.done();
  all.broken = decoder.broken();
  return all;
}

// Decodes a chunked body by a plain reading of RFC 9112 §7.1, with the decoder's limits.
class ChunkReader {
 public:
  explicit ChunkReader(std::string_view text) : text_(text) {}

  Decoded read() {
    try {
      while (readChunk()) {
      }
      read_.done = true;
    } catch (End end) {
      read_.broken = end == End::broken;
    }
    read_.used = at_;
    return read_;
  }

 private:
  enum class End { more, broken };

  char peek() const {
    if (at_ == text_.size()) throw End::more;
    return text_[at_];
  }
  void take(char wanted) {
    if (peek() != wanted) throw End::broken;
    ++at_;
  }
  void takeLineEnd() {
    take('\r');
    take('\n');
  }
  static bool isToken(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  }
  static bool isText(char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; }
  void step(std::size_t& overhead) {
    peek();
    if (++overhead > 8192) throw End::broken;
    ++at_;
  }
  void skipSpace(std::size_t& overhead) {
    while (peek() == ' ' || peek() == '\t') step(overhead);
  }
  void skipToken(std::size_t& overhead) {
    if (!isToken(peek())) throw End::broken;
    while (isToken(peek())) step(overhead);
  }
  void skipQuoted(std::size_t& overhead) {
    step(overhead);
    while (peek() != '"') {
      if (peek() == '\\') step(overhead);
      if (!isText(peek())) throw End::broken;
      step(overhead);
    }
    step(overhead);
  }
  void skipExtensions() {
    std::size_t overhead = 0;
    while (peek() != '\r') {
      skipSpace(overhead);
      if (peek() != ';') throw End::broken;
      step(overhead);
      skipSpace(overhead);
      skipToken(overhead);
      const std::size_t before = at_;
      const std::size_t counted = overhead;
      skipSpace(overhead);
      if (peek() == '=') {
        step(overhead);
        skipSpace(overhead);
        peek() == '"' ? skipQuoted(overhead) : skipToken(overhead);
      } else {  // the space belongs to what follows
        at_ = before;
        overhead = counted;
      }
    }
  }
  void skipTrailer(std::size_t& overhead) {
    skipToken(overhead);
    if (peek() != ':') throw End::broken;
    step(overhead);
    for (; peek() != '\r'; step(overhead))
      if (!isText(peek())) throw End::broken;
    takeLineEnd();
  }
  std::uint64_t takeSize() {
    constexpr std::string_view digits = "0123456789abcdef0123456789ABCDEF";
    std::uint64_t size = 0;
    int count = 0;
    for (; digits.find(peek()) != std::string_view::npos; ++at_) {
      if (++count > 15) throw End::broken;
      size = size * 16 + digits.find(peek()) % 16;
    }
    if (count == 0) throw End::broken;
    return size;
  }
  // Returns false for the last chunk, with its trailers.
  bool readChunk() {
    const std::uint64_t size = takeSize();
    skipExtensions();
    takeLineEnd();
    if (size == 0) {
      std::size_t overhead = 0;
      while (peek() != '\r') skipTrailer(overhead);
      takeLineEnd();
      return false;
    }
    const std::string_view data = text_.substr(at_, size);
    read_.body += data;
    at_ += data.size();
    if (data.size() < size) throw End::more;
    takeLineEnd();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Decoded read_;
};

void run(fuzz::Input in) {
  const std::uint32_t seed = in.word();
  const std::uint8_t mode = in.byte();
  Head head;
  head.chunked = (mode & 1) != 0;
  if (!head.chunked)
    head.contentLength = (mode & 2) != 0 ? in.longWord() & std::numeric_limits<std::int64_t>::max() : in.byte();
  const std::string text = in.rest();
  const Decoded whole = decode(head, {text});
  holds(decode(head, fuzz::cut(text, seed)) == whole, "a body is the same however it is split", text);
  holds(decode(head, fuzz::bytesOf(text)) == whole, "a body is the same byte by byte", text);
  if (!head.chunked) {
    holds(!whole.broken && whole.body == text.substr(0, *head.contentLength), "a body has the given length", text);
    return;
  }
  const Decoded wanted = ChunkReader(text).read();
  holds(whole.body == wanted.body && whole.done == wanted.done && whole.broken == wanted.broken,
        "chunks are decoded as in RFC 9112", text);
  if (whole.done) holds(whole.used == wanted.used, "nothing after the last chunk is consumed", text);
}

const fuzz::Target target{"body_decoder", run};

}  // namespace

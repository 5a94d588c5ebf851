#include "comments/char_reader.hpp"

#include <array>

#include "base/error.hpp"

namespace video::danmaku {

namespace {
constexpr std::size_t pieceSize = 64 * 1024;
}

CharReader::CharReader(ContentReader& file, Packing packing, std::uint64_t most)
    : file_(file), left_(most), out_(pieceSize) {
  if (packing == Packing::none) return;
  in_.resize(pieceSize);
  inflate_ = std::make_unique<z_stream>();
  constexpr int withHeader = 15 + 32;  // of gzip or zlib
  std::array<std::byte, 1> first{};
  isGzip_ = packing == Packing::zlibOrGzip && file_.read(0, first) == 1 && first[0] == std::byte{0x1f};
  if (inflateInit2(inflate_.get(), packing == Packing::deflate ? -15 : withHeader) != Z_OK)
    throw Error(Fault::internal, "zlib: cannot start decompressing");
}

CharReader::~CharReader() {
  if (inflate_) inflateEnd(inflate_.get());
}

bool CharReader::fill() {
  if (isEnd_) return false;
  at_ = size_ = 0;
  if (!inflate_) {
    size_ = file_.read(offset_, std::as_writable_bytes(std::span(out_)));
    offset_ += size_;
    isEnd_ = size_ == 0;
  } else {
    inflate_->next_out = reinterpret_cast<Bytef*>(out_.data());
    inflate_->avail_out = static_cast<uInt>(out_.size());
    while (!isEnd_ && inflate_->avail_out == out_.size()) {
      if (!hasInput()) {
        isEnd_ = isCutOff_ = true;
        break;
      }
      const int result = inflate(inflate_.get(), Z_NO_FLUSH);
      if (result == Z_STREAM_END) nextMember();
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) isEnd_ = isCutOff_ = true;
    }
    size_ = out_.size() - inflate_->avail_out;
  }
  if (size_ > left_) throw Error(Fault::tooLarge, "file: is too large after decompression");
  left_ -= size_;
  if (std::exchange(isFirst_, false) && std::string_view(out_.data(), size_).starts_with("\xef\xbb\xbf")) at_ = 3;
  return at_ < size_ || (size_ > 0 && fill());
}

bool CharReader::hasInput() {
  if (inflate_->avail_in > 0) return true;
  const std::size_t got = file_.read(offset_, std::as_writable_bytes(std::span(in_)));
  offset_ += got;
  inflate_->next_in = reinterpret_cast<Bytef*>(in_.data());
  inflate_->avail_in = static_cast<uInt>(got);
  return got > 0;
}

void CharReader::nextMember() {
  while (hasInput() && *inflate_->next_in == 0) {  // padding
    ++inflate_->next_in;
    --inflate_->avail_in;
  }
  isEnd_ = inflate_->avail_in == 0;
  if (isEnd_) return;
  constexpr Bytef firstOfGzip = 0x1f;
  if (isGzip_ && *inflate_->next_in == firstOfGzip && inflateReset(inflate_.get()) == Z_OK) return;
  isEnd_ = isCutOff_ = true;
}

bool CharReader::line(std::string& to, std::size_t most) {
  to.clear();
  if (peek() == end) return false;
  for (int next = get(); next != end && next != '\n'; next = get())
    if (to.size() < most) to += static_cast<char>(next);
  if (to.ends_with('\r')) to.pop_back();
  return true;
}

std::string_view CharReader::ahead() {
  peek();
  return {out_.data() + at_, size_ - at_};
}

}  // namespace video::danmaku

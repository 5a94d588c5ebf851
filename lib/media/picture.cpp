#include "media/picture.hpp"

#include <array>
#include <cstddef>

namespace video::media {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view jpegType = "image/jpeg";
constexpr std::string_view pngType = "image/png";
constexpr std::string_view webpType = "image/webp";

// Numbers at an offset that is inside of `bytes`.
std::uint32_t byteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
std::uint32_t bigAt(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | byteAt(bytes, at + i);
  return number;
}
std::uint32_t littleAt(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = size; i > 0; --i) number = number << 8 | byteAt(bytes, at + i - 1);
  return number;
}

// ITU-T T.81, B.1: segments, each a marker and a length, until the one that begins a frame (SOF).
std::optional<Picture> readJpeg(std::string_view bytes) {
  for (std::size_t at = 2; at + 4 <= bytes.size();) {
    if (byteAt(bytes, at) != 0xff) return std::nullopt;
    const std::uint32_t marker = byteAt(bytes, at + 1);
    if (marker == 0xff) {  // a fill byte
      ++at;
      continue;
    }
    const std::uint32_t length = bigAt(bytes, at + 2, 2);
    const bool isFrame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (length < 2 || marker == 0xd9 || marker == 0xda) return std::nullopt;
    if (!isFrame) {
      at += 2 + length;
      continue;
    }
    if (length < 8 || at + 9 > bytes.size()) return std::nullopt;
    if (bytes.find("\xff\xd9"sv, at) == bytes.npos) return std::nullopt;  // cut short
    return Picture{jpegType, "jpg", bigAt(bytes, at + 7, 2), bigAt(bytes, at + 5, 2)};
  }
  return std::nullopt;
}

// W3C PNG, 11.2.1 and 11.2.5: the first chunk is IHDR, the last one IEND.
std::optional<Picture> readPng(std::string_view bytes) {
  if (bytes.size() < 24 || bytes.substr(8, 8) != "\0\0\0\x0dIHDR"sv) return std::nullopt;
  if (bytes.find("\0\0\0\0IEND\xae\x42\x60\x82"sv) == bytes.npos) return std::nullopt;
  return Picture{pngType, "png", bigAt(bytes, 16, 4), bigAt(bytes, 20, 4)};
}

// RFC 9649: lossy, lossless, or extended.
std::optional<Picture> readWebp(std::string_view bytes) {
  if (bytes.size() < 30 || bytes.size() - 8 < littleAt(bytes, 4, 4)) return std::nullopt;
  const std::string_view chunk = bytes.substr(12, 4);
  if (chunk == "VP8X"sv) return Picture{webpType, "webp", littleAt(bytes, 24, 3) + 1, littleAt(bytes, 27, 3) + 1};
  if (chunk == "VP8L"sv && byteAt(bytes, 20) == 0x2f) {
    const std::uint32_t bits = littleAt(bytes, 21, 4);
    return Picture{webpType, "webp", (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  if (chunk == "VP8 "sv && bytes.substr(23, 3) == "\x9d\x01\x2a"sv)
    return Picture{webpType, "webp", littleAt(bytes, 26, 2) & 0x3fff, littleAt(bytes, 28, 2) & 0x3fff};
  return std::nullopt;
}

}  // namespace

std::optional<Picture> readPicture(std::string_view bytes) noexcept {
  std::optional<Picture> read;
  if (bytes.starts_with("\xff\xd8\xff"sv))
    read = readJpeg(bytes);
  else if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv))
    read = readPng(bytes);
  else if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv)
    read = readWebp(bytes);
  if (read && (read->width == 0 || read->height == 0)) read.reset();
  return read;
}

std::string_view pictureTypeOf(std::string_view extension) noexcept {
  if (extension == "jpg") return jpegType;
  if (extension == "png") return pngType;
  return extension == "webp" ? webpType : std::string_view();
}

}  // namespace video::media

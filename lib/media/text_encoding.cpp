#include "media/text_encoding.hpp"

#include <iconv.h>

#include <array>
#include <cerrno>

#include "base/text.hpp"

namespace video::media {
namespace {

// A conversion to UTF-8 of the C library.
class Conversion {
 public:
  explicit Conversion(const char* from) : handle_(::iconv_open("UTF-8", from)) {}
  ~Conversion() {
    if (isOpen()) ::iconv_close(handle_);
  }
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  // Returns nothing for bytes that are not valid, or an encoding that this system does not have.
  std::optional<std::string> operator()(std::string_view bytes) const {
    if (!isOpen()) return std::nullopt;
    std::string out;
    std::array<char, 16 * 1024> piece{};
    char* from = const_cast<char*>(bytes.data());  // iconv does not write there
    std::size_t left = bytes.size();
    bool isFlushing = false;  // a shift sequence may be left at the end
    for (;;) {
      char* to = piece.data();
      std::size_t room = piece.size();
      const std::size_t result =
          isFlushing ? ::iconv(handle_, nullptr, nullptr, &to, &room) : ::iconv(handle_, &from, &left, &to, &room);
      const int reason = errno;
      out.append(piece.data(), piece.size() - room);
      if (result == static_cast<std::size_t>(-1)) {
        if (reason != E2BIG) return std::nullopt;
      } else if (isFlushing) {
        return out;
      } else {
        isFlushing = true;
      }
    }
  }

 private:
  bool isOpen() const { return handle_ != iconv_t(-1); }
  iconv_t handle_;
};

// Whether `units` of UTF-16 first occur where a unit begins.
bool hasUnits(std::string_view bytes, std::string_view units) {
  const std::size_t at = bytes.find(units);
  return at != std::string_view::npos && at % 2 == 0;
}

// Whether a text that is valid as GB18030 is Chinese. Texts in other encodings can be valid too. Then many characters
// are none of GB 2312, which has those in everyday use (Windows-1252, Big5, Shift JIS), or are kana of it (EUC-JP), or
// none is in the second half of its rows (EUC-KR).
bool isChinese(std::string_view bytes) {
  std::size_t everyday = 0;
  std::size_t others = 0;
  std::size_t early = 0;
  std::size_t late = 0;
  for (std::size_t at = 0; at + 1 < bytes.size();) {
    const auto row = static_cast<unsigned char>(bytes[at]);
    const auto cell = static_cast<unsigned char>(bytes[at + 1]);
    if (row < 0x80) {
      ++at;
    } else if (cell >= '0' && cell <= '9') {
      at += 4;  // in no other Chinese encoding
    } else {
      const bool isIdeograph = row >= 0xb0 && row <= 0xf7;
      const bool isMark = row >= 0xa1 && row <= 0xa9 && row != 0xa4 && row != 0xa5;
      const bool isEveryday = cell >= 0xa1 && (isIdeograph || isMark);
      ++(isEveryday ? everyday : others);
      if (isEveryday && isIdeograph) ++(row < 0xc9 ? early : late);
      at += 2;
    }
  }
  const bool isKorean = early > 20 && late < early / 10;
  return everyday > 0 && everyday >= 3 * others && !isKorean;
}

}  // namespace

std::optional<std::string> toUtf8(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xef\xbb\xbf")) {
    bytes.remove_prefix(3);
    return isUtf8(bytes) ? std::optional(std::string(bytes)) : std::nullopt;
  }
  if (bytes.starts_with("\xff\xfe")) return Conversion("UTF-16LE")(bytes.substr(2));
  if (bytes.starts_with("\xfe\xff")) return Conversion("UTF-16BE")(bytes.substr(2));
  // The arrow that every file of subtitles has.
  if (hasUnits(bytes, "-\0-\0>\0"sv)) return Conversion("UTF-16LE")(bytes);
  if (hasUnits(bytes, "\0-\0-\0>"sv)) return Conversion("UTF-16BE")(bytes);
  if (isUtf8(bytes)) return std::string(bytes);
  return isChinese(bytes) ? Conversion("GB18030")(bytes) : std::nullopt;
}

}  // namespace video::media

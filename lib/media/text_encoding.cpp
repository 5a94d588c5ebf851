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

bool hasBytes(std::string_view bytes, std::string_view what) {
  return bytes.find(what) != std::string_view::npos;
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
  if (hasBytes(bytes, "-\0-\0>\0"sv)) return Conversion("UTF-16LE")(bytes);
  if (hasBytes(bytes, "\0-\0-\0>"sv)) return Conversion("UTF-16BE")(bytes);
  if (isUtf8(bytes)) return std::string(bytes);
  return Conversion("GB18030")(bytes);
}

}  // namespace video::media

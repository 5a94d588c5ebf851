#include "media/sniff.hpp"

#include <array>

namespace video::media {
namespace {

using namespace std::string_view_literals;

bool has(std::string_view front, std::size_t at, std::string_view mark) {
  return front.size() >= at + mark.size() && front.substr(at, mark.size()) == mark;
}

// ISO/IEC 14496-12: the first box tells the kind, whatever its size. QuickTime files need not begin with ftyp.
std::optional<Kind> sniffBoxes(std::string_view front) {
  if (has(front, 4, "ftyp"sv)) {
    if (has(front, 8, "qt  "sv)) return Kind{"video/quicktime", "mov"};
    for (const std::string_view image : {"heic"sv, "heix"sv, "mif1"sv, "avif"sv, "M4A "sv})
      if (has(front, 8, image)) return std::nullopt;
    return Kind{"video/mp4", "mp4"};
  }
  for (const std::string_view box : {"moov"sv, "mdat"sv, "wide"sv})
    if (has(front, 4, box)) return Kind{"video/quicktime", "mov"};
  return std::nullopt;
}

// ISO/IEC 13818-1: a sync byte every 188 bytes, or every 192 bytes after a four-byte timestamp.
bool isTransportStream(std::string_view front) {
  for (const auto& [first, step] : {std::pair{0U, 188U}, std::pair{4U, 192U}}) {
    std::size_t seen = 0;
    std::size_t at = first;
    for (; at < front.size() && front[at] == 'G'; at += step) ++seen;
    if (at >= front.size() && seen >= 3) return true;
  }
  return false;
}

}  // namespace

std::optional<Kind> sniff(std::string_view front) noexcept {
  if (const auto kind = sniffBoxes(front)) return kind;
  if (has(front, 0, "\x1a\x45\xdf\xa3"sv)) {  // EBML; the DocType is in the first element
    const std::string_view head = front.substr(0, 64);
    if (head.find("webm"sv) != std::string_view::npos) return Kind{"video/webm", "webm"};
    if (head.find("matroska"sv) != std::string_view::npos) return Kind{"video/x-matroska", "mkv"};
    return std::nullopt;
  }
  if (has(front, 0, "OggS"sv)) return Kind{"video/ogg", "ogv"};
  if (has(front, 0, "RIFF"sv) && has(front, 8, "AVI "sv)) return Kind{"video/x-msvideo", "avi"};
  if (has(front, 0, "FLV\x01"sv)) return Kind{"video/x-flv", "flv"};
  if (isTransportStream(front)) return Kind{"video/mp2t", "ts"};
  return std::nullopt;
}

}  // namespace video::media

#include "media/sniff.hpp"

#include <array>

#include "base/text.hpp"

namespace video::media {
namespace {

using namespace std::string_view_literals;

constexpr Kind mp4{"video/mp4", "mp4"};
constexpr Kind quickTime{"video/quicktime", "mov"};
constexpr Kind webm{"video/webm", "webm"};
constexpr Kind matroska{"video/x-matroska", "mkv"};
constexpr Kind ogg{"video/ogg", "ogv"};
constexpr Kind transportStream{"video/mp2t", "ts"};
constexpr Kind avi{"video/x-msvideo", "avi"};
constexpr Kind flv{"video/x-flv", "flv"};
constexpr std::array all{mp4, quickTime, webm, matroska, ogg, transportStream, avi, flv};

bool has(std::string_view front, std::size_t at, std::string_view mark) {
  return front.size() >= at + mark.size() && front.substr(at, mark.size()) == mark;
}

// ISO/IEC 14496-12: the first box tells the kind, whatever its size. QuickTime files need not begin with ftyp.
std::optional<Kind> sniffBoxes(std::string_view front) {
  if (has(front, 4, "ftyp"sv)) {
    if (has(front, 8, "qt  "sv)) return quickTime;
    for (const std::string_view image : {"heic"sv, "heix"sv, "mif1"sv, "avif"sv, "M4A "sv})
      if (has(front, 8, image)) return std::nullopt;
    return mp4;
  }
  for (const std::string_view box : {"moov"sv, "mdat"sv, "wide"sv})
    if (has(front, 4, box)) return quickTime;
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

std::span<const Kind> kinds() noexcept {
  return all;
}

std::string_view extensionOf(std::string_view type) noexcept {
  for (const Kind& kind : all)
    if (kind.type == type) return kind.extension;
  return {};
}

std::string mp4NameOf(std::string_view name, std::string_view type) {
  const std::string_view extension = extensionOf(type);
  const std::size_t dot = name.rfind('.');
  if (!extension.empty() && dot != std::string_view::npos && equalWithoutCase(name.substr(dot + 1), extension))
    name = name.substr(0, dot);
  return std::string(name) + ".mp4";
}

std::optional<Kind> sniff(std::string_view front) noexcept {
  if (const auto kind = sniffBoxes(front)) return kind;
  if (has(front, 0, "\x1a\x45\xdf\xa3"sv)) {  // EBML; the DocType is in the first element
    const std::string_view head = front.substr(0, 64);
    if (head.find("webm"sv) != std::string_view::npos) return webm;
    if (head.find("matroska"sv) != std::string_view::npos) return matroska;
    return std::nullopt;
  }
  if (has(front, 0, "OggS"sv)) return ogg;
  if (has(front, 0, "RIFF"sv) && has(front, 8, "AVI "sv)) return avi;
  if (has(front, 0, "FLV\x01"sv)) return flv;
  if (isTransportStream(front)) return transportStream;
  return std::nullopt;
}

}  // namespace video::media

#include "media/sniff.hpp"

#include <array>
#include <bit>
#include <cstdint>

#include "base/text.hpp"
#include "media/file.hpp"

namespace video::media {
namespace {

using namespace std::string_view_literals;

constexpr Kind mp4{"video/mp4", "mp4", "MP4 (.mp4, .m4v)"};
constexpr Kind quickTime{"video/quicktime", "mov", "QuickTime (.mov)"};
constexpr Kind webm{"video/webm", "webm", "WebM (.webm)"};
constexpr Kind matroska{"video/x-matroska", "mkv", "Matroska (.mkv)"};
constexpr Kind ogg{"video/ogg", "ogv", "Ogg with pictures (.ogv)"};
constexpr Kind transportStream{"video/mp2t", "ts", "MPEG transport stream (.ts, .m2ts, .mts)"};
constexpr Kind programStream{"video/mpeg", "mpg", "MPEG program stream (.mpg, .mpeg, .vob)"};
constexpr Kind avi{"video/x-msvideo", "avi", "AVI (.avi)"};
constexpr Kind flv{"video/x-flv", "flv", "Flash video (.flv)"};
constexpr Kind asf{"video/x-ms-asf", "wmv", "Windows Media (.wmv, .asf)"};
constexpr std::array all{mp4, quickTime, webm, matroska, ogg, transportStream, programStream, avi, flv, asf};

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

// ISO/IEC 11172-1 and 13818-1: a pack header, whose next bits tell MPEG-1 from MPEG-2.
bool isProgramStream(std::string_view front) {
  if (!has(front, 0, "\0\0\1\xba"sv) || front.size() < 5) return false;
  const auto next = static_cast<unsigned char>(front[4]);
  return next >> 6 == 1 || next >> 4 == 2;
}

// Whether a file has pictures, as far as its front says.
enum class Pictures { yes, no, unknown };

Judged judgedAs(const Kind& kind, Pictures found) {
  if (found == Pictures::no) return {std::nullopt, true};
  return {kind, found == Pictures::yes};
}

// RFC 3533: every logical stream begins with a page of its own, and these pages come first.
Pictures picturesInOgg(std::string_view front) {
  constexpr std::size_t headSize = 27;
  for (;;) {
    if (front.size() < headSize || !front.starts_with("OggS")) return Pictures::unknown;
    const bool isFirst = (static_cast<unsigned char>(front[5]) & 2U) != 0;
    if (!isFirst) return Pictures::no;
    const std::size_t segments = static_cast<unsigned char>(front[26]);
    if (front.size() < headSize + segments) return Pictures::unknown;
    std::size_t size = 0;
    for (const char one : front.substr(headSize, segments)) size += static_cast<unsigned char>(one);
    const std::string_view packet = front.substr(headSize + segments).substr(0, size);
    for (const std::string_view codec : {"\x80theora"sv, "\1video\0"sv, "BBCD\0"sv, "OVP80"sv, "\0\0\0\1OVP80"sv})
      if (packet.starts_with(codec)) return Pictures::yes;
    if (front.size() < headSize + segments + size) return Pictures::unknown;
    front.remove_prefix(headSize + segments + size);
    if (front.empty()) return Pictures::unknown;
  }
}

constexpr std::string_view asfHead = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv;
constexpr std::string_view asfVideo = "\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"sv;
constexpr std::string_view asfAudio = "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"sv;

// The header object of ASF says of each stream what it is; its size is behind its identifier.
Pictures picturesInAsf(std::string_view front) {
  if (front.find(asfVideo) != std::string_view::npos) return Pictures::yes;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < 8 && asfHead.size() + i < front.size(); ++i)
    size |= static_cast<std::uint64_t>(static_cast<unsigned char>(front[asfHead.size() + i])) << 8 * i;
  const bool isWhole = front.size() >= asfHead.size() + 8 && size <= front.size();
  return isWhole && front.find(asfAudio) != std::string_view::npos ? Pictures::no : Pictures::unknown;
}

// The head of an element of Matroska (RFC 8794).
struct ElementHead {
  std::uint64_t id = 0;
  std::uint64_t size = 0;
  bool isUnknownSize = false;
};

std::uint64_t takeVariable(Cut& from, int most, bool keepsMarker) {
  if (from.rest().empty()) throw Malformed{};
  const int length = std::countl_zero(static_cast<unsigned char>(from.rest().front())) + 1;
  if (length > most) throw Malformed{};
  const std::uint64_t value = from.number(static_cast<std::size_t>(length));
  return keepsMarker ? value : value & ((1ULL << 7 * length) - 1);
}

ElementHead takeElementHead(Cut& from) {
  ElementHead head;
  head.id = takeVariable(from, 4, true);
  const std::size_t before = from.rest().size();
  head.size = takeVariable(from, 8, false);
  const std::size_t length = before - from.rest().size();
  head.isUnknownSize = head.size == (1ULL << 7 * length) - 1;
  return head;
}

// Looks through the entries of Tracks; `isWhole`: all of them are here.
Pictures picturesInTracks(std::string_view entries, bool isWhole) {
  constexpr std::uint64_t trackEntry = 0xae;
  constexpr std::uint64_t trackType = 0x83;
  constexpr std::uint64_t video = 1;
  try {
    for (Cut tracks(entries); !tracks.rest().empty();) {
      const ElementHead entry = takeElementHead(tracks);
      if (entry.id != trackEntry) {
        tracks.skip(entry.size);
        continue;
      }
      const std::string_view fields = tracks.rest().substr(0, entry.size);
      for (Cut cut(fields); !cut.rest().empty();) {
        const ElementHead field = takeElementHead(cut);
        if (field.id == trackType && field.size <= 8 && cut.number(field.size) == video) return Pictures::yes;
        if (field.id != trackType) cut.skip(field.size);
      }
      tracks.skip(entry.size);
    }
  } catch (const Malformed&) {
    return Pictures::unknown;
  }
  return isWhole ? Pictures::no : Pictures::unknown;
}

// RFC 9559: the tracks of a file come first in its segment, or in one that was written otherwise, after its clusters.
Pictures picturesInMatroska(std::string_view front) {
  constexpr std::uint64_t segment = 0x18538067;
  constexpr std::uint64_t tracks = 0x1654ae6b;
  constexpr std::uint64_t cluster = 0x1f43b675;
  try {
    Cut cut(front);
    cut.skip(takeElementHead(cut).size);  // EBML
    if (takeElementHead(cut).id != segment) return Pictures::unknown;
    for (;;) {
      const ElementHead part = takeElementHead(cut);
      if (part.id == cluster || part.isUnknownSize) return Pictures::unknown;
      if (part.id == tracks) return picturesInTracks(cut.rest().substr(0, part.size), part.size <= cut.rest().size());
      cut.skip(part.size);
    }
  } catch (const Malformed&) {
    return Pictures::unknown;
  }
}

}  // namespace

std::span<const Kind> kinds() noexcept {
  return all;
}

std::string listOfKinds() {
  std::string list;
  for (const Kind& kind : all) list.append(list.empty() ? "" : ", ").append(kind.extension);
  return list;
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

Judged judge(std::string_view front) noexcept {
  if (const auto kind = sniffBoxes(front)) return {*kind, true};
  if (has(front, 0, "\x1a\x45\xdf\xa3"sv)) {  // EBML; the DocType is in the first element
    const std::string_view head = front.substr(0, 64);
    if (head.find("webm"sv) != std::string_view::npos) return judgedAs(webm, picturesInMatroska(front));
    if (head.find("matroska"sv) != std::string_view::npos) return judgedAs(matroska, picturesInMatroska(front));
    return {};
  }
  if (has(front, 0, "OggS"sv)) return judgedAs(ogg, picturesInOgg(front));
  if (has(front, 0, "RIFF"sv) && has(front, 8, "AVI "sv)) return {avi, true};
  if (has(front, 0, "FLV\x01"sv)) return {flv, true};
  if (has(front, 0, asfHead)) return judgedAs(asf, picturesInAsf(front));
  if (isProgramStream(front)) return {programStream, true};
  if (isTransportStream(front)) return {transportStream, true};
  return {};
}

}  // namespace video::media

#include "comments/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/row_maker.hpp"

namespace video::danmaku {
namespace {

constexpr std::int64_t longestMs = 1000LL * 60 * 60 * 1000;
constexpr std::size_t mostCharacters = 2000;
constexpr std::size_t mostOfAuthor = 64;
constexpr std::size_t mostOfId = 100;

// Returns valid UTF-8 without control characters but LF, which ends each line; nothing if it has over `most`
// characters.
std::optional<std::string> cleaned(std::string_view text, std::size_t most) {
  std::string out;
  out.reserve(text.size());
  std::size_t length = 0;
  while (!text.empty()) {
    const char first = text.front();
    const auto point = takeCodePoint(text);
    if (!point) text.remove_prefix(1);
    if (point == U'\r' && !text.starts_with('\n')) {
      out += '\n';
    } else if (point == U'\t') {
      out += ' ';
    } else if (point == U'\n') {
      out += first;
    } else if (point && isControl(*point)) {
      continue;
    } else {
      appendCodePoint(out, point.value_or(0xfffd));
    }
    if (++length > most) return std::nullopt;
  }
  return out;
}

std::string labelOf(std::string_view text, std::size_t most) {
  std::string label;
  for (std::size_t i = 0; i < most && !text.empty(); ++i) {
    const auto point = takeCodePoint(text);
    if (!point) text.remove_prefix(1);
    if (!point || (!isControl(*point) && !isBidi(*point))) appendCodePoint(label, point.value_or(0xfffd));
  }
  return std::string(trimmed(label));
}

std::string hashOf(const Comment& row) {
  const std::string all = fmt::format(
      "{}|{}|{}|{}|{}|{}|{}", row.positionMs.value_or(0), static_cast<int>(row.mode.value_or(CommentMode())),
      row.color.value_or(whiteColor), static_cast<int>(row.size.value_or(CommentSize::normal)),
      row.time.time_since_epoch().count(), row.importedAuthor.value_or(""), row.content);
  Sha256 hash;
  hash.add(std::as_bytes(std::span(all)));
  return hash.hex().substr(0, 32);
}

std::string_view withoutSpace(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view takeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return trimmed(line.substr(0, line.find_last_not_of('\r') + 1));
}

// What the beginning of a file looks like. JSON counts as ndjson until its first row says which of them it is.
std::optional<CommentFormat> sniff(std::string_view text) {
  text = withoutSpace(text);
  if (text.empty()) return std::nullopt;
  if (text.front() == '{' || text.front() == '[') {
    if (text.starts_with("[Script Info]") || text.starts_with("[V4")) return CommentFormat::ass;
    return CommentFormat::ndjson;
  }
  if (text.front() == '<') {
    if (text.find("<packet") != std::string_view::npos || text.find("<chat ") != std::string_view::npos)
      return CommentFormat::niconico;
    if (text.find("<i>") != std::string_view::npos || text.find("<i ") != std::string_view::npos ||
        text.find("<d ") != std::string_view::npos)
      return CommentFormat::bilibili;
    return std::nullopt;
  }
  if (text.starts_with("WEBVTT")) return CommentFormat::vtt;
  const std::string_view first = takeLine(text);
  const std::string_view second = takeLine(text);
  const bool isNumber = first.find_first_not_of("0123456789") == std::string_view::npos;
  if (first.find("-->") != std::string_view::npos || (isNumber && second.find("-->") != std::string_view::npos))
    return CommentFormat::srt;
  if (first.find(',') != std::string_view::npos && first.find("content") != std::string_view::npos &&
      first.find("position_ms") != std::string_view::npos)
    return CommentFormat::csv;
  return std::nullopt;
}

struct Sniffed {
  Packing packing = Packing::none;
  std::optional<CommentFormat> format;
};

Sniffed sniffFile(ContentReader& file, std::uint64_t most) {
  std::array<std::byte, 4> head{};
  const std::size_t got = file.read(0, head);
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(head[i]); };
  std::vector<Packing> tries{Packing::none};
  if (got >= 2 && byte(0) == 0x1f && byte(1) == 0x8b) tries = {Packing::zlibOrGzip};
  if (got >= 2 && (byte(0) & 0x0f) == 8 && (byte(0) << 8 | byte(1)) % 31 == 0) tries.push_back(Packing::zlibOrGzip);
  tries.push_back(Packing::deflate);
  for (const Packing packing : tries) {
    CharReader in(file, packing, most);
    if (const auto format = sniff(in.ahead())) return {packing, format};
  }
  return {};
}

bool isJson(CommentFormat format) {
  return format == CommentFormat::ndjson || format == CommentFormat::dplayer || format == CommentFormat::artplayer ||
         format == CommentFormat::acfun || format == CommentFormat::niconico;
}

Error unknownFormat() {
  return Error(Fault::malformed,
               "file: has an unknown format; supported are XML of Bilibili and niconico, JSON of DPlayer, Artplayer, "
               "niconico and AcFun, NDJSON, CSV with position_ms and content, ASS, SRT and WebVTT, plain or compressed "
               "with gzip, zlib or deflate");
}

}  // namespace

void RowMaker::count() {
  if (--left_ < 0) throw Error(Fault::tooLarge, "file: has too many comments");
}

void RowMaker::take(Comment row) {
  count();
  auto text = cleaned(row.content, mostCharacters);
  if (!text || text->find_first_not_of(" \n") == std::string::npos) return sink_.skip(CommentSkip::text);
  if (!row.positionMs || *row.positionMs < 0 || *row.positionMs > longestMs) return sink_.skip(CommentSkip::position);
  row.content = *std::move(text);
  if (row.color) row.color = *row.color & whiteColor;
  row.importedAuthor = labelOf(row.importedAuthor.value_or(""), mostOfAuthor);
  if (row.importedAuthor->empty()) row.importedAuthor.reset();
  std::string id = labelOf(row.sourceId.value_or(""), mostOfId);
  row.sourceId = id.empty() ? fmt::format("hash:{}", hashOf(row)) : std::move(id);
  sink_.take(std::move(row));
}

void RowMaker::skip(CommentSkip reason) {
  if (reason == CommentSkip::cutOff && std::exchange(isCutOff_, true)) return;
  count();
  sink_.skip(reason);
}

CommentFormat readRows(ContentReader& file, std::optional<CommentFormat> wanted, RowSink& sink, const Bounds& bounds) {
  const Sniffed found = sniffFile(file, bounds.bytes);
  if (!found.format) throw unknownFormat();
  const bool fits = !wanted || *wanted == *found.format || (*found.format == CommentFormat::ndjson && isJson(*wanted));
  if (!fits)
    throw Error(Fault::malformed,
                fmt::format("file: is not {}; it looks like {}", nameOf(*wanted), nameOf(*found.format)));
  CharReader in(file, found.packing, bounds.bytes);
  RowMaker rows(sink, bounds);
  CommentFormat format = *found.format;
  switch (format) {
    case CommentFormat::bilibili:
    case CommentFormat::niconico: readXml(in, rows); break;
    case CommentFormat::ass: readAss(in, rows); break;
    case CommentFormat::srt: readCues(in, rows, false); break;
    case CommentFormat::vtt: readCues(in, rows, true); break;
    case CommentFormat::csv: readCsv(in, rows); break;
    default: {
      const auto json = readJsonRows(in, rows, wanted);
      if (!json) throw unknownFormat();
      format = *json;
    }
  }
  if (in.isCutOff()) rows.skip(CommentSkip::cutOff);
  return format;
}

std::optional<std::int64_t> wholeNumber(std::string_view text) {
  text = trimmed(text);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || rest != end) return std::nullopt;
  return number;
}

Time timeOf(std::string_view unixSeconds) {
  constexpr std::int64_t latest = 253'402'300'799;  // in the year 9999
  const std::int64_t seconds = secondsToMs(unixSeconds).value_or(0) / 1000;
  return seconds > 0 && seconds <= latest ? Time{std::chrono::seconds{seconds}} : Time{};
}

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what)) {
    out += text.substr(0, at);
    out += with;
    text.remove_prefix(at + what.size());
  }
  out += text;
  return out;
}

std::pair<const char*, const char*> typeOf(CommentFormat format) {
  switch (format) {
    case CommentFormat::bilibili: return {"application/xml; charset=utf-8", "xml"};
    case CommentFormat::ass: return {"text/x-ssa; charset=utf-8", "ass"};
    case CommentFormat::srt: return {"application/x-subrip; charset=utf-8", "srt"};
    case CommentFormat::vtt: return {"text/vtt; charset=utf-8", "vtt"};
    case CommentFormat::csv: return {"text/csv; charset=utf-8", "csv"};
    default: return {"application/x-ndjson; charset=utf-8", "ndjson"};
  }
}

}  // namespace video::danmaku

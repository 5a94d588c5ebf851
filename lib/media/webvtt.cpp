#include "media/webvtt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "media/text_encoding.hpp"

namespace video::media {
namespace {

constexpr std::string_view arrow = "-->";

bool isCueDigit(char c) {
  return c >= '0' && c <= '9';
}
bool isCueLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string formatCueTime(std::int64_t ms) {
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

// Removes digits, at most `most`, from the front of `text`. Returns their value, or nothing if there are none.
std::optional<std::int64_t> takeDigits(std::string_view& text, std::size_t most) {
  std::size_t count = 0;
  std::int64_t value = 0;
  while (count < text.size() && count < most && isCueDigit(text[count])) value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count > 0 ? std::optional(value) : std::nullopt;
}

// Removes a timestamp from the front of `text`: `[H…:]MM:SS[.mmm]`, with a comma or a point. Returns its milliseconds.
std::optional<std::int64_t> takeCueTime(std::string_view& text) {
  std::vector<std::int64_t> parts;
  for (;;) {
    const auto part = takeDigits(text, 4);
    if (!part || (!parts.empty() && *part >= 60)) return std::nullopt;
    parts.push_back(*part);
    if (parts.size() == 3 || !text.starts_with(':')) break;
    text.remove_prefix(1);
  }
  if (parts.size() < 2 || (parts.size() == 2 && parts[0] >= 60)) return std::nullopt;
  std::int64_t ms = 0;
  for (const std::int64_t part : parts) ms = ms * 60 + part;
  ms *= 1000;
  if (text.size() >= 2 && (text[0] == '.' || text[0] == ',') && isCueDigit(text[1])) {
    text.remove_prefix(1);
    std::int64_t unit = 100;
    for (; !text.empty() && isCueDigit(text[0]); text.remove_prefix(1), unit /= 10) ms += (text[0] - '0') * unit;
  }
  return ms;
}

// Those of the cue settings that need no region.
std::string cueSettingsOf(std::string_view text) {
  constexpr std::array<std::string_view, 5> known{"vertical:", "line:", "position:", "size:", "align:"};
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos || one.size() > 50) continue;
    const std::string_view value = one.substr(colon + 1);
    const bool isSane = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return isCueDigit(c) || isCueLetter(c) || c == '.' || c == '%' || c == ',' || c == '-';
    });
    if (!isSane || value.find("--") != std::string_view::npos ||
        std::find(known.begin(), known.end(), one.substr(0, colon + 1)) == known.end())
      continue;
    if (!out.empty()) out += ' ';
    out += one;
  }
  return out;
}

// Reads the line before a cue's text; nothing if it is another line.
std::optional<Cue> cueOfTiming(std::string_view line) {
  line = trimmed(line);
  Cue cue;
  const auto start = takeCueTime(line);
  line = trimmed(line);
  if (!start || !line.starts_with(arrow)) return std::nullopt;
  line = trimmed(line.substr(arrow.size()));
  const auto end = takeCueTime(line);
  if (!end || (!line.empty() && line[0] != ' ' && line[0] != '\t')) return std::nullopt;
  cue.startMs = *start;
  cue.endMs = *end;
  cue.settings = cueSettingsOf(trimmed(line));
  return cue;
}

// Returns the length of a character reference at the front of `text`, such as `&amp;`; 0 if there is none.
std::size_t referenceLength(std::string_view text) {
  constexpr std::size_t most = 10;
  std::size_t at = text.starts_with("&#") ? 2 : 1;
  const std::size_t first = at;
  while (at < text.size() && at < most && (isCueDigit(text[at]) || isCueLetter(text[at]))) ++at;
  return at > first && at < text.size() && text[at] == ';' ? at + 1 : 0;
}

// Returns a tag as WebVTT has it, from what is between `<` and `>`; empty if WebVTT has none of that name.
std::string cueTagOf(std::string_view inside) {
  constexpr std::array<std::string_view, 8> known{"b", "i", "u", "c", "v", "lang", "ruby", "rt"};
  if (isCueDigit(inside[0])) {
    std::string_view rest = inside;
    const auto time = takeCueTime(rest);
    return time && rest.empty() ? fmt::format("<{}>", formatCueTime(*time)) : std::string();
  }
  const bool isEnd = inside[0] == '/';
  if (isEnd) inside.remove_prefix(1);
  const std::size_t end = std::min(inside.find_first_of(" \t\n./"), inside.size());
  std::string name(inside.substr(0, end));
  std::transform(name.begin(), name.end(), name.begin(), toLower);
  if (std::find(known.begin(), known.end(), name) == known.end()) return {};
  if (isEnd) return fmt::format("</{}>", name);
  if (inside.substr(end).starts_with('/')) return fmt::format("<{}>", name);
  std::string rest;
  for (const char c : inside.substr(end)) {
    if (c == '<' || c == '&' || c == '/' || (c == '-' && rest.ends_with('-'))) continue;
    rest += c == '\n' || c == '\t' ? ' ' : c;
  }
  while (rest.ends_with(' ') || rest.ends_with('-') || rest.ends_with('.')) rest.pop_back();
  return fmt::format("<{}{}>", name, rest);
}

// Appends cue text so that it is valid: what is no tag of WebVTT is text.
void appendCueText(std::string& out, std::string_view text) {
  const std::string_view whole = text;
  const std::size_t lastEnd = whole.rfind('>');  // so that no tag is looked for to the end in vain
  const auto mayEnd = [&] { return lastEnd != std::string_view::npos && whole.size() - text.size() < lastEnd; };
  while (!text.empty()) {
    const char c = text[0];
    if (c == '<' && text.size() > 1 && mayEnd() && (isCueLetter(text[1]) || isCueDigit(text[1]) || text[1] == '/')) {
      if (const std::size_t end = text.find('>'); end != std::string_view::npos) {
        if (end > 1) out += cueTagOf(text.substr(1, end - 1));
        text.remove_prefix(end + 1);
        continue;
      }
    }
    const std::size_t reference = c == '&' ? referenceLength(text) : 0;
    if (reference > 0)
      out += text.substr(0, reference);
    else
      out += cueTextOf(text.substr(0, 1));
    text.remove_prefix(std::max<std::size_t>(reference, 1));
  }
}

// Removes ASS override codes such as `{\an8}`, which many files of SubRip have.
std::string withoutOverrides(std::string_view line) {
  std::string out;
  const std::string_view whole = line;
  const std::size_t lastEnd = whole.rfind('}');
  const auto mayEnd = [&] { return lastEnd != std::string_view::npos && whole.size() - line.size() < lastEnd; };
  while (!line.empty()) {
    const std::size_t end = mayEnd() && line.starts_with("{\\") ? line.find('}') : std::string_view::npos;
    if (end != std::string_view::npos) {
      line.remove_prefix(end + 1);
    } else {
      out += line[0];
      line.remove_prefix(1);
    }
  }
  return out;
}

// The lines of a text, whatever ends them, without control characters.
std::vector<std::string> cueLinesOf(std::string_view text) {
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n' || byte == '\r') {
      if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      lines.emplace_back();
    } else if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
      lines.back() += text[i];
    }
  }
  return lines;
}

// Cue text without blank lines.
std::string withoutBlankLines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

bool isCounter(std::string_view line) {
  line = trimmed(line);
  return !line.empty() && std::all_of(line.begin(), line.end(), isCueDigit);
}

// Returns the cues of WebVTT or SubRip.
std::vector<Cue> cuesOf(const std::vector<std::string>& lines, bool isWebVtt) {
  std::vector<Cue> cues;
  for (std::size_t i = 0; i < lines.size();) {
    auto cue = cueOfTiming(lines[i++]);
    if (!cue) continue;
    std::vector<std::string_view> its;
    while (i < lines.size() && !trimmed(lines[i]).empty() && !cueOfTiming(lines[i])) its.push_back(lines[i++]);
    // Without a blank line between, the counter of the next cue follows.
    if (!isWebVtt && its.size() > 1 && i < lines.size() && !trimmed(lines[i]).empty() && isCounter(its.back()))
      its.pop_back();
    std::string text;
    for (const std::string_view line : its) {
      if (!text.empty()) text += '\n';
      text += isWebVtt ? std::string(line) : withoutOverrides(line);
    }
    std::string valid;
    appendCueText(valid, text);
    cue->text = withoutBlankLines(valid);
    if (!cue->text.empty() && cue->endMs > cue->startMs) cues.push_back(*std::move(cue));
  }
  std::stable_sort(cues.begin(), cues.end(), [](const Cue& a, const Cue& b) { return a.startMs < b.startMs; });
  return cues;
}

}  // namespace

std::string writeWebVtt(const std::vector<Cue>& cues) {
  std::string out = "WEBVTT\n";
  for (const Cue& cue : cues) {
    out += fmt::format("\n{} {} {}", formatCueTime(cue.startMs), arrow, formatCueTime(cue.endMs));
    if (!cue.settings.empty()) out += ' ' + cue.settings;
    out += '\n' + cue.text + '\n';
  }
  return out;
}

std::string cueTextOf(std::string_view plain) {
  std::string out;
  for (const char c : plain) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

std::string toWebVtt(std::string_view bytes, std::size_t most) {
  const auto text = toUtf8(bytes);
  if (!text && bytes.find('\0') == std::string_view::npos)
    throw Error(Fault::malformed, "file: its text is not in UTF-8, UTF-16 or GB18030; convert it to UTF-8");
  const std::vector<std::string> lines = cueLinesOf(text.value_or(std::string()));
  constexpr std::string_view mark = "WEBVTT";
  const bool isWebVtt = lines[0] == mark || lines[0].starts_with("WEBVTT ") || lines[0].starts_with("WEBVTT\t");
  const bool hasTiming = isWebVtt || std::any_of(lines.begin(), lines.end(),
                                                 [](const auto& line) { return cueOfTiming(line).has_value(); });
  if (!hasTiming) throw Error(Fault::unsupportedMediaType, "file: neither WebVTT nor SubRip (.srt)");
  const std::vector<Cue> cues = cuesOf(lines, isWebVtt);
  if (cues.empty()) throw Error(Fault::malformed, "file: has no subtitle that can be shown");
  std::string out = writeWebVtt(cues);
  if (out.size() > most)
    throw Error(Fault::tooLarge, fmt::format("file: exceeds the limit of {} as WebVTT", formatSize(most)));
  return out;
}

}  // namespace video::media

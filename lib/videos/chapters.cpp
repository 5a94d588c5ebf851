#include "videos/chapters.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"
#include "media/webvtt.hpp"

namespace video {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t mostChapters = 500;
constexpr std::size_t mostOfTitle = 400;  // bytes

constexpr std::array spaces{" "sv, "\t"sv, "\u00a0"sv, "\u3000"sv};
constexpr std::array bullets{"-"sv, "*"sv, "+"sv, ">"sv, "#"sv, "•"sv, "·"sv, "–"sv, "—"sv, "‣"sv, "▶"sv, "►"sv};
constexpr std::array opening{"("sv, "["sv, "{"sv, "<"sv, "（"sv, "【"sv, "［"sv};
constexpr std::array closing{")"sv, "]"sv, "}"sv, ">"sv, "）"sv, "】"sv, "］"sv};
constexpr std::array separators{"-"sv, "–"sv, "—"sv, ":"sv, "|"sv, "."sv, "·"sv, "•"sv, "~"sv, "："sv};

bool isDigitOfTime(char c) {
  return c >= '0' && c <= '9';
}

// Removes one of `words` from the front of `text`; returns whether there was one.
bool takeOne(std::string_view& text, std::span<const std::string_view> words) {
  for (const std::string_view word : words)
    if (text.starts_with(word)) {
      text.remove_prefix(word.size());
      return true;
    }
  return false;
}

// Does the same as often as it can.
bool takeAll(std::string_view& text, std::span<const std::string_view> words) {
  bool any = false;
  while (takeOne(text, words)) any = true;
  return any;
}

// Removes `M:SS` or `H:MM:SS` from the front of `text`. Returns its milliseconds; nothing, and leaves the text, if
// there is no time or it goes on as something else, such as 10:30am.
std::optional<std::int64_t> takeTime(std::string_view& text) {
  std::string_view rest = text;
  std::array<std::int64_t, 3> parts{};
  std::size_t count = 0;
  for (; count < parts.size(); ++count) {
    std::size_t digits = 0;
    while (digits < rest.size() && isDigitOfTime(rest[digits])) ++digits;
    if (digits == 0 || digits > 3 || (count > 0 && digits != 2)) return std::nullopt;
    for (const char c : rest.substr(0, digits)) parts[count] = parts[count] * 10 + (c - '0');
    if (count > 0 && parts[count] >= 60) return std::nullopt;
    rest.remove_prefix(digits);
    if (count + 1 == parts.size() || rest.size() < 2 || rest[0] != ':' || !isDigitOfTime(rest[1])) break;
    rest.remove_prefix(1);
  }
  if (count == 0) return std::nullopt;
  if (!rest.empty() && (isDigitOfTime(rest[0]) || (toLower(rest[0]) >= 'a' && toLower(rest[0]) <= 'z')))
    return std::nullopt;
  if (rest.size() > 1 && (rest[0] == ':' || rest[0] == '.') && isDigitOfTime(rest[1])) return std::nullopt;
  text = rest;
  const std::int64_t minutes = count == 2 ? parts[0] * 60 + parts[1] : parts[0];
  return (minutes * 60 + parts[count]) * 1000;
}

// Removes a number of a list, such as `3.` or `3)`.
void takeNumber(std::string_view& text) {
  std::string_view rest = text;
  std::size_t digits = 0;
  while (digits < rest.size() && digits < 3 && isDigitOfTime(rest[digits])) ++digits;
  rest.remove_prefix(digits);
  if (digits == 0 || rest.empty() || (rest[0] != '.' && rest[0] != ')')) return;
  rest.remove_prefix(1);
  if (takeAll(rest, spaces)) text = rest;
}

std::string titleOf(std::string_view text) {
  while (takeOne(text, spaces) || takeOne(text, separators)) {
  }
  std::string title(trimmed(text).substr(0, mostOfTitle));
  while (!isUtf8(title)) title.pop_back();
  return std::string(trimmed(title));
}

std::optional<Chapter> chapterOf(std::string_view line) {
  while (takeOne(line, spaces) || takeOne(line, bullets)) {
  }
  takeNumber(line);
  takeAll(line, spaces);
  takeOne(line, opening);
  takeAll(line, spaces);
  const auto time = takeTime(line);
  if (!time) return std::nullopt;
  // `0:00 - 1:20 Intro`
  std::string_view rest = line;
  while (takeOne(rest, spaces) || takeOne(rest, separators)) {
  }
  if (takeTime(rest)) line = rest;
  takeAll(line, spaces);
  takeOne(line, closing);
  std::string title = titleOf(line);
  if (title.empty()) return std::nullopt;
  return Chapter{*time, std::move(title)};
}

}  // namespace

std::vector<Chapter> chaptersOf(std::string_view description, std::optional<std::int64_t> durationMs) {
  std::vector<Chapter> chapters;
  while (!description.empty() && chapters.size() < mostChapters) {
    const std::size_t end = std::min(description.find('\n'), description.size());
    auto chapter = chapterOf(description.substr(0, end));
    description.remove_prefix(std::min(end + 1, description.size()));
    if (chapter && (!durationMs || chapter->timeMs < *durationMs)) chapters.push_back(*std::move(chapter));
  }
  std::stable_sort(chapters.begin(), chapters.end(),
                   [](const Chapter& a, const Chapter& b) { return a.timeMs < b.timeMs; });
  chapters.erase(std::unique(chapters.begin(), chapters.end(),
                             [](const Chapter& a, const Chapter& b) { return a.timeMs == b.timeMs; }),
                 chapters.end());
  return chapters;
}

std::string chaptersTrack(const std::vector<Chapter>& chapters, std::optional<std::int64_t> durationMs) {
  constexpr std::int64_t hour = 3'600'000;
  std::vector<media::Cue> cues;
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    const std::int64_t start = chapters[i].timeMs;
    const std::int64_t end = i + 1 < chapters.size() ? chapters[i + 1].timeMs : durationMs.value_or(start + hour);
    cues.push_back({start, end, {}, media::cueTextOf(chapters[i].title)});
  }
  return media::writeWebVtt(cues);
}

}  // namespace video

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <vector>

#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/row_maker.hpp"

namespace video::danmaku {
namespace {

// Removes and returns what stands before `mark`, which is removed too; the rest if there is none.
std::string_view takeTo(std::string_view& text, char mark) {
  const std::string_view taken = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

// Reads `[H:]MM:SS.mmm` as subtitles have it, with a dot or a comma.
std::optional<std::int64_t> cueTime(std::string_view text) {
  constexpr std::size_t longest = 32;
  if (text.size() > longest) return std::nullopt;
  std::int64_t ms = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
      if (part == 0) return std::nullopt;
      const auto last = secondsToMs(replaced(text, ",", "."));
      if (!last || *last < 0) return std::nullopt;
      return ms * 60 + *last;
    }
    const auto number = wholeNumber(text.substr(0, colon));
    if (part == 2 || !number || *number < 0 || *number > 100'000) return std::nullopt;
    ms = ms * 60 + *number * 1000;
    text.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

// ---- ASS

std::optional<double> numberOf(std::string_view text) {
  text = trimmed(text);
  double number = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

// Returns a place on the screen, numbered like the keys of a numeric keypad.
int alignmentOf(std::optional<double> number) {
  return static_cast<int>(std::clamp(number.value_or(2), 1.0, 9.0));
}

struct AssStyle {
  double size = 0;
  int alignment = 2;
};

class AssReader {
 public:
  AssReader(CharReader& in, RowMaker& rows) : in_(in), rows_(rows) {}

  void run() {
    std::string line;
    while (in_.line(line)) {
      std::string_view rest = line;
      if (rest.starts_with('[')) {
        section_ = rest;
        continue;
      }
      const std::string_view key = trimmed(takeTo(rest, ':'));
      if (key == "Format")
        (section_ == "[Events]" ? events_ : styles_) = columnsOf(rest);
      else if (key == "Style")
        style(rest);
      else if (key == "Dialogue")
        dialogue(rest);
    }
  }

 private:
  using Columns = std::vector<std::string>;

  static Columns columnsOf(std::string_view text) {
    Columns columns;
    while (!text.empty() && columns.size() < 64) columns.emplace_back(trimmed(takeTo(text, ',')));
    return columns;
  }

  // The last column takes the rest of the line.
  static std::map<std::string, std::string_view, std::less<>> cellsOf(const Columns& columns, std::string_view text) {
    std::map<std::string, std::string_view, std::less<>> cells;
    for (const std::string& column : columns)
      cells[column] = &column == &columns.back() ? text : trimmed(takeTo(text, ','));
    return cells;
  }

  // As much of the name of a style as is kept.
  static std::string_view styleName(std::string_view text) { return text.substr(0, 100); }

  void style(std::string_view text) {
    auto cells = cellsOf(styles_, text);
    if (known_.size() < 1000)
      known_[std::string(styleName(cells["Name"]))] = {numberOf(cells["Fontsize"]).value_or(0),
                                                       alignmentOf(numberOf(cells["Alignment"]))};
  }

  void dialogue(std::string_view text) {
    static const Columns usual{"Layer",   "Start",   "End",     "Style",  "Name",
                               "MarginL", "MarginR", "MarginV", "Effect", "Text"};
    auto cells = cellsOf(events_.empty() ? usual : events_, text);
    const auto style = known_.find(styleName(cells["Style"]));
    Comment row;
    row.positionMs = cueTime(cells["Start"]);
    row.importedAuthor = std::string(cells["Name"]);
    row.color = whiteColor;
    row.size = CommentSize::normal;
    Tags tags;
    tags.alignment = style == known_.end() ? 2 : style->second.alignment;
    std::string_view rest = cells["Text"];
    bool hasBraces = true;
    while (!rest.empty()) {
      const char c = rest.front();
      if (c == '{' && hasBraces) {
        const std::size_t end = rest.find('}');
        hasBraces = end != std::string_view::npos;
        if (hasBraces) {
          apply(rest.substr(1, end - 1), tags);
          rest.remove_prefix(end + 1);
          continue;
        }
      }
      if (c == '\\' && rest.size() > 1) {
        const char next = rest[1];
        const bool isBreak = next == 'N' || next == 'n';
        if (isBreak || next == 'h' || next == '{' || next == '}') {
          row.content += isBreak ? '\n' : next == 'h' ? ' ' : next;
          rest.remove_prefix(2);
          continue;
        }
      }
      row.content += c;
      rest.remove_prefix(1);
    }
    row.content = replaced(row.content, "\\\u2060", "\\");
    if (tags.isDrawing) return rows_.skip(CommentSkip::special);
    row.mode = tags.mode ? *tags.mode : tags.alignment >= 7 ? CommentMode::top : CommentMode::bottom;
    if (tags.color) row.color = tags.color;
    const double usualSize = style == known_.end() ? 0 : style->second.size;
    if (tags.size && usualSize > 0 && *tags.size < usualSize * 0.85) row.size = CommentSize::small;
    if (tags.size && usualSize > 0 && *tags.size > usualSize * 1.2) row.size = CommentSize::big;
    rows_.take(std::move(row));
  }

  struct Tags {
    std::optional<CommentMode> mode;
    std::optional<std::int64_t> color;
    std::optional<double> size;
    int alignment = 2;
    bool isDrawing = false;
  };

  static void apply(std::string_view block, Tags& tags) {
    takeTo(block, '\\');
    while (!block.empty()) {
      std::string_view tag = takeTo(block, '\\');
      const auto take = [&](std::string_view name) {
        if (!tag.starts_with(name)) return false;
        tag.remove_prefix(name.size());
        return true;
      };
      if (take("move(")) {
        const auto from = numberOf(takeTo(tag, ','));
        takeTo(tag, ',');
        const auto to = numberOf(takeTo(tag, ','));
        if (from && to && *from != *to) tags.mode = *from > *to ? CommentMode::scroll : CommentMode::reverse;
      } else if (take("an")) {
        if (const auto number = numberOf(tag)) tags.alignment = alignmentOf(number);
      } else if (take("fs")) {
        if (const auto number = numberOf(tag)) tags.size = number;
      } else if (take("1c&H") || take("c&H")) {
        std::uint32_t bgr = 0;
        const std::string_view digits = tag.substr(0, tag.find('&'));
        const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), bgr, 16);
        if (problem == std::errc()) tags.color = (bgr & 0xff) << 16 | (bgr & 0xff00) | ((bgr >> 16) & 0xff);
      } else if (tag.size() > 1 && tag.front() == 'p' && tag[1] >= '1' && tag[1] <= '9') {
        tags.isDrawing = true;
      }
    }
  }

  CharReader& in_;
  RowMaker& rows_;
  std::string section_;
  Columns styles_;
  Columns events_;
  std::map<std::string, AssStyle, std::less<>> known_;
};

// ---- SRT and WebVTT

// Removes the tags of subtitles, and records what they set.
std::string withoutTags(std::string_view text, bool isVtt, Comment& row) {
  constexpr std::array<std::string_view, 12> known{"b",    "i",    "u",    "s",  "c",  "v",
                                                   "font", "lang", "ruby", "rt", "rb", "span"};
  constexpr std::size_t longest = 8;
  const std::string_view whole = text;
  std::size_t close = 0;  // the next '>', or the end
  std::string out;
  while (!text.empty()) {
    if (!isVtt && text.starts_with("{\\an") && text.size() > 5 && text[5] == '}') {
      row.mode = text[4] >= '7' ? CommentMode::top : CommentMode::bottom;
      text.remove_prefix(6);
      continue;
    }
    std::size_t end = std::string_view::npos;
    if (text.front() == '<') {
      const std::size_t at = whole.size() - text.size();
      if (close <= at) close = std::min(whole.find('>', at), whole.size());
      if (close < whole.size()) end = close - at;
    }
    if (end == std::string_view::npos) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    std::string_view tag = text.substr(1, end - 1);
    if (tag.starts_with('/')) tag.remove_prefix(1);
    const std::string_view name = tag.substr(0, tag.substr(0, longest).find_first_of(". \t"));
    const bool isTime = isVtt && cueTime(tag);
    if (!isTime && std::find(known.begin(), known.end(), name) == known.end()) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (name == "v" && tag.size() > name.size() && text[1] != '/') {
      takeTo(tag, ' ');
      row.importedAuthor = std::string(tag);
    }
    if (const std::size_t color = tag.find("color=\"#"); name == "font" && color != std::string_view::npos) {
      std::string_view value = tag.substr(color + 7);
      row.color = parseColor(takeTo(value, '"'));
    }
    text.remove_prefix(end + 1);
  }
  if (isVtt)
    for (const auto& [entity, with] : {std::pair{"&lt;", "<"}, std::pair{"&gt;", ">"}, std::pair{"&nbsp;", " "},
                                       std::pair{"&lrm;", ""}, std::pair{"&rlm;", ""}, std::pair{"&amp;", "&"}}) {
      out = replaced(out, entity, with);
      if (row.importedAuthor) row.importedAuthor = replaced(*row.importedAuthor, entity, with);
    }
  // As our own files have them.
  out = replaced(replaced(out, "--\u2060>", "-->"), "\n\u2060\n", "\n\n");
  out = replaced(out, "\n\u2060\n", "\n\n");
  if (out.starts_with("\u2060\n")) out.erase(0, std::string_view("\u2060").size());
  return out;
}

// ---- CSV

// Reads the cells of one record (RFC 4180); returns false at the end of the file.
bool readRecord(CharReader& in, std::vector<std::string>& cells, bool& isCutOff) {
  cells.clear();
  if (in.peek() == CharReader::end) return false;
  cells.emplace_back();
  bool isQuoted = false;
  for (;;) {
    int c = in.get();
    if (c == CharReader::end) {
      isCutOff = isQuoted;
      return true;
    }
    std::string& cell = cells.back();
    if (isQuoted) {
      if (c == '"' && in.peek() == '"')
        in.get();
      else if (c == '"') {
        isQuoted = false;
        continue;
      }
    } else if (c == '"' && cell.empty()) {
      isQuoted = true;
      continue;
    } else if (c == ',') {
      if (cells.size() < 64) cells.emplace_back();
      continue;
    } else if (c == '\n') {
      if (cell.ends_with('\r')) cell.pop_back();
      return true;
    }
    if (cell.size() < mostText) cell += static_cast<char>(c);
  }
}

}  // namespace

void readAss(CharReader& in, RowMaker& rows) {
  AssReader(in, rows).run();
}

void readCues(CharReader& in, RowMaker& rows, bool isVtt) {
  std::string line;
  bool hasLine = in.line(line);
  while (hasLine) {
    const std::size_t arrow = line.find("-->");
    if (arrow == std::string::npos) {
      hasLine = in.line(line);
      continue;
    }
    Comment row;
    row.positionMs = cueTime(trimmed(std::string_view(line).substr(0, arrow)));
    row.mode = CommentMode::scroll;
    if (isVtt && line.find(" line:0") != std::string::npos) row.mode = CommentMode::top;
    if (isVtt && line.find(" line:-1") != std::string::npos) row.mode = CommentMode::bottom;
    std::string text;
    bool isTooLong = false;
    while ((hasLine = in.line(line, mostText)) && !line.empty() && line.find("-->") == std::string::npos) {
      isTooLong = isTooLong || text.size() + line.size() >= mostText;
      if (!isTooLong) text += (text.empty() ? "" : "\n") + line;
    }
    if (!row.positionMs) {
      rows.skip(CommentSkip::position);
      continue;
    }
    if (text.empty() && !hasLine) {
      rows.skip(CommentSkip::cutOff);
      continue;
    }
    if (isTooLong) {
      rows.skip(CommentSkip::text);
      continue;
    }
    row.content = withoutTags(text, isVtt, row);
    rows.take(std::move(row));
  }
}

void readCsv(CharReader& in, RowMaker& rows) {
  std::vector<std::string> names;
  std::vector<std::string> cells;
  bool isCutOff = false;
  readRecord(in, names, isCutOff);
  while (readRecord(in, cells, isCutOff)) {
    if (isCutOff) return rows.skip(CommentSkip::cutOff);
    if (cells.size() == 1 && cells.front().empty()) continue;
    if (cells.size() != names.size()) {
      rows.skip(CommentSkip::syntax);
      continue;
    }
    const auto cell = [&](std::string_view name) {
      for (std::size_t i = 0; i < names.size(); ++i)
        if (trimmed(names[i]) == name) return cells[i];
      return std::string();
    };
    Comment row;
    row.positionMs = wholeNumber(cell("position_ms"));
    const std::string mode = cell("mode");
    row.mode = valueOf<CommentMode>(mode);
    if (!mode.empty() && !row.mode) {
      rows.skip(CommentSkip::mode);
      continue;
    }
    if (const std::string color = cell("color"); !color.empty()) row.color = parseColor(color);
    row.size = valueOf<CommentSize>(cell("size"));
    row.time = parseTime(cell("time")).value_or(Time{});
    row.importedAuthor = cell("author");
    row.sourceId = cell("source_id");
    row.content = cell("content");
    rows.take(std::move(row));
  }
}

}  // namespace video::danmaku

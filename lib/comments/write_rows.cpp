#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/formats.hpp"
#include "comments/row_maker.hpp"

namespace video::danmaku {
namespace {

std::string_view authorOf(const Comment& comment) {
  return comment.importedAuthor ? std::string_view(*comment.importedAuthor) : std::string_view(comment.author);
}

// The source ID of a comment, so that it is not imported into its own video again.
std::string sourceOf(const Comment& comment) {
  return comment.sourceId ? *comment.sourceId : "videod:" + comment.id.text;
}

std::int64_t msOf(const Comment& comment) {
  return comment.positionMs.value_or(0);
}

void appendXml(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

// Removes and returns the text before the next comma; removes the comma, too.
std::string_view takePart(std::string_view& text) {
  const std::string_view part = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

class BilibiliWriter : public RowWriter {
 public:
  void begin(std::string& out) override {
    out +=
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<i><chatserver>videod</chatserver><chatid>0</chatid><mission>0</"
        "mission><maxlimit>0</maxlimit><state>0</state><real_name>0</real_name><source>k-v</source>\n";
  }
  void add(std::string& out, const Comment& comment) override {
    constexpr std::string_view prefix = "bilibili:";
    const std::string source = comment.sourceId.value_or("");
    const bool isOfBilibili = source.starts_with(prefix);
    const std::string id =
        isOfBilibili ? source.substr(prefix.size()) : fmt::to_string(stableHash(comment.id.text) >> 1);
    std::string author(authorOf(comment));
    std::replace(author.begin(), author.end(), ',', ' ');
    const std::string style = bilibiliStyle(comment);
    std::string_view rest = style;
    const std::string_view mode = takePart(rest);
    const std::string_view size = takePart(rest);
    const std::string_view pool = takePart(rest);
    fmt::format_to(std::back_inserter(out), "<d p=\"{}.{:03},{},{},{},{},{},", msOf(comment) / 1000,
                   msOf(comment) % 1000, mode, size, comment.color.value_or(whiteColor),
                   comment.time.time_since_epoch().count() / 1000, pool);
    appendXml(out, author);
    out += ',';
    appendXml(out, id);
    if (!rest.empty()) fmt::format_to(std::back_inserter(out), ",{}", rest);  // the level
    out += '"';
    if (!isOfBilibili) {
      out += " source=\"";
      appendXml(out, sourceOf(comment));
      out += '"';
    }
    out += '>';
    appendXml(out, replaced(replaced(comment.content, "/n", "/\u2060n"), "\n", "/n"));
    out += "</d>\n";
  }
  void end(std::string& out) override { out += "</i>\n"; }
};

// ---- ASS

// Returns the width in terminal cells: East Asian wide characters have two.
std::int64_t cellsOf(std::string_view text) {
  std::int64_t cells = 0;
  std::int64_t widest = 0;
  while (!text.empty()) {
    const char32_t point = takeCodePoint(text).value_or(0xfffd);
    if (point == '\n') {
      widest = std::max(widest, cells);
      cells = 0;
      continue;
    }
    const bool isWide =
        point >= 0x1100 &&
        (point <= 0x115f || (point >= 0x2e80 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3) ||
         (point >= 0xf900 && point <= 0xfaff) || (point >= 0xfe30 && point <= 0xfe6f) ||
         (point >= 0xff00 && point <= 0xff60) || (point >= 0xffe0 && point <= 0xffe6) ||
         (point >= 0x1f300 && point <= 0x1faff) || (point >= 0x20000 && point <= 0x3fffd));
    cells += isWide ? 2 : 1;
  }
  return std::max(widest, cells);
}

// The lanes in which comments of one kind fly, from the top of the stage. A comment takes several if it is high.
class Lanes {
 public:
  static constexpr std::int64_t width = 1280;
  static constexpr std::int64_t height = 720;
  static constexpr std::int64_t laneHeight = 40;
  static constexpr std::int64_t scrollMs = 8000;
  static constexpr std::int64_t fixedMs = 4000;

  // Returns the first lane of a comment that scrolls: the first one whose last comment has entered whole and leaves
  // before this one reaches the other side; else the one that is free first.
  std::size_t scroll(std::int64_t at, std::int64_t length, std::size_t span) {
    return take(
        [&](const Last& last) {
          const std::int64_t hasEntered = last.at + last.length * scrollMs / (last.length + width);
          const std::int64_t isPassed = last.at + scrollMs - scrollMs * width / (length + width);
          return std::max(hasEntered, isPassed);
        },
        at, length, span);
  }
  // Returns the lane of a comment that stands still.
  std::size_t fixed(std::int64_t at, std::size_t span) {
    return take([](const Last& last) { return last.at + fixedMs; }, at, 0, span);
  }

 private:
  struct Last {
    std::int64_t at = -1'000'000'000;
    std::int64_t length = 0;
  };

  // Takes `span` lanes side by side, and returns the first one.
  template <class FreeAt>
  std::size_t take(const FreeAt& freeAt, std::int64_t at, std::int64_t length, std::size_t span) {
    span = std::min(span, lanes_.size());
    std::size_t best = 0;
    std::int64_t bestFree = INT64_MAX;
    for (std::size_t i = 0; i + span <= lanes_.size() && bestFree > at; ++i) {
      std::int64_t free = INT64_MIN;
      for (std::size_t lane = i; lane < i + span; ++lane) free = std::max(free, freeAt(lanes_[lane]));
      if (free >= bestFree) continue;
      best = i;
      bestFree = free;
    }
    for (std::size_t lane = best; lane < best + span; ++lane) lanes_[lane] = {at, length};
    return best;
  }

  std::array<Last, height / laneHeight - 1> lanes_{};
};

class AssWriter : public RowWriter {
 public:
  void begin(std::string& out) override {
    out += fmt::format(
        "\xef\xbb\xbf[Script Info]\r\nTitle: Danmaku\r\nScriptType: v4.00+\r\nPlayResX: {}\r\nPlayResY: {}\r\n"
        "WrapStyle: 2\r\nScaledBorderAndShadow: yes\r\n\r\n[V4+ Styles]\r\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding\r\n"
        "Style: Danmaku,sans-serif,{},&H33FFFFFF,&H33FFFFFF,&H33000000,&H33000000,0,0,0,0,100,100,0,0,1,1,0,7,0,0,0,"
        "0\r\n\r\n[Events]\r\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n",
        Lanes::width, Lanes::height, normalSize);
  }
  void add(std::string& out, const Comment& comment) override {
    const CommentMode mode = comment.mode.value_or(CommentMode::scroll);
    const CommentSize size = comment.size.value_or(CommentSize::normal);
    const std::int64_t points = size == CommentSize::small ? 26 : size == CommentSize::big ? 52 : normalSize;
    const std::int64_t length = cellsOf(comment.content) * points / 2;
    const std::int64_t at = msOf(comment);
    const bool isFixed = mode == CommentMode::top || mode == CommentMode::bottom;
    Lanes& lanes = lanes_[static_cast<std::size_t>(mode)];
    const auto lines = std::count(comment.content.begin(), comment.content.end(), '\n') + 1;
    const auto span = static_cast<std::size_t>((lines * points + Lanes::laneHeight - 1) / Lanes::laneHeight);
    const auto lane = static_cast<std::int64_t>(isFixed ? lanes.fixed(at, span) : lanes.scroll(at, length, span));
    const std::int64_t y = lane * Lanes::laneHeight;
    out += fmt::format("Dialogue: 0,{},{},Danmaku,", timeText(at),
                       timeText(at + (isFixed ? Lanes::fixedMs : Lanes::scrollMs)));
    std::string author(authorOf(comment));
    std::replace(author.begin(), author.end(), ',', ' ');
    out += author;
    out += ",0,0,0,,{";
    switch (mode) {
      case CommentMode::scroll: out += fmt::format("\\move({},{},{},{})", Lanes::width, y, -length, y); break;
      case CommentMode::reverse: out += fmt::format("\\move({},{},{},{})", -length, y, Lanes::width, y); break;
      case CommentMode::top: out += fmt::format("\\an8\\pos({},{})", Lanes::width / 2, y); break;
      case CommentMode::bottom: out += fmt::format("\\an2\\pos({},{})", Lanes::width / 2, Lanes::height - y); break;
    }
    const std::int64_t color = comment.color.value_or(whiteColor);
    if (color != whiteColor)
      out += fmt::format("\\c&H{:02X}{:02X}{:02X}&", color & 0xff, (color >> 8) & 0xff, (color >> 16) & 0xff);
    if (color == 0) out += "\\3c&HFFFFFF&";
    if (size != CommentSize::normal) out += fmt::format("\\fs{}", points);
    out += '}';
    appendText(out, comment.content);
    out += "\r\n";
  }
  void end(std::string& /*out*/) override {}

 private:
  static constexpr std::int64_t normalSize = 36;

  static std::string timeText(std::int64_t ms) {
    const std::int64_t hundredths = (ms + 5) / 10;
    return fmt::format("{}:{:02}:{:02}.{:02}", hundredths / 360'000, hundredths / 6000 % 60, hundredths / 100 % 60,
                       hundredths % 100);
  }

  // A backslash cannot be escaped: a word joiner after it keeps it from starting an escape.
  static void appendText(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool isEdge = i == 0 || i + 1 == text.size() || text[i - 1] == '\n' || text[i + 1] == '\n';
      if (c == '\\') {
        out += "\\\u2060";
      } else if (c == '{' || c == '}') {
        out += '\\';
        out += c;
      } else if (c == '\n') {
        out += "\\N";
      } else if (c == ' ' && isEdge) {
        out += "\\h";
      } else {
        out += c;
      }
    }
  }

  std::array<Lanes, 4> lanes_;  // by CommentMode
};

// ---- subtitles

// An empty line would end the cue, and an arrow start another: a word joiner prevents both.
std::string withoutEmptyLines(std::string text) {
  text = replaced(text, "-->", "--\u2060>");
  text = replaced(text, "\n\n", "\n\u2060\n");
  text = replaced(text, "\n\n", "\n\u2060\n");
  if (text.starts_with('\n')) text.insert(0, "\u2060");
  return text;
}

std::string escaped(std::string_view text) {
  return replaced(replaced(replaced(text, "&", "&amp;"), "<", "&lt;"), ">", "&gt;");
}

class CueWriter : public RowWriter {
 public:
  explicit CueWriter(bool isVtt) : isVtt_(isVtt) {}

  void begin(std::string& out) override {
    if (isVtt_) out += "WEBVTT\n\n";
  }
  void add(std::string& out, const Comment& comment) override {
    constexpr std::int64_t shownMs = 4000;
    const CommentMode mode = comment.mode.value_or(CommentMode::scroll);
    if (!isVtt_) out += fmt::format("{}\n", ++number_);
    out += timeText(msOf(comment)) + " --> " + timeText(msOf(comment) + shownMs);
    if (isVtt_ && mode == CommentMode::top) out += " line:0";
    if (isVtt_ && mode == CommentMode::bottom) out += " line:-1";
    out += '\n';
    const std::string text = withoutEmptyLines(comment.content);
    if (isVtt_) {
      if (!authorOf(comment).empty()) {
        out += "<v " + escaped(authorOf(comment)) + '>';
      }
      out += escaped(text);
    } else {
      const std::int64_t color = comment.color.value_or(whiteColor);
      if (mode == CommentMode::top) out += "{\\an8}";
      if (mode == CommentMode::bottom) out += "{\\an2}";
      if (color != whiteColor) out += fmt::format("<font color=\"#{:06x}\">", color);
      out += text;
      if (color != whiteColor) out += "</font>";
    }
    out += "\n\n";
  }
  void end(std::string& /*out*/) override {}

 private:
  std::string timeText(std::int64_t ms) const {
    return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, isVtt_ ? '.' : ',',
                       ms % 1000);
  }

  const bool isVtt_;
  std::int64_t number_ = 0;
};

// ---- tables

class NdjsonWriter : public RowWriter {
 public:
  void begin(std::string& /*out*/) override {}
  void add(std::string& out, const Comment& comment) override {
    appendJson(out, comment);
    out += '\n';
  }
  void end(std::string& /*out*/) override {}
};

class CsvWriter : public RowWriter {
 public:
  void begin(std::string& out) override { out += "position_ms,mode,color,size,time,author,source_id,content\r\n"; }
  void add(std::string& out, const Comment& comment) override {
    fmt::format_to(std::back_inserter(out), "{},{},{},{},{},", msOf(comment),
                   nameOf(comment.mode.value_or(CommentMode::scroll)), comment.color.value_or(whiteColor),
                   nameOf(comment.size.value_or(CommentSize::normal)), formatTime(comment.time));
    cell(out, authorOf(comment));
    out += ',';
    cell(out, sourceOf(comment));
    out += ',';
    cell(out, comment.content);
    out += "\r\n";
  }
  void end(std::string& /*out*/) override {}

 private:
  static void cell(std::string& out, std::string_view text) {
    if (text.find_first_of("\",\r\n") == std::string_view::npos) {
      out += text;
      return;
    }
    out += '"';
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
};

}  // namespace

std::string bilibiliStyle(const Comment& row) {
  constexpr std::array<int, 4> modes{1, 5, 4, 6};  // by CommentMode
  constexpr std::array<int, 3> sizes{18, 25, 36};  // by CommentSize
  if (row.sourceStyle) return *row.sourceStyle;
  return fmt::format("{},{},0", modes[static_cast<std::size_t>(row.mode.value_or(CommentMode::scroll))],
                     sizes[static_cast<std::size_t>(row.size.value_or(CommentSize::normal))]);
}

std::unique_ptr<RowWriter> writerOf(CommentFormat format) {
  switch (format) {
    case CommentFormat::bilibili: return std::make_unique<BilibiliWriter>();
    case CommentFormat::ass: return std::make_unique<AssWriter>();
    case CommentFormat::srt: return std::make_unique<CueWriter>(false);
    case CommentFormat::vtt: return std::make_unique<CueWriter>(true);
    case CommentFormat::ndjson: return std::make_unique<NdjsonWriter>();
    case CommentFormat::csv: return std::make_unique<CsvWriter>();
    default: break;
  }
  throw Error(Fault::malformed, fmt::format("format: {} can only be imported", nameOf(format)));
}

}  // namespace video::danmaku

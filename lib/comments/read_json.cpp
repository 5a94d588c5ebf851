#include <algorithm>
#include <array>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/row_maker.hpp"

namespace video::danmaku {
namespace {

constexpr int deepest = 32;
constexpr std::size_t mostMembers = 64;
constexpr std::size_t mostOfRow = 64 * 1024;  // bytes of its values
constexpr std::size_t mostOfName = 32;

// The names of members that rows can have.
constexpr std::array<std::string_view, 20> knownNames{
    "vposMs", "body", "commands", "postedAt", "userId",          "id",          "no",
    "c",      "m",    "text",     "time",     "content",         "position_ms", "mode",
    "color",  "size", "data",     "author",   "imported_author", "source_id"};

// Thrown if the text is not JSON.
struct NoJson {};

// A string, or the text of a number or literal.
struct Scalar {
  bool isText = false;
  std::string text;
};

// An object or array while it is read, with its scalars; those of an array have no names. Of an object, those with
// known names are kept.
struct JsonFrame {
  bool isArray = false;
  bool isNested = false;  // has objects or arrays in it
  std::size_t bytes = 0;
  std::vector<std::pair<std::string, Scalar>> members;

  bool keeps(std::string_view name) const {
    return members.size() < mostMembers && bytes < mostOfRow &&
           (isArray || std::find(knownNames.begin(), knownNames.end(), name) != knownNames.end());
  }
  void add(std::string name, Scalar value) {
    if (!keeps(name)) return;
    value.text.resize(std::min(value.text.size(), mostOfRow - bytes));
    bytes += value.text.size();
    members.emplace_back(std::move(name), std::move(value));
  }
  const Scalar* find(std::string_view name) const {
    for (const auto& [known, value] : members)
      if (known == name) return &value;
    return nullptr;
  }
  std::string text(std::string_view name) const {
    const Scalar* found = find(name);
    return found != nullptr && (found->isText || found->text != "null") ? found->text : std::string();
  }
};

// Reads a sequence of JSON texts, and makes rows of the objects and arrays that have the shape of a row.
class JsonRowReader {
 public:
  JsonRowReader(CharReader& in, RowMaker& rows, std::optional<CommentFormat> wanted)
      : in_(in), rows_(rows), format_(wanted) {}

  std::optional<CommentFormat> run() {
    for (skipSpace(); in_.peek() != CharReader::end; skipSpace()) {
      try {
        JsonFrame top;
        rowDepth_ = 0;
        value(top, {}, 0);
        isRead_ = true;
      } catch (const NoJson&) {
        if (in_.peek() == CharReader::end) {
          rows_.skip(CommentSkip::cutOff);
          break;
        }
        rows_.skip(CommentSkip::syntax);
        for (int c = in_.get(); c != CharReader::end && c != '\n'; c = in_.get()) {
        }
      }
    }
    // An empty list is a valid file; what encloses it tells the format.
    if (!format_ && isRead_) return isDplayer_ ? CommentFormat::dplayer : std::optional<CommentFormat>();
    return format_;
  }

 private:
  void skipSpace() {
    for (int c = in_.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = in_.peek()) in_.get();
  }

  void value(JsonFrame& parent, std::string name, int depth) {
    skipSpace();
    const int next = in_.peek();
    if ((next == '{' || next == '[') && depth == deepest) throw NoJson();
    if (next == '{' || next == '[') parent.isNested = true;
    if (next == '{') {
      object(depth, parent.isArray);
    } else if (next == '[') {
      array(parent, std::move(name), depth);
    } else if (next == '"') {
      std::string text = string(parent.keeps(name) ? mostText : 0);
      parent.add(std::move(name), {true, std::move(text)});
    } else {
      parent.add(std::move(name), {false, literal()});
    }
  }

  void object(int depth, bool isInArray) {
    in_.get();
    JsonFrame frame;
    skipSpace();
    while (in_.peek() != '}') {
      if (in_.peek() != '"') throw NoJson();
      std::string name = string(mostOfName);
      skipSpace();
      if (in_.get() != ':') throw NoJson();
      value(frame, std::move(name), depth + 1);
      skipSpace();
      if (in_.peek() == ',') {
        in_.get();
        skipSpace();
        if (in_.peek() == '}') throw NoJson();
      } else if (in_.peek() != '}') {
        throw NoJson();
      }
    }
    in_.get();
    const bool isRow = objectRow(frame);
    if (!isRow && !frame.isNested && (depth == 0 || (depth == 1 && isInArray))) rows_.skip(CommentSkip::syntax);
  }

  void array(JsonFrame& parent, std::string name, int depth) {
    in_.get();
    JsonFrame frame;
    frame.isArray = true;
    const int rowDepth = rowDepth_;
    if (name == "data") rowDepth_ = depth + 1;
    skipSpace();
    while (in_.peek() != ']') {
      value(frame, {}, depth + 1);
      skipSpace();
      if (in_.peek() == ',')
        in_.get();
      else if (in_.peek() != ']')
        throw NoJson();
    }
    in_.get();
    rowDepth_ = rowDepth;
    if (name == "data") isDplayer_ = true;
    if (name == "commands") {
      std::string words;
      for (const auto& [none, word] : frame.members) words += word.text + ' ';
      parent.add(std::move(name), {true, std::move(words)});
    } else if (!arrayRow(frame) && depth > 0 && depth == rowDepth_) {
      rows_.skip(CommentSkip::syntax);
    }
  }

  // Of a longer string, `most` bytes.
  std::string string(std::size_t most) {
    in_.get();
    std::string text;
    for (int c = in_.peek(); c != '"'; c = in_.peek()) {
      if (c == CharReader::end || c == '\n') throw NoJson();
      in_.get();
      if (c == '\\') {
        escape(text, most);
      } else if (text.size() < most) {
        text += static_cast<char>(c);
      }
    }
    in_.get();
    return text;
  }

  void escape(std::string& to, std::size_t most) {
    const int c = in_.get();
    char32_t point = 0;
    switch (c) {
      case '"':
      case '\\':
      case '/': point = static_cast<char32_t>(c); break;
      case 'b': point = '\b'; break;
      case 'f': point = '\f'; break;
      case 'n': point = '\n'; break;
      case 'r': point = '\r'; break;
      case 't': point = '\t'; break;
      case 'u': {
        point = fourDigits();
        if (point >= 0xd800 && point < 0xdc00 && in_.peek() == '\\') {
          in_.get();
          if (in_.get() != 'u') throw NoJson();
          const char32_t low = fourDigits();
          point = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff) : 0xfffd;
        }
        if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
        break;
      }
      default: throw NoJson();
    }
    if (to.size() < most) appendCodePoint(to, point);
  }

  char32_t fourDigits() {
    char32_t point = 0;
    for (int i = 0; i < 4; ++i) {
      const int c = in_.get();
      const int lower = c | 0x20;
      const bool isDigit = c >= '0' && c <= '9';
      if (!isDigit && (lower < 'a' || lower > 'f')) throw NoJson();
      point = point << 4 | static_cast<char32_t>(isDigit ? c - '0' : lower - 'a' + 10);
    }
    return point;
  }

  std::string literal() {
    std::string text;
    const auto isPart = [](int c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
    };
    for (int c = in_.peek(); isPart(c); c = in_.peek()) {
      in_.get();
      if (text.size() == 64) throw NoJson();
      text += static_cast<char>(c);
    }
    const bool isWord = text == "true" || text == "false" || text == "null";
    if (text.empty() || (!isWord && !secondsToMs(text) && text.find_first_not_of("0123456789+-.eE") != text.npos))
      throw NoJson();
    return text;
  }

  // Whether rows of this format are wanted; if none was asked for, the first row decides.
  bool accepts(CommentFormat format) {
    if (!format_) format_ = format;
    if (*format_ == format) return true;
    rows_.skip(CommentSkip::syntax);
    return false;
  }

  // Returns false if no format has rows of this shape.
  bool objectRow(const JsonFrame& frame) {
    const auto has = [&](std::string_view name) { return frame.find(name) != nullptr; };
    if (has("vposMs") && has("body")) {
      if (accepts(CommentFormat::niconico)) niconico(frame);
    } else if (has("c") && has("m")) {
      if (accepts(CommentFormat::acfun)) acfun(frame);
    } else if (has("content")) {
      if (accepts(CommentFormat::ndjson)) ours(frame);
    } else if (has("text") && has("time")) {
      if (accepts(CommentFormat::artplayer)) artplayer(frame);
    } else {
      return false;
    }
    return true;
  }

  void niconico(const JsonFrame& frame) {
    std::string text = frame.text("body");
    if (text.starts_with('/')) return rows_.skip(CommentSkip::command);
    Comment row;
    applyNiconicoWords(frame.text("commands"), row);
    if (const auto position = wholeNumber(frame.text("vposMs"))) row.positionMs = std::max<std::int64_t>(*position, 0);
    row.time = parseTime(frame.text("postedAt")).value_or(Time{});
    row.importedAuthor = frame.text("userId");
    std::string id = frame.text("id");
    if (id.empty()) id = frame.text("no");
    if (!id.empty()) row.sourceId = "niconico:" + id;
    row.content = std::move(text);
    rows_.take(std::move(row));
  }

  // {"c":"time,color,mode,size,user,date[,id]","m":"text"}
  void acfun(const JsonFrame& frame) {
    const std::string all = frame.text("c");
    std::array<std::string_view, 7> fields;
    std::string_view rest = all;
    for (std::string_view& field : fields) {
      field = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    }
    Comment row;
    const std::int64_t mode = wholeNumber(fields[2]).value_or(1);
    if (mode >= 7) return rows_.skip(CommentSkip::special);
    if (mode < 1) return rows_.skip(CommentSkip::mode);
    row.mode = mode == 4   ? CommentMode::bottom
               : mode == 5 ? CommentMode::top
               : mode == 6 ? CommentMode::reverse
                           : CommentMode::scroll;
    row.positionMs = secondsToMs(fields[0]);
    row.color = parseColor(fields[1]).value_or(whiteColor);
    const std::int64_t size = wholeNumber(fields[3]).value_or(25);
    row.size = size <= 20 ? CommentSize::small : size <= 30 ? CommentSize::normal : CommentSize::big;
    row.importedAuthor = std::string(fields[4]);
    row.time = timeOf(fields[5]);
    if (!fields[6].empty()) row.sourceId = "acfun:" + std::string(fields[6]);
    row.content = frame.text("m");
    rows_.take(std::move(row));
  }

  void artplayer(const JsonFrame& frame) {
    const std::string mode = frame.text("mode");
    Comment row;
    row.mode = dplayerMode(mode.empty() ? "0" : mode);
    if (!row.mode) return rows_.skip(CommentSkip::mode);
    row.positionMs = secondsToMs(frame.text("time"));
    row.color = parseColor(frame.text("color")).value_or(whiteColor);
    row.content = frame.text("text");
    rows_.take(std::move(row));
  }

  // A comment as the API gives it.
  void ours(const JsonFrame& frame) {
    Comment row;
    row.positionMs = wholeNumber(frame.text("position_ms"));
    const std::string mode = frame.text("mode");
    row.mode = valueOf<CommentMode>(mode);
    if (!mode.empty() && !row.mode) return rows_.skip(CommentSkip::mode);
    row.size = valueOf<CommentSize>(frame.text("size"));
    row.color = wholeNumber(frame.text("color"));
    row.time = parseTime(frame.text("time")).value_or(Time{});
    row.importedAuthor = frame.text("imported_author");
    if (row.importedAuthor->empty()) row.importedAuthor = frame.text("author");
    row.sourceId = frame.text("source_id");
    if (row.sourceId->empty() && !frame.text("id").empty()) row.sourceId = "videod:" + frame.text("id");
    row.content = frame.text("content");
    rows_.take(std::move(row));
  }

  // [seconds,type,color,author,text]. Returns false if the array does not have this shape.
  bool arrayRow(const JsonFrame& frame) {
    if (frame.members.size() != 5 || frame.isNested) return false;
    const auto at = [&](std::size_t i) -> const Scalar& { return frame.members[i].second; };
    if (at(0).isText || !at(4).isText) return false;
    if (accepts(CommentFormat::dplayer)) dplayer(frame);
    return true;
  }

  void dplayer(const JsonFrame& frame) {
    const auto at = [&](std::size_t i) -> const Scalar& { return frame.members[i].second; };
    Comment row;
    row.mode = dplayerMode(at(1).text);
    if (!row.mode) return rows_.skip(CommentSkip::mode);
    row.positionMs = secondsToMs(at(0).text);
    row.color = parseColor(at(2).text).value_or(whiteColor);
    row.importedAuthor = at(3).text;
    row.content = at(4).text;
    rows_.take(std::move(row));
  }

  CharReader& in_;
  RowMaker& rows_;
  std::optional<CommentFormat> format_;
  int rowDepth_ = 0;  // of arrays that should be rows; 0: none
  bool isRead_ = false;
  bool isDplayer_ = false;
};

}  // namespace

std::optional<CommentFormat> readJsonRows(CharReader& in, RowMaker& rows, std::optional<CommentFormat> wanted) {
  return JsonRowReader(in, rows, wanted).run();
}

}  // namespace video::danmaku

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/row_maker.hpp"

namespace video::danmaku {
namespace {

using Attributes = std::vector<std::pair<std::string, std::string>>;

bool isXmlSpace(int c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Replaces the entities of XML; there are no others, and an unknown one is text. `raw` has no markup.
std::string withoutEntities(std::string_view raw) {
  constexpr std::array<std::pair<std::string_view, char>, 5> known{
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  std::string out;
  while (!raw.empty()) {
    const std::size_t at = std::min(raw.find('&'), raw.size());
    out += raw.substr(0, at);
    raw.remove_prefix(at);
    if (raw.empty()) break;
    const std::size_t end = raw.substr(0, 12).find(';');
    const std::string_view name = end == std::string_view::npos ? std::string_view() : raw.substr(1, end - 1);
    const auto entity = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.first == name; });
    std::optional<std::int64_t> point;
    if (name.starts_with("#x"))
      point = parseColor("#" + std::string(6 - std::min<std::size_t>(6, name.size() - 2), '0') +
                         std::string(name.substr(2)));
    else if (name.starts_with('#'))
      point = wholeNumber(name.substr(1));
    const bool isPoint = point && *point > 0 && *point <= 0x10ffff && (*point < 0xd800 || *point > 0xdfff);
    if (entity != known.end()) {
      out += entity->second;
    } else if (isPoint) {
      appendCodePoint(out, static_cast<char32_t>(*point));
    } else {
      out += '&';
      raw.remove_prefix(1);
      continue;
    }
    raw.remove_prefix(end + 1);
  }
  return out;
}

std::string valueOfAttribute(const Attributes& attributes, std::string_view name) {
  for (const auto& [known, value] : attributes)
    if (known == name) return withoutEntities(value);
  return {};
}

// Fields of `p` of Bilibili's <d>.
void addBilibili(const Attributes& attributes, std::string text, RowMaker& rows) {
  const std::string p = valueOfAttribute(attributes, "p");
  std::array<std::string_view, 9> fields;
  std::size_t count = 0;
  for (std::string_view rest = p; count < fields.size();) {
    fields[count] = rest.substr(0, rest.find(','));
    if (fields[count].size() == rest.size()) {
      ++count;
      break;
    }
    rest.remove_prefix(fields[count++].size() + 1);
  }
  if (count < 4) return rows.skip(CommentSkip::syntax);
  Comment row;
  const std::int64_t mode = wholeNumber(fields[1]).value_or(0);
  if (mode >= 7 && mode <= 9) return rows.skip(CommentSkip::special);
  if (mode < 1 || mode > 9) return rows.skip(CommentSkip::mode);
  row.mode = mode == 4   ? CommentMode::bottom
             : mode == 5 ? CommentMode::top
             : mode == 6 ? CommentMode::reverse
                         : CommentMode::scroll;
  row.positionMs = secondsToMs(fields[0]);
  const std::int64_t size = wholeNumber(fields[2]).value_or(25);
  row.size = size <= 20 ? CommentSize::small : size <= 30 ? CommentSize::normal : CommentSize::big;
  std::string style = fmt::format("{},{},{}", mode, size, wholeNumber(fields[5]).value_or(0));
  if (const auto level = wholeNumber(fields[8])) style += fmt::format(",{}", *level);
  if (style != bilibiliStyle(row)) row.sourceStyle = std::move(style);
  row.color = wholeNumber(fields[3]).value_or(whiteColor);
  row.time = timeOf(fields[4]);
  const std::string user = valueOfAttribute(attributes, "user");
  row.importedAuthor = user.empty() ? std::string(fields[6]) : user;
  row.sourceId = valueOfAttribute(attributes, "source");  // of ours
  if (row.sourceId->empty() && !fields[7].empty() && fields[7] != "0")
    row.sourceId = "bilibili:" + std::string(fields[7]);
  row.content = replaced(replaced(text, "/n", "\n"), "/\u2060n", "/n");
  rows.take(std::move(row));
}

void addNiconico(const Attributes& attributes, std::string text, RowMaker& rows) {
  const auto centiseconds = wholeNumber(valueOfAttribute(attributes, "vpos"));
  if (text.starts_with('/')) return rows.skip(CommentSkip::command);
  Comment row;
  applyNiconicoWords(valueOfAttribute(attributes, "mail"), row);
  if (centiseconds && *centiseconds < INT64_MAX / 10) row.positionMs = std::max<std::int64_t>(*centiseconds * 10, 0);
  row.time = timeOf(valueOfAttribute(attributes, "date"));
  row.importedAuthor = valueOfAttribute(attributes, "user_id");
  const std::string number = valueOfAttribute(attributes, "no");
  std::string fork = valueOfAttribute(attributes, "fork");  // each fork numbers its comments from 1
  fork = fork.empty() || fork == "0" ? std::string() : fork + "/";
  if (!number.empty()) row.sourceId = "niconico:" + valueOfAttribute(attributes, "thread") + "/" + fork + number;
  row.content = std::move(text);
  rows.take(std::move(row));
}

// A lenient scanner, which ignores all other elements.
class XmlReader {
 public:
  XmlReader(CharReader& in, RowMaker& rows) : in_(in), rows_(rows) {}

  void run() {
    for (int c = in_.get(); c != CharReader::end; c = in_.get())
      if (c == '<') markup();
  }

 private:
  void markup() {
    const int next = in_.peek();
    if (next == '!') {
      declaration();
    } else if (next == '?' || next == '/') {
      passTo('>');
    } else {
      element();
    }
  }

  void declaration() {
    std::string name;
    in_.get();
    while (name.size() < 7 && in_.peek() != CharReader::end && in_.peek() != '>') {
      name += static_cast<char>(in_.get());
      if (name == "--") return passComment();
    }
    if (name == "DOCTYPE" || name.starts_with("ENTITY"))
      throw Error(Fault::malformed, "file: XML with a document type declaration or entities is not accepted");
    passTo('>');
  }

  void passComment() {
    int dashes = 0;
    for (int c = in_.get(); c != CharReader::end; c = in_.get()) {
      if (c == '>' && dashes >= 2) return;
      dashes = c == '-' ? dashes + 1 : 0;
    }
  }

  void passTo(char last) {
    for (int c = in_.get(); c != CharReader::end && c != last; c = in_.get()) {
    }
  }

  std::string word() {
    std::string text;
    for (int c = in_.peek(); c != CharReader::end && !isXmlSpace(c) && c != '>' && c != '/' && c != '=';
         c = in_.peek()) {
      in_.get();
      if (text.size() < 64) text += static_cast<char>(c);
    }
    return text;
  }

  void element() {
    const std::string name = word();
    if (name != "d" && name != "chat") return passTo('>');
    bool isBegun = false;
    do {
      isBegun = row(name, isBegun);
    } while (isBegun);
  }

  void passSpace() {
    while (isXmlSpace(in_.peek())) in_.get();
  }

  // Reads a row from behind the name of its element, or, if it has begun in the text of another that did not end, from
  // behind `<d p=`. Returns whether another one has begun in its text.
  bool row(const std::string& name, bool isBegun) {
    Attributes attributes;
    std::string key = isBegun ? "p" : "";
    for (;;) {
      if (key.empty()) {
        passSpace();
        const int c = in_.get();
        if (c == CharReader::end) return skipped(CommentSkip::cutOff);
        if (c == '>') break;
        if (c == '/') {
          passTo('>');
          return skipped(CommentSkip::text);
        }
        key = static_cast<char>(c);
        key += word();
        passSpace();
        if (in_.peek() != '=') {
          key.clear();
          continue;
        }
        in_.get();
      }
      passSpace();
      const std::string attribute = std::exchange(key, {});
      const int quote = in_.peek();
      if (quote != '"' && quote != '\'') continue;
      in_.get();
      std::string value;
      for (int c = in_.get(); c != quote; c = in_.get()) {
        if (c == CharReader::end) return skipped(CommentSkip::cutOff);
        if (value.size() < mostText) value += static_cast<char>(c);
      }
      if (attributes.size() < 32) attributes.emplace_back(attribute, std::move(value));
    }
    std::string text;
    const End end = content("</" + name, text);
    if (end == End::cutOff) return skipped(CommentSkip::cutOff);
    if (end == End::begun) {
      rows_.skip(CommentSkip::syntax);
      return true;
    }
    if (name == "d")
      addBilibili(attributes, std::move(text), rows_);
    else
      addNiconico(attributes, std::move(text), rows_);
    return false;
  }

  bool skipped(CommentSkip reason) {
    rows_.skip(reason);
    return false;
  }

  enum class End { tag, begun, cutOff };

  // Reads text up to the end tag; other tags in it are text that was not escaped, but for the next row of Bilibili's.
  End content(const std::string& endTag, std::string& to) {
    constexpr std::string_view cdata = "<![CDATA[";
    constexpr std::string_view next = "<d p=";
    std::string raw;
    const auto flush = [&] {
      to += withoutEntities(raw);
      raw.clear();
    };
    tail_.clear();
    for (int c = in_.get(); c != CharReader::end; c = in_.get()) {
      if (raw.size() + to.size() < mostText) raw += static_cast<char>(c);
      tail_ += static_cast<char>(c);
      if (tail_.size() > cdata.size()) tail_.erase(0, 1);
      if (std::string_view(tail_).ends_with(endTag) && (in_.peek() == '>' || isXmlSpace(in_.peek()))) {
        passTo('>');
        if (std::string_view(raw).ends_with(endTag)) raw.resize(raw.size() - endTag.size());
        flush();
        return End::tag;
      }
      if (std::string_view(tail_).ends_with(next)) return End::begun;
      if (tail_ == cdata) {
        tail_.clear();
        if (std::string_view(raw).ends_with(cdata)) raw.resize(raw.size() - cdata.size());
        flush();
        if (!passCdata(to)) return End::cutOff;
      }
    }
    return End::cutOff;
  }

  bool passCdata(std::string& to) {
    std::string text;
    int brackets = 0;
    for (int c = in_.get(); c != CharReader::end; c = in_.get()) {
      if (c == '>' && brackets >= 2) {
        if (std::string_view(text).ends_with("]]")) text.resize(text.size() - 2);
        to += text;
        return true;
      }
      brackets = c == ']' ? brackets + 1 : 0;
      if (to.size() + text.size() < mostText) text += static_cast<char>(c);
    }
    return false;
  }

  CharReader& in_;
  RowMaker& rows_;
  std::string tail_;
};

}  // namespace

void readXml(CharReader& in, RowMaker& rows) {
  XmlReader(in, rows).run();
}

void applyNiconicoWords(std::string_view words, Comment& row) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 21> colors{
      {{"white", 0xffffff},         {"red", 0xff0000},     {"pink", 0xff8080},       {"orange", 0xffc000},
       {"yellow", 0xffff00},        {"green", 0x00ff00},   {"cyan", 0x00ffff},       {"blue", 0x0000ff},
       {"purple", 0xc000ff},        {"black", 0x000000},   {"white2", 0xcccc99},     {"niconicowhite", 0xcccc99},
       {"red2", 0xcc0033},          {"orange2", 0xff6600}, {"yellow2", 0x999900},    {"green2", 0x00cc66},
       {"blue2", 0x33ffcc},         {"purple2", 0x6633cc}, {"marineblue", 0x33ffcc}, {"nobleviolet", 0x6633cc},
       {"elementalgreen", 0x00cc66}}};
  row.mode = CommentMode::scroll;
  row.size = CommentSize::normal;
  row.color = whiteColor;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (word == "ue") row.mode = CommentMode::top;
    if (word == "shita") row.mode = CommentMode::bottom;
    if (word == "big") row.size = CommentSize::big;
    if (word == "small") row.size = CommentSize::small;
    if (word.starts_with('#')) row.color = parseColor(word).value_or(whiteColor);
    for (const auto& [name, color] : colors)
      if (word == name) row.color = color;
  }
}

}  // namespace video::danmaku

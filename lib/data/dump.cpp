#include "data/dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace video {
namespace {

constexpr std::size_t dumpPiece = 64 * 1024;
constexpr std::size_t mostColumns = 1000;
constexpr std::size_t longestName = 256;
constexpr int endOfDump = -1;

bool isBlank(int c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool isWordPart(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c >= 0x80;
}
int hexValue(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), toLower);
  return text;
}

// MySQL's latin1 is Windows-1252; it has these from 0x80 on.
constexpr std::array<char32_t, 32> windows1252{0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                               0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
                                               0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                               0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

}  // namespace

int DumpReader::peek(std::size_t ahead) {
  while (at_ + ahead >= buffer_.size()) {
    if (isEnded_) return endOfDump;
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + dumpPiece);
    const std::size_t got = source_(std::span(buffer_).subspan(had));
    buffer_.resize(had + got);
    isEnded_ = got == 0;
  }
  return static_cast<unsigned char>(buffer_[at_ + ahead]);
}

int DumpReader::get() {
  const int c = peek();
  if (c == endOfDump) return c;
  ++at_;
  if (c == '\n') ++line_;
  return c;
}

bool DumpReader::startsWith(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (peek(i) != static_cast<unsigned char>(text[i])) return false;
  return true;
}

bool DumpReader::take(std::string_view text) {
  if (!startsWith(text)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) get();
  return true;
}

void DumpReader::refuse(std::string_view why) const {
  throw Error(Fault::malformed, fmt::format("dump: line {}: {}", line_, why));
}

// Skips spaces and comments. Comments that begin with /*! are statements. Returns false at the end of the file.
bool DumpReader::skipBlank() {
  for (;;) {
    const int c = peek();
    if (c == endOfDump) return false;
    const bool isDashes = startsWith("--") && (isBlank(peek(2)) || peek(2) == endOfDump);
    if (isBlank(c)) {
      get();
    } else if (c == '#' || isDashes) {
      for (int next = get(); next != '\n' && next != endOfDump;) next = get();
    } else if (startsWith("/*!") || startsWith("/*M!")) {
      if (isConditional_) refuse("a comment within a comment");
      isConditional_ = true;
      if (!take("/*!")) take("/*M!");
      while (peek() >= '0' && peek() <= '9') get();
    } else if (isConditional_ && take("*/")) {
      isConditional_ = false;
    } else if (take("/*")) {
      while (!take("*/"))
        if (get() == endOfDump) refuse("a comment has no end");
    } else {
      return true;
    }
  }
}

std::string DumpReader::word() {
  std::string text;
  while (isWordPart(peek())) {
    if (text.size() == longestName) refuse("a word is too long");
    text += static_cast<char>(get());
  }
  return lowered(std::move(text));
}

std::string DumpReader::identifier() {
  const int quote = peek();
  if (quote != '`' && quote != '"') {
    std::string name = word();
    if (name.empty()) refuse("a name is expected");
    return name;
  }
  get();
  std::string name;
  for (;;) {
    const int c = get();
    if (c == endOfDump) refuse("a name has no end");
    if (c == quote) {
      if (peek() != quote) return lowered(std::move(name));
      get();
    }
    if (name.size() == longestName) refuse("a name is too long");
    name += static_cast<char>(c);
  }
}

std::string DumpReader::tableName() {
  skipBlank();
  std::string name = identifier();
  skipBlank();
  if (!take(".")) return name;
  skipBlank();
  return identifier();
}

void DumpReader::skipString(char quote) {
  for (;;) {
    const int c = get();
    if (c == endOfDump) refuse("a string has no end");
    if (c == '\\' && quote != '`') {
      get();
    } else if (c == quote) {
      if (peek() != quote) return;
      get();
    }
  }
}

void DumpReader::skipStatement() {
  while (skipBlank()) {
    if (take(delimiter_)) return;
    const int c = get();
    if (c == '\'' || c == '"' || c == '`') skipString(static_cast<char>(c));
  }
}

// DELIMITER is a line of the client, not a statement.
void DumpReader::readDelimiter() {
  std::string text;
  for (int c = get(); c != '\n' && c != endOfDump; c = get()) {
    if (text.size() == longestName) refuse("a delimiter is too long");
    if (c != '\r') text += static_cast<char>(c);
  }
  text = trimmed(text);
  if (text.empty() || text.find('\\') != std::string::npos) refuse("DELIMITER without a delimiter");
  delimiter_ = text;
}

void DumpReader::readSet() {
  skipBlank();
  if (word() == "names") {
    skipBlank();
    const int quote = peek();
    if (quote == '\'' || quote == '"') get();
    setName_ = word();
    const bool isUtf8Set =
        setName_.starts_with("utf8") || setName_ == "ascii" || setName_ == "binary" || setName_ == "default";
    set_ = isUtf8Set ? CharacterSet::utf8 : setName_ == "latin1" ? CharacterSet::latin1 : CharacterSet::other;
    if ((quote == '\'' || quote == '"') && get() != quote) refuse("SET NAMES with a strange name");
  }
  skipStatement();
}

void DumpReader::readCreate() {
  skipBlank();
  std::string next = word();
  if (next == "temporary") {
    skipBlank();
    next = word();
  }
  if (next != "table") return skipStatement();
  skipBlank();
  std::string table;
  if (peek() != '`' && peek() != '"') {
    table = word();
    if (table == "if") {
      for (const std::string_view expected : {"not", "exists"}) {
        skipBlank();
        if (word() != expected) refuse("CREATE TABLE is not understood");
      }
      table.clear();
    }
  }
  if (table.empty()) {
    table = tableName();
  } else {
    skipBlank();
    if (take(".")) {
      skipBlank();
      table = identifier();
    }
  }
  skipBlank();
  if (!take("(")) return skipStatement();  // LIKE, or AS SELECT
  static const std::set<std::string, std::less<>> notColumns{"primary", "key",      "unique",  "index", "constraint",
                                                             "foreign", "fulltext", "spatial", "check", "period"};
  std::vector<std::string> columns;
  for (bool isLast = false; !isLast;) {
    skipBlank();
    const bool isQuoted = peek() == '`' || peek() == '"';
    std::string name = identifier();
    if (isQuoted || !notColumns.contains(name)) columns.push_back(std::move(name));
    if (columns.size() > mostColumns) refuse("a table has too many columns");
    for (int depth = 0;;) {
      if (!skipBlank()) refuse("CREATE TABLE has no end");
      const int c = get();
      if (c == '\'' || c == '"' || c == '`') skipString(static_cast<char>(c));
      if (c == '(') ++depth;
      if (c == ')' && depth-- == 0) {
        isLast = true;
        break;
      }
      if (c == ',' && depth == 0) break;
    }
  }
  columns_[table] = std::move(columns);
  skipStatement();
}

std::string DumpReader::inUtf8(std::string text) const {
  const bool isAscii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
  if (isAscii) return text;
  if (set_ == CharacterSet::utf8) return repairedUtf8(text);
  if (set_ == CharacterSet::other)
    refuse(fmt::format("text in the character set {}: make the dump with --default-character-set=utf8mb4", setName_));
  std::string converted;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    appendCodePoint(converted, byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80U] : char32_t{byte});
  }
  return converted;
}

std::string DumpReader::string(char quote) {
  std::string text;
  for (;;) {
    int c = get();
    if (c == endOfDump) refuse("a string has no end");
    if (c == quote) {
      if (peek() != quote) return text;
      get();
    } else if (c == '\\') {
      c = get();
      switch (c) {
        case endOfDump: refuse("a string has no end");
        case '0': c = '\0'; break;
        case 'b': c = '\b'; break;
        case 'n': c = '\n'; break;
        case 'r': c = '\r'; break;
        case 't': c = '\t'; break;
        case 'Z': c = 0x1a; break;
        case '%':
        case '_': text += '\\'; break;
        default: break;
      }
    }
    if (text.size() >= longestValue) refuse("a value is too long");
    text += static_cast<char>(c);
  }
}

std::string DumpReader::hexDigits(bool isQuoted) {
  std::string bytes;
  int high = -1;
  for (;;) {
    const int digit = hexValue(peek());
    if (digit < 0) break;
    get();
    if (bytes.size() >= longestValue) refuse("a value is too long");
    if (high < 0) {
      high = digit;
    } else {
      bytes += static_cast<char>(high * 16 + digit);
      high = -1;
    }
  }
  if (high >= 0) refuse("a hexadecimal value has an odd number of digits");
  if (isQuoted && get() != '\'') refuse("a hexadecimal value has no end");
  return bytes;
}

std::optional<std::string> DumpReader::value() {
  skipBlank();
  const int c = peek();
  if (c == '\'' || c == '"') {
    get();
    return inUtf8(string(static_cast<char>(c)));
  }
  if (startsWith("0x") || startsWith("0X")) {
    get();
    get();
    return inUtf8(hexDigits(false));
  }
  if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.') {
    std::string number;
    for (int next = peek(); isWordPart(next) || next == '-' || next == '+' || next == '.'; next = peek()) {
      if (number.size() == longestName) refuse("a number is too long");
      number += static_cast<char>(get());
    }
    return inUtf8(std::move(number));
  }
  const std::string name = word();
  if (name == "null") return std::nullopt;
  if (name == "true") return "1";
  if (name == "false") return "0";
  if ((name == "x" || name == "b") && take("'")) {
    if (name == "x") return inUtf8(hexDigits(true));
    std::string bits = string('\'');
    if (bits.find_first_not_of("01") != std::string::npos || bits.size() > 64) refuse("a bit value is not understood");
    std::uint64_t number = 0;
    for (const char bit : bits) number = number * 2 + (bit == '1' ? 1 : 0);
    return std::to_string(number);
  }
  if (name.starts_with('_')) {  // the character set of a literal
    skipBlank();
    if (peek() == '\'' || peek() == '"' || startsWith("0x") || startsWith("0X") || peek() == 'x' || peek() == 'X')
      return value();
  }
  refuse("a value is not understood");
}

void DumpReader::readInsert(const std::function<bool(const std::string& table)>& wanted,
                            const std::function<void(const DumpRow&)>& take_) {
  static const std::set<std::string, std::less<>> before{"low_priority", "delayed", "high_priority", "ignore", "into"};
  skipBlank();
  std::string table;
  while (table.empty() && peek() != '`' && peek() != '"') {
    std::string next = word();
    if (next.empty()) refuse("INSERT is not understood");
    if (!before.contains(next)) table = std::move(next);
    skipBlank();
  }
  if (table.empty()) table = identifier();
  skipBlank();
  if (take(".")) {
    skipBlank();
    table = identifier();
    skipBlank();
  }
  if (!wanted(table)) return skipStatement();
  std::vector<std::string> columns;
  if (take("(")) {
    do {
      skipBlank();
      columns.push_back(identifier());
      if (columns.size() > mostColumns) refuse("a table has too many columns");
      skipBlank();
    } while (take(","));
    if (!take(")")) refuse("the list of columns is not understood");
    skipBlank();
  } else if (const auto known = columns_.find(table); known != columns_.end()) {
    columns = known->second;
  } else {
    refuse(fmt::format("the columns of {} are not known: the dump needs CREATE TABLE, or --complete-insert", table));
  }
  if (const std::string next = word(); next != "values" && next != "value") refuse("INSERT without VALUES");
  std::vector<std::optional<std::string>> values;
  do {
    skipBlank();
    if (!take("(")) refuse("a row is expected");
    values.clear();
    do {
      if (values.size() == columns.size()) refuse("a row has more values than its table has columns");
      values.push_back(value());
      skipBlank();
    } while (take(","));
    if (!take(")")) refuse("a row is not understood");
    if (values.size() != columns.size()) refuse("a row has fewer values than its table has columns");
    take_({table, columns, values});
    skipBlank();
  } while (take(","));
  skipStatement();  // ON DUPLICATE KEY UPDATE, or nothing
}

void DumpReader::run(const std::function<bool(const std::string& table)>& wanted,
                     const std::function<void(const DumpRow&)>& take_) {
  take("\xef\xbb\xbf");
  while (skipBlank()) {
    if (take(delimiter_)) continue;
    const std::string statement = word();
    if (statement == "delimiter")
      readDelimiter();
    else if (statement == "set")
      readSet();
    else if (statement == "create")
      readCreate();
    else if (statement == "insert" || statement == "replace")
      readInsert(wanted, take_);
    else
      skipStatement();
  }
  if (isConditional_) refuse("a comment has no end");
}

}  // namespace video

#include "base/mysql_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"

namespace video {
namespace {

std::string inLowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), toLower);
  return lower;
}

bool isDumpSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool isDumpDigit(char c) {
  return c >= '0' && c <= '9';
}

bool isDumpWord(char c) {
  return isDumpDigit(c) || (toLower(c) >= 'a' && toLower(c) <= 'z') || c == '_' || c == '$' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Whether a word that begins like `word` goes on with `c`; numbers have points and signs of exponents.
bool goesOn(std::string_view word, char c) {
  if (isDumpWord(c)) return true;
  const bool isNumber = isDumpDigit(word.front()) || word.front() == '-' || word.front() == '+' || word.front() == '.';
  return isNumber && (c == '.' || ((c == '-' || c == '+') && toLower(word.back()) == 'e'));
}

bool isDumpNumber(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  const auto takeDigits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  std::size_t count = takeDigits();
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    count += takeDigits();
  }
  if (count == 0) return false;
  if (text.empty()) return true;
  if (toLower(text.front()) != 'e') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return takeDigits() > 0 && text.empty();
}

char unescaped(char c) {
  switch (c) {
    case '0': return '\0';
    case 'b': return '\b';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'Z': return '\x1a';
    default: return c;
  }
}

// Decodes the digits of 0x… or x'…'; a half byte stands for itself, as in MySQL.
std::optional<std::string> bytesOfHex(std::string_view text) {
  std::string even = text.size() % 2 == 0 ? "" : "0";
  even += inLowerCase(text);
  return fromHex(even);
}

// Decodes the digits of 0b… or b'…', most significant first.
std::optional<std::string> bytesOfBits(std::string_view text) {
  std::string bytes((text.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char digit = text[text.size() - 1 - i];
    if (digit != '0' && digit != '1') return std::nullopt;
    char& byte = bytes[bytes.size() - 1 - i / 8];
    if (digit == '1') byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << i % 8);
  }
  return bytes;
}

}  // namespace

void MysqlDumpReader::add(std::span<const std::byte> piece) {
  std::string_view left(reinterpret_cast<const char*>(piece.data()), piece.size());
  while (!left.empty()) {
    if (lexeme_ == Lexeme::text) {
      const std::size_t plain = std::min(left.find_first_of(quote_ == '"' ? "\"\\\n" : "'\\\n"), left.size());
      append(left.substr(0, plain));
      left.remove_prefix(plain);
      if (left.empty()) return;
    }
    const char c = left.front();
    while (!step(c)) {
    }
    if (c == '\n') ++line_;
    left.remove_prefix(1);
  }
}

void MysqlDumpReader::finish() {
  if (lexeme_ == Lexeme::delimiter || lexeme_ == Lexeme::routine) endRoutineLine();
  if (lexeme_ == Lexeme::lineComment) lexeme_ = Lexeme::none;
  if (lexeme_ != Lexeme::none || part_ != Part::start) refuse("the dump ends within a statement");
}

// Returns whether `c` was taken; where it ends a token without being part of it, it comes once more.
bool MysqlDumpReader::step(char c) {
  const auto end = [&](Token token) {
    lexeme_ = Lexeme::none;
    take(token, std::exchange(token_, {}));
    return false;
  };
  const auto goOn = [&](Lexeme lexeme) {
    lexeme_ = lexeme;
    return true;
  };
  switch (lexeme_) {
    case Lexeme::none: startToken(c); return true;
    case Lexeme::word:
      if (!goesOn(token_, c)) return end(Token::word);
      append({&c, 1});
      return true;
    case Lexeme::name:
      if (c == '`') return goOn(Lexeme::nameQuote);
      append({&c, 1});
      return true;
    case Lexeme::nameQuote:
      if (c != '`') return end(Token::name);
      append({&c, 1});
      return goOn(Lexeme::name);
    case Lexeme::text:
      if (c == '\\') return goOn(Lexeme::textEscape);
      if (c == quote_) return goOn(Lexeme::textQuote);
      append({&c, 1});
      return true;
    case Lexeme::textEscape:
      if (c == '%' || c == '_') append("\\");
      append(std::string_view(std::string(1, unescaped(c))));
      return goOn(Lexeme::text);
    case Lexeme::textQuote:
      if (c != quote_) return end(Token::text);
      append({&c, 1});
      return goOn(Lexeme::text);
    case Lexeme::dash:
      if (c == '-') return token_.clear(), goOn(Lexeme::lineComment);
      lexeme_ = Lexeme::word;
      return false;
    case Lexeme::lineComment: return goOn(c == '\n' ? Lexeme::none : Lexeme::lineComment);
    case Lexeme::slash:
      if (c == '*') return token_.clear(), goOn(Lexeme::comment);
      return end(Token::sign);
    case Lexeme::comment:
      if (c == '*') return goOn(Lexeme::star);
      if (token_.size() < 100) append({&c, 1});
      return true;
    case Lexeme::star:
      if (c == '*') return true;
      if (c == '/') return endComment(), goOn(Lexeme::none);
      return lexeme_ = Lexeme::comment, false;
    case Lexeme::delimiter:
    case Lexeme::routine:
      if (c == '\n') return endRoutineLine(), true;
      if (lexeme_ == Lexeme::delimiter || token_.size() < 100) append({&c, 1});
      return true;
  }
  return true;
}

void MysqlDumpReader::startToken(char c) {
  token_.clear();
  if (isDumpSpace(c)) return;
  if (c == '\'' || c == '"') {
    quote_ = c;
    lexeme_ = Lexeme::text;
  } else if (c == '`') {
    lexeme_ = Lexeme::name;
  } else if (c == '#') {
    lexeme_ = Lexeme::lineComment;
  } else if (isDumpWord(c) || c == '+' || c == '-' || c == '/' || (c == '.' && part_ == Part::value)) {
    token_ = c;
    lexeme_ = c == '-' ? Lexeme::dash : c == '/' ? Lexeme::slash : Lexeme::word;
  } else {
    take(Token::sign, {&c, 1});
  }
}

void MysqlDumpReader::append(std::string_view bytes) {
  if (bytes.size() > valueLimit - token_.size()) refuse(fmt::format("a value is over {} bytes", valueLimit));
  token_ += bytes;
}

// mysqldump says the character set in a comment that MySQL executes: /*!40101 SET NAMES utf8mb4 */
void MysqlDumpReader::endComment() {
  const std::string comment = inLowerCase(std::exchange(token_, {}));
  constexpr std::string_view words = " set names ";
  const std::size_t at = comment.find(words);
  if (!comment.starts_with('!') || at == std::string::npos) return;
  const std::string_view name = std::string_view(comment).substr(at + words.size());
  charset_ = name.substr(0, name.find_first_of(" ;,"));
}

// Routines and triggers stand between lines `DELIMITER ;;` and `DELIMITER ;`.
void MysqlDumpReader::endRoutineLine() {
  constexpr std::string_view word = "delimiter";
  std::string line = inLowerCase(std::exchange(token_, {}));
  while (!line.empty() && isDumpSpace(line.back())) line.pop_back();
  std::string_view name(line);
  if (lexeme_ == Lexeme::routine) {
    if (!name.starts_with(word)) return;
    name.remove_prefix(word.size());
  }
  name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
  lexeme_ = name == ";" ? Lexeme::none : Lexeme::routine;
}

void MysqlDumpReader::take(Token token, std::string_view text) {
  const bool isEnd = token == Token::sign && text == ";";
  switch (part_) {
    case Part::start: {
      if (isEnd) return;
      const std::string word = token == Token::word ? inLowerCase(text) : "";
      part_ = Part::skip;
      if (word == "insert" || word == "replace") part_ = Part::insertTable;
      if (word == "create") part_ = Part::createTable;
      if (word == "set") part_ = Part::setNames;
      if (word == "delimiter") {
        part_ = Part::start;
        lexeme_ = Lexeme::delimiter;
      }
      row_ = {};
      depth_ = 0;
      return;
    }
    case Part::skip:
      if (isEnd) part_ = Part::start;
      return;
    case Part::setNames: return takeSet(token, text);
    case Part::createTable:
    case Part::createAfterTable:
    case Part::createColumn:
    case Part::createRest: return takeCreate(token, text);
    case Part::value: return takeValue(token, text);
    default: return takeInsert(token, text);
  }
}

void MysqlDumpReader::takeSet(Token token, std::string_view text) {
  if (token == Token::sign) {
    part_ = text == ";" ? Part::start : Part::skip;
    return;
  }
  if (depth_ == 1) charset_ = inLowerCase(text);
  const bool isNames = depth_ == 0 && token == Token::word && inLowerCase(text) == "names";
  depth_ = isNames ? 1 : 0;
  if (!isNames) part_ = Part::skip;
}

void MysqlDumpReader::takeInsert(Token token, std::string_view text) {
  const std::string word = token == Token::word ? inLowerCase(text) : "";
  const bool isName = token == Token::name || token == Token::word || (token == Token::text && quote_ == '"');
  const auto isSign = [&](char sign) { return token == Token::sign && text.front() == sign; };
  switch (part_) {
    case Part::insertTable:
      if (word == "into" || word == "ignore" || word == "delayed" || word == "low_priority" || word == "high_priority")
        return;
      if (!isName) break;
      row_.table = text;
      part_ = Part::insertAfterTable;
      return;
    case Part::insertAfterTable:
      if (isSign('.')) {
        part_ = Part::insertTable;
        return;
      }
      if (isSign('(')) {
        part_ = Part::insertColumns;
        return;
      }
      [[fallthrough]];
    case Part::insertValues:
      if (word != "values" && word != "value") break;
      if (row_.columns.empty()) {
        const auto table = tables_.find(row_.table);
        if (table == tables_.end())
          refuse(fmt::format("nothing names the columns of table {}: dump it with --complete-insert", row_.table));
        row_.columns = table->second;
      }
      part_ = Part::row;
      return;
    case Part::insertColumns:
      if (!isName) break;
      addColumn(text);
      part_ = Part::insertColumnsEnd;
      return;
    case Part::insertColumnsEnd:
      if (!isSign(',') && !isSign(')')) break;
      part_ = isSign(',') ? Part::insertColumns : Part::insertValues;
      return;
    case Part::row:
      if (!isSign('(')) break;
      row_.values.clear();
      part_ = Part::value;
      return;
    case Part::valueEnd:
      if (isSign(')')) return endRow();
      if (!isSign(',')) break;
      part_ = Part::value;
      return;
    case Part::rowEnd:
      if (!isSign(',') && !isSign(';')) break;
      part_ = isSign(',') ? Part::row : Part::start;
      return;
    default: break;
  }
  refuse("this INSERT is not one of literal values");
}

void MysqlDumpReader::takeValue(Token token, std::string_view text) {
  const Radix radix = std::exchange(radix_, Radix::plain);
  if (token == Token::text) {
    if (radix == Radix::plain) return addValue(std::string(text));
    std::optional<std::string> bytes = radix == Radix::hex ? bytesOfHex(text) : bytesOfBits(text);
    if (!bytes) refuse("a value has digits that are none");
    return addValue(std::move(bytes));
  }
  if (token == Token::word && radix == Radix::plain) {
    const std::string word = inLowerCase(text);
    if (word == "null") return addValue(std::nullopt);
    if (word.starts_with('_')) return;  // the character set of the text that follows, as in _binary 'abc'
    if (word == "x" || word == "b") {
      radix_ = word == "x" ? Radix::hex : Radix::binary;
      return;
    }
    if (isDumpNumber(text)) return addValue(std::string(text));
    std::optional<std::string> bytes;
    if (word.starts_with("0x")) bytes = bytesOfHex(std::string_view(word).substr(2));
    if (word.starts_with("0b")) bytes = bytesOfBits(std::string_view(word).substr(2));
    if (bytes) return addValue(std::move(bytes));
  }
  refuse("this INSERT is not one of literal values");
}

void MysqlDumpReader::takeCreate(Token token, std::string_view text) {
  const std::string word = token == Token::word ? inLowerCase(text) : "";
  const auto isSign = [&](char sign) { return token == Token::sign && text.front() == sign; };
  if (isSign(';')) {
    part_ = Part::start;
    return;
  }
  switch (part_) {
    case Part::createTable:
      if (word == "table" || word == "temporary") {
        depth_ = 1;
        return;
      }
      if (word == "if" || word == "not" || word == "exists") return;
      part_ = depth_ == 1 && token != Token::sign ? Part::createAfterTable : Part::skip;
      row_.table = text;
      depth_ = 0;
      return;
    case Part::createAfterTable:
      if (isSign('.')) {
        depth_ = 1;
        part_ = Part::createTable;
        return;
      }
      depth_ = 1;
      part_ = isSign('(') ? Part::createColumn : Part::skip;
      if (part_ == Part::skip) depth_ = 0;
      return;
    case Part::createColumn: {
      constexpr std::string_view others[] = {"primary", "key",     "unique",     "index", "fulltext",
                                             "spatial", "foreign", "constraint", "check", "period"};
      if (std::find(std::begin(others), std::end(others), word) == std::end(others) && token != Token::sign)
        addColumn(text);
      part_ = Part::createRest;
      return;
    }
    default:
      if (isSign('(')) ++depth_;
      if (isSign(')')) --depth_;
      if (isSign(',') && depth_ == 1) part_ = Part::createColumn;
      if (depth_ > 0) return;
      tables_[row_.table] = std::move(row_.columns);
      row_ = {};
      part_ = Part::skip;
  }
}

void MysqlDumpReader::addColumn(std::string_view name) {
  if (row_.columns.size() == columnLimit) refuse(fmt::format("a table has over {} columns", columnLimit));
  row_.columns.push_back(inLowerCase(name));
}

void MysqlDumpReader::addValue(std::optional<std::string> value) {
  if (row_.values.size() == row_.columns.size())
    refuse(fmt::format("a row of table {} has more values than columns", row_.table));
  row_.values.push_back(std::move(value));
  part_ = Part::valueEnd;
}

void MysqlDumpReader::endRow() {
  if (row_.values.size() != row_.columns.size())
    refuse(fmt::format("a row of table {} has fewer values than columns", row_.table));
  part_ = Part::rowEnd;
  receive_(row_);
}

void MysqlDumpReader::refuse(std::string_view why) const {
  throw Error(Fault::malformed, fmt::format("mysqldump: line {}: {}", line_, why));
}

}  // namespace video

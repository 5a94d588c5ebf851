#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace video {

/// A row that a dump inserts into a table.
struct MysqlRow {
  std::string table;                               ///< as the dump spells it, without its database
  std::vector<std::string> columns;                ///< ASCII letters in lower case
  std::vector<std::optional<std::string>> values;  ///< one per column, bytes of any kind; nothing = NULL
};

/// Reads the rows of what mysqldump or mariadb-dump writes, from pieces of any size. Statements that insert no rows,
/// and routines between DELIMITER lines, are skipped; nothing is executed. For one thread.
class MysqlDumpReader {
 public:
  /// Limits in bytes of a value or name, and of columns in a table.
  static constexpr std::size_t valueLimit = 16 << 20;
  static constexpr std::size_t columnLimit = 4096;

  /// `receive` is called for each row, in the order of the dump; what it throws passes through add().
  explicit MysqlDumpReader(std::function<void(const MysqlRow&)> receive) : receive_(std::move(receive)) {}

  /// Takes the next piece of the dump. Throws malformed, naming the line, for an INSERT that is not of literal values,
  /// has another number of values than columns, or whose columns neither it nor an earlier CREATE TABLE names.
  void add(std::span<const std::byte> piece);
  /// Throws malformed if the dump ends within a statement.
  void finish();
  /// Returns the character set of the rows, in lower case, as SET NAMES last said; empty if it has not.
  const std::string& charset() const noexcept { return charset_; }

 private:
  enum class Lexeme {
    none,
    word,
    name,
    text,
    textEscape,
    textQuote,
    nameQuote,
    dash,
    lineComment,
    slash,
    comment,
    star,
    delimiter,
    routine,
  };
  enum class Token { word, name, text, sign };
  enum class Part {
    start,
    skip,
    setNames,
    insertTable,
    insertColumns,
    insertColumnsEnd,
    insertValues,
    insertAfterTable,
    row,
    value,
    valueEnd,
    rowEnd,
    createTable,
    createAfterTable,
    createColumn,
    createRest,
  };
  enum class Radix { plain, hex, binary };

  bool step(char c);
  void startToken(char c);
  void append(std::string_view bytes);
  void endComment();
  void endRoutineLine();
  void take(Token token, std::string_view text);
  void takeInsert(Token token, std::string_view text);
  void takeValue(Token token, std::string_view text);
  void takeCreate(Token token, std::string_view text);
  void takeSet(Token token, std::string_view text);
  void addColumn(std::string_view name);
  void addValue(std::optional<std::string> value);
  void endRow();
  [[noreturn]] void refuse(std::string_view why) const;

  std::function<void(const MysqlRow&)> receive_;
  Lexeme lexeme_ = Lexeme::none;
  Part part_ = Part::start;
  Radix radix_ = Radix::plain;
  char quote_ = '\'';
  std::size_t line_ = 1;
  std::size_t depth_ = 0;  // of parentheses in a CREATE TABLE
  std::string token_;
  std::string charset_;
  MysqlRow row_;
  std::map<std::string, std::vector<std::string>> tables_;  // columns by table
};

}  // namespace video

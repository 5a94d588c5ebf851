#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace video {

/// A row that a dump inserts.
struct DumpRow {
  const std::string& table;                               ///< in lower case, without the name of the database
  const std::vector<std::string>& columns;                ///< in lower case
  const std::vector<std::optional<std::string>>& values;  ///< as many, valid UTF-8; nothing: NULL
};

/// Reads what mysqldump and mariadb-dump write, statement by statement, in constant memory. For one thread.
class DumpReader {
 public:
  /// Fills the span with the next bytes and returns how many; 0 at the end.
  using Source = std::function<std::size_t(std::span<char> to)>;
  /// The longest value, in bytes.
  static constexpr std::size_t longestValue = 16U << 20;

  explicit DumpReader(Source source) : source_(std::move(source)) {}

  /// Calls `take` for each row of the tables that are `wanted`, by their name in lower case. Other statements are
  /// skipped. Throws malformed, naming the line: not SQL as these programs write it, a row that has not as many values
  /// as its table has columns, text in a character set other than UTF-8 and latin1.
  void run(const std::function<bool(const std::string& table)>& wanted,
           const std::function<void(const DumpRow&)>& take);

 private:
  enum class CharacterSet { utf8, latin1, other };

  int peek(std::size_t ahead = 0);
  int get();
  bool startsWith(std::string_view text);
  bool take(std::string_view text);
  [[noreturn]] void refuse(std::string_view why) const;

  bool skipBlank();
  std::string word();
  std::string identifier();
  std::string tableName();
  void skipString(char quote);
  void skipStatement();
  void readDelimiter();
  void readSet();
  void readCreate();
  void readInsert(const std::function<bool(const std::string& table)>& wanted,
                  const std::function<void(const DumpRow&)>& take);
  std::optional<std::string> value();
  std::string string(char quote);
  std::string hexDigits(bool isQuoted);
  std::string inUtf8(std::string text) const;

  Source source_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool isEnded_ = false;
  std::int64_t line_ = 1;
  bool isConditional_ = false;  // inside of /*! */, which is executed
  std::string delimiter_ = ";";
  CharacterSet set_ = CharacterSet::utf8;
  std::string setName_;
  std::map<std::string, std::vector<std::string>> columns_;  // by table
};

}  // namespace video

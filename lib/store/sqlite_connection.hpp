#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"

namespace video::store {

/// Returns the Error for an (extended) SQLite result code that this thread has just been given: a full disk or an
/// exceeded quota diskFull, wherever it showed, too many open files unavailable, another's lock busy, all others
/// databaseFailed.
Error errorOf(int code, std::string_view message);
Error errorOf(const SQLite::Exception& exception);

/// Opens an existing database file that is not a symbolic link.
SQLite::Database openSqlite(const std::filesystem::path& path, int flags, std::chrono::milliseconds busyTimeout);

/// Leaves the write-ahead log as it is when the connection is closed, and after its commits.
void leaveCheckpoints(sqlite3* connection) noexcept;

/// The SQL texts prepared so far on all connections of a Database.
class SqlTexts {
 public:
  void add(std::string_view sql);
  std::vector<std::string> all() const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> texts_;
};

/// A prepared statement of a connection, with a flag for whether a Query is using it. Short bound texts are stored in
/// it.
class Statement {
 public:
  Statement(SqliteConnection& connection, std::string_view sql);

  void bind(int parameter, std::nullptr_t);
  void bind(int parameter, std::int64_t value);
  void bind(int parameter, std::string_view text);
  bool step();
  void reset() noexcept;

  SqliteConnection& connection;
  const std::string sql;
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> handle;
  const int parameters;
  bool inUse = false;
  bool done = false;
  std::unique_ptr<Statement> same;  ///< another statement with the same text, for when this one is in use

 private:
  void check(int code);
  std::size_t used_ = 0;
  std::array<char, 256> bound_;
};

/// An SQLite connection with a cache of statements. One thread at a time.
class SqliteConnection {
 public:
  enum class Kind { reader, writer };
  SqliteConnection(const std::filesystem::path& path, Kind kind, const StoreOptions& options, SqlTexts& texts);

  /// Returns an unused statement with this text, prepared at most once.
  Statement& statement(std::string_view sql);
  /// Runs a control statement (BEGIN, SAVEPOINT, a pragma) to completion. Returns the first number of its result.
  std::int64_t control(std::string_view sql);
  bool isInTransaction() const noexcept { return sqlite3_get_autocommit(handle()) == 0; }
  /// Rolls back the open transaction, if any; SQLite may already have done so after an error.
  void rollBack() noexcept;
  sqlite3* handle() const noexcept { return database_.getHandle(); }

  /// Records a failure of SQLite and throws its Error.
  [[noreturn]] void fail(int code);
  /// Returns the last failure since `forgetFailure`, if any.
  const std::optional<Error>& failure() const noexcept { return failure_; }
  void forgetFailure() noexcept { failure_.reset(); }
  /// Returns whether there was an I/O error or corruption, after which the connection must be closed.
  bool isBroken() const noexcept { return broken_; }

  Reader& reader() noexcept { return door_; }
  Transaction& transaction() noexcept { return door_; }

 private:
  struct Door final : Transaction {
    explicit Door(SqliteConnection& connection) : Transaction(connection) {}
  };
  Statement& find(std::string_view sql, bool listed);

  SQLite::Database database_;
  SqlTexts& texts_;
  std::unordered_map<std::string_view, std::unique_ptr<Statement>> statements_;
  std::optional<Error> failure_;
  bool broken_ = false;
  Door door_{*this};
};

}  // namespace video::store

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "os/file_system.hpp"

namespace video::store {

class DataDirectory;
class SqliteConnection;  // one SQLite connection with its statement cache; private to store/
class Statement;         // one prepared statement of a connection; private to store/

/// A running statement: created with its parameters bound, reset when destroyed. Belongs to the thread that created it.
class Query {
 public:
  Query(Query&&) noexcept;
  ~Query();
  /// Steps to the next row. Returns false at the end. Throws Error (databaseFailed, diskFull, busy).
  bool next();
  /// Runs an INSERT, UPDATE or DELETE to its end. Returns the number of rows it changed.
  std::int64_t run();
  bool isNull(int column) const;
  std::int64_t integer(int column) const;
  /// Returns the column's text, valid until the next step.
  std::string_view text(int column) const;
  Time time(int column) const { return Time{std::chrono::milliseconds{integer(column)}}; }
  std::optional<std::int64_t> optionalInteger(int column) const {
    return isNull(column) ? std::nullopt : std::optional(integer(column));
  }
  std::optional<std::string> optionalText(int column) const {
    return isNull(column) ? std::nullopt : std::optional(std::string(text(column)));
  }
  std::optional<Time> optionalTime(int column) const {
    return isNull(column) ? std::nullopt : std::optional(time(column));
  }

 private:
  friend class Reader;
  explicit Query(Statement& statement) noexcept;
  void bind(int parameter, std::nullptr_t);
  void bind(int parameter, std::int64_t value);
  void bind(int parameter, std::string_view text);
  Statement* statement_;
};

/// Reads rows on a connection. Each statement sees one consistent state.
class Reader {
 public:
  /// Returns a statement with its parameters bound in order. `sql` is a single statement, prepared once per connection.
  /// Values: integers, bool, text, Time (milliseconds), IDs, named enumerations (their text), optionals (NULL). Throws
  /// std::logic_error if their number does not match.
  template <class... Values>
  Query query(std::string_view sql, const Values&... values) {
    Query made = start(sql, sizeof...(values));
    int parameter = 0;
    (bindOne(made, ++parameter, values), ...);
    return made;
  }

 protected:
  explicit Reader(SqliteConnection& connection) : connection_(connection) {}
  ~Reader() = default;
  SqliteConnection& connection_;

 private:
  friend class Database;
  Query start(std::string_view sql, std::size_t values);

  template <class Value>
  static void bindOne(Query& query, int parameter, const Value& value) {
    if constexpr (requires { value.has_value(); }) {
      if (value)
        bindOne(query, parameter, *value);
      else
        query.bind(parameter, nullptr);
    } else if constexpr (std::is_same_v<Value, std::nullopt_t>) {
      query.bind(parameter, nullptr);
    } else if constexpr (std::is_same_v<Value, Time>) {
      query.bind(parameter, static_cast<std::int64_t>(value.time_since_epoch().count()));
    } else if constexpr (std::is_same_v<Value, UserId>) {
      query.bind(parameter, value.value);
    } else if constexpr (Named<Value>) {
      query.bind(parameter, nameOf(value));
    } else if constexpr (std::is_integral_v<Value>) {
      query.bind(parameter, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
      query.bind(parameter, std::string_view(value));
    } else {
      query.bind(parameter, std::string_view(value.text));
    }
  }
};

/// One operation inside the writer's transaction, in a savepoint of its own: a Reader that can also write.
class Transaction : public Reader {
 protected:
  using Reader::Reader;
  ~Transaction() = default;
};

/// How a write behaves when the disk is nearly full: `grow` is refused with diskFull below the free space floor. `keep`
/// (sign-in, delete, drain, checkpoint) is attempted; if the disk is full, the reserve is released and the write
/// retried once. `rehearse` is for Database::rehearse only and never releases the reserve.
enum class Purpose { grow, keep, rehearse };

/// SQLite's `PRAGMA synchronous`: `full` survives power loss; `normal` may lose the last commits, and is for
/// benchmarks.
enum class Synchronous { full, normal };

/// Who copies the write-ahead log into the database (checkpoints): this program, or another one, such as Litestream,
/// which would miss what is copied before it has read it.
enum class Checkpoints { own, external };

/// How a Database is opened.
struct StoreOptions {
  Synchronous synchronous = Synchronous::full;
  Checkpoints checkpoints = Checkpoints::own;
  std::chrono::milliseconds lockTimeout{10'000};   ///< how long a write waits for another process
  std::uint64_t freeSpaceFloor = 1ULL << 30;       ///< bytes that `grow` leaves free
  os::FileSystem* files = &os::systemFiles();      ///< interface for all file access except the database
  std::chrono::milliseconds reserveEvery{30'000};  ///< time between the writer's attempts to allocate the reserve
  std::size_t readers = 8;                         ///< idle read connections that are kept
  std::int64_t mapped = 1LL << 30;  ///< bytes of the file that readers map; counts as memory of the process
};

/// Counters of the writer, for benchmarks, tests and metrics.
struct WriterCounters {
  std::uint64_t operations = 0;  ///< committed operations
  std::uint64_t commits = 0;     ///< transactions that committed at least one operation
  std::uint64_t failedBatches = 0;
  /// Upper bounds of `batches`; the last one counts larger batches.
  static constexpr std::array<double, 7> batchSizes{1, 2, 4, 8, 16, 64, 256};
  std::array<std::uint64_t, batchSizes.size() + 1> batches{};  ///< commits by number of operations
};

/// The SQLite database of a data directory: many readers, and one writer that commits all waiting operations together
/// (group commit). Every function may be called from any thread, but none from inside a write.
class Database {
 public:
  /// Opens the database of `directory`, which must have the schema of this program. Throws Error (versionMismatch,
  /// unreachable).
  Database(std::shared_ptr<DataDirectory> directory, const StoreOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Calls `work(Reader&)` on a read connection and returns what it returns. Never waits for the writer.
  template <class Work>
  auto read(Work&& work) {
    const Lease lease = leaseReader();
    return std::forward<Work>(work)(*lease.reader);
  }

  /// Calls `work(Reader&)` inside one read transaction: all its statements see the same state of the database.
  template <class Work>
  auto snapshot(Work&& work) {
    const Lease lease = leaseReader(true);
    return std::forward<Work>(work)(*lease.reader);
  }

  /// Runs `work(Transaction&)` on the writer's thread in a savepoint of its own, and returns its result after a COMMIT
  /// has made it durable. An exception from `work` rolls back this operation only and is rethrown here. `work` may run
  /// more than once, each time after a rollback. Throws Error: databaseFailed, diskFull, busy.
  template <class Work>
  auto write(Purpose purpose, Work&& work) {
    using Reply = std::invoke_result_t<Work&, Transaction&>;
    if constexpr (std::is_void_v<Reply>) {
      submit(purpose, [&](Transaction& transaction) { work(transaction); });
    } else {
      std::optional<Reply> reply;
      submit(purpose, [&](Transaction& transaction) { reply.emplace(work(transaction)); });
      return std::move(*reply);
    }
  }

  /// Runs `work(Transaction&)` as `write` does, rolls it back, and returns its result. Throws what `write` would throw.
  template <class Work>
  auto rehearse(Purpose purpose, Work&& work) {
    struct Undo {};
    std::optional<std::invoke_result_t<Work&, Transaction&>> reply;
    if (purpose == Purpose::grow) requireSpace();
    try {
      write(Purpose::rehearse, [&](Transaction& transaction) {
        reply.emplace(work(transaction));
        throw Undo{};
      });
    } catch (const Undo&) {
    }
    return *std::move(reply);
  }

  /// Throws diskFull if less than the floor plus `more` bytes is free in the data directory.
  void requireSpace(std::uint64_t more = 0) const;

  /// Returns whether the writer's last commit succeeded. If the last success is more than 5 s ago, tries an empty
  /// transaction.
  bool isReady() { return whyNotReady().empty(); }
  /// The same: returns why the last commit failed, or nothing if it succeeded.
  std::string whyNotReady();

  /// Checkpoints the write-ahead log as far as readers allow (PRAGMA wal_checkpoint(TRUNCATE)). Throws conflict if
  /// that is left to another program.
  void checkpoint();
  /// Returns who checkpoints the log.
  Checkpoints checkpoints() const;
  /// Returns the size of the write-ahead log in bytes; 0 if there is nothing to checkpoint.
  std::uint64_t logSize() const;

  /// Returns a number that changes with every commit of any process, without a system call. Data read afterwards is at
  /// least as recent. The first call opens a connection and may throw Error.
  std::uint64_t version() const;

  WriterCounters counters() const;
  DataDirectory& directory() const;

  /// Returns every SQL text prepared on any connection so far, for the test of query plans.
  std::vector<std::string> statements() const;

 private:
  struct Pool;
  struct Lease {
    Lease(Pool& pool, std::unique_ptr<SqliteConnection> connection, bool transaction);
    ~Lease();
    Lease(Lease&&) = delete;
    Pool& pool;
    std::unique_ptr<SqliteConnection> connection;
    bool transaction;
    Reader* reader;
  };
  Lease leaseReader(bool transaction = false);
  void submit(Purpose purpose, const std::function<void(Transaction&)>& work);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns whether the caller is inside an operation on the writer's thread. Public operations must not be called
/// there.
bool insideWrite() noexcept;

}  // namespace video::store

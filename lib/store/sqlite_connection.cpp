#include "store/sqlite_connection.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "store/sqlite_system_calls.hpp"

namespace video::store {

Error errorOf(int code, std::string_view message) {
  const int primary = code & 0xff;
  const int systemErrno = takeSqliteErrno();
  const bool isOfSystem = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  if (primary == SQLITE_FULL || (isOfSystem && (systemErrno == ENOSPC || systemErrno == EDQUOT)))
    return Error(Fault::diskFull, "no space left for the database");
  if (isOfSystem && (systemErrno == EMFILE || systemErrno == ENFILE))
    return Error(Fault::unavailable, "the database: too many open files");
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
    return Error(Fault::busy, "the database is locked by another process");
  return Error(Fault::databaseFailed, fmt::format("SQLite: {} ({})", message, code));
}

Error errorOf(const SQLite::Exception& exception) {
  const int extended = exception.getExtendedErrorCode();
  return errorOf(extended >= 0 ? extended : exception.getErrorCode(), exception.what());
}

SQLite::Database openSqlite(const std::filesystem::path& path, int flags, std::chrono::milliseconds busyTimeout) {
  prepareSqlite();
  forgetSqliteErrno();
  try {
    SQLite::Database opened(path.string(), flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
                            static_cast<int>(busyTimeout.count()));
    // The log and the shared memory file stay: on a disk without inodes they could not be made again.
    int persists = 1;
    sqlite3_file_control(opened.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &persists);
    return opened;
  } catch (const SQLite::Exception& exception) {
    const Error error = errorOf(exception);
    throw Error(error.fault(), fmt::format("{}: {}", path.string(), error.detail()));
  }
}

void leaveCheckpoints(sqlite3* connection) noexcept {
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_autocheckpoint(connection, 0);
}

void SqlTexts::add(std::string_view sql) {
  const std::lock_guard lock(mutex_);
  if (texts_.find(sql) == texts_.end()) texts_.emplace(sql);
}

std::vector<std::string> SqlTexts::all() const {
  const std::lock_guard lock(mutex_);
  return {texts_.begin(), texts_.end()};
}

namespace {

sqlite3_stmt* prepare(SqliteConnection& connection, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  forgetSqliteErrno();
  const int code = sqlite3_prepare_v3(connection.handle(), sql.c_str(), static_cast<int>(sql.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  if (code != SQLITE_OK) connection.fail(code);
  if (statement == nullptr || std::string_view(rest).find_first_not_of(" \t\n;") != std::string_view::npos) {
    sqlite3_finalize(statement);
    throw std::logic_error("not one SQL statement: " + sql);
  }
  return statement;
}

}  // namespace

Statement::Statement(SqliteConnection& its, std::string_view text)
    : connection(its),
      sql(text),
      handle(prepare(its, sql), &sqlite3_finalize),
      parameters(sqlite3_bind_parameter_count(handle.get())) {}

void Statement::check(int code) {
  if (code != SQLITE_OK) connection.fail(code);
}

void Statement::bind(int parameter, std::nullptr_t) {
  check(sqlite3_bind_null(handle.get(), parameter));
}

void Statement::bind(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(handle.get(), parameter, value));
}

void Statement::bind(int parameter, std::string_view text) {
  if (text.size() <= bound_.size() - used_) {
    char* const copy = bound_.data() + used_;
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    used_ += text.size();
    check(sqlite3_bind_text(handle.get(), parameter, copy, static_cast<int>(text.size()), SQLITE_STATIC));
  } else {
    check(sqlite3_bind_text64(handle.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  }
}

bool Statement::step() {
  if (done) return false;
  forgetSqliteErrno();
  const int code = sqlite3_step(handle.get());
  if (code == SQLITE_ROW) return true;
  done = true;
  if (code != SQLITE_DONE) connection.fail(code);
  return false;
}

void Statement::reset() noexcept {
  sqlite3_reset(handle.get());
  used_ = 0;
  done = false;
  inUse = false;
}

SqliteConnection::SqliteConnection(const std::filesystem::path& path, Kind kind, const StoreOptions& options,
                                   SqlTexts& texts)
    : database_(openSqlite(path, SQLITE_OPEN_READWRITE, options.lockTimeout)), texts_(texts) {
  sqlite3_extended_result_codes(handle(), 1);
  if (options.checkpoints == Checkpoints::external) leaveCheckpoints(handle());
  control("PRAGMA foreign_keys = ON");
  control("PRAGMA trusted_schema = OFF");
  control("PRAGMA temp_store = MEMORY");
  if (kind == Kind::reader) {
    control("PRAGMA query_only = ON");
    control("PRAGMA cache_size = -4096");
    if (options.mapped > 0) control(fmt::format("PRAGMA mmap_size = {}", options.mapped));
  } else {
    control(options.synchronous == Synchronous::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    control("PRAGMA cache_size = -16384");
    control("PRAGMA journal_size_limit = 67108864");
  }
}

Statement& SqliteConnection::find(std::string_view sql, bool listed) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    auto made = std::make_unique<Statement>(*this, sql);
    if (listed) texts_.add(sql);
    const std::string_view key = made->sql;
    found = statements_.emplace(key, std::move(made)).first;
  }
  Statement* free = found->second.get();
  while (free->inUse) {
    if (!free->same) free->same = std::make_unique<Statement>(*this, sql);
    free = free->same.get();
  }
  return *free;
}

Statement& SqliteConnection::statement(std::string_view sql) {
  return find(sql, true);
}

std::int64_t SqliteConnection::control(std::string_view sql) {
  Statement& steering = find(sql, false);
  struct Reset {
    Statement& statement;
    ~Reset() { statement.reset(); }
  } const reset{steering};
  std::int64_t number = 0;
  if (steering.step()) number = sqlite3_column_int64(steering.handle.get(), 0);
  while (steering.step()) continue;
  return number;
}

void SqliteConnection::rollBack() noexcept {
  if (isInTransaction()) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteConnection::fail(int code) {
  const int primary = code & 0xff;
  if (primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_CANTOPEN)
    broken_ = true;
  failure_ = errorOf(code, sqlite3_errmsg(handle()));
  throw Error(*failure_);
}

}  // namespace video::store

#include "store/schema.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/units.hpp"
#include "os/files.hpp"
#include "store/directory.hpp"
#include "store/sqlite_connection.hpp"

namespace video::store {
namespace {

constexpr std::string_view copyPrefix = "video.db.before-";

std::int64_t pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt64();
}

[[noreturn]] void throwNewer(const std::filesystem::path& path, std::int64_t schema, std::int64_t known) {
  throw Error(Fault::versionMismatch,
              fmt::format("{}: schema version {} is newer than this program supports ({}): install a newer "
                          "videod (`videoctl data migrate` cannot downgrade)",
                          path.string(), schema, known));
}

// Tells how far a migration is, also during a long statement.
class MigrationTeller {
 public:
  explicit MigrationTeller(const std::function<void(const MigrationState&)>& tell) : tell_(tell) {}
  MigrationTeller(const MigrationTeller&) = delete;
  MigrationTeller& operator=(const MigrationTeller&) = delete;

  void watch(SQLite::Database& database) {
    constexpr int instructions = 200'000;  // some milliseconds
    if (tell_) ::sqlite3_progress_handler(database.getHandle(), instructions, goOn, this);
  }
  void begin(std::string_view doing, std::size_t at = 0, std::size_t of = 0) noexcept {
    state_ = {doing, at, of, true};
    say();
  }

 private:
  static int goOn(void* teller) noexcept {
    auto& its = *static_cast<MigrationTeller*>(teller);
    its.state_.isNew = false;
    if (std::chrono::steady_clock::now() - its.said_ >= std::chrono::seconds{1}) its.say();
    return 0;
  }
  void say() noexcept try {
    said_ = std::chrono::steady_clock::now();
    if (tell_) tell_(state_);
  } catch (const std::exception&) {
  }

  const std::function<void(const MigrationState&)>& tell_;
  MigrationState state_;
  std::chrono::steady_clock::time_point said_;
};

void apply(SQLite::Database& database, const std::vector<Migration>& migrations, std::int64_t from,
           MigrationTeller* teller = nullptr) {
  database.exec("PRAGMA foreign_keys = OFF");
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const auto isToDo = [&](const Migration& migration) { return migration.number > from; };
  const auto steps = static_cast<std::size_t>(std::count_if(migrations.begin(), migrations.end(), isToDo));
  std::size_t begun = 0;
  for (const Migration& migration : migrations) {
    if (!isToDo(migration)) continue;
    if (teller != nullptr) teller->begin("changing the schema", ++begun, steps);
    database.exec(std::string(migration.sql));
    database.exec(fmt::format("PRAGMA user_version = {}", migration.number));
  }
  if (teller != nullptr) teller->begin("checking references", steps, steps);
  SQLite::Statement check(database, "PRAGMA foreign_key_check");
  if (check.executeStep())
    throw Error(Fault::databaseFailed, fmt::format("migration: would leave rows of {} with broken references",
                                                   check.getColumn(0).getString()));
  check.reset();
  transaction.commit();
}

/// Throws unless the whole schema is in the database file, without a write-ahead log.
void requireWhole(const std::filesystem::path& path) {
  SQLite::Database database = openSqlite(path, SQLITE_OPEN_READWRITE, std::chrono::seconds{10});
  const bool hasLog =
      std::filesystem::exists(path.string() + "-wal") || std::filesystem::exists(path.string() + "-journal");
  if (hasLog || pragma(database, "application_id") != applicationId ||
      pragma(database, "user_version") != latestSchema() ||
      database.execAndGet("PRAGMA journal_mode").getString() != "wal" ||
      database.execAndGet("PRAGMA integrity_check").getString() != "ok")
    throw Error(Fault::databaseFailed, fmt::format("{}: is not what was written", path.string()));
}

/// Writes a complete, synced copy of the database to `name`.
void copyDatabase(const DataDirectory& directory, SQLite::Database& database, const std::string& name) {
  const std::string incomplete = name + ".new";
  const int folder = directory.descriptor();
  os::FileSystem& files = directory.files();
  os::removeFile(files, folder, incomplete);
  try {
    SQLite::Statement vacuum(database, "VACUUM INTO ?");
    vacuum.bind(1, (directory.databasePath().parent_path() / incomplete).string());
    vacuum.exec();
    // Opening the copy again is safe for SQLite's locks: this process has no other connection to it.
    os::placeMadeFile(files, folder, incomplete, name);
  } catch (...) {
    files.unlinkat(folder, incomplete.c_str());
    throw;
  }
}

/// Throws diskFull unless there is room for a copy of the database, and for a log that has all of it once more.
void requireRoomToMigrate(const DataDirectory& directory, SQLite::Database& database) {
  const std::int64_t pages = pragma(database, "page_count") - pragma(database, "freelist_count");
  const auto size = static_cast<std::uint64_t>(pages * pragma(database, "page_size"));
  const std::uint64_t free = directory.freeSpace();
  if (free < 2 * size)
    throw Error(Fault::diskFull,
                fmt::format("migration: needs {} of free space in {}, which has {}; nothing was changed",
                            formatSize(2 * size), directory.path().string(), formatSize(free)));
}

/// Removes all copies except the two with the highest numbers, or fewer if that fails: the migration is done.
void keepTwoCopies(const DataDirectory& directory) {
  std::vector<std::pair<std::int64_t, std::string>> copies;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(directory.path(), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(copyPrefix)) continue;
    std::int64_t number = 0;
    const char* const last = name.data() + name.size();
    const auto [rest, problem] = std::from_chars(name.data() + copyPrefix.size(), last, number);
    if (problem == std::errc() && rest == last) copies.emplace_back(number, name);
  }
  std::sort(copies.begin(), copies.end());
  for (std::size_t i = 0; i + 2 < copies.size(); ++i)
    directory.files().unlinkat(directory.descriptor(), copies[i].second.c_str());
}

}  // namespace

std::int64_t latestSchema() {
  return migrations().back().number;
}

std::int64_t schemaOf(const DataDirectory& directory) {
  return schemaOf(directory.databasePath());
}

std::int64_t schemaOf(const std::filesystem::path& path) {
  try {
    SQLite::Database database = openSqlite(path, SQLITE_OPEN_READWRITE, std::chrono::seconds{10});
    leaveCheckpoints(database.getHandle());  // a look must not take anything from another program that checkpoints
    if (pragma(database, "application_id") != applicationId)
      throw Error(Fault::unreachable, fmt::format("{}: not a database of videod", path.string()));
    return pragma(database, "user_version");
  } catch (const SQLite::Exception& exception) {
    if (exception.getErrorCode() == SQLITE_NOTADB)
      throw Error(Fault::unreachable, fmt::format("{}: not a database", path.string()));
    throw errorOf(exception);
  }
}

std::int64_t schemaOf(SqliteConnection& connection, const std::filesystem::path& path) {
  if (connection.control("PRAGMA application_id") != applicationId)
    throw Error(Fault::unreachable, fmt::format("{}: not a database of videod", path.string()));
  return connection.control("PRAGMA user_version");
}

void requireSchema(const std::filesystem::path& path, std::int64_t schema) {
  const std::int64_t latest = latestSchema();
  if (schema > latest) throwNewer(path, schema, latest);
  if (schema < latest)
    throw Error(
        Fault::versionMismatch,
        fmt::format(
            "{}: schema version {} is older than this program needs ({}): run `videoctl data migrate --data-dir {}`",
            path.string(), schema, latest, path.parent_path().string()));
}

void makeDatabase(const std::filesystem::path& path) {
  try {
    {
      // Use a rollback journal, so that a COMMIT writes the database file; the checkpoint when closing a WAL reports no
      // failure.
      SQLite::Database database =
          openSqlite(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, std::chrono::seconds{10});
      database.exec(fmt::format("PRAGMA application_id = {}; PRAGMA synchronous = FULL", applicationId));
      apply(database, migrations(), 0);
      database.exec("PRAGMA journal_mode = WAL");
    }
    requireWhole(path);
  } catch (const SQLite::Exception& exception) {
    throw errorOf(exception);
  }
}

Migrated migrate(DataDirectory& exclusive, const std::vector<Migration>& migrations,
                 const std::function<void(const MigrationState&)>& progress) {
  const std::int64_t before = schemaOf(exclusive);
  const std::int64_t wanted = migrations.back().number;
  if (before > wanted) throwNewer(exclusive.databasePath(), before, wanted);
  if (before == wanted) return {before, before};
  const std::string copy = std::string(copyPrefix) + std::to_string(before);
  const bool hadCopy = ::faccessat(exclusive.descriptor(), copy.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  // The copy goes only after the database was closed: until then a failed COMMIT is in the log.
  const auto removeCopy = [&] {
    if (!hadCopy) exclusive.files().unlinkat(exclusive.descriptor(), copy.c_str());
  };
  MigrationTeller teller(progress);
  try {
    SQLite::Database database = openSqlite(exclusive.databasePath(), SQLITE_OPEN_READWRITE, std::chrono::seconds{10});
    requireRoomToMigrate(exclusive, database);
    teller.watch(database);
    teller.begin("copying the database");
    copyDatabase(exclusive, database, copy);
    // Closing empties the log.
    database.exec("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 0");
    apply(database, migrations, before, &teller);
    database.exec("PRAGMA journal_mode = WAL");
  } catch (const SQLite::Exception& exception) {
    const Error error = errorOf(exception);
    removeCopy();
    throw Error(error);
  } catch (...) {
    removeCopy();
    throw;
  }
  keepTwoCopies(exclusive);
  return {before, wanted};
}

}  // namespace video::store

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "store/migrations.hpp"

namespace video::store {

class SqliteConnection;
class DataDirectory;

/// Identifies a SQLite file as a database of videod (PRAGMA application_id).
inline constexpr std::int64_t applicationId = 0x56494445;  // "VIDE"

/// The schema version of this program: the number of its last migration.
std::int64_t latestSchema();

/// Returns the schema version of the directory's database, which may be open elsewhere. Throws unreachable if it is not
/// a database of videod.
std::int64_t schemaOf(const DataDirectory& directory);
std::int64_t schemaOf(const std::filesystem::path& database);

/// Returns the schema version through an open connection; `database` is used in errors.
std::int64_t schemaOf(SqliteConnection& connection, const std::filesystem::path& database);

/// Throws versionMismatch, naming the command to run, unless `schema` is this program's version.
void requireSchema(const std::filesystem::path& database, std::int64_t schema);

/// Creates a database with the whole schema in a file that does not exist yet. Throws Error (diskFull, databaseFailed).
void makeDatabase(const std::filesystem::path& database);

/// The schema versions before and after a migration.
struct Migrated {
  std::int64_t before;
  std::int64_t now;
};

/// How far a migration is.
struct MigrationState {
  std::string_view doing;  ///< in words
  std::size_t step = 0;    ///< of `steps`, from 1; 0 before the first
  std::size_t steps = 0;
  bool isNew = true;  ///< false: the same as before, which goes on
};

/// Migrates the database of a directory that is locked exclusively and not open elsewhere to the last of `steps`. First
/// makes a copy `video.db.before-N`; the last two copies are kept. All or nothing. `progress` is called at the start of
/// each step, and then about every second; what it throws is ignored. Throws Error: versionMismatch (newer than the
/// steps), diskFull (also if there is not twice the size of the database free, for the copy and the log),
/// databaseFailed.
Migrated migrate(DataDirectory& exclusive, const std::vector<Migration>& steps = migrations(),
                 const std::function<void(const MigrationState&)>& progress = {});

}  // namespace video::store

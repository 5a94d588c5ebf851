#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "store/migrations.hpp"

namespace video::store {

class SqliteConnection;
class DataDirectory;

/// What marks a SQLite file as a database of ours (PRAGMA application_id).
inline constexpr std::int64_t applicationId = 0x56494445;  // "VIDE"

/// The schema of this program: the number of the last migration.
std::int64_t latestSchema();

/// The schema of the directory's database; may be called beside open databases. Throws Error: unreachable (not ours).
std::int64_t schemaOf(const DataDirectory& directory);
std::int64_t schemaOf(const std::filesystem::path& database);

/// The same by a connection that is open; `database` is for the sentence of a failure.
std::int64_t schemaOf(SqliteConnection& connection, const std::filesystem::path& database);

/// Throws versionMismatch, with the command that helps, unless `schema` is this program's.
void requireSchema(const std::filesystem::path& database, std::int64_t schema);

/// Makes a database with the whole schema in a file that does not exist yet. Throws Error (diskFull, databaseFailed).
void makeDatabase(const std::filesystem::path& database);

/// The schema versions before and after a migration.
struct Migrated {
  std::int64_t before;
  std::int64_t now;
};

/// Brings the database of a directory held exclusively, and open nowhere, to the last of `steps`, after a copy
/// `video.db.before-N` (the last two are kept). All or nothing. Throws Error: versionMismatch (newer than the steps),
/// diskFull, databaseFailed.
Migrated migrate(DataDirectory& exclusive, const std::vector<Migration>& steps = migrations());

}  // namespace video::store

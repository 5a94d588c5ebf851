#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "os/files.hpp"
#include "store/backup_reader.hpp"
#include "store/directory.hpp"
#include "store/folder_filler.hpp"
#include "store/schema.hpp"
#include "store/sqlite_connection.hpp"

namespace video::store {
namespace {

constexpr std::size_t restorePiece = 1U << 20;
constexpr const char* databaseInSet = "video.db";
constexpr const char* newDatabase = "video.db.new";

std::int64_t unixMilliseconds(Time time) {
  return time.time_since_epoch().count();
}

// Copies files of a set, and compares them with their hashes on the way.
class SetCopier {
 public:
  SetCopier(os::FileSystem& files, int root, const std::function<Descriptor(const std::string&)>& open,
            const BackupProgress& progress, std::uint64_t all)
      : open_(open), progress_(progress), all_(all), filler_(files, root), piece_(restorePiece) {}

  // Returns what is wrong with the file, which is not there then; empty if nothing.
  std::string copy(const BackupEntry& entry, const std::string& to) {
    Descriptor from;
    try {
      from = open_(entry.path);
    } catch (const Error& error) {
      if (error.fault() == Fault::unavailable) throw;
      return error.detail();
    }
    if (!from) return "is in the manifest, but not there";
    struct stat is {};
    if (::fstat(from.number(), &is) != 0 || !S_ISREG(is.st_mode)) return "is not a file";
    if (std::cmp_not_equal(is.st_size, entry.size)) return fmt::format("has {} bytes, not {}", is.st_size, entry.size);
    if (!filler_.begin(to)) return "is there twice";
    const bool isWritten = !filler_.clone(from.number());
    Sha256 hash;
    std::uint64_t size = 0;
    std::string failure;
    while (size <= entry.size) {
      const ssize_t got = ::pread(from.number(), piece_.data(), piece_.size(), static_cast<off_t>(size));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) failure = std::generic_category().message(errno);
      if (got <= 0) break;
      const auto bytes = std::span<const std::byte>(piece_).first(static_cast<std::size_t>(got));
      hash.add(bytes);
      if (isWritten) filler_.write(bytes);
      size += bytes.size();
      if (progress_) progress_(done_ + size, all_);
    }
    filler_.end();
    done_ += entry.size;
    ::posix_fadvise(from.number(), 0, 0, POSIX_FADV_DONTNEED);
    if (failure.empty() && size != entry.size) failure = fmt::format("has {} bytes, not {}", size, entry.size);
    if (failure.empty() && hash.hex() != entry.sha256) failure = "has another SHA-256 than recorded";
    if (!failure.empty()) filler_.remove(to);
    return failure;
  }
  void flush() { filler_.flush(); }

 private:
  const std::function<Descriptor(const std::string&)>& open_;
  const BackupProgress& progress_;
  std::uint64_t all_;
  std::uint64_t done_ = 0;
  FolderFiller filler_;
  std::vector<std::byte> piece_;
};

std::int64_t runWith(SQLite::Database& database, const char* sql, std::int64_t value) {
  SQLite::Statement statement(database, sql);
  if (std::string_view(sql).find('?') != std::string_view::npos) statement.bind(1, value);
  return statement.exec();
}

void listTokens(SQLite::Database& database, Time now, std::vector<RevivedToken>& tokens) {
  SQLite::Statement query(database,
                          "SELECT t.public_id, u.login_name, t.label, t.scope, t.expires FROM tokens t JOIN users u ON "
                          "u.id = t.user_id WHERE u.deleted IS NULL AND (t.expires IS NULL OR t.expires > ?) ORDER BY "
                          "u.login_name, t.create_time");
  query.bind(1, unixMilliseconds(now));
  while (query.executeStep()) {
    RevivedToken token{query.getColumn(0).getString(), query.getColumn(1).getString(), query.getColumn(2).getString(),
                       query.getColumn(3).getString(), std::nullopt};
    if (!query.isColumnNull(4)) token.expires = Time{std::chrono::milliseconds{query.getColumn(4).getInt64()}};
    tokens.push_back(std::move(token));
  }
}

// What must not come back as it was. It works on the schema of any version, which is migrated later.
void adapt(SQLite::Database& database, std::int64_t schema, const RestoreOptions& options, BackupRestored& done) {
  const std::int64_t now = unixMilliseconds(options.now);
  const std::int64_t due = now + options.deletionDelay.count();
  database.exec("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL");
  database.exec("PRAGMA journal_mode = DELETE");  // a COMMIT then writes to the file itself
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  done.sessions = runWith(database, "DELETE FROM sessions", 0);
  if (options.revokeTokens)
    done.tokensRevoked = runWith(database, "DELETE FROM tokens", 0);
  else
    listTokens(database, options.now, done.tokens);
  database.exec("UPDATE rights_epoch SET epoch = epoch + 1");
  // Leases are of processes that have other directories open.
  database.exec("UPDATE video_del_rec SET state = 'waiting', lease_owner = NULL WHERE state = 'leased'");
  done.deletions = runWith(database, "UPDATE video_del_rec SET due = ?1 WHERE due < ?1", due) +
                   runWith(database, "UPDATE user_del_rec SET due = ?1 WHERE due < ?1", due);
  // Their bytes are not in a backup; clients are told that they have ended.
  if (schema >= 14) database.exec("UPDATE uploads SET state = 'expired' WHERE state = 'partial'");
  // A cursor of a standby that is ahead of this state must miss nothing: the numbers go on from the time, which is
  // ahead of every number that was given before.
  if (schema >= 19) {
    runWith(database, "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'content_changes' AND seq < ?1", now);
    runWith(database,
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'content_changes', ?1 WHERE NOT EXISTS (SELECT 1 FROM "
            "sqlite_sequence WHERE name = 'content_changes')",
            now);
  }
  // Forms for playing are made again.
  if (schema >= 16) {
    const char* const queue =
        schema >= 18
            ? "INSERT INTO rendition_queue (video_id, form, forced, due, user_id) SELECT id, 'play', 1, ?1, author_id "
              "FROM video_info WHERE play IS NOT NULL AND state IN ('ready', 'deleted') ON CONFLICT (video_id, form) "
              "DO UPDATE SET state = 'waiting', forced = 1, due = excluded.due, tries = 0, last_error = NULL"
            : "INSERT INTO rendition_queue (video_id, form, forced, due) SELECT id, 'play', 1, ?1 FROM video_info "
              "WHERE play IS NOT NULL AND state IN ('ready', 'deleted') ON CONFLICT (video_id, form) DO UPDATE SET "
              "state = 'waiting', forced = 1, due = excluded.due, tries = 0, last_error = NULL";
    runWith(database, queue, now);
    database.exec("UPDATE video_info SET play = NULL WHERE play IS NOT NULL");
  }
  transaction.commit();
  database.exec("PRAGMA journal_mode = WAL");
}

bool isContent(std::string_view path) {
  return isPlainPath(path) && (path.starts_with("blobs/") || path.starts_with("derived/"));
}

}  // namespace

BackupRestored restoreBackup(const std::function<Descriptor(const std::string&)>& open,
                             const std::filesystem::path& target, const RestoreOptions& options,
                             const BackupProgress& progress, os::FileSystem& files) {
  const Descriptor manifestFile = open(BackupManifest::name);
  if (!manifestFile) throw Error(Fault::notFound, "there is no backup (no manifest.json in it)");
  const BackupManifest manifest = readManifest(manifestFile, BackupManifest::name);
  if (manifest.head.schema > latestSchema())
    throw Error(Fault::versionMismatch,
                fmt::format("the backup has schema version {}, which is newer than this program supports ({}): install "
                            "a newer videod",
                            manifest.head.schema, latestSchema()));
  const auto database = std::find_if(manifest.files.begin(), manifest.files.end(),
                                     [](const BackupEntry& entry) { return entry.path == databaseInSet; });
  if (database == manifest.files.end()) throw Error(Fault::malformed, "the backup has no video.db");
  BackupRestored done;
  done.head = manifest.head;
  const auto restore = [&](int root) {
    done.problems = manifest.head.problems;
    SetCopier copier(files, root, open, progress, manifest.head.bytes);
    if (const std::string failure = copier.copy(*database, newDatabase); !failure.empty())
      throw Error(Fault::checksumMismatch, fmt::format("video.db of the backup is damaged: {}", failure));
    for (const BackupEntry& entry : manifest.files) {
      if (entry.path == databaseInSet) continue;
      const std::string failure = isContent(entry.path) ? copier.copy(entry, entry.path) : "is not a content";
      if (!failure.empty()) done.problems.push_back({"damaged", entry.path, failure});
    }
    copier.flush();
    try {
      SQLite::Database opened =
          openSqlite(std::filesystem::canonical(target) / newDatabase, SQLITE_OPEN_READWRITE, std::chrono::seconds{10});
      opened.exec("PRAGMA trusted_schema = OFF");
      if (opened.execAndGet("PRAGMA application_id").getInt64() != applicationId ||
          opened.execAndGet("PRAGMA user_version").getInt64() != manifest.head.schema)
        throw Error(Fault::malformed, "video.db of the backup is not the database that the manifest says");
      adapt(opened, manifest.head.schema, options, done);
    } catch (const SQLite::Exception& exception) {
      throw errorOf(exception);
    }
  };
  DataDirectory::createFrom(target, restore, files, options.freeSpaceFloor);
  return done;
}

}  // namespace video::store

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// A data directory and its schema version.
struct DataState {
  std::string path;
  std::int64_t schema = 0;  ///< schema version now
  std::int64_t before = 0;  ///< schema version before; 0 = the directory is new
};

/// A finished backup set.
struct BackupReport {
  std::string path;
  Time time{};              ///< of the state of the database
  std::int64_t schema = 0;  ///< schema version of the database
  std::int64_t files = 0;
  std::int64_t reused = 0;  ///< files that are shared with an earlier set
  std::uint64_t bytes = 0;  ///< of all files
  std::int64_t problems = 0;
};

/// What is wrong with a content or with a file of a backup set.
struct BackupProblem {
  std::string kind;    ///< `missing`, `damaged` or `extra`
  std::string path;    ///< below the set
  std::string detail;  ///< for people
};

/// A token that is valid again after a restore.
struct RestoredToken {
  TokenId id;
  std::string userName;
  std::string label;
  std::string scope;
  Nullable<Time> expires;
};

/// What a restore has done.
struct RestoreReport {
  std::int64_t schema = 0;  ///< schema version of the database, which may be older than this program's
  bool isOlder = false;     ///< whether it is
  Time time{};              ///< of the state of the database
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
  std::int64_t sessions = 0;   ///< that were ended
  std::int64_t deletions = 0;  ///< that were put off
  std::int64_t tokensRevoked = 0;
  std::vector<RestoredToken> tokens;
  std::vector<BackupProblem> problems;  ///< files that could not be restored
};

/// Files of contents that were added after a cursor.
struct ContentChanges {
  std::vector<std::string> paths;  ///< below the data directory; files that are gone are left out
  std::int64_t next = 0;           ///< the cursor for the changes after these
  bool isLast = true;              ///< there are no more now
};

/// What something in the dump is; `file` is a file in the folder of videos.
enum class ImportKind { dump, user, video, comment, session, deletion, file };

/// What an import did with something: took it over, took it over under another name, found it imported already, let it
/// end with the old site, left it behind although it should have come, or has something to say of it.
enum class ImportStatus { imported, renamed, unchanged, ended, skipped, noted };

/// What an import did with one thing of the old site.
struct ImportedItem {
  ImportStatus status = ImportStatus::skipped;
  ImportKind kind = ImportKind::dump;
  std::string oldId;    ///< there; of sessions, how many there are
  std::string oldName;  ///< there; empty for what has no name
  std::string id;       ///< here; empty if it is not here, and in a dry run
  std::string name;     ///< here
  std::string detail;   ///< for people
};

/// Operations on a data directory as a whole; only local. Every function throws Error.
class Data {
 public:
  /// Called now and then with the bytes that are done and those of all, 0 if not known; may throw to stop.
  using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;
  /// Takes what is wrong with a content.
  using Problems = std::function<void(const BackupProblem&)>;
  using Write = std::function<void(std::span<const std::byte>)>;

  virtual ~Data() = default;
  /// Creates a data directory in a new or empty folder; an existing data directory is left unchanged. Faults: conflict
  /// (the folder has other files), versionMismatch (newer than this program).
  virtual DataState init() = 0;
  /// Migrates the schema to this program's version, after making a backup of the database. Faults: busy (in use),
  /// versionMismatch (newer than this program), diskFull.
  virtual DataState migrate() = 0;
  /// Creates a new signing key. Every signed link made before becomes invalid, in every process, at its next request.
  virtual void rotateKey() = 0;

  /// Makes the backup set `to`, a new folder: the database at one moment, and the contents that it names then, while
  /// everything goes on. Contents that are missing or damaged are reported to `problems`, and the rest goes on.
  /// `becomeOwner` is called once the folder is prepared, and gives up the rights of root. Faults: conflict (`to`
  /// exists), notFound (the folder it is to be in is missing), busy (another backup is running), versionMismatch,
  /// diskFull.
  virtual BackupReport backup(const std::filesystem::path& to, const std::function<void()>& becomeOwner,
                              const Progress& progress, const Problems& problems) = 0;
  /// The same as a tar archive, whose bytes are passed to `write`.
  virtual BackupReport backup(const Write& write, const Progress& progress, const Problems& problems) = 0;
  /// Reads a set, or the archive that `archive` passes on, and reports all that is not as its manifest says. It needs
  /// no data directory. Faults: notFound (there is no set), malformed, versionMismatch (a newer format).
  virtual BackupReport verify(const std::filesystem::path& set, const Progress& progress, const Problems& problems) = 0;
  /// The same with a tar archive.
  virtual BackupReport verify(const std::function<void(const Write&)>& archive, const Problems& problems) = 0;
  /// Makes this data directory of a set, in a missing or empty folder; `open` opens a file of the set by its path below
  /// it, and returns an empty descriptor if there is none. All hashes are checked. Ends all sessions, puts off
  /// deletions, and revokes all tokens if asked to. All or nothing, but files that are damaged in the set are left out
  /// and reported. Faults: conflict (the folder is not empty), busy (in use), notFound, versionMismatch (newer),
  /// checksumMismatch (the database of the set is damaged), diskFull.
  virtual RestoreReport restore(const std::function<Descriptor(const std::string& path)>& open, bool revokeTokens,
                                const Progress& progress) = 0;
  /// Returns at most `most` of the files of contents that were added after `cursor` (0 = all), oldest first.
  virtual ContentChanges changes(std::int64_t cursor, std::int64_t most) = 0;
};

}  // namespace video

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/visibility.hpp"

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

/// What can be wrong in a data directory.
enum class FindingKind {
  damagedDatabase,  ///< SQLite's own check found something
  brokenReference,  ///< rows name rows that do not exist
  missingContent,   ///< a video's content is missing or cannot be opened
  wrongSize,        ///< a content has another size than its row says
  wrongHash,        ///< a content has another SHA-256
  missingDerived,   ///< a video's picture or playable form is missing
  orphan,           ///< a file that no row names
  leftoverUpload,   ///< a file of an upload that has ended
  lostBytes,        ///< an upload of which fewer bytes are stored than its row says
  deadDeletion,     ///< a deletion that was given up, or is not queued
  wrongSums,        ///< a user's use of space, or a video's, was summed up wrongly
  lost,             ///< a file in lost+found, which is nothing wrong
};

/// What became of a finding.
enum class FindingState { found, repaired, failed, information };

/// Something that a check has found.
struct Finding {
  FindingKind kind = FindingKind::damagedDatabase;
  FindingState state = FindingState::found;
  std::string id;      ///< ID of the video or upload, name of the user, or path in the data directory
  std::string detail;  ///< what is wrong
  std::string repair;  ///< what repairing it does, or has done; begins with `none` if that is not possible
};

/// How to check a data directory.
struct CheckData {
  bool hash = false;    ///< compare contents with their SHA-256, which reads all of them
  bool repair = false;  ///< repair what can be repaired
};

/// What an export did with a video.
enum class ExportOutcome { exported, updated, moved, unchanged, failed };

/// Which videos to export.
struct ExportData {
  std::optional<std::string> user;  ///< default: those of all users
};

/// An exported video.
struct ExportedVideo {
  ExportOutcome outcome = ExportOutcome::unchanged;
  VideoId id;
  std::string path;    ///< of its content, in the folder
  std::string detail;  ///< why it failed
};

/// Is told how far a long operation is: how much of how much (0: not known) is done. What it throws ends the operation.
using DataProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// Operations on a data directory as a whole; only local. Every function throws Error.
class Data {
 public:
  /// Takes what is wrong with a content.
  using Problems = std::function<void(const BackupProblem&)>;
  using Write = std::function<void(std::span<const std::byte>)>;

  virtual ~Data() = default;
  /// Creates a data directory in a new or empty folder; an existing data directory is left unchanged. Faults: conflict
  /// (the folder has other files), versionMismatch (newer than this program).
  virtual DataState init() = 0;
  /// Migrates the schema to this program's version, after making a backup of the database. Faults: busy (in use),
  /// versionMismatch (newer than this program), diskFull.
  virtual DataState migrate(const DataProgress& progress) = 0;
  /// Creates a new signing key. Every signed link made before becomes invalid, in every process, at its next request.
  virtual void rotateKey() = 0;

  /// Makes the backup set `to`, a new folder: the database at one moment, and the contents that it names then, while
  /// everything goes on. Contents that are missing or damaged are reported to `problems`, and the rest goes on; those
  /// that the newest set beside it has are shared with it, and but for a few not read.
  /// `becomeOwner` is called once the folder is prepared, and gives up the rights of root. Faults: conflict (`to`
  /// exists), notFound (the folder it is to be in is missing), busy (another backup is running), versionMismatch,
  /// diskFull.
  virtual BackupReport backup(const std::filesystem::path& to, const std::function<void()>& becomeOwner,
                              const DataProgress& progress, const Problems& problems) = 0;
  /// The same as a tar archive, whose bytes are passed to `write`.
  virtual BackupReport backup(const Write& write, const DataProgress& progress, const Problems& problems) = 0;
  /// Reads a set, or the archive that `archive` passes on, and reports all that is not as its manifest says. It needs
  /// no data directory. Faults: notFound (there is no set), malformed, versionMismatch (a newer format).
  virtual BackupReport verify(const std::filesystem::path& set, const DataProgress& progress,
                              const Problems& problems) = 0;
  /// The same with a tar archive.
  virtual BackupReport verify(const std::function<void(const Write&)>& archive, const Problems& problems) = 0;
  /// Makes this data directory of a set, in a missing or empty folder; `open` opens a file of the set by its path below
  /// it, and returns an empty descriptor if there is none. All hashes are checked. Ends all sessions, puts off
  /// deletions, and revokes all tokens if asked to. All or nothing, but files that are damaged in the set are left out
  /// and reported. Faults: conflict (the folder is not empty), busy (in use), notFound, versionMismatch (newer),
  /// checksumMismatch (the database of the set is damaged), diskFull.
  virtual RestoreReport restore(const std::function<Descriptor(const std::string& path)>& open, bool revokeTokens,
                                const DataProgress& progress) = 0;
  /// Returns at most `most` of the files of contents that were added after `cursor` (0 = all), oldest first.
  virtual ContentChanges changes(std::int64_t cursor, std::int64_t most) = 0;
  /// Compares rows and files, and calls `found` for each difference and for each file in lost+found. Daemons may go on;
  /// to repair, nobody else may use the directory. A repair deletes nothing: it moves files, and rows as JSON, to
  /// lost+found, and puts contents from there back where they are missing. Faults: busy, versionMismatch, diskFull.
  virtual void check(const CheckData& wanted, const std::function<void(const Finding&)>& found,
                     const DataProgress& progress) = 0;
  /// Copies videos to the open folder `folder`, as `USER/DATE TITLE.EXT`, each with a JSON file that says the rest of
  /// it, its subtitles (VTT), its danmaku (XML, as Bilibili has it) and its comments (JSON lines); without those in the
  /// trash. Calls `each` for each video. What is there already stays, renamed if its title has changed; nothing is
  /// removed. Each file is whole or not there. Faults: notFound (the user), diskFull, forbidden (the folder may not be
  /// written to).
  virtual void exportTo(const ExportData& wanted, int folder, const std::function<void(const ExportedVideo&)>& each,
                        const DataProgress& progress) = 0;
};

/// What another site has.
enum class ImportKind { user, video, comment, session, deletion, file };

/// What became of it.
enum class ImportOutcome { imported, skipped, failed };

/// A thing of another site, and what became of it.
struct ImportedThing {
  ImportKind kind = ImportKind::user;
  ImportOutcome outcome = ImportOutcome::imported;
  std::string oldId;   ///< there
  std::string newId;   ///< here; empty for none
  std::string name;    ///< here; of users and videos
  std::string detail;  ///< what was changed, or why it was left out
};

/// How many things an import has met.
struct ImportTotals {
  std::int64_t users = 0;  ///< imported now, as the next two
  std::int64_t videos = 0;
  std::int64_t comments = 0;
  std::int64_t before = 0;    ///< imported by an earlier run
  std::int64_t sessions = 0;  ///< all of them have ended
  std::int64_t skipped = 0;
  std::int64_t failed = 0;
};

/// The files of another site, as the caller may read them.
struct ImportFiles {
  /// Reads the dump from an offset, and returns how many bytes; 0 at its end.
  std::function<std::size_t(std::uint64_t offset, std::span<char> to)> dump;
  /// Opens a file of the folder of contents by its name; null if there is none. It exists while the source does.
  std::function<std::optional<ByteSource>(const std::string& name)> content;
  /// Returns the names in that folder.
  std::function<std::vector<std::string>()> contents;
};

/// How to import.
struct ImportOptions {
  std::string site = "original";                       ///< what the operator calls the other site
  Visibility visibility = Visibility::unlisted;        ///< of its videos
  std::chrono::milliseconds deletionDelay{3'600'000};  ///< how long a video whose deletion was waiting can be restored
};

/// Imports from sites that are or descend from the original one, out of a dump of their MySQL database. Throws Error.
class DataImport {
 public:
  virtual ~DataImport() = default;
  /// Takes users, videos with their contents, and comments over. The whole dump is read before anything is changed.
  /// Calls `each` for each user and video that is taken over, and for each thing that is not. What an earlier run took
  /// over stays as it is. Faults: malformed (the dump), diskFull.
  virtual ImportTotals run(const ImportFiles& files, const ImportOptions& options,
                           const std::function<void(const ImportedThing&)>& each, const DataProgress& progress) = 0;
};

}  // namespace video

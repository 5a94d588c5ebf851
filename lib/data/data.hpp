#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.hpp"
#include "base/ids.hpp"
#include "os/descriptor.hpp"

namespace video {

/// A data directory and its schema version.
struct DataState {
  std::string path;
  std::int64_t schema = 0;  ///< schema version now
  std::int64_t before = 0;  ///< schema version before; 0 = the directory is new
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

/// Is told how far a long operation is: what it does, how many of how many are done (0: not known).
using DataProgress = std::function<void(std::string_view what, std::int64_t done, std::int64_t all)>;

/// Operations on a data directory as a whole; only local. Every function throws Error.
class Data {
 public:
  virtual ~Data() = default;
  /// Creates a data directory in a new or empty folder; an existing data directory is left unchanged. Faults: conflict
  /// (the folder has other files), versionMismatch (newer than this program).
  virtual DataState init() = 0;
  /// Migrates the schema to this program's version, after making a backup of the database. Faults: busy (in use),
  /// versionMismatch (newer than this program), diskFull.
  virtual DataState migrate(const DataProgress& progress) = 0;
  /// Creates a new signing key. Every signed link made before becomes invalid, in every process, at its next request.
  virtual void rotateKey() = 0;
  /// Compares rows and files, and calls `found` for each difference and for each file in lost+found. Daemons may go on;
  /// to repair, nobody else may use the directory. A repair deletes nothing: it moves files, and rows as JSON, to
  /// lost+found, and puts contents from there back where they are missing. Faults: busy, versionMismatch, diskFull.
  virtual void check(const CheckData& wanted, const std::function<void(const Finding&)>& found,
                     const DataProgress& progress) = 0;
  /// Copies videos to a folder, as `USER/DATE TITLE.EXT`, each with a JSON file that says the rest of it, its subtitles
  /// (VTT), its danmaku (XML, as Bilibili has it) and its comments (JSON lines); without those in the trash. Calls
  /// `each` for each video. What is there already stays, renamed if its title has changed; nothing is removed. Each
  /// file is whole or not there. Faults: notFound (the user), diskFull, forbidden (the folder may not be written to).
  virtual void exportTo(const ExportData& wanted, const Descriptor& folder,
                        const std::function<void(const ExportedVideo&)>& each, const DataProgress& progress) = 0;
};

}  // namespace video

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.hpp"
#include "base/bytes.hpp"
#include "base/forward.hpp"
#include "base/visibility.hpp"
#include "data/data.hpp"
#include "uploads/uploads.hpp"

namespace video {

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

/// Makes the implementation; the arguments must outlive it.
std::unique_ptr<DataImport> makeDataImport(store::Database& database, LocalUploads& uploads,
                                           const access::AccessOptions& options);

/// The name that a user gets here: the same one if it is allowed, else one that is; `number` is for a name of which
/// nothing would be left.
std::string importedName(std::string_view name, std::string_view number);

/// Parses a time as MySQL writes it, `2026-11-21 01:48:20`, or as the original site shows it, `Nov 21 2026, 01:48:20`,
/// taken as UTC. Returns nothing if it is neither.
std::optional<Time> parseImportedTime(std::string_view text);

}  // namespace video

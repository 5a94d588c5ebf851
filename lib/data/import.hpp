#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/forward.hpp"
#include "data/data.hpp"
#include "os/descriptor.hpp"

namespace video {

/// What to import.
struct ImportSource {
  using Take = std::function<void(std::span<const std::byte>)>;
  /// Passes all bytes of the dump on; called once for each time that it is read.
  std::function<void(const Take&)> dump;
  /// Opens a file of the folder of videos; empty if there is none.
  std::function<Descriptor(const std::string& name)> open;
  std::vector<std::string> files;  ///< names in that folder
};

/// How to import.
struct ImportOptions {
  bool unknownTypes = false;               ///< as UploadsOptions::serveUnknownTypes
  std::chrono::milliseconds trashDelay{};  ///< after which a video that was to be deleted there is purged
};

/// Takes users, videos, comments and pending deletions of the original site over from a mysqldump. For one thread.
class SiteImport {
 public:
  /// Takes what became of each thing, in the order of the work.
  using Report = std::function<void(const ImportedItem&)>;
  /// Called after each with their number so far; may throw to stop. What was imported by then stays.
  using Progress = std::function<void(std::int64_t done)>;

  virtual ~SiteImport() = default;
  /// Imports what was not imported yet: each user or video, and comments by the hundred, whole or not at all. Quotas,
  /// the limit of an upload and lists of words do not apply. Throws Error: malformed (the dump cannot be read),
  /// diskFull.
  virtual void run(const ImportSource& source, const Report& report, const Progress& progress) = 0;
  /// Reports what `run` would do, and changes nothing. Contents are only looked at, not read.
  virtual void rehearse(const ImportSource& source, const Report& report, const Progress& progress) = 0;
};

/// Makes the import into a data directory; the arguments must outlive it.
std::unique_ptr<SiteImport> makeSiteImport(store::Database& database, store::Blobs& blobs, access::Access& access,
                                           const ImportOptions& options);

}  // namespace video

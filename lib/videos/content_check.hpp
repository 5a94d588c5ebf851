#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/forward.hpp"
#include "base/sha256.hpp"
#include "os/descriptor.hpp"
#include "schedule/schedule.hpp"
#include "videos/rows.hpp"

namespace video {

/// The file of a ready video's content, or why it cannot be served.
struct StoredContent {
  std::shared_ptr<const Descriptor> file;
  std::string damage{};  ///< empty if the file is there, opens, and has its recorded size
};

/// Opens the content of a ready video. Throws unavailable if the process has no descriptors left.
StoredContent openContent(const store::Blobs& blobs, const rows::StoredVideo& video);

/// Records contents that are missing or damaged. May be used from any thread, but not inside a write.
class DamagedContents {
 public:
  DamagedContents(store::Database& database, const access::Access& access) : database_(database), access_(access) {}
  /// Logs which file is damaged and records it, once per content and only if it still is the video's. If it cannot be
  /// recorded, logs it once.
  void note(const VideoId& video, const std::string& blob, std::string_view why) noexcept;
  /// Removes the record, if there is one. Throws Error.
  void clear(const VideoId& video, const std::string& blob);

 private:
  store::Database& database_;
  const access::Access& access_;
  std::mutex mutex_;
  std::set<std::string> unrecorded_;  // contents that were logged only
};

/// Compares the content of a ready video with its recorded size and SHA-256, and records damage. Keeps the file open.
/// For one thread at a time.
class ContentCheck {
 public:
  /// Opens the content of a video, also if it is being replaced. Returns nothing if the video is not ready.
  static std::optional<ContentCheck> open(DamagedContents& damaged, store::Database& database,
                                          const store::Blobs& blobs, const VideoId& id);
  /// Returns the number of bytes read so far.
  std::uint64_t size() const noexcept { return size_; }
  /// Reads at most so many more bytes. Returns whether there is nothing left to read.
  bool read(std::uint64_t most);
  /// Returns the result, which ended at `now`. Call it once, when nothing is left to read.
  VerifiedVideo finish(Time now);

 private:
  ContentCheck(DamagedContents& damaged, const store::Blobs& blobs, rows::StoredVideo video);

  DamagedContents& damaged_;
  rows::StoredVideo video_;
  StoredContent content_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> piece_;
};

/// Makes the task that checks the contents known to be damaged and one in `share` of the others, starting where the
/// last run ended. It has one low-priority executor and can be stopped between pieces of a content.
schedule::Task makeVerifyTask(DamagedContents& damaged, store::Database& database, const store::Blobs& blobs,
                              const access::Access& access, const std::atomic<std::int64_t>& share);

}  // namespace video

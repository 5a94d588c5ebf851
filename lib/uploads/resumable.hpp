#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "access/access.hpp"
#include "store/blobs.hpp"
#include "uploads/in_progress.hpp"
#include "uploads/publish.hpp"
#include "uploads/rows.hpp"
#include "uploads/turns.hpp"
#include "uploads/uploads.hpp"
#include "videos/videos.hpp"

namespace video {

/// The hashes of what partial uploads have, so that it need not be read again when they go on. May be used from any
/// thread.
class HashedUploads {
 public:
  /// Puts `hashed` back in the end, as it is then.
  class Keep {
   public:
    Keep(HashedUploads& all, const std::string& id, const store::HashedPart& hashed)
        : all_(all), id_(id), hashed_(hashed) {}
    ~Keep() { all_.put(id_, hashed_); }
    Keep(const Keep&) = delete;
    Keep& operator=(const Keep&) = delete;

   private:
    HashedUploads& all_;
    const std::string& id_;
    const store::HashedPart& hashed_;
  };

  /// Returns the hash of an upload, and forgets it.
  store::HashedPart take(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = hashes_.find(id);
    if (found == hashes_.end()) return {};
    store::HashedPart hashed = std::move(found->second);
    hashes_.erase(found);
    return hashed;
  }

 private:
  static constexpr std::size_t mostHashes = 1000;

  void put(const std::string& id, const store::HashedPart& hashed) noexcept try {
    if (hashed.size == 0) return;
    const std::lock_guard lock(mutex_);
    if (hashes_.size() >= mostHashes) hashes_.erase(hashes_.begin());  // the oldest, because IDs ascend
    hashes_.insert_or_assign(id, hashed);
  } catch (const std::exception&) {
    // It is computed again.
  }

  std::mutex mutex_;
  std::map<std::string, store::HashedPart> hashes_;
};

/// The uploads of a data directory that can be resumed: the operations of Uploads of these names.
class ResumableUploads {
 public:
  /// The arguments must outlive it. `wakePurge` is as in makeLocalUploads.
  ResumableUploads(store::Database& database, store::Blobs& blobs, access::Access& access, Videos& videos,
                   Publisher& publisher, UploadsInProgress& inProgress, const UploadsOptions& options,
                   std::function<void()> wakePurge)
      : database_(database),
        blobs_(blobs),
        access_(access),
        videos_(videos),
        publisher_(publisher),
        inProgress_(inProgress),
        options_(options),
        wakePurge_(std::move(wakePurge)) {}

  ResumableUpload create(const Credential& by, const NewUpload& wanted);
  ResumableUpload resume(const Credential& by, const UploadRef& wanted);
  ResumableUpload append(const Credential& by, const AppendUpload& wanted, const ByteSource& bytes);
  void abort(const Credential& by, const UploadRef& wanted);
  ResumableUpload show(const Credential& by, const UploadRef& wanted);
  Page<ResumableUpload> list(const Credential& by, const UploadQuery& wanted);
  void drain() { turns_.drain(); }

 private:
  // One piece of an upload that is being received.
  struct Receiving {
    rows::StoredUpload& upload;  // as it is recorded
    std::int64_t before;         // bytes that are stored
    const UploadTurns::Turn& turn;
    UserId sender;
    std::optional<Checksum> checksum{};
    std::optional<std::string> digest{};
  };

  rows::StoredUpload findMine(store::Reader& reader, const Credential& by, const access::Identity& who,
                              const UploadId& id, const access::Right& right);
  rows::StoredUpload findMine(const Credential& by, const access::Identity& who, const UploadId& id,
                              const access::Right& right);
  rows::StoredUpload findLive(const Credential& by, const access::Identity& who, const UploadId& id,
                              const access::Right& right);
  std::int64_t storedOf(const rows::StoredUpload& upload) const;
  ResumableUpload insert(const Credential& by, const NewUpload& wanted, const VideoId& id, bool madeVideo);
  void setSize(rows::StoredUpload& upload, std::int64_t size, std::int64_t stored);
  void receive(const Credential& by, const Receiving& its, const ByteSource& bytes);
  bool record(rows::StoredUpload& upload, std::uint64_t bytes, bool isChanged = false);
  bool isBlocked(const std::string& sha256);
  bool isAsRead(const rows::StoredUpload& upload);
  void publish(const Credential& by, rows::StoredUpload& upload, store::Incoming& incoming);
  void recordUnpublished(rows::StoredUpload& upload, store::Incoming& incoming) noexcept;
  void publishWhole(const Credential& by, const Receiving& its);
  void remove(const rows::StoredUpload& upload);
  void removePending(const VideoId& id) noexcept;

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  Videos& videos_;
  Publisher& publisher_;
  UploadsInProgress& inProgress_;
  const UploadsOptions& options_;
  const std::function<void()> wakePurge_;
  UploadTurns turns_;
  HashedUploads hashes_;
};

}  // namespace video

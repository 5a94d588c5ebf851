#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.hpp"
#include "contents/rows.hpp"
#include "media/sniff.hpp"
#include "store/blobs.hpp"
#include "uploads/rows.hpp"
#include "uploads/uploads.hpp"
#include "videos/rows.hpp"

namespace video {

/// Free space is checked again each time this many bytes have arrived.
inline constexpr std::uint64_t spaceStep = 1ULL << 20;
/// Space that an upload of unknown size needs: for what arrives until the next check, and for what is not on disk yet.
inline constexpr std::uint64_t spaceAhead = 10ULL << 20;

/// What all ways to upload share: which videos take content, how much of it, and how it is published. May be used from
/// any thread.
class Publisher {
 public:
  /// The arguments must outlive it. `wakePurge` is as in makeLocalUploads.
  Publisher(store::Database& database, store::Blobs& blobs, access::Access& access, const UploadsOptions& options,
            std::function<void()> wakePurge)
      : database_(database), blobs_(blobs), access_(access), options_(options), wakePurge_(std::move(wakePurge)) {}

  /// Returns a video whose content the caller may store or replace. `begun`: when the upload began, if that was before:
  /// a link must have been valid then. Throws notFound, forbidden, conflict.
  rows::StoredVideo findUploadable(store::Reader& reader, const Credential& by, const access::Identity& who,
                                   const VideoId& id, std::optional<Time> begun = {});
  /// Throws forbidden unless the link lets its holder upload to the video (nothing: it was purged). Returns whether the
  /// holder is a guest, who came by a drop link.
  bool requireLink(store::Reader& reader, const SignedLink& link, const VideoId& id,
                   const std::optional<rows::StoredVideo>& video, std::optional<Time> begun);
  /// Throws conflict if a video's content cannot be replaced in its state.
  static void requireReplaceable(const rows::StoredVideo& video);
  /// Throws tooLarge or conflict for what a guest sends through a drop link, unless it is the video's first file and no
  /// larger than was announced.
  static void requireAnnounced(const rows::StoredVideo& video, std::uint64_t size);
  /// Throws if the video's owner may not store content of this size instead of the present one. Returns the largest
  /// size that the quota allows.
  std::uint64_t requireQuota(store::Reader& reader, const rows::StoredVideo& video, std::optional<std::uint64_t> size);
  /// Does the same for an owner who is counted as using `more` bytes than recorded.
  std::uint64_t requireQuota(store::Reader& reader, UserId owner, std::int64_t more, std::optional<std::uint64_t> size);
  /// Returns the kind of a file that begins with `front`. Throws unsupportedMediaType.
  media::Kind kindOf(std::string_view front) const;
  /// Publishes what came as the content of a video. `resumable`: the upload that it comes from; `origin`: the content
  /// of the video that it was made from.
  Uploaded commit(const Credential& by, const Upload& wanted, store::Incoming& incoming,
                  const rows::StoredUpload* resumable = nullptr, const rows::StoredVideo* origin = nullptr);

  /// Throws unsupportedMediaType if a file that begins with `front` is no video, as far as that tells. Returns whether
  /// that is certain.
  bool requireVideo(std::string_view front) const;

  Error tooLarge() const;
  static Error overQuota();
  static Error isEmpty();
  static Error isNoVideo();
  static Error isGone(const UploadId& id, std::string_view why);

 private:
  // A content whose row was refused after it had been written.
  struct Refused {
    std::string blob;
    std::int64_t size;
    UserId owner;
  };

  std::optional<media::MediaInfo> lookInto(const rows::NewContent& content) const;
  void removeRefused() noexcept;
  bool refuse(Refused one) noexcept;

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  const UploadsOptions& options_;
  const std::function<void()> wakePurge_;
  std::mutex refusedMutex_;
  std::vector<Refused> refused_;
};

/// Judges an upload while it arrives, so that what is no video is refused after its first bytes; what is left is judged
/// when it is published. For one thread.
class FrontJudge {
 public:
  /// Both must outlive it.
  FrontJudge(const Publisher& publisher, const store::Incoming& incoming)
      : publisher_(publisher), incoming_(incoming) {}

  /// Throws unsupportedMediaType as soon as what has arrived shows it.
  void require() {
    const std::string_view front = incoming_.front();
    if (isDone_ || front.size() < next_) return;
    isDone_ = publisher_.requireVideo(front) || front.size() >= media::mostJudged;
    next_ = std::min(2 * front.size(), media::mostJudged);
  }

 private:
  static_assert(media::mostJudged <= store::Incoming::frontSize);

  const Publisher& publisher_;
  const store::Incoming& incoming_;
  std::size_t next_ = media::judgedFront;
  bool isDone_ = false;
};

}  // namespace video

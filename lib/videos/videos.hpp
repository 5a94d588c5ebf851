#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video::schedule {
struct Task;
}

namespace video {

/// The state of a video: without a content yet, published, in the trash, or being purged.
enum class VideoState { pending, ready, deleted, purging };
/// The sort orders of a list of videos.
enum class VideoSort { created, name, size };

/// A video, without its content.
struct Video {
  VideoId id;
  UserId authorId;
  std::string author;
  std::string name;
  VideoState state = VideoState::pending;
  std::string displayTime;  ///< the original site's form
  Time created{};
  std::int64_t size = 0;    ///< bytes
  std::string contentType;  ///< media type; empty while pending
  std::string sha256;       ///< hex; empty while pending
  std::optional<std::int64_t> durationMs;
  std::optional<Time> purgeTime;  ///< of a deleted one: when it is due
  std::string description;        ///< at most 5000 characters, in lines
};

/// The request for a new video.
struct NewVideo {
  std::string user;
  std::string name;  ///< 1 to 200 characters
};

/// A pending video, and the signed URL to upload its content to.
struct AddedVideo : Video {
  std::string uploadUrl;  ///< signed, relative; good for `signed_url_ttl`
};

/// Identifies a video.
struct VideoRef {
  VideoId id;
  std::optional<std::string> user;  ///< if given, the owner: notFound if it is another user
};

/// The request to delete a video.
struct RemoveVideo : VideoRef {
  std::optional<bool> now;  ///< without `deletion.delay`
};

/// The request for a page of videos.
struct VideoQuery : ListQuery {
  std::optional<std::string> user;
  std::optional<VideoState> state;  ///< default: ready, and pending where the caller may see them
  std::optional<std::string> sha256;
  std::optional<VideoSort> sort;  ///< default: created, newest first; name and size ascend
};

/// The request for a page of one user's videos.
struct UserVideosQuery : ListQuery {
  std::string user;
  std::optional<VideoState> state;
};

/// The question whether a user has some content.
struct ContentQuery {
  std::string user;
  std::string sha256;  ///< 64 hex digits in lower case
};

/// Whether a user has some content, has deleted it, or neither.
enum class ContentState { absent, present, deleted };

/// The answer whether a user has some content, or deleted it less than VideosOptions::remember ago.
struct KnownContent {
  ContentState state = ContentState::absent;
  std::optional<VideoId> video;  ///< one that has it; of a deleted one, as long as it is in the trash
  std::optional<Time> deleted;   ///< when
};

/// The changes to a video. Absent members stay unchanged.
struct SetVideo {
  VideoId id;
  std::optional<std::string> name;         ///< 1 to 200 characters
  std::optional<std::string> description;  ///< 0 to 5000 characters, in lines
};

/// The result of verifying a video's content.
struct VerifiedVideo {
  VideoId id;
  bool sound = false;     ///< whether size and SHA-256 match the recorded ones
  std::int64_t size = 0;  ///< bytes that are there
  std::string sha256;     ///< of them, hex; empty where the content is missing
};

/// Who may watch videos.
enum class StreamAccess {
  everyone,  ///< anyone
  session,   ///< who is signed in, or has a signed link
  signed_,   ///< who has a signed link, the owner, admins
};

/// Who may watch videos, and how long deleted contents are remembered.
struct VideosOptions {
  StreamAccess access = StreamAccess::everyone;
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< how long a deleted content is known
};

/// How deleted videos are purged.
struct PurgeOptions {
  std::chrono::milliseconds delay{3'600'000};  ///< until a deleted video is due
  std::function<void()> wake;                  ///< called when one is due at once; does not wait
  const Clock& clock = systemClock();          ///< deletions are due by it
};

/// The videos of the site. Every function may be called from any thread and throws Error. A video whose owner was
/// deleted does not exist.
class Videos {
 public:
  virtual ~Videos() = default;
  /// Creates a pending video. For the user, admins and the operator. Faults: malformed, forbidden, notFound, diskFull.
  virtual AddedVideo add(const Credential& by, const NewVideo& wanted) = 0;
  /// Lists one's own videos; admins and the operator see all, or one user's.
  virtual Page<Video> list(const Credential& by, const VideoQuery& wanted) = 0;
  /// Lists one user's videos, newest first. Anyone sees the ready ones; `state` is for the user, admins and the
  /// operator.
  virtual Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) = 0;
  /// Tells whether a user has some content, before an import sends it. For the user, admins and the operator. Faults:
  /// malformed, forbidden, notFound (the user).
  virtual KnownContent known(const Credential& by, const ContentQuery& wanted) = 0;
  /// Returns a video: a ready one to anyone, others to the owner, admins and the operator.
  virtual Video show(const Credential& by, const VideoRef& wanted) = 0;
  /// Changes the name or description of a pending or ready video and returns the video. For the owner, admins and the
  /// operator. Faults: malformed, forbidden, notFound, conflict (deleted).
  virtual Video set(const Credential& by, const SetVideo& wanted) = 0;
  /// Deletes a video: moves it to the trash and queues it for purging, in one transaction. It disappears from lists and
  /// streams at once. For the owner, admins and the operator.
  virtual void remove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// Runs `remove` and rolls it back. Returns the video as it would be, and throws what `remove` would throw.
  virtual Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// Restores a deleted video, as long as its purge has not begun. For the owner, admins and the operator. Faults:
  /// conflict (being purged, or not deleted), notFound.
  virtual Video restore(const Credential& by, const VideoRef& wanted) = 0;
  /// Runs `restore` and rolls it back. Throws what `restore` would throw.
  virtual Video rehearseRestore(const Credential& by, const VideoRef& wanted) = 0;
  /// Reads the whole content of a ready video and compares it with its recorded size and SHA-256. For the owner, admins
  /// and the operator. Faults: forbidden, notFound.
  virtual VerifiedVideo verify(const Credential& by, const VideoRef& wanted) = 0;
  /// Opens the content of a ready video for those whom VideosOptions::access allows. A signed link must be valid even
  /// if the caller may watch without one. Faults: notFound, unauthenticated, forbidden, contentUnavailable (the file is
  /// missing or damaged).
  virtual Content open(const Credential& by, const VideoRef& wanted) = 0;
};

/// The videos of a data directory, and the task that verifies their contents.
class LocalVideos : public Videos {
 public:
  /// Returns the task that checks the contents known to be damaged, and one in `share` of the others, which must
  /// outlive it.
  virtual schedule::Task verifyTask(const std::atomic<std::int64_t>& share) = 0;
  /// Returns how many ready videos have a content that was found missing or damaged; counts at most 1000.
  virtual std::size_t damagedContents() = 0;
};

}  // namespace video

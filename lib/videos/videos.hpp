#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// The state of a video: without a content yet, published, in the trash, or being purged.
enum class VideoState { pending, ready, deleted, purging };
/// The orders of a list of videos.
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

/// Asks for a new video.
struct NewVideo {
  std::string user;
  std::string name;  ///< 1 to 200 characters
};

/// A video that waits for its bytes, and where they may be sent.
struct AddedVideo : Video {
  std::string uploadUrl;  ///< signed, relative; good for `signed_url_ttl`
};

/// Names a video.
struct VideoRef {
  VideoId id;
  std::optional<std::string> user;  ///< notFound where the video is another's
};

/// Asks for a video to be deleted.
struct RemoveVideo : VideoRef {
  std::optional<bool> now;  ///< without `deletion.delay`
};

/// Asks for a page of videos.
struct VideoQuery : ListQuery {
  std::optional<std::string> user;
  std::optional<VideoState> state;  ///< default: ready, and pending where the caller may see them
  std::optional<std::string> sha256;
  std::optional<VideoSort> sort;  ///< default: created, newest first; name and size ascend
};

/// GET /user/:name/videos: one user's.
struct UserVideosQuery : ListQuery {
  std::string user;
  std::optional<VideoState> state;
};

/// Asks for one content of one user.
struct ContentQuery {
  std::string user;
  std::string sha256;  ///< 64 hex digits in lower case
};

/// What is known of a content.
enum class ContentState { absent, present, deleted };

/// Whether a user has a content, or deleted it not longer ago than VideosOptions::remember.
struct KnownContent {
  ContentState state = ContentState::absent;
  std::optional<VideoId> video;  ///< one that has it; of a deleted one, as long as it is in the trash
  std::optional<Time> deleted;   ///< when
};

/// What is to be different about a video; what is not given stays.
struct SetVideo {
  VideoId id;
  std::optional<std::string> name;         ///< 1 to 200 characters
  std::optional<std::string> description;  ///< 0 to 5000 characters, in lines
};

/// What a look at a video's content has found.
struct VerifiedVideo {
  VideoId id;
  bool sound = false;     ///< it is there, with the size and the hash that it came with
  std::int64_t size = 0;  ///< bytes that are there
  std::string sha256;     ///< of them, hex; empty where the content is missing
};

/// To whom videos are streamed.
enum class StreamAccess {
  everyone,  ///< anyone
  session,   ///< who is signed in, or has a signed link
  signed_,   ///< who has a signed link, the owner, admins
};

/// Who may play videos, and how long deleted contents are known.
struct VideosOptions {
  StreamAccess access = StreamAccess::everyone;
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< how long a deleted content is known
};

/// What becomes of videos that are deleted.
struct PurgeOptions {
  std::chrono::milliseconds delay{3'600'000};  ///< until a deleted video is due
  std::function<void()> wake;                  ///< called when one is due at once; does not wait
};

/// The videos of the site. Every function may be called from any
/// thread and throws Error; a video whose owner is gone does not exist.
class Videos {
 public:
  virtual ~Videos() = default;
  /// Makes a pending video: self, admin, operator. Faults: malformed, forbidden, notFound, diskFull.
  virtual AddedVideo add(const Credential& by, const NewVideo& wanted) = 0;
  /// Own videos; an admin and the operator see all, or one user's.
  virtual Page<Video> list(const Credential& by, const VideoQuery& wanted) = 0;
  /// One user's videos, newest first: anyone sees the ready ones; `state` is for self, admin, operator.
  virtual Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) = 0;
  /// What an import asks before it sends a content: self, admin, operator. Faults: malformed, forbidden, notFound (the
  /// user).
  virtual KnownContent known(const Credential& by, const ContentQuery& wanted) = 0;
  /// One video: anyone a ready one, its owner, admins and the operator any.
  virtual Video show(const Credential& by, const VideoRef& wanted) = 0;
  /// Changes the name or description of a video, pending or ready, and answers it as it is then: owner, admin,
  /// operator. Faults: malformed, forbidden, notFound, conflict (deleted).
  virtual Video set(const Credential& by, const SetVideo& wanted) = 0;
  /// Deletes a video: moves it to the trash and queues it to be purged, in one transaction: owner, admin, operator.
  /// Gone from lists and streams at once.
  virtual void remove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// What `remove` would do, undone: the video as it would be. Throws what it would throw.
  virtual Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// Takes a deleted video back, until its purge begins: owner, admin, operator. Faults: conflict (purging, or not
  /// deleted), notFound.
  virtual Video restore(const Credential& by, const VideoRef& wanted) = 0;
  /// What `restore` would do, undone. Throws what it would throw.
  virtual Video rehearseRestore(const Credential& by, const VideoRef& wanted) = 0;
  /// Reads the whole content of a ready video: owner, admin, operator. Faults: forbidden, notFound.
  virtual VerifiedVideo verify(const Credential& by, const VideoRef& wanted) = 0;
  /// The bytes of a ready video, to whom VideosOptions::access says; a link must be good whoever else may.
  /// Faults: notFound, unauthenticated, forbidden.
  virtual Content open(const Credential& by, const VideoRef& wanted) = 0;
};

}  // namespace video

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/visibility.hpp"
#include "subtitles/subtitles.hpp"

namespace video::schedule {
struct Task;
}

namespace video {

/// The state of a video: without a content yet, published, in the trash, or being purged.
enum class VideoState { pending, ready, deleted, purging };
/// The sort orders of a list of videos.
enum class VideoSort { created, name, size, duration };

/// A chapter of a video.
struct Chapter {
  std::int64_t timeMs = 0;  ///< where it begins, in milliseconds
  std::string title;        ///< one line of plain text
};

/// A video, without its content.
struct Video {
  VideoId id;
  UserId authorId;
  std::string author;
  std::string name;
  VideoState state = VideoState::pending;
  std::string displayTime;  ///< creation time in the format of the original site
  Time created{};
  std::int64_t size = 0;    ///< bytes
  std::string contentType;  ///< media type; empty while pending
  std::string sha256;       ///< hex; empty while pending
  std::optional<std::int64_t> durationMs;
  std::optional<Time> purgeTime;           ///< when it is due to be purged, if deleted
  std::string description;                 ///< at most 5000 characters; may have several lines
  std::optional<Visibility> visibility{};  ///< nothing: the daemon is too old to say
  std::optional<std::string> blocked{};    ///< why a moderator blocked it; nothing if it is not blocked
  std::vector<std::string> tags{};         ///< at most 10, in lower case, sorted
  std::optional<std::string> authorDisplayName{};
  std::optional<bool> commentsOff{};  ///< true: nobody can comment; otherwise nothing
  // What the content says about itself; nothing if it does not, or was not looked into yet.
  std::optional<std::int64_t> width{};  ///< pixels, after rotation
  std::optional<std::int64_t> height{};
  std::optional<std::string> videoCodec{};  ///< as in RFC 6381 where it can be told
  std::optional<std::string> audioCodec{};
  std::optional<bool> faststart{};    ///< whether the index comes before the media; mp4 and mov only
  std::optional<bool> fragmented{};   ///< mp4 and mov only
  std::optional<bool> hasLocation{};  ///< whether it says where it was taken; for the owner, admins and the operator
  std::optional<std::string> originalSha256{};  ///< of the uploaded content, if its location was removed
  std::optional<std::string> thumbnail{};       ///< path of its picture and version; nothing: there is none
  std::optional<std::string> play{};            ///< path of the form that every browser plays; nothing: there is none
  std::optional<bool> danmakuOff{};             ///< true: danmaku are switched off; otherwise nothing
  std::optional<std::int64_t> views{};          ///< how often it was watched; nothing: the daemon is too old to say
  // From `show` only.
  std::optional<std::vector<std::string>> notes{};   ///< why it does not play everywhere, in sentences
  std::optional<std::vector<Subtitle>> subtitles{};  ///< by language; nothing if there are none
  std::optional<std::vector<Chapter>> chapters{};    ///< of the description, by time; nothing if there are none
};

/// The request for a new video.
struct NewVideo {
  std::string user;
  std::string name;                        ///< 1 to 200 characters
  std::optional<Visibility> visibility{};  ///< default: VideosOptions::visibility
};

/// A pending video, and the signed URL to upload its content to.
struct AddedVideo : Video {
  std::string uploadUrl;  ///< signed and relative; valid for `signed_url_ttl`
};

/// The request of a guest for a new video, through a drop link.
struct DropVideo {
  ShareId drop;
  std::string name;       ///< 1 to 200 characters
  std::int64_t size = 0;  ///< bytes of the file; no more can be uploaded
};

/// A pending video that a guest has created, and the signed URL to upload its content to.
struct DroppedVideo {
  VideoId id;
  std::string name;
  std::string uploadUrl;  ///< signed and relative; valid for `signed_url_ttl`, until the content has come
};

/// Identifies a video.
struct VideoRef {
  VideoId id;
  std::optional<std::string> user;  ///< if given, the expected owner: notFound if the video belongs to another user
};

/// The forms of a video that can be opened: the content as it was uploaded, or a form that every browser plays.
enum class VideoForm { original, play };

/// The request to open a video.
struct OpenVideo : VideoRef {
  std::optional<VideoForm> form{};  ///< default: original
};

/// The request to delete a video.
struct RemoveVideo : VideoRef {
  std::optional<bool> now;  ///< purge without waiting for `deletion.delay`
};

/// The request for a page of videos.
struct VideoQuery : ListQuery {
  std::optional<std::string> user;
  std::optional<VideoState> state;  ///< default: ready, and pending if the caller may see them
  std::optional<std::string> sha256;
  std::optional<VideoSort> sort;      ///< default: created, newest first; others sort in ascending order
  std::optional<std::string> tag{};   ///< sorted by creation time only
  std::optional<bool> reverse{};      ///< whether to reverse that order
  std::optional<std::string> name{};  ///< as nameGlob
};

/// The request for a page of the videos listed for everyone.
struct NewestQuery : ListQuery {
  std::optional<std::string> tag;
};

/// The request for a page of one user's videos.
struct UserVideosQuery : ListQuery {
  std::string user;
  std::optional<VideoState> state;
};

/// The request to check whether a user has some content.
struct ContentQuery {
  std::string user;
  std::string sha256;  ///< 64 hex digits in lower case
};

/// Whether a user has some content, has deleted it, or neither.
enum class ContentState { absent, present, deleted };

/// Whether a user has some content, or deleted it less than VideosOptions::remember ago.
struct KnownContent {
  ContentState state = ContentState::absent;
  std::optional<VideoId> video;  ///< a video with this content; of deleted ones, only while it is in the trash
  std::optional<Time> deleted;   ///< when it was deleted
};

/// The changes to a video. Fields that are not given stay unchanged.
struct SetVideo {
  VideoId id;
  std::optional<std::string> name;         ///< 1 to 200 characters
  std::optional<std::string> description;  ///< 0 to 5000 characters; may have several lines
  std::optional<Visibility> visibility{};
  /// At most 10 of 1 to 50 characters without commas. Spaces around them are removed, and A to Z become lower case.
  std::optional<std::vector<std::string>> tags{};
  std::optional<bool> commentsOff{};  ///< whether to switch comments off
  std::optional<bool> danmakuOff{};   ///< whether to switch danmaku (comments with a position) off
  std::optional<std::string> user{};  ///< user who gets the video
};

/// The request to block a video.
struct BlockVideo {
  VideoId id;
  std::string reason;  ///< for its owner, 1 to 500 characters
};

/// The state of the verification of a content: waiting, in progress, or its result.
enum class VerifyState { queued, running, ok, damaged };

/// The verification of a video's content.
struct VerifiedVideo {
  VideoId id;
  VerifyState state = VerifyState::queued;
  bool sound = false;         ///< whether size and SHA-256 match the recorded ones, that is, `state` is `ok`
  std::int64_t size = 0;      ///< actual size in bytes; while running, bytes read so far
  std::string sha256;         ///< actual SHA-256 in hex; empty until the end, and if the content is missing
  std::optional<Time> ended;  ///< when it ended
};

/// How new videos are published, how long deleted contents are remembered, and how many videos may be pending.
struct VideosOptions {
  Visibility visibility = Visibility::public_;                       ///< of new videos
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< how long a deleted content is known
  std::int64_t maxPending = 100;                                     ///< pending videos of a user; 0: no limit
  std::uint64_t maxUpload = 2ULL << 30;                              ///< as UploadsOptions::maxUpload
  std::int64_t quota = 0;                                            ///< as UsersOptions::quota
};

/// How deleted videos are purged.
struct PurgeOptions {
  std::chrono::milliseconds delay{3'600'000};  ///< time until a deleted video is due
  std::function<void()> wake;                  ///< called when a video is due at once; must not wait
  const Clock& clock = systemClock();          ///< by which deletions are due
};

/// The videos of the site. Every function may be called from any thread and throws Error. A video whose owner was
/// deleted does not exist, nor does one that the caller may not see: a private one is for its owner, admins, the
/// operator and holders of a signed link; a blocked one for its owner, moderators, admins and the operator;
/// AccessOptions::stream limits who sees the others.
class Videos {
 public:
  virtual ~Videos() = default;
  /// Creates a pending video. For the user, admins and the operator. Faults: malformed, forbidden, notFound, diskFull,
  /// conflict (the user has too many pending videos, except for the operator).
  virtual AddedVideo add(const Credential& by, const NewVideo& wanted) = 0;
  /// Creates a pending video that is private to the user of a drop link. For holders of the link. Faults: malformed,
  /// forbidden (also: the link was revoked or has expired), diskFull, conflict (the link's files have come, or the user
  /// has too many pending videos), overQuota (the link's bytes have come).
  virtual DroppedVideo drop(const Credential& by, const DropVideo& wanted) = 0;
  /// Lists the caller's own videos. Admins and the operator see all videos, or those of one user. With a name, a page
  /// may be short, or empty, and have a cursor.
  virtual Page<Video> list(const Credential& by, const VideoQuery& wanted) = 0;
  /// Lists one user's videos, newest first. To others than the user, admins and the operator, only those that are
  /// public, and if they may not watch, only their names; they may not use `state`.
  virtual Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) = 0;
  /// Lists the public videos of all users who are not disabled, newest first. Anyone; those who may not watch see only
  /// their names.
  virtual Page<Video> newest(const Credential& by, const NewestQuery& wanted) = 0;
  /// Returns whether a user has some content, so that an import need not send it. For the user, admins and the
  /// operator. Faults: malformed, forbidden, notFound (the user).
  virtual KnownContent known(const Credential& by, const ContentQuery& wanted) = 0;
  /// Returns a video with `notes`: one that is not ready to the owner, admins and the operator only.
  virtual Video show(const Credential& by, const VideoRef& wanted) = 0;
  /// Changes the name, description, visibility or tags of a pending or ready video, or whether it takes comments, and
  /// returns the video. For the owner, admins and the operator; only the latter two may give it to another user, with
  /// its ID, date, comments and links to watch it. Links to upload to it end. If it fails after it has given the video,
  /// some imported comments may still count for the old owner: it can be repeated. Faults: malformed, forbidden,
  /// notFound (also that user), conflict (deleted; that user is disabled or has too many pending videos), overQuota
  /// (that user's quota would be exceeded).
  virtual Video set(const Credential& by, const SetVideo& wanted) = 0;
  /// Deletes a video: moves it to the trash and queues it for purging, in one transaction. It disappears from lists and
  /// streams at once. For the owner, admins and the operator.
  virtual void remove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// Runs `remove` and rolls it back. Returns the video as it would be, and throws what `remove` would throw.
  virtual Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// Restores a deleted video, as long as its purge has not begun. For the owner, admins and the operator. Faults:
  /// conflict (being purged, or not deleted), forbidden (its content is blocked), notFound.
  virtual Video restore(const Credential& by, const VideoRef& wanted) = 0;
  /// Runs `restore` and rolls it back. Throws what `restore` would throw.
  virtual Video rehearseRestore(const Credential& by, const VideoRef& wanted) = 0;
  /// Has the whole content of a ready video read and compared with its recorded size and SHA-256: a daemon in the
  /// background, joining a verification of the video that is queued or running; a single command at once. For the
  /// owner, admins and the operator. Faults: forbidden, notFound, conflict (no content yet), tooMany (of the caller
  /// wait).
  virtual VerifiedVideo verify(const Credential& by, const VideoRef& wanted) = 0;
  /// Returns the state of the latest verification of a video that the daemon remembers. For the same callers. Faults:
  /// those of the verification itself; forbidden, notFound (also if none is remembered).
  virtual VerifiedVideo verifyStatus(const Credential& by, const VideoRef& wanted) = 0;
  /// Opens the content of a ready video. A signed link must be valid even if the caller may watch without one. Faults:
  /// notFound (also if it does not have this form), unauthenticated, forbidden, contentUnavailable (the file is missing
  /// or damaged).
  virtual Content open(const Credential& by, const OpenVideo& wanted) = 0;
  /// Opens the chapters of a video, which are lines of its description, as a chapters track (WebVTT). For those who see
  /// the video. Faults: notFound (also if it has no chapters).
  virtual Content chapters(const Credential& by, const VideoRef& wanted) = 0;
  /// Hides a video from all but its owner, moderators, admins and the operator, and keeps it from being purged,
  /// whatever its owner does, unless the owner's account is deleted: then its content is blocked (see
  /// Contents). Its content cannot be replaced. A video that is blocked already gets the new reason. For moderators,
  /// except of their own videos, admins and the operator. Faults: malformed, forbidden, notFound, conflict (being
  /// purged).
  virtual Video block(const Credential& by, const BlockVideo& wanted) = 0;
  /// Ends that. A video in the trash is due to be purged after the usual delay. For the same callers. Faults:
  /// forbidden, notFound, conflict (not blocked).
  virtual void unblock(const Credential& by, const VideoRef& wanted) = 0;
};

/// The videos of a data directory, and the task that verifies their contents.
class LocalVideos : public Videos {
 public:
  /// Returns the task that checks the contents known to be damaged, and one in `share` of the others, which must
  /// outlive it.
  virtual schedule::Task verifyTask(const std::atomic<std::int64_t>& share) = 0;
  /// Returns the task that looks into the contents that were not looked into yet, such as those of an older version.
  virtual schedule::Task probeTask() = 0;
  /// Returns how many ready videos have a content that was found missing or damaged; counts at most 1000.
  virtual std::size_t damagedContents() = 0;
};

}  // namespace video

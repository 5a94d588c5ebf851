#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "media/probe.hpp"
#include "store/database.hpp"
#include "videos/fields.hpp"

namespace video::rows {

/// A video with data that is used only internally.
struct StoredVideo : Video {
  std::optional<std::string> blob;
  Time modified{};  ///< when its content was stored
  bool reported = false;
  bool probed = false;                     ///< whether its content was looked into
  std::optional<ShareId> drop{};           ///< the drop link that it came through; it may be gone
  std::optional<std::int64_t> dropSize{};  ///< the bytes that the guest announced
  std::string thumbnailFile{};             ///< in `derived/`; empty for none
  std::string playFile{};                  ///< in `derived/`; empty for none
  /// What decides who may see it.
  ViewedVideo view() const {
    return {authorId, state == VideoState::ready, visibility.value_or(Visibility::private_), blocked.has_value(),
            reported};
  }
};

/// What decides who may see a video that was looked up; nothing if there is none.
inline std::optional<ViewedVideo> viewOf(const std::optional<StoredVideo>& video) {
  return video ? std::optional(video->view()) : std::nullopt;
}

/// The SQL columns of what decides who may see a video (`v`) whose owner (`o`) is not deleted.
inline constexpr std::string_view viewColumns =
    "o.id, v.state = 'ready', v.visibility, v.blocked IS NOT NULL, v.reported";
/// The join of the owner.
inline constexpr std::string_view viewOwner = "LEFT JOIN users o ON o.id = v.author_id AND o.deleted IS NULL ";
/// Reads `viewColumns`, which begin at column `first`; nothing if there is no such video.
std::optional<ViewedVideo> viewOf(const store::Query& row, int first);

/// The SQL condition for videos (`v`) of live users (`u`) that are listed for everyone: those that are public and that
/// access::mayView shows to anyone, as far as StreamAccess allows, except a disabled user's. The indexes video_listed
/// and video_listed_by_author are for it.
inline constexpr std::string_view listedSql = "v.listed = 1 AND u.disabled = 0";

/// A finished upload, to be published as a video's content.
struct NewContent {
  std::string blob;
  std::int64_t size = 0;
  std::string sha256;
  std::string contentType;
  std::optional<media::MediaInfo> media{};      ///< nothing: it could not be looked into
  std::optional<std::string> originalSha256{};  ///< as Video::originalSha256
};

/// A content that was not looked into yet.
struct UnprobedContent {
  VideoId id;
  std::string blob;
  std::string contentType;
};

/// A content that a user has deleted.
struct DeletedContent {
  std::string sha256;
  Time deleted{};
};

/// The filter of a list; `states` has one or two entries. With a tag, `sort` is `created`.
struct VideoFilter {
  std::optional<UserId> author;
  std::vector<VideoState> states;
  std::optional<std::string> tag;
  VideoSort sort = VideoSort::created;
  bool reverse = false;
  std::optional<std::string> name{};  ///< a GLOB that the whole name matches
};

/// Returns a video whose owner was not deleted, in any state.
std::optional<StoredVideo> findVideo(store::Reader& reader, const VideoId& id);
/// Returns a video that was looked up; throws notFound if there is none or if it belongs to another user than the
/// request names.
StoredVideo requireOf(const VideoRef& wanted, std::optional<StoredVideo> video);
/// Looks a video up and does the same.
StoredVideo requireVideo(store::Reader& reader, const VideoRef& wanted);
Error noSuchVideo(const VideoId& id);
/// The error for an operation that the state of the video does not allow: conflict.
Error wrongState(const Video& video);
/// The error for a video that changed after it was read, so that nothing was done: conflict.
Error changedMeanwhile(const VideoId& id);
/// Lists the videos that the filter selects. With a name, looks at some 2000 videos for a page.
Page<Video> listVideos(store::Reader& reader, const VideoFilter& filter, const ListQuery& wanted);
/// Returns the listed videos of the user of this name, newest first. A single statement, because it serves public
/// pages.
Page<Video> listListedVideosOf(store::Reader& reader, std::string_view user, const ListQuery& wanted);
/// Returns the listed videos of all users, newest first; with a tag, those that have it.
Page<Video> listNewest(store::Reader& reader, const std::optional<std::string>& tag, const ListQuery& wanted);
/// Returns the videos with this content that the filter selects, newest first.
Page<Video> listVideosBySha256(store::Reader& reader, const VideoFilter& filter, std::string_view sha256,
                               const ListQuery& wanted);
/// Returns whether the user has this content, or has deleted it after `since`.
KnownContent findContent(store::Reader& reader, UserId author, std::string_view sha256, Time since);
/// Returns a page of the remembered contents of a user, by SHA-256.
Page<DeletedContent> listDeletedContents(store::Reader& reader, UserId author, const ListQuery& wanted);
/// Returns whether there are remembered contents that were deleted no later than `until`.
bool hasDeletedContents(store::Reader& reader, Time until);
/// Returns whether the user has a pending or ready video.
bool hasListedVideos(store::Reader& reader, UserId user);
/// Returns whether the user has at least `count` pending videos; `count` is positive.
bool hasPendingVideos(store::Reader& reader, UserId user, std::int64_t count);

/// Returns whether a video has this content.
bool isContentUsed(store::Reader& reader, std::string_view blob);
/// Returns how many videos are ready.
std::int64_t countReady(store::Reader& reader);
/// Returns the ready video with the first ID after this one.
std::optional<VideoId> nextReady(store::Reader& reader, const VideoId& after);

/// Returns whether this content of the video is recorded as damaged.
bool isDamageNoted(store::Reader& reader, const VideoId& id, std::string_view blob);
/// Returns at most `limit` ready videos whose content is recorded as damaged.
std::vector<VideoId> listDamaged(store::Reader& reader, std::int64_t limit);
/// Returns the video that the task verify looked at last; empty before its first run.
VideoId verifyPosition(store::Reader& reader);

/// Returns at most `limit` ready videos after this one whose content was not looked into, by ID; without those whose
/// content is known to be missing or damaged.
std::vector<UnprobedContent> listUnprobed(store::Reader& reader, const VideoId& after, std::int64_t limit);
/// Returns why a ready video does not play everywhere; nothing if its content was not looked into.
std::vector<std::string> notesOf(const StoredVideo& video);

void setVerifyPosition(store::Transaction& transaction, const VideoId& id);
/// Records that the content is damaged, if it still is the video's. Returns false if it is not, or if that is recorded.
bool noteDamage(store::Transaction& transaction, const VideoId& id, std::string_view blob, std::string_view why,
                Time now);
void clearDamage(store::Transaction& transaction, const VideoId& id);
void insertVideo(store::Transaction& transaction, const Video& video);
/// Publishes the content of a video that is still pending, or ready with the same content as when it was read. Returns
/// false otherwise.
bool setContent(store::Transaction& transaction, const StoredVideo& before, const NewContent& content, Time now);
/// Records what the content says about itself, if it still is the video's; nothing: that it was not looked into.
/// Returns whether it still is.
bool setMedia(store::Transaction& transaction, const VideoId& id, std::string_view blob,
              const std::optional<media::MediaInfo>& media);
/// Writes the video's name, description, visibility and tags, and whether comments are off.
void setVideo(store::Transaction& transaction, const Video& video);
/// Gives a video to another user.
void setOwner(store::Transaction& transaction, const VideoId& id, UserId owner);
/// Changes the state of a video from `from` to `to`. Returns false, and changes nothing, if it is not in state `from`.
bool setState(store::Transaction& transaction, const VideoId& id, VideoState from, VideoState to);
/// Blocks a video, or changes the reason, for `by` (none: the operator).
void setBlocked(store::Transaction& transaction, const VideoId& id, std::string_view reason, std::optional<UserId> by,
                Time now);
void clearBlocked(store::Transaction& transaction, const VideoId& id);
/// Transfers at most `limit` of a user's videos, including the trash, to another user. Returns how many.
std::int64_t transferVideos(store::Transaction& transaction, UserId from, UserId to, std::int64_t limit);
/// Remembers the content of a deleted video, unless its owner was deleted too. Call it before the video and its record
/// are removed.
void rememberContent(store::Transaction& transaction, const VideoId& id);
/// Removes at most `limit` remembered contents that were deleted no later than `until`. Returns how many.
std::int64_t expireDeletedContents(store::Transaction& transaction, Time until, std::int64_t limit);
/// Removes at most `limit` remembered contents of a user. Returns how many.
std::int64_t removeDeletedContentsOf(store::Transaction& transaction, UserId author, std::int64_t limit);
/// Removes a user from at most `limit` videos that the user has blocked; they stay blocked. Returns how many.
std::int64_t removeBlocker(store::Transaction& transaction, UserId user, std::int64_t limit);
/// Removes the row of a video that is being purged. Returns whether there was one.
bool deleteVideo(store::Transaction& transaction, const VideoId& id);

}  // namespace video::rows

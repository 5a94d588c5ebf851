#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "videos/fields.hpp"

namespace video::rows {

/// A video with what only the storing side knows.
struct StoredVideo : Video {
  std::optional<std::string> blob;
  Time modified{};  ///< when its content came
};

/// What a finished upload has found out.
struct NewContent {
  std::string blob;
  std::int64_t size = 0;
  std::string sha256;
  std::string contentType;
};

/// A list to be made; `states` has one or two.
struct VideoFilter {
  std::optional<UserId> author;
  std::vector<VideoState> states;
  VideoSort sort = VideoSort::created;
};

/// A video of a live owner, in whatever state.
std::optional<StoredVideo> findVideo(store::Reader& reader, const VideoId& id);
/// The same; throws notFound where there is none, or it is not the one meant.
StoredVideo requireVideo(store::Reader& reader, const VideoRef& wanted);
Error noSuchVideo(const VideoId& id);
/// Conflict: nothing of the kind can be done with a video in this state.
Error wrongState(const Video& video);
/// Conflict: the video is no longer as it was read, so that nothing was done.
Error changedMeanwhile(const VideoId& id);
Page<Video> listVideos(store::Reader& reader, const VideoFilter& filter, const ListQuery& wanted);
/// The ready videos of a live user by name, newest first: one statement, since every visitor's page asks for it.
Page<Video> listReadyVideosOf(store::Reader& reader, std::string_view user, const ListQuery& wanted);
/// Those with this content, newest first, in one of the filter's states.
Page<Video> listVideosBySha256(store::Reader& reader, const VideoFilter& filter, std::string_view sha256,
                               const ListQuery& wanted);
/// Whether the user has this content, or deleted it after `since`.
KnownContent findContent(store::Reader& reader, UserId author, std::string_view sha256, Time since);
/// Whether a content was deleted and purged, and that no later than `until`.
bool hasDeletedContents(store::Reader& reader, Time until);
/// Whether the user has a video that is pending or ready.
bool hasListedVideos(store::Reader& reader, UserId user);

void insertVideo(store::Transaction& transaction, const Video& video);
/// Publishes a content for a video that is still pending or ready with the content it had when it was read; whether it
/// was.
bool setContent(store::Transaction& transaction, const StoredVideo& before, const NewContent& content, Time now);
/// Writes the video's name and description.
void setTexts(store::Transaction& transaction, const Video& video);
/// Moves a video from one state to another; false, changing nothing, where it is not in `from`.
bool setState(store::Transaction& transaction, const VideoId& id, VideoState from, VideoState to);
/// Gives at most `limit` of a user's videos, trash included, to another; how many.
std::int64_t transferVideos(store::Transaction& transaction, UserId from, UserId to, std::int64_t limit);
/// Keeps the content of a deleted video in mind, unless its owner is gone too: before the video and its record go.
void rememberContent(store::Transaction& transaction, const VideoId& id);
/// Removes what is remembered of at most `limit` contents that were deleted no later than `until`; how many.
std::int64_t expireDeletedContents(store::Transaction& transaction, Time until, std::int64_t limit);
/// The same of one user, whenever they were deleted.
std::int64_t removeDeletedContentsOf(store::Transaction& transaction, UserId author, std::int64_t limit);
/// Removes the row of a video that is purging; whether it was.
bool deleteVideo(store::Transaction& transaction, const VideoId& id);

}  // namespace video::rows

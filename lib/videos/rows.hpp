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
Page<Video> listVideos(store::Reader& reader, const VideoFilter& filter, const ListQuery& wanted);
/// The ready videos of a live user by name, newest first: one statement, since every visitor's page asks for it.
Page<Video> listReadyVideosOf(store::Reader& reader, std::string_view user, const ListQuery& wanted);
/// Those with this content, newest first, in one of the filter's states.
Page<Video> listVideosBySha256(store::Reader& reader, const VideoFilter& filter, std::string_view sha256,
                               const ListQuery& wanted);
/// Whether the user has this content, or deleted it after `since`.
KnownContent findContent(store::Reader& reader, UserId author, std::string_view sha256, Time since);
/// Whether a content was deleted and cleared, and that no later than `until`.
bool hasDeletedContents(store::Reader& reader, Time until);
/// Whether the user has a video that is pending or ready.
bool hasListedVideos(store::Reader& reader, UserId user);

void insertVideo(store::Transaction& transaction, const Video& video);
void setContent(store::Transaction& transaction, const VideoId& id, const NewContent& content, Time now);
/// Writes the video's name and description.
void setTexts(store::Transaction& transaction, const Video& video);
void setState(store::Transaction& transaction, const VideoId& id, VideoState state);
/// Gives at most `limit` of a user's videos, trash included, to another; how many.
std::int64_t transferVideos(store::Transaction& transaction, UserId from, UserId to, std::int64_t limit);
/// Keeps the content of a deleted video in mind, unless its owner is gone too: before the video and its record go.
void rememberContent(store::Transaction& transaction, const VideoId& id);
/// Forgets at most `limit` contents that were deleted no later than `until`; how many.
std::int64_t forgetContents(store::Transaction& transaction, Time until, std::int64_t limit);
/// The same of one user.
std::int64_t forgetContentsOf(store::Transaction& transaction, UserId author, std::int64_t limit);
void deleteVideo(store::Transaction& transaction, const VideoId& id);

}  // namespace video::rows

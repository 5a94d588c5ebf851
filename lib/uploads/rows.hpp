#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "uploads/fields.hpp"

namespace video::rows {

/// An upload with data that is used only internally.
struct StoredUpload : ResumableUpload {
  UserId owner;
  bool madeVideo = false;
  bool byLink = false;
  std::optional<std::string> sha256;
};

/// Returns an upload whose owner was not deleted.
std::optional<StoredUpload> findUpload(store::Reader& reader, const UploadId& id);
/// Returns a page of the uploads of one user or of all, oldest first.
Page<ResumableUpload> listUploads(store::Reader& reader, std::optional<UserId> owner, const ListQuery& wanted);
/// Returns whether the user has at least `count` partial uploads, without those of guests.
bool hasPartialUploads(store::Reader& reader, UserId owner, std::int64_t count);
/// Returns whether there is a partial upload with this ID.
bool isPartialUpload(store::Reader& reader, std::string_view id);
/// Returns whether a video has a partial upload.
bool isUploadedTo(store::Reader& reader, const VideoId& video);
/// Returns the partial uploads to a video.
std::vector<UploadId> partialUploadsTo(store::Reader& reader, const VideoId& video);
/// Returns at most `limit` partial uploads that expired by `now`.
std::vector<UploadId> listExpiredUploads(store::Reader& reader, Time now, std::int64_t limit);

void insertUpload(store::Transaction& transaction, const StoredUpload& upload);

// These change partial uploads only, and return whether there was one.

/// Records that the first `bytes` are stored, and `upload.size`; `upload.offset` must be what was recorded before. If
/// `bytes` is larger, or the file was changed in another way (`isChanged`), the time of the last byte becomes `now`.
bool recordUpload(store::Transaction& transaction, const StoredUpload& upload, std::int64_t bytes, bool isChanged,
                  Time now, Time expires);
/// Records that the content has been published; `upload` as before.
bool completeUpload(store::Transaction& transaction, const StoredUpload& upload, Time now, Time expires);
/// Records that the upload has expired; its row is kept until `until`, without what the client has said of it.
bool expireUpload(store::Transaction& transaction, const UploadId& id, Time until);

/// Records that the partial uploads to a video which is being removed have expired, as expireUpload does, and removes
/// what clients have said of the others.
void expireUploadsTo(store::Transaction& transaction, const VideoId& video, Time until);
/// Queues the deletion of a pending video that an upload, which has ended, had created. If another upload to it goes
/// on, the video is its own from now on. Returns whether it was queued.
bool queueMadeVideo(store::Transaction& transaction, const VideoId& video, Time now);
/// Removes the partial uploads to a video that were created through links. Returns their IDs.
std::vector<UploadId> removeLinkUploadsTo(store::Transaction& transaction, const VideoId& video);
/// Removes an upload in any state.
void deleteUpload(store::Transaction& transaction, const UploadId& id);
/// Removes at most `limit` complete or expired uploads that are kept until `now`. Returns how many.
std::int64_t removeEndedUploads(store::Transaction& transaction, Time now, std::int64_t limit);

}  // namespace video::rows

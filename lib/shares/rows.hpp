#pragma once

#include <cstdint>
#include <optional>

#include "shares/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// Returns a page of a video's links that have not expired, oldest first.
Page<Share> listShares(store::Reader& reader, const ShareQuery& wanted, Time now);

/// Returns a page of a user's drop links that have not expired, oldest first.
Page<Share> listDrops(store::Reader& reader, UserId user, const ShareQuery& wanted, Time now);
/// A drop link, and the user who gets the videos.
struct StoredDrop : Share {
  UserId owner{};
};
/// Returns a drop link of a live user.
std::optional<StoredDrop> findDrop(store::Reader& reader, const ShareId& id);

/// The videos that guests have announced through a drop link and that have not come.
struct Announced {
  std::int64_t live = 0;     ///< can still come
  std::int64_t expired = 0;  ///< cannot
  std::int64_t expiredBytes = 0;
};
/// Returns them; those announced before `since` have expired.
Announced announcedTo(store::Reader& reader, const StoredDrop& drop, Time since);

/// Inserts a drop link and deletes the user's expired ones through which nothing more can come. Throws conflict if the
/// user has 100 others.
void insertDrop(store::Transaction& transaction, UserId user, const Share& share);
/// Counts a new video of `size` bytes for a drop link, and records that it came through it.
void addToDrop(store::Transaction& transaction, const ShareId& id, const VideoId& video, std::int64_t size);
/// Records that a video that was announced through a drop link has a content. Of one that a guest has uploaded, its
/// size counts instead of the announced one. Any other is not for the guest to see, and gives the place of a video that
/// was pending back to the link.
void settleDrop(store::Transaction& transaction, const VideoId& video, bool wasPending,
                std::optional<std::int64_t> guestSize);
/// Deletes a drop link and returns whether it existed.
bool deleteDrop(store::Transaction& transaction, UserId user, const ShareId& id);
/// Deletes the drop links of a user.
void deleteDropsOf(store::Transaction& transaction, UserId user);

/// Inserts a link and deletes the video's expired links. Throws conflict if the video has 500 others.
void insertShare(store::Transaction& transaction, const Share& share);
/// Deletes at most `limit` links of a video and returns how many.
std::int64_t deleteSharesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
/// Deletes a link and returns whether it existed.
/// Removes the links to upload to a video; there are at most 500 links to one.
void deleteUploadShares(store::Transaction& transaction, const VideoId& video);
bool deleteShare(store::Transaction& transaction, const ShareRef& share);

}  // namespace video::rows

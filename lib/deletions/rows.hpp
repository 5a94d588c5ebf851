#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deletions/fields.hpp"
#include "store/database.hpp"
#include "videos/rows.hpp"

namespace video::rows {

/// A record to be purged, and its content.
struct DueDeletion {
  VideoId video;
  std::string blob;        ///< empty for none
  std::int64_t tries = 0;  ///< that failed
};

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now);
std::optional<Deletion> findDeletion(store::Reader& reader, const VideoId& video);
bool hasDueDeletion(store::Reader& reader, Time now);
/// What `dueDeletions` finds, page by page.
Page<Deletion> listDue(store::Reader& reader, Time now, std::int64_t limit, const std::optional<std::string>& cursor);
std::vector<DueDeletion> dueDeletions(store::Reader& reader, Time now, std::int64_t limit);
/// Their bytes in OWNERS: everyone who holds a lease.
std::vector<std::int64_t> leaseOwners(store::Reader& reader);

// Each change of state names the state that it expects, and changes nothing where it finds another: what was read
// before may be out of date. Where one returns false, a caller who has changed anything else throws.

/// Puts a video that was read as pending or ready into the trash, to be purged at `due`; whether it still was.
bool queueDeletion(store::Transaction& transaction, const Video& video, Time due, Time now);
/// Takes a video out of the trash: ready where it has a content, else pending. False where it is not there any more,
/// its record is not waiting, or its owner is gone.
bool restoreVideo(store::Transaction& transaction, const StoredVideo& video);
/// Leases a waiting record that is due, and marks its video purging; whether it was waiting.
bool claim(store::Transaction& transaction, const VideoId& video, std::int64_t owner, Time now);
/// Whether the record is leased by `owner`.
bool isLeasedBy(store::Reader& reader, const VideoId& video, std::int64_t owner);
/// Removes the record that `owner` has leased, and the row of its video, which has neither comments nor shares left;
/// whether it was.
bool finishDeletion(store::Transaction& transaction, const VideoId& video, std::int64_t owner);
/// Ends at most `limit` leases of a holder that is gone: due as they were, nothing counted against them; how many.
std::int64_t voidLeases(store::Transaction& transaction, std::int64_t owner, std::int64_t limit);
/// Ends a lease of `owner` whose work failed: tries once more at `due`, or never again after `maxTries`; whether it was
/// the owner's.
bool recordFailure(store::Transaction& transaction, const VideoId& video, std::int64_t owner, std::string_view why,
                   Time due, std::int64_t maxTries);
/// Adds to the totals of purged videos and of failures.
void addToTotals(store::Transaction& transaction, std::int64_t purged, std::int64_t failures);
/// Makes a record that has failed, waiting or dead, due at `now` with all its tries; whether it was one.
bool retryDeletion(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes a waiting record due at `now`, where it is due later; whether it is waiting.
bool makeDue(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes at most `limit` records due that are not; how many.
std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit);

/// A content that was replaced and is due, and how often its removal has failed.
struct ReplacedBlob {
  std::string name;
  std::int64_t tries = 0;
};
std::vector<ReplacedBlob> replacedBlobs(store::Reader& reader, Time now, std::int64_t limit);
void insertBlobDeletion(store::Transaction& transaction, std::string_view blob, Time due);
/// Tries a content again at `due`; false where another process has removed or postponed it since it was read.
bool postponeBlobDeletion(store::Transaction& transaction, const ReplacedBlob& blob, std::string_view why, Time due);
/// Removes the record of a content that is unlinked; whether it was there.
bool deleteBlobDeletion(store::Transaction& transaction, std::string_view blob);

/// A user who is gone and has something left that can be purged now.
struct DueUser {
  UserId id;
  std::int64_t tries = 0;
};
std::vector<DueUser> dueUsers(store::Reader& reader, Time now, std::int64_t limit);
void insertUserDeletion(store::Transaction& transaction, UserId user, Time due);
/// Tries a user again at `due`; false where another process has finished or postponed it since it was read.
bool postponeUserDeletion(store::Transaction& transaction, const DueUser& user, std::string_view why, Time due);
/// Queues at most `limit` of a user's pending and ready videos, due now; how many.
std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit);
/// Makes the records of a user's deleted videos due, at most `limit` of those after `after`; the last of them, empty
/// where there was none.
VideoId makeDueOf(store::Transaction& transaction, UserId user, const VideoId& after, Time now, std::int64_t limit);
/// Notes that all videos of the user are in the queue; whether none is pending or ready.
bool markUserQueued(store::Transaction& transaction, UserId user);
/// Removes the record of a user who has no video left; whether it did.
bool finishUserDeletion(store::Transaction& transaction, UserId user);

}  // namespace video::rows

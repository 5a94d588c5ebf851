#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.hpp"
#include "deletions/fields.hpp"
#include "store/database.hpp"
#include "videos/rows.hpp"

namespace video::rows {

/// A record to be purged, and its content.
struct DueDeletion : Deletion {
  std::string blob;  ///< empty for none
};

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now);
std::optional<Deletion> findDeletion(store::Reader& reader, const VideoId& video);
/// Returns the cursor of the page after `last` in a list sorted by due time.
std::string cursorAfter(const Deletion& last);
/// Returns at most `limit` waiting records that are due at `now`, by due time, after the last one of the page before.
std::vector<DueDeletion> dueDeletions(store::Reader& reader, Time now, std::int64_t limit, const TimePage& after = {});
/// Returns the OWNERS bytes of all processes that hold leases.
std::vector<std::int64_t> leaseOwners(store::Reader& reader);

// Each change of state names the state that it expects, and changes nothing where it finds another: what was read
// before may be out of date. Where one returns false, a caller who has changed anything else throws.

/// Moves a video that was read as pending or ready into the trash, to be purged at `due`. Returns whether it still was
/// in that state.
bool queueDeletion(store::Transaction& transaction, const Video& video, Time due, Time now);
/// Restores a video from the trash: ready if it has a content, else pending. Returns false if it is no longer in the
/// trash, its record is not waiting, or its owner was deleted.
bool restoreVideo(store::Transaction& transaction, const StoredVideo& video);
/// Leases a waiting record that is due, and marks its video as being purged. Returns whether it was waiting and due.
bool claim(store::Transaction& transaction, const VideoId& video, std::int64_t owner, Time now);
/// Returns whether `owner` holds the lease of the record.
bool isLeasedBy(store::Reader& reader, const VideoId& video, std::int64_t owner);
/// Removes the record leased by `owner`, and the row of its video, which must have no comments or shares left. Returns
/// whether it was leased.
bool finishDeletion(store::Transaction& transaction, const VideoId& video, std::int64_t owner);
/// Ends at most `limit` leases of a process that is gone, without counting a try. Returns how many.
std::int64_t voidLeases(store::Transaction& transaction, std::int64_t owner, std::int64_t limit);
/// Ends the lease of `owner` after a failure: due again at `due`, or given up after `maxTries`. Returns whether `owner`
/// held it.
bool recordFailure(store::Transaction& transaction, const VideoId& video, std::int64_t owner, std::string_view why,
                   Time due, std::int64_t maxTries);
/// Adds to the totals of purged videos and of failures.
void addToTotals(store::Transaction& transaction, std::int64_t purged, std::int64_t failures);
/// Makes a failed record, waiting or dead, due at `now` with a fresh count of tries. Returns whether it had failed.
bool retryDeletion(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes a waiting record due at `now` if it is due later. Returns whether it is waiting.
bool makeDue(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes at most `limit` records due that are not due yet. Returns how many.
std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit);

/// A replaced content that is due, and how often its removal has failed.
struct ReplacedBlob {
  std::string name;
  std::int64_t tries = 0;
};
std::vector<ReplacedBlob> replacedBlobs(store::Reader& reader, Time now, std::int64_t limit);
void insertBlobDeletion(store::Transaction& transaction, std::string_view blob, UserId owner, std::int64_t size,
                        Time due);
/// Postpones the removal of a content to `due`. Returns false if another process removed or postponed it since it was
/// read.
bool postponeBlobDeletion(store::Transaction& transaction, const ReplacedBlob& blob, std::string_view why, Time due);
/// Removes the record of a content that has been unlinked. Returns whether there was one.
bool deleteBlobDeletion(store::Transaction& transaction, std::string_view blob);

/// A deleted user of whom something can be purged now.
struct DueUser {
  UserId id;
  std::int64_t tries = 0;
};
std::vector<DueUser> dueUsers(store::Reader& reader, Time now, std::int64_t limit);
void insertUserDeletion(store::Transaction& transaction, UserId user, Time due);
/// Postpones a user to `due`. Returns false if another process finished or postponed the user since it was read.
bool postponeUserDeletion(store::Transaction& transaction, const DueUser& user, std::string_view why, Time due);
/// Queues at most `limit` of a user's pending and ready videos, due now. Returns how many.
std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit);
/// Makes the records of a user's deleted videos due, at most `limit` of those after `after`. Returns the last of them,
/// empty if there was none.
VideoId makeDueOf(store::Transaction& transaction, UserId user, const VideoId& after, Time now, std::int64_t limit);
/// Records that all videos of the user are in the queue. Returns whether none is pending or ready.
bool markUserQueued(store::Transaction& transaction, UserId user);
/// Removes the record of a user who has no videos left. Returns whether it did.
bool finishUserDeletion(store::Transaction& transaction, UserId user);

}  // namespace video::rows

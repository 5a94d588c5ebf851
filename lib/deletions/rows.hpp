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
struct DueDeletion : Deletion {
  std::string blob;  ///< empty for none
};

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now);
std::optional<Deletion> findDeletion(store::Reader& reader, const VideoId& video);
/// Returns at most `limit` waiting records that are due at `now`, by due time.
std::vector<DueDeletion> dueDeletions(store::Reader& reader, Time now, std::int64_t limit);
/// Returns a page of the same records.
Page<Deletion> listDue(store::Reader& reader, Time now, std::int64_t limit, const std::optional<std::string>& cursor);
/// Returns the OWNERS bytes of all processes that hold leases.
std::vector<std::int64_t> leaseOwners(store::Reader& reader);

// Functions that change a state expect the current one, and change nothing if it differs: what the caller read may be
// out of date. If such a function returns false after the caller has changed other rows, the caller must throw.

/// Moves a video that was read as pending or ready into the trash, to be purged at `due`; a blocked one is held there
/// (see holdDeletion). Returns false if it is no
/// longer in that state.
bool queueDeletion(store::Transaction& transaction, const Video& video, Time due, Time now);
/// Restores a video from the trash: ready if it has a content, else pending. Returns false if it is no longer in the
/// trash, its record is not waiting, or its owner was deleted.
bool restoreVideo(store::Transaction& transaction, const StoredVideo& video);
/// Leases a waiting record that is due, and marks its video as being purged. Returns whether it was waiting and due.
bool claim(store::Transaction& transaction, const VideoId& video, std::int64_t owner, Time now);
/// Returns whether `owner` holds the lease of the record.
bool isLeasedBy(store::Reader& reader, const VideoId& video, std::int64_t owner);
/// Removes the record leased by `owner` and the row of its video, which must have no comments or shares left. Returns
/// whether `owner` held the lease.
bool finishDeletion(store::Transaction& transaction, const VideoId& video, std::int64_t owner);
/// Ends at most `limit` leases of a process that has ended, without counting a try. Returns how many.
std::int64_t voidLeases(store::Transaction& transaction, std::int64_t owner, std::int64_t limit);
/// Ends the lease of `owner` after a failure: the record is due again at `due`, or dead after `maxTries`. Returns
/// whether `owner` held the lease.
bool recordFailure(store::Transaction& transaction, const VideoId& video, std::int64_t owner, std::string_view why,
                   Time due, std::int64_t maxTries);
/// Adds to the total numbers of purged videos and of failures.
void addToTotals(store::Transaction& transaction, std::int64_t purged, std::int64_t failures);
/// Makes a failed record, waiting or dead, due at `now` with a fresh count of tries. Returns whether it had failed.
bool retryDeletion(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes a waiting record due at `now` unless it is due earlier. Returns whether it is waiting.
bool makeDue(store::Transaction& transaction, const VideoId& video, Time now);
/// Keeps the waiting record of a blocked video from ever being due, except when its owner's account is deleted.
void holdDeletion(store::Transaction& transaction, const VideoId& video);
/// Makes a held record due at `due`.
void resumeDeletion(store::Transaction& transaction, const VideoId& video, Time due);
/// Makes at most `limit` waiting records that are due later due at `now`. Returns how many.
std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit);

/// A replaced content that is due, with the number of failed removals.
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

/// A deleted user with something to purge now.
struct DueUser {
  UserId id;
  std::int64_t tries = 0;
  Time created{};
};
std::vector<DueUser> dueUsers(store::Reader& reader, Time now, std::int64_t limit);
/// Deletes a live user: frees the name, ends the sessions and tokens, and has the rest purged. Returns whether the user
/// was live. The caller adds the user to store::DeletedUsers once that is committed.
bool deleteAccount(store::Transaction& transaction, UserId user, Time now);
/// Deletes again the users in store::DeletedUsers whose rows are live: an older database was put back after they were
/// deleted. A user who was created at another time is another one with the same ID. Returns how many.
std::size_t deleteRevivedUsers(store::Database& database, Time now);
/// Postpones purging a user to `due`. Returns false if another process finished or postponed it since it was read.
bool postponeUserDeletion(store::Transaction& transaction, const DueUser& user, std::string_view why, Time due);
/// Queues at most `limit` of a user's pending and ready videos, due now. Returns how many.
std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit);
/// Makes the records of a user's deleted videos due, at most `limit` of those after `after`. Returns the last of them,
/// or an empty ID if there were none.
VideoId makeDueOf(store::Transaction& transaction, UserId user, const VideoId& after, Time now, std::int64_t limit);
/// Records that all videos of the user have been queued. Returns false if one is still pending or ready.
bool markUserQueued(store::Transaction& transaction, UserId user);
/// Removes the record of a user who has no videos left. Returns whether it was removed.
bool finishUserDeletion(store::Transaction& transaction, UserId user);

}  // namespace video::rows

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deletions/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A record to be cleared, and its content.
struct Clearable {
  VideoId video;
  std::string blob;        ///< empty for none
  std::int64_t tries = 0;  ///< that failed
};

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now);
std::optional<Deletion> findDeletion(store::Reader& reader, const VideoId& video);
bool hasDueDeletion(store::Reader& reader, Time now);
/// What `dueDeletions` finds, page by page.
Page<Deletion> listDue(store::Reader& reader, Time now, std::int64_t limit, const std::optional<std::string>& cursor);
std::vector<Clearable> dueDeletions(store::Reader& reader, Time now, std::int64_t limit);
/// Their bytes in OWNERS: everyone who holds a lease.
std::vector<std::int64_t> leaseOwners(store::Reader& reader);

void insertDeletion(store::Transaction& transaction, const VideoId& video, Time due, Time now);
void deleteDeletion(store::Transaction& transaction, const VideoId& video);
void lease(store::Transaction& transaction, const VideoId& video, std::int64_t owner);
/// Ends at most `limit` leases of a holder that is gone: due as they were, nothing counted against them; how many.
std::int64_t voidLeases(store::Transaction& transaction, std::int64_t owner, std::int64_t limit);
/// Ends a lease whose work failed: tries once more at `due`, or never again after `maxTries`.
void recordFailure(store::Transaction& transaction, const VideoId& video, std::string_view why, Time due,
                   std::int64_t maxTries);
/// Adds to what was cleared, and what failed, since ever.
void addToTotals(store::Transaction& transaction, std::int64_t cleared, std::int64_t failures);
/// A waiting or dead record becomes due at `now`, as if it had never failed.
void revive(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes a waiting record due at `now`, where it is due later.
void makeDue(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes at most `limit` records due that are not; how many.
std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit);

/// A content that was replaced and is due, and how often its removal has failed.
struct ReplacedBlob {
  std::string name;
  std::int64_t tries = 0;
};
std::vector<ReplacedBlob> replacedBlobs(store::Reader& reader, Time now, std::int64_t limit);
void insertBlobDeletion(store::Transaction& transaction, std::string_view blob, Time due);
void postponeBlobDeletion(store::Transaction& transaction, std::string_view blob, std::string_view why, Time due);
void deleteBlobDeletion(store::Transaction& transaction, std::string_view blob);

/// A user who is gone and has something left that user-clear can do now.
struct ClearableUser {
  UserId id;
  std::int64_t tries = 0;
};
std::vector<ClearableUser> clearableUsers(store::Reader& reader, Time now, std::int64_t limit);
void insertUserDeletion(store::Transaction& transaction, UserId user, Time due);
void postponeUserDeletion(store::Transaction& transaction, UserId user, std::string_view why, Time due);
/// Queues at most `limit` of a user's pending and ready videos, due now; how many.
std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit);
/// Makes the records of a user's deleted videos due, at most `limit` of those after `after`; the last of them, empty
/// where there was none.
VideoId makeDueOf(store::Transaction& transaction, UserId user, const VideoId& after, Time now, std::int64_t limit);
/// All videos of the user are in the queue.
void markUserQueued(store::Transaction& transaction, UserId user);
/// Removes the user's record and row where no video is left; whether it did.
bool finishUserDeletion(store::Transaction& transaction, UserId user);

}  // namespace video::rows

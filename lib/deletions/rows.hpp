#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deletions/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A record that is being worked on, and the byte in OWNERS of who does.
struct Lease {
  VideoId video;
  std::int64_t owner = 0;
};

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now);
std::vector<VideoId> dueDeletions(store::Reader& reader, Time now, std::int64_t limit);
std::vector<Lease> listLeases(store::Reader& reader);
std::int64_t deletionTries(store::Reader& reader, const VideoId& video);

void insertDeletion(store::Transaction& transaction, const VideoId& video, Time due, Time now);
void deleteDeletion(store::Transaction& transaction, const VideoId& video);
void lease(store::Transaction& transaction, const VideoId& video, std::int64_t owner);
/// Ends a lease whose holder is gone: due at once, nothing counted against it.
void voidLease(store::Transaction& transaction, const Lease& lease);
/// Ends a lease whose work failed.
void recordFailure(store::Transaction& transaction, const VideoId& video, std::string_view why, std::int64_t tries,
                   Time due, DeletionState state);
/// Makes a waiting record due at `now`, where it is due later.
void makeDue(store::Transaction& transaction, const VideoId& video, Time now);
/// Makes at most `limit` records due that are not; how many.
std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit);

/// Contents that were replaced and are due.
std::vector<std::string> replacedBlobs(store::Reader& reader, Time now, std::int64_t limit);
void insertBlobDeletion(store::Transaction& transaction, std::string_view blob, Time due);
void postponeBlobDeletion(store::Transaction& transaction, std::string_view blob, std::string_view why, Time due);
void deleteBlobDeletion(store::Transaction& transaction, std::string_view blob);

/// Users who are gone and have something left that user-clear can do now.
std::vector<UserId> clearableUsers(store::Reader& reader, Time now, std::int64_t limit);
void insertUserDeletion(store::Transaction& transaction, UserId user, Time due);
void postponeUserDeletion(store::Transaction& transaction, UserId user, std::string_view why, Time due);
/// Queues at most `limit` of a user's videos, due now; how many.
std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit);
/// Removes the user's record and row where no video is left; whether it did.
bool finishUserDeletion(store::Transaction& transaction, UserId user);

}  // namespace video::rows

#include "deletions/clear.hpp"

#include <algorithm>
#include <random>

#include "access/access.hpp"
#include "base/error.hpp"
#include "comments/rows.hpp"
#include "deletions/rows.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

// No operation may hold the writer for long.
constexpr std::int64_t step = 500;

std::chrono::milliseconds backOff(std::chrono::milliseconds first, std::int64_t tries) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours{1};
  const auto doubled = std::min(first * (std::int64_t{1} << std::min<std::int64_t>(tries, 20)), longest);
  thread_local std::minstd_rand random{std::random_device{}()};
  return doubled +
         std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{0, doubled.count() / 4}(random)};
}

}  // namespace

Clearing::Clearing(store::Database& database, store::Blobs& blobs, access::Access& access,
                   const DeletionsOptions& options)
    : database_(database), blobs_(blobs), access_(access), options_(options) {}

schedule::Task Clearing::videoClear() {
  return {"video-clear", options_.every, options_.batch, options_.workers,
          [this](std::size_t batch) { return dispatchVideos(batch); }};
}

schedule::Task Clearing::userClear() {
  return {"user-clear", options_.every, options_.batch, 1, [this](std::size_t batch) { return dispatchUsers(batch); }};
}

std::vector<schedule::Item> Clearing::dispatchVideos(std::size_t batch) {
  // What may fail comes before the claim: a record that was leased must reach an executor.
  const auto blobs = database_.read([&](store::Reader& reader) {
    return rows::replacedBlobs(reader, access_.now(), static_cast<std::int64_t>(batch));
  });
  std::vector<schedule::Item> items;
  items.reserve(blobs.size() + batch);
  for (const std::string& blob : blobs) items.push_back([this, blob] { clearBlob(blob); });
  for (const VideoId& video : claim(batch)) items.push_back([this, video] { clearVideo(video); });
  return items;
}

std::vector<VideoId> Clearing::claim(std::size_t batch) {
  const auto limit = static_cast<std::int64_t>(batch);
  const std::int64_t self = database_.directory().ownerByte();
  const auto voidLeases = [&](store::Reader& reader) {
    std::vector<rows::Lease> leases = rows::listLeases(reader);
    std::erase_if(leases, [&](const rows::Lease& lease) {
      return lease.owner == self ? isUnderWay(lease.video) : database_.directory().isOwnerAlive(lease.owner);
    });
    return leases;
  };
  // An idle queue costs a look, not a transaction.
  const bool idle = database_.read([&](store::Reader& reader) {
    return rows::dueDeletions(reader, access_.now(), 1).empty() && voidLeases(reader).empty();
  });
  if (idle) return {};
  std::vector<VideoId> claimed;
  database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    for (const rows::Lease& lease : voidLeases(transaction)) rows::voidLease(transaction, lease);
    claimed = rows::dueDeletions(transaction, access_.now(), limit);
    for (const VideoId& video : claimed) {
      rows::lease(transaction, video, self);
      rows::setState(transaction, video, VideoState::purging);
    }
    transaction.afterCommit([this, claimed] {
      const std::lock_guard lock(mutex_);
      underWay_.insert(claimed.begin(), claimed.end());
    });
  });
  return claimed;
}

// What fails is noted with its record, and goes on to the scheduler.
void Clearing::attempt(const std::function<void()>& work,
                       const std::function<void(store::Transaction&, std::string_view why)>& note) {
  try {
    work();
  } catch (const std::exception& failure) {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) { note(transaction, failure.what()); });
    throw;
  }
}

void Clearing::clearVideo(const VideoId& video) {
  struct Ends {
    Clearing& clearing;
    const VideoId& video;
    ~Ends() {
      const std::lock_guard lock(clearing.mutex_);
      clearing.underWay_.erase(video);
    }
  } const ends{*this, video};
  const auto removeComments = [&](store::Transaction& transaction) {
    return rows::deleteCommentsOf(transaction, video, step);
  };
  const auto removeRows = [&](store::Transaction& transaction) {
    rows::deleteDeletion(transaction, video);
    rows::deleteVideo(transaction, video);
  };
  attempt(
      [&] {
        const auto blob = database_.read([&](store::Reader& reader) { return rows::blobOf(reader, video); });
        if (blob) blobs_.remove(*blob);
        blobs_.removeIncoming(video.text);
        while (database_.write(store::Purpose::keep, removeComments) == step) {
        }
        database_.write(store::Purpose::keep, removeRows);
      },
      [&](store::Transaction& transaction, std::string_view why) {
        const std::int64_t tries = rows::deletionTries(transaction, video) + 1;
        const auto state = tries >= options_.maxTries ? DeletionState::dead : DeletionState::waiting;
        rows::recordFailure(transaction, video, why, tries, access_.now() + backOff(options_.retryDelay, tries - 1),
                            state);
      });
}

bool Clearing::isUnderWay(const VideoId& video) const {
  const std::lock_guard lock(mutex_);
  return underWay_.contains(video);
}

void Clearing::clearBlob(const std::string& blob) {
  attempt(
      [&] {
        blobs_.remove(blob);
        database_.write(store::Purpose::keep,
                        [&](store::Transaction& transaction) { rows::deleteBlobDeletion(transaction, blob); });
      },
      [&](store::Transaction& transaction, std::string_view why) {
        rows::postponeBlobDeletion(transaction, blob, why, access_.now() + options_.retryDelay);
      });
}

std::vector<schedule::Item> Clearing::dispatchUsers(std::size_t batch) {
  const auto users = database_.read([&](store::Reader& reader) {
    return rows::clearableUsers(reader, access_.now(), static_cast<std::int64_t>(batch));
  });
  std::vector<schedule::Item> items;
  for (const UserId user : users) items.push_back([this, user] { clearUser(user); });
  return items;
}

void Clearing::clearUser(UserId user) {
  const auto queueVideos = [&](store::Transaction& transaction) {
    return rows::queueVideosOf(transaction, user, access_.now(), step);
  };
  const auto removeComments = [&](store::Transaction& transaction) {
    return rows::deleteCommentsBy(transaction, user, step);
  };
  const auto removeUser = [&](store::Transaction& transaction) {
    if (!rows::finishUserDeletion(transaction, user)) return;
    access_.endAll(transaction, user);
    rows::deleteUser(transaction, user);
  };
  attempt(
      [&] {
        while (database_.write(store::Purpose::keep, queueVideos) > 0) {
        }
        while (database_.write(store::Purpose::keep, removeComments) == step) {
        }
        database_.write(store::Purpose::keep, removeUser);
      },
      [&](store::Transaction& transaction, std::string_view why) {
        rows::postponeUserDeletion(transaction, user, why, access_.now() + options_.retryDelay);
      });
}

}  // namespace video

#include "deletions/purge_worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <random>

#include "base/error.hpp"
#include "comments/rows.hpp"
#include "contents/rows.hpp"
#include "observe/log.hpp"
#include "reports/rows.hpp"
#include "shares/rows.hpp"
#include "store/blobs.hpp"
#include "store/derived_files.hpp"
#include "store/directory.hpp"
#include "subtitles/rows.hpp"
#include "tokens/rows.hpp"
#include "uploads/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"
#include "views/rows.hpp"

namespace video {
namespace {

// Limits that keep an operation from holding the writer for long: the number of rows it may touch, and the number of
// rows to assume for a video besides its comments and shares.
constexpr std::int64_t step = 500;
constexpr std::int64_t rowsOfVideo = 20;
constexpr std::int64_t rowsOfSubtitles = 100;  // for those in one language, which have up to 2 MiB
constexpr std::int64_t userStep = 100;
constexpr std::size_t claimStep = 25;

std::string keyOf(UserId user) {
  return fmt::format("user {}", user.value);
}

}  // namespace

// Registers the keys of a batch as in progress until its item is destroyed.
class PurgeWorker::InFlight {
 public:
  InFlight(std::mutex& mutex, std::set<std::string>& all, std::vector<std::string> its)
      : mutex_(mutex), all_(all), its_(std::move(its)) {
    const std::lock_guard lock(mutex_);
    all_.insert(its_.begin(), its_.end());
  }
  ~InFlight() {
    const std::lock_guard lock(mutex_);
    for (const std::string& key : its_) all_.erase(key);
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::mutex& mutex_;
  std::set<std::string>& all_;
  std::vector<std::string> its_;
};

PurgeWorker::PurgeWorker(store::Database& database, store::Blobs& blobs, const Clock& clock,
                         const DeletionsOptions& options)
    : database_(database), blobs_(blobs), clock_(clock), options_(options) {}

schedule::Task PurgeWorker::videosTask() {
  return {"video-clear", options_.batch, options_.workers, [this] {
            // After an error that could not even be recorded, the run ends; it would find the same items again.
            auto broken = std::make_shared<std::atomic<bool>>(false);
            return [this, broken](std::size_t batch) {
              return *broken ? std::vector<schedule::Item>{} : dispatchVideos(batch, broken);
            };
          }};
}

schedule::Task PurgeWorker::usersTask() {
  return {"user-clear", options_.batch, 1, [this] {
            auto broken = std::make_shared<std::atomic<bool>>(false);
            return [this, broken](std::size_t batch) {
              return *broken ? std::vector<schedule::Item>{} : dispatchUsers(batch, broken);
            };
          }};
}

schedule::Item PurgeWorker::itemOf(std::set<std::string>& all, std::vector<std::string> keys, const Broken& broken,
                                   std::function<schedule::Counts()> work) {
  return [inFlight = std::make_shared<InFlight>(mutex_, all, std::move(keys)), broken, work = std::move(work)] {
    try {
      return work();
    } catch (...) {
      *broken = true;
      throw;
    }
  };
}

std::vector<schedule::Item> PurgeWorker::dispatchVideos(std::size_t batch, const Broken& broken) {
  std::vector<schedule::Item> items;
  const auto wanted = static_cast<std::int64_t>(batch + sizeOf(othersInFlight_));
  auto blobs = database_.read([&](store::Reader& reader) { return rows::replacedBlobs(reader, clock_.now(), wanted); });
  std::erase_if(blobs, [this](const rows::ReplacedBlob& blob) { return isInFlight(blob.name); });
  if (!blobs.empty()) {
    std::vector<std::string> keys;
    for (const rows::ReplacedBlob& blob : blobs) keys.push_back(blob.name);
    items.push_back(itemOf(othersInFlight_, keys, broken, [this, blobs] { return purgeBlobs(blobs); }));
  }
  // Claim enough for the running executors and their next batches, because each claim costs a commit.
  const auto claimed = claim(2 * options_.workers * batch);
  for (std::size_t at = 0; at < claimed.size(); at += batch) {
    const auto first = claimed.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<rows::DueDeletion> videos(
        first, first + static_cast<std::ptrdiff_t>(std::min(batch, claimed.size() - at)));
    std::vector<std::string> keys;
    for (const rows::DueDeletion& video : videos) keys.push_back(video.video.text);
    items.push_back(itemOf(videosInFlight_, keys, broken, [this, videos] { return purgeVideos(videos); }));
  }
  return items;
}

std::vector<rows::DueDeletion> PurgeWorker::claim(std::size_t batch) {
  const std::int64_t self = database_.directory().leases().own();
  const auto voidOwners = [&](store::Reader& reader) {
    std::vector<std::int64_t> owners = rows::leaseOwners(reader);
    std::erase_if(owners, [&](std::int64_t owner) {
      // Our own leases without a batch in progress were left by a run that was stopped.
      return owner == self ? sizeOf(videosInFlight_) > 0 : database_.directory().leases().isAlive(owner);
    });
    return owners;
  };
  // Check with a read first, so that an idle queue costs no transaction.
  const bool idle = database_.read([&](store::Reader& reader) {
    return rows::dueDeletions(reader, clock_.now(), 1).empty() && voidOwners(reader).empty();
  });
  std::vector<rows::DueDeletion> claimed;
  while (!idle && claimed.size() < batch) {
    const std::size_t most = std::min(batch - claimed.size(), claimStep);
    const auto some = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      for (const std::int64_t owner : claimed.empty() ? voidOwners(transaction) : std::vector<std::int64_t>{})
        rows::voidLeases(transaction, owner, step);
      auto due = rows::dueDeletions(transaction, clock_.now(), static_cast<std::int64_t>(most));
      std::erase_if(
          due, [&](const rows::DueDeletion& one) { return !rows::claim(transaction, one.video, self, clock_.now()); });
      return due;
    });
    claimed.insert(claimed.end(), some.begin(), some.end());
    if (some.size() < most) break;
  }
  return claimed;
}

schedule::Counts PurgeWorker::purgeVideos(std::span<const rows::DueDeletion> videos) {
  std::vector<store::Removal> removals;
  for (const rows::DueDeletion& video : videos) removals.push_back({video.blob, video.video.text});
  database_.read([&](store::Reader& reader) {
    for (const rows::DueDeletion& video : videos)
      for (const UploadId& upload : rows::partialUploadsTo(reader, video.video)) removals.push_back({{}, upload.text});
  });
  blobs_.remove(removals);
  store::DerivedFiles derived(database_.directory());
  for (std::size_t i = 0; i < videos.size(); ++i) try {
      derived.removeAll(videos[i].video);
    } catch (const Error& error) {
      removals[i].failure = error.what();
    }
  std::vector<Unlinked> unlinked;
  for (std::size_t i = 0; i < videos.size(); ++i)
    unlinked.push_back({videos[i].video, videos[i].tries, removals[i].failure});
  return finish(unlinked);
}

schedule::Counts PurgeWorker::finish(std::span<const Unlinked> videos) {
  const std::int64_t self = database_.directory().leases().own();
  schedule::Counts counts;
  std::size_t at = 0;
  const auto some = [&](store::Transaction& transaction) {
    schedule::Counts now;
    std::size_t next = at;
    for (std::int64_t left = step; left > 0 && next < videos.size(); ++next) {
      const Unlinked& one = videos[next];
      left -= rowsOfVideo;
      // After losing the lease we must not touch the rows: another process may have claimed the record.
      if (!rows::isLeasedBy(transaction, one.video, self)) continue;
      if (one.failure.empty()) {
        left -= rows::deleteCommentsOf(transaction, one.video, std::max<std::int64_t>(left, 1));
        if (left > 0) left -= rows::deleteSharesOf(transaction, one.video, left);
        if (left > 0) left -= rows::removeViewsOf(transaction, one.video, left);
        if (left > 0)
          left -= rowsOfSubtitles * rows::deleteSubtitlesOf(transaction, one.video, left / rowsOfSubtitles + 1);
        if (left <= 0) break;  // there may be more of them
        rows::expireUploadsTo(transaction, one.video, clock_.now() + toldExpired);
        if (options_.remember.count() > 0) rows::rememberContent(transaction, one.video);
        if (!rows::finishDeletion(transaction, one.video, self)) throw rows::changedMeanwhile(one.video);
        ++now.done;
      } else if (rows::recordFailure(transaction, one.video, self, one.failure, retryAt(one.tries),
                                     options_.maxTries)) {
        ++now.failed;
      }
    }
    rows::addToTotals(transaction, static_cast<std::int64_t>(now.done), static_cast<std::int64_t>(now.failed));
    return std::pair(next, now);
  };
  try {
    while (at < videos.size()) {
      const auto [next, now] = database_.write(store::Purpose::keep, some);
      at = next;
      counts.done += now.done;
      counts.failed += now.failed;
    }
  } catch (const Error& failure) {
    const std::span<const Unlinked> rest = videos.subspan(at);
    const bool ofOne = failure.fault() == Fault::databaseFailed || failure.fault() == Fault::conflict;
    if (!ofOne || (rest.size() == 1 && !rest[0].failure.empty())) throw;
    // A single video may have caused the error, so finish them one by one and record the one that fails alone.
    for (const Unlinked& one : rest) {
      const Unlinked again{one.video, one.tries, rest.size() == 1 ? failure.what() : one.failure};
      const schedule::Counts its = finish({&again, 1});
      counts.done += its.done;
      counts.failed += its.failed;
    }
  }
  for (const Unlinked& one : videos)
    if (!one.failure.empty()) {
      const bool isLast = one.tries + 1 >= options_.maxTries;
      observe::log(isLast ? observe::LogLevel::error : observe::LogLevel::warning,
                   isLast ? "deletion failed for the last time; see `videoctl queue list --dead`" : "deletion failed",
                   {{"video", one.video.text}, {"error", one.failure}});
    }
  return counts;
}

schedule::Counts PurgeWorker::purgeBlobs(std::span<const rows::ReplacedBlob> blobs) {
  std::vector<store::Removal> removals;
  for (const rows::ReplacedBlob& blob : blobs) removals.push_back({blob.name, {}});
  blobs_.remove(removals);
  for (const store::Removal& one : removals)
    if (!one.failure.empty()) observe::warning("deletion failed", {{"file", one.blob}, {"error", one.failure}});
  return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    schedule::Counts counts;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      const std::string& failure = removals[i].failure;
      if (failure.empty())
        counts.done += rows::deleteBlobDeletion(transaction, blobs[i].name) ? 1 : 0;
      else if (rows::postponeBlobDeletion(transaction, blobs[i], failure, retryAt(blobs[i].tries)))
        ++counts.failed;
    }
    if (counts.failed > 0) rows::addToTotals(transaction, 0, static_cast<std::int64_t>(counts.failed));
    return counts;
  });
}

std::vector<schedule::Item> PurgeWorker::dispatchUsers(std::size_t batch, const Broken& broken) {
  const auto wanted = static_cast<std::int64_t>(batch + sizeOf(othersInFlight_));
  const auto users =
      database_.read([&](store::Reader& reader) { return rows::dueUsers(reader, clock_.now(), wanted); });
  std::vector<schedule::Item> items;
  for (const rows::DueUser& user : users)
    if (!isInFlight(keyOf(user.id)))
      items.push_back(itemOf(othersInFlight_, {keyOf(user.id)}, broken, [this, user] { return purgeUser(user); }));
  return items;
}

schedule::Counts PurgeWorker::purgeUser(const rows::DueUser& user) {
  try {
    database_.directory().deletedUsers().add(user.id, user.created);
    const auto write = [&](const auto& work) { return database_.write(store::Purpose::keep, work); };
    const auto queueSome = [&](store::Transaction& transaction) {
      return rows::queueVideosOf(transaction, user.id, clock_.now(), userStep);
    };
    while (write(queueSome) > 0) {
    }
    VideoId last;
    const auto makeSomeDue = [&](store::Transaction& transaction) {
      return rows::makeDueOf(transaction, user.id, last, clock_.now(), userStep);
    };
    for (VideoId next = write(makeSomeDue); !next.text.empty(); next = write(makeSomeDue)) last = next;
    const auto removeComments = [&](store::Transaction& transaction) {
      return rows::deleteCommentsBy(transaction, user.id, step);
    };
    while (write(removeComments) == step) {
    }
    const auto anonymizeReports = [&](store::Transaction& transaction) {
      return rows::anonymizeReportsBy(transaction, user.id, step);
    };
    while (write(anonymizeReports) == step) {
    }
    const auto removeContents = [&](store::Transaction& transaction) {
      return rows::removeDeletedContentsOf(transaction, user.id, step);
    };
    while (write(removeContents) == step) {
    }
    for (const auto remove :
         {rows::removeHistoryOf, rows::removeBlocker, rows::removeContentBlocker, rows::removeDecider}) {
      const auto removeSome = [&](store::Transaction& transaction) { return remove(transaction, user.id, step); };
      while (write(removeSome) == step) {
      }
    }
    write([&](store::Transaction& transaction) {
      if (!rows::markUserQueued(transaction, user.id) || !rows::finishUserDeletion(transaction, user.id)) return;
      rows::removeCredentialsOf(transaction, user.id);
      if (!rows::deleteUser(transaction, user.id))
        throw Error(Fault::conflict, fmt::format("user {}: is not deleted", user.id.value));
    });
    return {1, 0};
  } catch (const std::exception& failure) {
    observe::warning("deletion failed", {{"user", user.id.value}, {"error", failure.what()}});
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      if (rows::postponeUserDeletion(transaction, user, failure.what(), retryAt(user.tries)))
        rows::addToTotals(transaction, 0, 1);
    });
    return {0, 1};
  }
}

bool PurgeWorker::isInFlight(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return othersInFlight_.contains(key);
}

std::size_t PurgeWorker::sizeOf(const std::set<std::string>& keys) const {
  const std::lock_guard lock(mutex_);
  return keys.size();
}

Time PurgeWorker::retryAt(std::int64_t tries) const {
  constexpr std::chrono::milliseconds longest = std::chrono::hours{1};
  const auto doubled = std::min(options_.retryDelay * (std::int64_t{1} << std::min<std::int64_t>(tries, 20)), longest);
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto late = std::uniform_int_distribution<std::int64_t>{0, doubled.count() / 4}(random);
  return clock_.now() + doubled + std::chrono::milliseconds{late};
}

}  // namespace video

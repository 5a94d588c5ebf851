#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/forward.hpp"
#include "deletions/deletions.hpp"
#include "deletions/rows.hpp"
#include "schedule/schedule.hpp"
#include "store/database.hpp"

namespace video {

/// Purges the records in the deletion queue: dispatches and executes the tasks video-clear and user-clear. Each step
/// can be repeated, and all processes on the directory may run at the same time: only the process that leases a record
/// purges it.
class PurgeWorker {
 public:
  PurgeWorker(store::Database& database, store::Blobs& blobs, const Clock& clock, const DeletionsOptions& options);

  schedule::Task videosTask();
  schedule::Task usersTask();

 private:
  class InFlight;
  using Broken = std::shared_ptr<std::atomic<bool>>;
  struct Unlinked {
    VideoId video;
    std::int64_t tries;   // failed tries so far
    std::string failure;  // why unlinking the file failed; empty if it succeeded
  };

  schedule::Item itemOf(std::set<std::string>& all, std::vector<std::string> keys, const Broken& broken,
                        std::function<schedule::Counts()> work);
  std::vector<schedule::Item> dispatchVideos(std::size_t batch, const Broken& broken);
  std::vector<schedule::Item> dispatchUsers(std::size_t batch, const Broken& broken);
  std::vector<rows::DueDeletion> claim(std::size_t batch);
  schedule::Counts purgeVideos(std::span<const rows::DueDeletion> videos);
  schedule::Counts finish(std::span<const Unlinked> videos);
  schedule::Counts purgeBlobs(std::span<const rows::ReplacedBlob> blobs);
  schedule::Counts purgeUser(const rows::DueUser& user);
  bool isInFlight(const std::string& key) const;
  std::size_t sizeOf(const std::set<std::string>& keys) const;
  Time retryAt(std::int64_t tries) const;

  store::Database& database_;
  store::Blobs& blobs_;
  const Clock& clock_;
  DeletionsOptions options_;
  mutable std::mutex mutex_;
  // Keys that executors of this process are working on or will work on.
  std::set<std::string> videosInFlight_;
  std::set<std::string> othersInFlight_;
};

}  // namespace video

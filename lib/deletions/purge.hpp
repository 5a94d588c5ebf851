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

/// Purges what is in the deletion queue: what the tasks video-clear and user-clear dispatch and execute. Each step may
/// be repeated, and every process on the directory may do it at once: a record belongs to whoever leased it.
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
    std::int64_t tries;   // that failed before
    std::string failure;  // why its file is still there
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
  // What an executor of this process works on, or will.
  std::set<std::string> videosInFlight_;
  std::set<std::string> othersInFlight_;
};

}  // namespace video

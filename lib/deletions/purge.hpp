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

/// The work behind the deletion queue: what the tasks video-clear and user-clear dispatch and execute. Each step may be
/// repeated, and every process on the directory may do it at once: a record belongs to whoever leased it.
class PurgeWorker {
 public:
  PurgeWorker(store::Database& database, store::Blobs& blobs, access::Access& access, const DeletionsOptions& options);

  schedule::Task videoClear();
  schedule::Task userClear();

 private:
  class Hand;
  using Broken = std::shared_ptr<std::atomic<bool>>;
  struct Cleared {
    VideoId video;
    std::int64_t tries;   // that failed before
    std::string failure;  // why its file is still there
  };

  schedule::Item itemOf(std::set<std::string>& all, std::vector<std::string> keys, const Broken& broken,
                        std::function<schedule::Counts()> work);
  std::vector<schedule::Item> dispatchVideos(std::size_t batch, const Broken& broken);
  std::vector<schedule::Item> dispatchUsers(std::size_t batch, const Broken& broken);
  std::vector<rows::Clearable> claim(std::size_t batch);
  schedule::Counts clearVideos(std::span<const rows::Clearable> videos);
  schedule::Counts finish(std::span<const Cleared> videos);
  schedule::Counts clearBlobs(std::span<const rows::ReplacedBlob> blobs);
  schedule::Counts clearUser(const rows::ClearableUser& user);
  bool isAtHand(const std::string& key) const;
  std::size_t sizeOf(const std::set<std::string>& atHand) const;
  Time retryAt(std::int64_t tries) const;

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  DeletionsOptions options_;
  mutable std::mutex mutex_;
  // What an executor of this process has, or will have.
  std::set<std::string> videosAtHand_;
  std::set<std::string> othersAtHand_;
};

}  // namespace video

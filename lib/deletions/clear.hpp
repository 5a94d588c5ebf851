#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "deletions/deletions.hpp"
#include "schedule/schedule.hpp"
#include "store/database.hpp"

namespace video {

/// The work behind the deletion queue: what the tasks video-clear and user-clear dispatch and execute. Each step may be
/// repeated, and every process on the directory may do it at once: a record belongs to whoever leased it.
class Clearing {
 public:
  Clearing(store::Database& database, store::Blobs& blobs, access::Access& access, const DeletionsOptions& options);

  schedule::Task videoClear();
  schedule::Task userClear();

 private:
  std::vector<schedule::Item> dispatchVideos(std::size_t batch);
  std::vector<schedule::Item> dispatchUsers(std::size_t batch);
  std::vector<VideoId> claim(std::size_t batch);
  void clearVideo(const VideoId& video);
  void clearUser(UserId user);
  void clearBlob(const std::string& blob);
  void attempt(const std::function<void()>& work,
               const std::function<void(store::Transaction&, std::string_view why)>& note);
  bool isUnderWay(const VideoId& video) const;

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  DeletionsOptions options_;
  mutable std::mutex mutex_;
  std::set<VideoId> underWay_;  // leased by this process and being worked on
};

}  // namespace video

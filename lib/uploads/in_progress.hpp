#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "base/ids.hpp"

namespace video {

/// The uploads that this process is receiving. For each user: how many uploads the user is sending, and how many bytes,
/// stored or announced, will count towards the user's quota but are in no row yet. May be used from any thread.
class UploadsInProgress {
 public:
  /// Returns whether `size` more bytes of `owner` fit under `most`.
  bool fits(UserId owner, std::uint64_t size, std::uint64_t most);
  /// Has those who wait ask whether they are stopped.
  void wake();

 private:
  friend class UploadInProgress;
  struct Totals {
    std::size_t sent = 0;
    std::uint64_t bytes = 0;
  };
  void take(std::int64_t user, std::size_t sent, std::uint64_t bytes) noexcept;

  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::int64_t, Totals> users_;
};

/// Returns the sender that the guests of a drop link count as, so that they do not keep its user from uploading.
UserId guestsOf(const ShareId& drop);

/// Counts one upload of a user while it exists.
class UploadInProgress {
 public:
  /// Counts an upload of `sender` (0: not counted) to a video of `owner`. If `sender` has `most` (0: no limit) in
  /// progress, waits for one to end, at most as long as `patience` and until `isStopped`, which may be null, returns
  /// true, then throws tooMany.
  UploadInProgress(UploadsInProgress& all, UserId sender, UserId owner, std::size_t most,
                   std::chrono::milliseconds patience = {}, const std::function<bool()>& isStopped = {});
  ~UploadInProgress();
  UploadInProgress(const UploadInProgress&) = delete;
  UploadInProgress& operator=(const UploadInProgress&) = delete;

  /// Returns whether `size` bytes fit under `most` beside the owner's other uploads; if so, counts them for this one.
  bool grow(std::uint64_t size, std::uint64_t most);

 private:
  UploadsInProgress& all_;
  const std::int64_t sender_;
  const std::int64_t owner_;
  std::uint64_t size_ = 0;
};

}  // namespace video

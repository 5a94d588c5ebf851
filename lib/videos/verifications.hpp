#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "schedule/background.hpp"
#include "videos/videos.hpp"

namespace video {

/// Verifies contents in the background, and keeps the latest results in memory. May be used from any thread.
class Verifications {
 public:
  /// Reads a content and returns the result. Calls `progress` with the number of bytes read so far at times; if that
  /// returns false, stops, and the result is not used.
  using Check = std::function<VerifiedVideo(const std::function<bool(std::uint64_t)>& progress)>;

  /// `clock` must outlive this object.
  explicit Verifications(const Clock& clock, const schedule::BackgroundOptions& options = {})
      : clock_(clock), background_(options) {}

  /// Queues the verification of a video's content for `account` (0: the operator), unless one of this video is queued
  /// or running, and returns its state. Throws tooMany.
  VerifiedVideo start(std::int64_t account, const VideoId& video, Check check);
  /// Returns the state of the latest verification of a video, or nothing if none is known. Throws what it has thrown.
  std::optional<VerifiedVideo> find(const VideoId& video) const;

  static constexpr std::size_t most = 1000;  ///< results that are kept

 private:
  struct Entry {
    VerifiedVideo found;
    std::optional<Error> failure;
    std::uint64_t ended = 0;  ///< a number that grows with each verification that ends; 0 until then
  };
  void run(const VideoId& video, const Check& check, const std::stop_token& stop);
  void end(const VideoId& video, const VerifiedVideo& found, std::optional<Error> failure);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<std::uint64_t, std::string>> ended_;  // oldest first; some were verified again since
  std::uint64_t lastEnded_ = 0;
  schedule::Background background_;  // last: its jobs use the others
};

}  // namespace video

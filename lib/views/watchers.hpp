#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace video {

/// A heartbeat of a viewer.
struct WatchSign {
  VideoId video;
  std::string viewer;  ///< names the viewer; only a hash of it is kept
  std::int64_t positionMs = 0;
  std::optional<std::int64_t> durationMs;
  bool isDurationClaimed = false;  ///< the length is known from the client only
  bool isEnded = false;
  bool isPaused = false;
  bool isWorthSaving = false;
};

/// What a heartbeat leads to.
struct WatchStep {
  std::int64_t watching = 0;  ///< viewers of the video now
  bool counts = false;        ///< the viewer has watched enough to be counted
  bool saves = false;         ///< the position must be saved; stays so until `setSaved`
};

/// Who is watching what now, in memory. May be used from any thread.
class Watchers {
 public:
  static constexpr std::chrono::seconds staysFor{45};  ///< after the last heartbeat
  static constexpr std::chrono::seconds enough{30};    ///< time watched (or half of the video) that counts as a view
  static constexpr std::chrono::seconds betweenSaves{60};     ///< while the video plays
  static constexpr std::chrono::seconds regular{18};          ///< an earlier heartbeat means: paused, left or started
  static constexpr std::chrono::seconds betweenPauses{5};     ///< between saves of those, on average
  static constexpr int pausesAtOnce = 6;                      ///< saves of those that may follow each other at once
  static constexpr std::chrono::seconds mostBeforeFirst{20};  ///< time watched that the first heartbeat can claim
  static constexpr std::chrono::seconds leastClaimed{5};  ///< least time watched if only the client knows the length
  static constexpr std::size_t most = 100'000;            ///< viewers in all; further ones are not recorded

  /// `clock` measures the time between heartbeats. It must outlive this object.
  explicit Watchers(const Clock& clock = bootClock()) : clock_(clock) {}

  /// Records a heartbeat.
  WatchStep note(const WatchSign& sign);
  /// Records that the viewer was counted.
  void setCounted(const WatchSign& sign);
  /// Records that the position was saved.
  void setSaved(const WatchSign& sign);
  /// Returns how many viewers a video has now.
  std::int64_t watching(const VideoId& video);
  /// Returns how many viewers have been checked so far to find those who have left.
  std::uint64_t looks() const { return looks_; }

 private:
  struct Audience;
  struct Viewer {
    Time seen{};
    std::chrono::milliseconds watched{0};
    std::optional<Time> saved{};
    Time charged{};  ///< until when the saves between the regular times are charged, `betweenPauses` each
    bool isCounted = false;
    std::list<std::pair<Audience*, std::string>>::iterator place{};  ///< in seen_
  };
  struct Audience {
    VideoId video;
    std::map<std::string, Viewer> viewers;
  };

  std::string keyOf(const std::string& viewer) const;
  // Drops viewers whose last heartbeat is too old.
  void drop(Time now);
  Viewer* find(const WatchSign& sign);

  const Clock& clock_;
  const std::string salt_ = makeSecret();
  std::mutex mutex_;
  std::map<VideoId, Audience> audiences_;
  std::list<std::pair<Audience*, std::string>> seen_;  // all viewers, oldest heartbeat first
  std::uint64_t looks_ = 0;
};

}  // namespace video

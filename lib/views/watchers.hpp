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

/// A sign of life of a viewer.
struct WatchSign {
  VideoId video;
  std::string viewer;  ///< names the viewer; only its hash is kept
  std::int64_t positionMs = 0;
  std::optional<std::int64_t> durationMs;
  bool isDurationClaimed = false;  ///< only the client says so
  bool isEnded = false;
  bool isPaused = false;
  bool isWorthSaving = false;
};

/// What a sign of life leads to.
struct WatchStep {
  std::int64_t watching = 0;  ///< viewers of the video now
  bool counts = false;        ///< the viewer has watched enough to be counted
  bool saves = false;         ///< the position is to be saved, until `setSaved` says that it was
};

/// Who watches what now, in memory. May be used from any thread.
class Watchers {
 public:
  static constexpr std::chrono::seconds staysFor{45};         ///< after the last sign of life
  static constexpr std::chrono::seconds enough{30};           ///< watched, or half of the video, counts as a view
  static constexpr std::chrono::seconds betweenSaves{60};     ///< while the video plays
  static constexpr std::chrono::seconds regular{18};          ///< a sign that comes sooner says: paused, left or begun
  static constexpr std::chrono::seconds betweenPauses{5};     ///< between saves then, on average
  static constexpr int pausesAtOnce = 6;                      ///< saves then that may follow each other at once
  static constexpr std::chrono::seconds mostBeforeFirst{20};  ///< time watched that the first sign can claim
  static constexpr std::chrono::seconds leastClaimed{5};      ///< half of a length that only the client knows
  static constexpr std::size_t most = 100'000;                ///< viewers in all; more are not noted

  /// `clock` measures the time between signs.
  explicit Watchers(const Clock& clock = bootClock()) : clock_(clock) {}

  /// Takes note of a sign of life.
  WatchStep note(const WatchSign& sign);
  /// Says that the viewer was counted.
  void setCounted(const WatchSign& sign);
  /// Says that the position was saved.
  void setSaved(const WatchSign& sign);
  /// Returns how many watch a video.
  std::int64_t watching(const VideoId& video);
  /// Returns how many viewers it has looked at so far to find out who has left.
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
  // Drops who has not been heard of.
  void drop(Time now);
  Viewer* find(const WatchSign& sign);

  const Clock& clock_;
  const std::string salt_ = makeSecret();
  std::mutex mutex_;
  std::map<VideoId, Audience> audiences_;
  std::list<std::pair<Audience*, std::string>> seen_;  // all viewers, longest not heard of first
  std::uint64_t looks_ = 0;
};

}  // namespace video

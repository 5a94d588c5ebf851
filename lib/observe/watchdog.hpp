#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace video::observe {

/// Watches the parts of the daemon that could hang. Each has a thread that asks it again and again, and `feed` is
/// called only while every part has answered within the last half of the period: a part that hangs starves the dog.
class Watchdog {
 public:
  /// One part, and a round trip through it.
  struct Part {
    std::string name;
    /// Returns whether the part has answered, and may take as long as it does. What it throws counts as no answer.
    std::function<bool()> answers;
  };

  /// Starts watching. `period`: how often `feed` must be called at least; above 0. `feed` is called on a thread of the
  /// watchdog.
  Watchdog(std::vector<Part> parts, std::chrono::milliseconds period, std::function<void()> feed);
  /// Stops, like `stop()`, and waits for questions that are under way.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Asks and feeds no more; returns at once. May be called from any thread.
  void stop() noexcept;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void ask(std::size_t part);
  void watch();
  /// Waits this long. Returns false if the watchdog stops meanwhile.
  bool rest(std::chrono::milliseconds time);
  /// Returns the names of the parts that have not answered for too long.
  std::string silentParts() const;

  const std::vector<Part> parts_;
  const std::chrono::milliseconds period_;
  const std::function<void()> feed_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<SteadyTime> answered_;  ///< when each part was asked the last time that it answered
  std::vector<std::jthread> threads_;
};

}  // namespace video::observe

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/error.hpp"

namespace video {

/// Lets one request at a time work on an upload. The newest one wins: it stops the one that has its turn, and waits
/// until that has ended. May be used from any thread.
class UploadTurns {
 public:
  /// A request's turn, until it is destroyed.
  class Turn {
   public:
    /// Waits for the turn, at most as long as `patience`. `stop`, which may be null, is called on another thread when
    /// the turn is over; it must end a wait for the client. Throws locked if the wait takes longer, if a newer request
    /// comes meanwhile, or after `drain`.
    Turn(UploadTurns& all, const std::string& upload, std::function<void()> stop, std::chrono::milliseconds patience);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    /// Returns whether this request should end: a newer one waits for the turn, or `drain` was called.
    bool isOver() const noexcept { return over_; }
    /// Returns why it is over, as an error for the client.
    Error whyOver() const;

   private:
    friend class UploadTurns;
    void end();

    UploadTurns& all_;
    const std::string upload_;
    const std::function<void()> stop_;
    std::atomic<bool> over_ = false;
  };

  /// Ends every turn; there are no more afterwards.
  void drain();
  /// Throws locked after `drain`.
  void requireOpen() const;

 private:
  struct Upload {
    std::uint64_t newest = 0;  // number of the newest request
    std::size_t waiting = 0;
    Turn* holder = nullptr;
  };

  void requireOpen(const std::unique_lock<std::mutex>& locked) const;
  void removeIfIdle(const std::string& upload);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Upload> uploads_;
  bool draining_ = false;
};

}  // namespace video

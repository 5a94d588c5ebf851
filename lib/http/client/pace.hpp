#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "os/descriptor.hpp"

namespace video::http {

/// Ends requests whose server does not let them end: with header fields or a body beyond all bounds, or with a trickle,
/// which is progress for a timeout that each byte begins anew. A thread looks at what the kernel has counted for the
/// connections of the requests under way. May be used from any thread.
class Pace {
 public:
  /// Each `window` after the first byte of a reply, and while a write waits, must move `leastProgress` bytes. A reply
  /// begins when the server has all of the request, so that the handshake of TLS is none. With 0 nothing is watched.
  explicit Pace(std::chrono::milliseconds window) : window_(window) {}
  ~Pace();
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

  static constexpr std::uint64_t leastProgress = 1024;
  static constexpr std::uint64_t mostHead = 256 * 1024;
  static constexpr int mostAsked = 16;

  /// The TCP connection of an HTTP client, which may make another one for each request.
  class Line {
   public:
    /// Call it for each new socket.
    void connected(int socket);

   private:
    friend class Pace;
    std::mutex mutex_;
    Descriptor socket_;  // a duplicate, so that its number cannot become that of another file
    std::uint64_t generation_ = 0;
  };

  /// A request under way; one thread at a time.
  class Watch {
   public:
    /// `most`: bytes that the whole reply may have.
    Watch(Pace& pace, Line& line, std::uint64_t most);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// A body is being sent, or has been: what comes meanwhile, such as tickets of TLS, is no reply that trickles.
    void sends(bool isSending) noexcept { isSending_ = isSending; }
    /// The header fields of the reply have been read.
    void headIsRead() noexcept { hasHead_ = true; }
    /// A write begins, or has ended.
    void writes() noexcept { ++writes_; }
    void hasWritten() noexcept { ++writes_; }
    /// Returns why the request was ended; empty if it was not.
    std::string reason() const;

   private:
    friend class Pace;
    using Clock = std::chrono::steady_clock;
    // How far a direction has come since when.
    struct Stretch {
      std::uint64_t base = 0;
      Clock::time_point began;
      bool isOpen = false;
    };

    Pace& pace_;
    Line& line_;
    const std::uint64_t most_;
    std::atomic<bool> isSending_ = false;
    std::atomic<bool> hasHead_ = false;
    std::atomic<std::uint64_t> writes_ = 0;  // odd during a write
    // The rest under the mutex of `pace_`.
    std::uint64_t generation_ = 0;
    std::uint64_t before_ = 0;  // bytes that the connection had received before
    Stretch received_;
    Stretch sent_;
    std::uint64_t acknowledged_ = 0;
    int asked_ = 0;  // in how many looks the request was under way
    std::uint64_t seenWrites_ = 0;
    std::string reason_;
  };

 private:
  void run();
  void look(Watch& watch, std::chrono::steady_clock::time_point now) const;
  std::chrono::milliseconds tick() const;

  const std::chrono::milliseconds window_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Watch*> watches_;
  bool isIdle_ = false;
  bool isOver_ = false;
  std::thread thread_;  // begins with the first request
};

}  // namespace video::http

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace video::access {

/// Slows down password guessing. Counts attempts by name and by address; after `attempts` of them within a window, each
/// further attempt must wait twice as long as the one before. If an address has signed in to a name within the window,
/// its attempts for that name are counted separately, so that other clients cannot lock it out. Holds a fixed number of
/// counts (2.5 MiB, allocated at the first attempt); if all are in use, the smallest is evicted. May be used from any
/// thread.
class Throttle {
 public:
  Throttle(std::size_t attempts, std::chrono::milliseconds window);

  /// An attempt to sign in. It is counted at once; the count is undone if no outcome is reported, since then no
  /// password was checked.
  class Try {
   public:
    ~Try();
    Try(const Try&) = delete;
    Try& operator=(const Try&) = delete;
    /// Reports a wrong password.
    void failed() noexcept { told_ = true; }
    /// Reports a successful sign-in: clears the count of the name, and records that the address signed in to it.
    void succeeded(Time now);

   private:
    friend class Throttle;
    Try(Throttle& throttle, std::uint64_t name, std::uint64_t address, std::uint64_t pair, bool own)
        : throttle_(&throttle), name_(name), address_(address), pair_(pair), own_(own) {}
    Throttle* throttle_;
    std::uint64_t name_, address_, pair_;  // 0: not counted
    bool own_;                             // counted for the pair of name and address
    bool told_ = false;
  };

  /// Counts an attempt. An empty `address` is not counted. Throws tooMany, with the time left to wait, if the attempt
  /// must wait; it is not counted then.
  Try begin(std::string_view name, std::string_view address, Time now);

 private:
  struct Count {
    std::uint64_t key = 0;  // 0: free
    Time since{};           // the first attempt of the window, or the last success of a pair
    Time last{};
    std::uint32_t tries = 0;
    bool known = false;  // a pair that has signed in
  };
  static constexpr std::size_t ways = 8;
  using Set = std::array<Count, ways>;

  std::uint64_t keyOf(char kind, std::string_view first, std::string_view second = {}) const;
  Set& setOf(std::uint64_t key);
  Count* find(std::uint64_t key, Time now);
  Count& take(std::uint64_t key, Time now);
  std::chrono::milliseconds waitOf(const Count* count, Time now) const;
  void count(std::uint64_t key, Time now);
  void uncount(std::uint64_t key);

  const std::size_t attempts_;
  const std::chrono::milliseconds window_;
  std::array<unsigned char, 16> secret_{};
  std::mutex mutex_;
  std::vector<Set> sets_;
};

}  // namespace video::access

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

/// Slows down guessing of passwords: tries are counted by name and by address, and from the `attempts`-th in a window
/// on each has to wait twice as long as the one before. An address that signed in to a name within the window has its
/// tries for that name counted by themselves, so that nobody else can lock it out. Holds a fixed number of counts (2.5
/// MiB, made at the first try); where they are used up, the smallest goes. May be used from any thread.
class Throttle {
 public:
  Throttle(std::size_t attempts, std::chrono::milliseconds window);

  /// One try to sign in, counted at once; taken back where neither outcome is told, since no password was looked at.
  class Try {
   public:
    ~Try();
    Try(const Try&) = delete;
    Try& operator=(const Try&) = delete;
    void failed() noexcept { told_ = true; }
    /// Forgets the name's count, and remembers that the address signed in to it.
    void succeeded(Time now);

   private:
    friend class Throttle;
    Try(Throttle& throttle, std::uint64_t name, std::uint64_t address, std::uint64_t pair, bool own)
        : throttle_(&throttle), name_(name), address_(address), pair_(pair), own_(own) {}
    Throttle* throttle_;
    std::uint64_t name_, address_, pair_;  // 0: not counted
    bool own_;                             // counted as the pair
    bool told_ = false;
  };

  /// Counts a try; `address` may be empty, which is not counted. Throws tooMany with what is left to wait, uncounted.
  Try begin(std::string_view name, std::string_view address, Time now);

 private:
  struct Count {
    std::uint64_t key = 0;  // 0: free
    Time since{};           // of the window's first try, or of the last success of a pair
    Time last{};
    std::uint32_t tries = 0;
    bool known = false;  // a pair that signed in
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

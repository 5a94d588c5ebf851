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

/// Slows down password guessing. Attempts are counted by address, and by name and address together; once `attempts`
/// were made within a window, each further one has to wait twice as long as the one before. A name at which that many
/// were made from anywhere leaves each address one attempt before it has to wait, and locks nobody out. An address that
/// signed in to a name within 30 days has a count of its own for that name, and no other. Holds a fixed number of
/// counts (2.5 MiB, allocated at the first attempt); when they are used up, the smallest is evicted. Times are of any
/// clock that is never set. May be used from any thread.
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
    /// Returns whether the address has signed in to the name before.
    bool isKnown() const noexcept { return known_; }

   private:
    friend class Throttle;
    Try(Throttle& throttle, std::uint64_t name, std::uint64_t address, std::uint64_t pair, bool known)
        : throttle_(&throttle), name_(name), address_(address), pair_(pair), known_(known) {}
    Throttle* throttle_;
    std::uint64_t name_, address_, pair_;  // address: 0 if there is none
    bool known_;                           // counted as the pair alone
    bool told_ = false;
  };

  /// Counts an attempt. All callers without an address share one count for each name. Throws tooMany, with the time
  /// left to wait, if the attempt must wait; it is not counted then.
  Try begin(std::string_view name, std::string_view address, Time now);

 private:
  struct Count {
    std::uint64_t key = 0;  // 0: free
    Time since{};           // the window's first attempt; the last success of a known pair
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
  bool isOver(const Count& count, Time now) const;
  std::chrono::milliseconds waitOf(const Count* count, std::size_t free, Time now) const;
  void count(std::uint64_t key, Time now);
  void uncount(std::uint64_t key);

  const std::size_t attempts_;
  const std::chrono::milliseconds window_;
  std::array<unsigned char, 16> secret_{};
  std::mutex mutex_;
  std::vector<Set> sets_;
};

}  // namespace video::access

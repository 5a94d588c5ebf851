#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace video::access {

/// Limits how often something may happen for each key: `most` times at once, and as often again per `period`, evenly
/// (a token bucket). Remembers a bounded number of keys. Times are of any clock that is never set. May be used from any
/// thread.
class Rate {
 public:
  /// With `most` = 0 there is no limit.
  Rate(std::size_t most, std::chrono::milliseconds period);

  /// Counts one for `key`. Throws tooMany with the detail `refusal` and the time to wait; counts nothing then.
  void take(std::string_view key, Time now, std::string_view refusal);
  /// Takes one back that `take` has counted.
  void giveBack(std::string_view key);

 private:
  void makeRoom(Time now);

  const std::chrono::milliseconds period_;
  const std::chrono::microseconds interval_;  // 0: no limit
  std::mutex mutex_;
  // When the key's bucket is full again (the "theoretical arrival time" of GCRA, ITU-T I.371).
  std::unordered_map<std::string, std::chrono::sys_time<std::chrono::microseconds>> full_;
};

}  // namespace video::access

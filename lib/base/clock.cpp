#include "base/clock.hpp"

#include <ctime>

namespace video {

const Clock& systemClock() noexcept {
  struct System : Clock {
    Time now() const override {
      return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
  };
  static const System clock;
  return clock;
}

const Clock& bootClock() noexcept {
  struct Boot : Clock {
    Time now() const override {
      timespec now{};
      ::clock_gettime(CLOCK_BOOTTIME, &now);
      return Time{std::chrono::floor<std::chrono::milliseconds>(std::chrono::seconds{now.tv_sec} +
                                                                std::chrono::nanoseconds{now.tv_nsec})};
    }
  };
  static const Boot clock;
  return clock;
}

}  // namespace video

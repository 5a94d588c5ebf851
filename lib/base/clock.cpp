#include "base/clock.hpp"

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

}  // namespace video

#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "frame/command.hpp"
#include "frame/files.hpp"

namespace video::ctl {

/// Waits. Throws Interrupted at a signal.
inline void waitUnlessSignal(std::chrono::milliseconds pause) {
  const auto until = std::chrono::steady_clock::now() + pause;
  while (std::chrono::steady_clock::now() < until && SignalNote::came() == 0)
    std::this_thread::sleep_for(std::min(pause, std::chrono::milliseconds{50}));
  if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
}

/// Repeats work that a full, busy or stopping server refuses, waiting as long as the server asks for but no longer than
/// the lock timeout in total. For one thread, while there is a SignalNote.
class Patience {
 public:
  explicit Patience(const Flags& flags) : left_(flags.lockTimeout.value_or(std::chrono::seconds{10})) {}

  /// Returns what `work` does. Throws what it throws; Interrupted after a signal.
  template <class Work>
  auto operator()(const Work& work) {
    for (;;) {
      try {
        return work();
      } catch (const Error& error) {
        if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
        const bool passes = error.fault() == Fault::tooMany || error.fault() == Fault::unavailable ||
                            error.fault() == Fault::busy || error.fault() == Fault::locked;
        const auto pause = std::chrono::milliseconds(error.retryAfter().value_or(std::chrono::seconds{0}));
        if (!passes || pause.count() <= 0 || pause > left_) throw;
        left_ -= pause;
        waitUnlessSignal(pause);
      }
    }
  }
  /// Waits before another look; returns false if no time is left.
  bool look() {
    if (left_ < betweenLooks) return false;
    left_ -= betweenLooks;
    waitUnlessSignal(betweenLooks);
    return true;
  }

 private:
  std::chrono::milliseconds left_;
};

}  // namespace video::ctl

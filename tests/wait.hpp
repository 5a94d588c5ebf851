#pragma once

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <latch>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace video::test {

/// How long a test waits for anything before it fails.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::seconds patience{180};
#else
inline constexpr std::chrono::seconds patience{60};
#endif

/// Waits for a condition that another thread or process brings about. Returns false if it takes longer than `patience`.
template <class Condition>
bool soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (int looks = 0; !condition(); ++looks) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (looks < 1000)
      std::this_thread::yield();
    else
      ::poll(nullptr, 0, 1);  // leaves the processor to the thread or process waited for
  }
  return true;
}

/// Waits like `soon`, and throws an exception that names `what` if it takes longer.
template <class Condition>
void waitFor(std::string_view what, Condition condition) {
  if (!soon(condition)) throw std::runtime_error(fmt::format("not within {} s: {}", patience.count(), what));
}

/// Waits until a latch is down to zero, with the same deadline.
inline void waitFor(std::string_view what, const std::latch& latch) {
  waitFor(what, [&] { return latch.try_wait(); });
}

}  // namespace video::test

#pragma once

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace video::test {

/// How long anything may take before a test gives it up.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::seconds patience{180};
#else
inline constexpr std::chrono::seconds patience{60};
#endif

/// Waits for what another thread or process brings about; false where that takes longer than `patience`.
template <class Condition>
bool soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (int looks = 0; !condition(); ++looks) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (looks < 1000)
      std::this_thread::yield();
    else
      ::poll(nullptr, 0, 1);  // leaves the processor to those who are waited for
  }
  return true;
}

/// The same; throws where it takes longer, saying what was waited for.
template <class Condition>
void waitFor(std::string_view what, Condition condition) {
  if (!soon(condition)) throw std::runtime_error(fmt::format("not within {} s: {}", patience.count(), what));
}

}  // namespace video::test

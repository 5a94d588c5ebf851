#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include "observe/log.hpp"

namespace video::observe {

/// Runs what a thread of ours does; whether it came to its end. What it throws goes to the log, since it would end the
/// process. `thread` is the thread's name in the log.
template <class Body>
bool guarded(std::string_view thread, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return true;
  } catch (const std::exception& failure) {
    error("a thread failed", {{"thread", thread}, {"error", failure.what()}});
  } catch (...) {
    error("a thread failed", {{"thread", thread}, {"error", "unknown"}});
  }
  return false;
}

}  // namespace video::observe

#pragma once

#include <exception>
#include <stop_token>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

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

/// Starts one more thread in `pool`, which runs `body(stop)` guarded. Returns false if no more threads can be created;
/// if the pool is empty, throws std::system_error instead.
template <class Body>
bool startThread(std::vector<std::jthread>& pool, std::string_view thread, Body body) try {
  pool.emplace_back([thread, body](const std::stop_token& stop) { guarded(thread, [&] { body(stop); }); });
  return true;
} catch (const std::system_error&) {
  if (pool.empty()) throw;
  return false;
}

}  // namespace video::observe

#include "supervision.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/guarded.hpp"
#include "observe/notify.hpp"

namespace video::daemon {

namespace {

constexpr std::chrono::seconds tellEvery{2};

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

Supervision::Supervision(LocalToolkit& toolkit, http::Transport& transport, const http::Limiter& limiter)
    : toolkit_(toolkit), transport_(transport), limiter_(limiter) {
  if (std::getenv("NOTIFY_SOCKET") == nullptr) return;
  teller_ = std::jthread([this] { observe::guarded("the status line", [this] { keepTelling(); }); });
  const std::chrono::milliseconds period = observe::watchdogPeriod();
  if (period == period.zero()) return;
  // Whether the write succeeded does not matter: a full disk is not mended by a restart.
  const auto writer = [this] {
    toolkit_.whyNotReady();
    return true;
  };
  const auto transportAnswers = [this, within = period / 4] { return transport_.answers(within); };
  watchdog_ = std::make_unique<observe::Watchdog>(
      std::vector<observe::Watchdog::Part>{{"writer", writer}, {"transport", transportAnswers}}, period,
      observe::notifyAlive);
}

Supervision::~Supervision() {
  stop();
}

void Supervision::stop() {
  if (watchdog_) watchdog_->stop();
  const std::lock_guard lock(mutex_);
  if (std::exchange(stopping_, true)) return;
  changed_.notify_all();
  observe::notifyStopping();
  observe::notifyStatus("Stopping: waits for running requests");
}

void Supervision::keepTelling() {
  std::string told;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    std::string now = status();
    lock.lock();
    if (!stopping_ && now != told) observe::notifyStatus(told = std::move(now));
    changed_.wait_for(lock, tellEvery, [this] { return stopping_; });
  }
}

std::string Supervision::status() const {
  const http::LimiterCounts used = limiter_.counts();
  return fmt::format("Serving {} ({}, {}){}", counted(transport_.counters().open, "connection"),
                     counted(used.streams, "stream"), counted(used.uploads, "upload"),
                     toolkit_.isDiskLow() ? "; the disk is nearly full" : "");
}

}  // namespace video::daemon

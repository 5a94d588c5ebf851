#include "observe/watchdog.hpp"

#include <algorithm>
#include <utility>

#include "observe/guarded.hpp"
#include "observe/log.hpp"

namespace video::observe {

Watchdog::Watchdog(std::vector<Part> parts, std::chrono::milliseconds period, std::function<void()> feed)
    : parts_(std::move(parts)), period_(period), feed_(std::move(feed)), answered_(parts_.size()) {
  threads_.reserve(parts_.size() + 1);
  for (std::size_t part = 0; part < parts_.size(); ++part) threads_.emplace_back([this, part] { ask(part); });
  threads_.emplace_back([this] { guarded("the watchdog", [this] { watch(); }); });
}

Watchdog::~Watchdog() {
  stop();
  threads_.clear();
}

void Watchdog::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

bool Watchdog::rest(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

void Watchdog::ask(std::size_t part) {
  do {
    const SteadyTime asked = std::chrono::steady_clock::now();
    bool answered = false;
    guarded(parts_[part].name, [&] { answered = parts_[part].answers(); });
    if (!answered) continue;
    const std::lock_guard lock(mutex_);
    answered_[part] = asked;
    changed_.notify_all();
  } while (rest(std::max(period_ / 4, std::chrono::milliseconds{1})));
}

std::string Watchdog::silentParts() const {
  const SteadyTime since = std::chrono::steady_clock::now() - period_ / 2;
  std::string names;
  for (std::size_t part = 0; part < parts_.size(); ++part)
    if (answered_[part] < since) names += (names.empty() ? "" : ", ") + parts_[part].name;
  return names;
}

void Watchdog::watch() {
  std::string told;
  {
    // The first answers take a moment, which is no silence.
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, period_ / 2, [this] { return stopping_ || silentParts().empty(); });
  }
  do {
    std::string silent;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      silent = silentParts();
    }
    if (silent.empty()) feed_();
    if (silent != told && silent.empty()) info("watchdog: all parts answer again");
    if (silent != told && !silent.empty())
      error("watchdog: no answer; systemd will restart the daemon", {{"parts", silent}});
    told = std::move(silent);
  } while (rest(std::max(period_ / 8, std::chrono::milliseconds{1})));
}

}  // namespace video::observe

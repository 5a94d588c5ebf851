#include "store/purge_clock.hpp"

#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

#include "base/text.hpp"
#include "observe/log.hpp"

namespace video::store {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds jump = std::chrono::hours{1};
constexpr milliseconds confirmedAfter = std::chrono::minutes{10};
constexpr milliseconds saveEvery = std::chrono::minutes{1};

bool isJump(milliseconds from, milliseconds to) {
  return std::chrono::abs(to - from) > jump;
}

// Identifies the boot; 0 if the system does not provide an ID.
std::int64_t bootNumber() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? 0 : static_cast<std::int64_t>(stableHash(id) >> 1);
}

}  // namespace

PurgeClock::PurgeClock(const DataDirectory& directory, const Clock& system, const Clock& sinceBoot)
    : file_(directory), system_(system), sinceBoot_(sinceBoot) {}

PurgeClock::Seen PurgeClock::look() const {
  const std::lock_guard lock(mutex_);
  const Time wall = system_.now();
  const milliseconds boot = sinceBoot_.now().time_since_epoch();
  const milliseconds offset = wall.time_since_epoch() - boot;
  if (!state_) load(wall, boot);
  ClockState& state = *state_;
  const bool wasHeld = state.jumpSeen.has_value();
  if (!isJump(state.offset, offset)) {
    state.offset = offset;
    state.jumpSeen.reset();
    if (wasHeld) observe::info("the system clock is back at its earlier time: purging continues");
    if (wasHeld || !saved_ || boot - *saved_ >= saveEvery) save(wall, boot, wasHeld);
    return {wall, false};
  }
  if (!wasHeld || isJump(state.jumpedOffset, offset)) {
    state.jumpedOffset = offset;
    state.jumpSeen = boot;
    observe::warning(
        "the system clock jumped: nothing is purged by the new time until it has been stable for 10 minutes",
        {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(offset - state.offset).count()}});
    save(wall, boot, true);
  } else if (boot - *state.jumpSeen >= confirmedAfter) {
    state.offset = offset;
    state.jumpSeen.reset();
    observe::info("the system clock has been stable for 10 minutes: purging continues");
    save(wall, boot, true);
    return {wall, false};
  }
  return {Time{boot + state.offset}, true};
}

void PurgeClock::load(Time wall, milliseconds boot) const {
  const milliseconds offset = wall.time_since_epoch() - boot;
  const auto saved = file_.purgeClock();
  state_ = saved.value_or(ClockState{.boot = bootNumber(), .offset = offset});
  if (!saved || saved->boot == bootNumber()) return;
  // The machine was restarted: there is no way to know how long it was off.
  state_ = ClockState{.boot = bootNumber(), .offset = saved->lastSeen.time_since_epoch() - boot};
}

void PurgeClock::save(Time wall, milliseconds boot, bool synced) const noexcept {
  saved_ = boot;
  try {
    state_->lastSeen = state_->jumpSeen ? Time{boot + state_->offset} : wall;
    file_.setPurgeClock(*state_, synced);
  } catch (const std::exception& error) {
    observe::warning("the clock's state could not be saved", {{"error", error.what()}});
  }
}

}  // namespace video::store

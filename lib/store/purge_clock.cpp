#include "store/purge_clock.hpp"

#include <time.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "base/error.hpp"
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
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return id.empty() ? 0 : static_cast<std::int64_t>(hash >> 1);
}

}  // namespace

milliseconds timeSinceBoot() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + milliseconds{now.tv_nsec / 1'000'000};
}

PurgeClock::PurgeClock(const DataDirectory& directory, const Clock& system, std::function<milliseconds()> sinceBoot)
    : file_(directory), system_(system), sinceBoot_(std::move(sinceBoot)) {}

PurgeClock::Seen PurgeClock::look() const {
  const std::lock_guard lock(mutex_);
  const Time wall = system_.now();
  const milliseconds boot = sinceBoot_();
  const milliseconds offset = wall.time_since_epoch() - boot;
  if (!state_) load(wall, boot);
  ClockState& state = *state_;
  const bool wasHeld = state.jumpSeen.has_value();
  if (!isJump(state.offset, offset)) {
    state.offset = offset;
    state.jumpSeen.reset();
    if (wasHeld) observe::info("the clock is right again: deletions that are due are purged");
    if (wasHeld || !saved_ || boot - *saved_ >= saveEvery) save(wall, boot);
    return {wall, false};
  }
  if (!wasHeld || isJump(state.jumpedOffset, offset)) {
    state.jumpedOffset = offset;
    state.jumpSeen = boot;
    observe::warning("the clock jumped: deletions that are due by it wait until it has been so for 10 minutes",
                     {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(offset - state.offset).count()}});
    save(wall, boot);
  } else if (boot - *state.jumpSeen >= confirmedAfter) {
    state.offset = offset;
    state.jumpSeen.reset();
    observe::info("the clock has kept its new time: deletions that are due are purged");
    save(wall, boot);
    return {wall, false};
  }
  return {Time{boot + state.offset}, true};
}

void PurgeClock::load(Time wall, milliseconds boot) const {
  const milliseconds offset = wall.time_since_epoch() - boot;
  const auto saved = file_.clock();
  state_ = saved.value_or(ClockState{.boot = bootNumber(), .offset = offset});
  if (!saved || saved->boot == bootNumber()) return;
  // The machine was restarted: there is no way to know how long it was off.
  state_ = ClockState{.boot = bootNumber(), .offset = saved->lastSeen.time_since_epoch() - boot};
}

void PurgeClock::save(Time wall, milliseconds boot) const noexcept {
  saved_ = boot;
  try {
    state_->lastSeen = state_->jumpSeen ? Time{boot + state_->offset} : wall;
    file_.setClock(*state_);
  } catch (const Error& error) {
    observe::warning("the clock's state could not be saved", {{"error", error.what()}});
  }
}

}  // namespace video::store

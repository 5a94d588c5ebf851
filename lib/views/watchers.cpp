#include "views/watchers.hpp"

#include <algorithm>
#include <span>

#include "base/sha256.hpp"

namespace video {

std::string Watchers::keyOf(const std::string& viewer) const {
  Sha256 hash;
  for (const std::string* part : {&salt_, &viewer}) hash.add(std::as_bytes(std::span(*part)));
  return hash.hex().substr(0, 24);
}

void Watchers::drop(Audience& audience, Time now) {
  viewers_ -= std::erase_if(audience, [now](const auto& entry) { return entry.second.seen + staysFor <= now; });
}

void Watchers::dropAll(Time now) {
  if (now < swept_ + staysFor) return;
  swept_ = now;
  for (auto at = audiences_.begin(); at != audiences_.end();) {
    drop(at->second, now);
    at = at->second.empty() ? audiences_.erase(at) : std::next(at);
  }
}

WatchStep Watchers::note(const WatchSign& sign) {
  const std::string key = keyOf(sign.viewer);
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  dropAll(now);
  if (viewers_ >= most && audiences_[sign.video].count(key) == 0)
    return {static_cast<std::int64_t>(audiences_[sign.video].size()), false, false};
  Audience& audience = audiences_[sign.video];
  drop(audience, now);
  const auto [at, isNew] = audience.try_emplace(key);
  Viewer& viewer = at->second;
  if (isNew) {
    ++viewers_;
    viewer.watched = std::min<std::chrono::milliseconds>(std::chrono::milliseconds{sign.positionMs}, mostBeforeFirst);
  } else {
    viewer.watched += std::min<std::chrono::milliseconds>(now - viewer.seen, staysFor);
  }
  const bool isBetween = sign.isEnded || (!isNew && now - viewer.seen < regular);
  viewer.seen = now;
  WatchStep step;
  step.watching = static_cast<std::int64_t>(audience.size());
  std::chrono::milliseconds needed = enough;
  if (sign.durationMs) needed = std::min(needed, std::chrono::milliseconds{*sign.durationMs / 2});
  step.counts = !viewer.isCounted && viewer.watched >= needed;
  const auto pause = isBetween ? betweenPauses : betweenSaves;
  step.saves = sign.isWorthSaving && (!viewer.saved || *viewer.saved + pause <= now);
  if (step.saves) viewer.saved = now;
  return step;
}

void Watchers::setCounted(const WatchSign& sign) {
  const std::string key = keyOf(sign.viewer);
  const std::lock_guard lock(mutex_);
  const auto audience = audiences_.find(sign.video);
  if (audience == audiences_.end()) return;
  const auto viewer = audience->second.find(key);
  if (viewer != audience->second.end()) viewer->second.isCounted = true;
}

std::int64_t Watchers::watching(const VideoId& video) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = audiences_.find(video);
  if (found == audiences_.end()) return 0;
  drop(found->second, now);
  return static_cast<std::int64_t>(found->second.size());
}

}  // namespace video

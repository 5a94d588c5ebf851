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

void Watchers::drop(Time now) {
  while (!seen_.empty()) {
    ++looks_;
    const auto [audience, key] = seen_.front();
    const auto viewer = audience->viewers.find(key);
    if (viewer->second.seen + staysFor > now) return;
    audience->viewers.erase(viewer);
    seen_.pop_front();
    if (audience->viewers.empty()) audiences_.erase(VideoId(audience->video));
  }
}

WatchStep Watchers::note(const WatchSign& sign) {
  const std::string key = keyOf(sign.viewer);
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  drop(now);
  const auto known = audiences_.find(sign.video);
  if (seen_.size() >= most && (known == audiences_.end() || known->second.viewers.count(key) == 0))
    return {known == audiences_.end() ? 0 : std::ssize(known->second.viewers), false, false};
  Audience& audience = audiences_[sign.video];
  audience.video = sign.video;
  const auto [at, isNew] = audience.viewers.try_emplace(key);
  Viewer& viewer = at->second;
  if (isNew) {
    viewer.place = seen_.emplace(seen_.end(), &audience, key);
    viewer.watched = std::min<std::chrono::milliseconds>(std::chrono::milliseconds{sign.positionMs}, mostBeforeFirst);
  } else {
    seen_.splice(seen_.end(), seen_, viewer.place);
    viewer.watched += std::min<std::chrono::milliseconds>(now - viewer.seen, staysFor);
  }
  const bool isBetween = sign.isEnded || sign.isPaused || (!isNew && now - viewer.seen < regular);
  viewer.seen = now;
  WatchStep step;
  step.watching = std::ssize(audience.viewers);
  std::chrono::milliseconds needed = enough;
  if (sign.durationMs) {
    const std::chrono::milliseconds half{*sign.durationMs / 2};
    needed = std::min(needed, sign.isDurationClaimed ? std::max<std::chrono::milliseconds>(half, leastClaimed) : half);
  }
  step.counts = !viewer.isCounted && viewer.watched >= needed;
  const int atOnce = pausesAtOnce + (sign.isEnded ? 1 : 0);  // nothing comes after the end
  const bool isDue = !viewer.saved || *viewer.saved + betweenSaves <= now ||
                     (isBetween && viewer.charged <= now + (atOnce - 1) * betweenPauses);
  step.saves = sign.isWorthSaving && isDue;
  return step;
}

Watchers::Viewer* Watchers::find(const WatchSign& sign) {
  const auto audience = audiences_.find(sign.video);
  if (audience == audiences_.end()) return nullptr;
  const auto viewer = audience->second.viewers.find(keyOf(sign.viewer));
  return viewer == audience->second.viewers.end() ? nullptr : &viewer->second;
}

void Watchers::setCounted(const WatchSign& sign) {
  const std::lock_guard lock(mutex_);
  if (Viewer* const viewer = find(sign)) viewer->isCounted = true;
}

void Watchers::setSaved(const WatchSign& sign) {
  const std::lock_guard lock(mutex_);
  if (Viewer* const viewer = find(sign)) {
    viewer->saved = viewer->seen;
    viewer->charged = std::max(viewer->charged, viewer->seen) + betweenPauses;
  }
}

std::int64_t Watchers::watching(const VideoId& video) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  drop(now);
  const auto found = audiences_.find(video);
  return found == audiences_.end() ? 0 : std::ssize(found->second.viewers);
}

}  // namespace video

#include "access/cache.hpp"

#include <algorithm>
#include <utility>

namespace video::access {
namespace {

// A small cache has one shard, so that its bound is exact.
constexpr std::size_t manyShards = 16;
constexpr std::size_t worthSharding = 1024;

}  // namespace

Cache::Cache(std::size_t bound)
    : shards_(bound < worthSharding ? 1 : manyShards), shardBound_(bound / shards_.size()) {}

void Cache::Shard::remove(Slots::iterator slot) {
  const std::size_t place = slot->second.place;
  ring[place] = ring.back();
  ring[place]->second.place = place;
  ring.pop_back();
  slots.erase(slot);
}

void Cache::Shard::makeRoom() {
  for (;; ++hand) {
    if (hand >= ring.size()) hand = 0;
    if (!std::exchange(ring[hand]->second.used, false)) return remove(slots.find(ring[hand]->first));
  }
}

std::optional<Cache::Found> Cache::find(const SecretKey& key, std::int64_t epoch, Time now, bool mayTouch) {
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto slot = shard.slots.find(key);
  const bool isKnown = slot != shard.slots.end() && slot->second.entry.epoch == epoch &&
                       !(slot->second.entry.identity.expires && *slot->second.entry.identity.expires <= now);
  ++(isKnown ? shard.hits : shard.misses);
  if (!isKnown) return std::nullopt;
  Entry& entry = slot->second.entry;
  slot->second.used = true;
  const bool touch = mayTouch && now >= entry.nextTouch;
  if (touch) entry.nextTouch = now + entry.touchInterval;
  return Found{entry.identity, touch};
}

void Cache::put(const SecretKey& key, Entry entry) {
  if (shardBound_ == 0) return;
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const bool full = shard.ring.size() >= shardBound_;
  if (full && !shard.slots.contains(key)) shard.makeRoom();
  // Reserve memory in the ring first, so that push_back cannot fail after the insertion.
  if (shard.ring.size() == shard.ring.capacity()) shard.ring.reserve(std::max<std::size_t>(16, 2 * shard.ring.size()));
  const auto [slot, fresh] = shard.slots.try_emplace(key);
  if (!fresh) {
    // If two reads overlap, the entry with the later epoch wins.
    if (slot->second.entry.epoch <= entry.epoch) slot->second.entry = std::move(entry);
    return;
  }
  slot->second.entry = std::move(entry);
  slot->second.place = shard.ring.size();
  shard.ring.push_back(&*slot);
  if (!full) return;
  // Put the new entry where the removed one was and advance the hand, so that the new entry is considered last.
  std::swap(shard.ring[shard.hand], shard.ring.back());
  shard.ring[shard.hand]->second.place = shard.hand;
  shard.ring.back()->second.place = shard.ring.size() - 1;
  ++shard.hand;
}

void Cache::makeReady() {
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    shard.slots.reserve(shardBound_);
    shard.ring.reserve(shardBound_);
  }
}

void Cache::extend(const SecretKey& key, Time expires) {
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto slot = shard.slots.find(key);
  if (slot == shard.slots.end()) return;
  std::optional<Time>& known = slot->second.entry.identity.expires;
  if (known && *known < expires) known = expires;
}

void Cache::drop(const SecretKey& key) {
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto slot = shard.slots.find(key);
  if (slot != shard.slots.end()) shard.remove(slot);
}

std::size_t Cache::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.slots.size();
  }
  return sum;
}

CacheCounts Cache::counts() const {
  CacheCounts counts;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    counts.entries += shard.slots.size();
    counts.hits += shard.hits;
    counts.misses += shard.misses;
  }
  return counts;
}

}  // namespace video::access

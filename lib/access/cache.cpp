#include "access/cache.hpp"

#include <algorithm>
#include <utility>

namespace video::access {
namespace {

// Small caches are one shard, so that their bound is exact.
constexpr std::size_t manyShards = 16;
constexpr std::size_t worthSharding = 1024;

}  // namespace

Cache::Cache(std::size_t bound)
    : shards_(bound < worthSharding ? 1 : manyShards), shardBound_(bound / shards_.size()) {}

std::optional<Cache::Found> Cache::find(const SecretKey& key, std::int64_t epoch, Time now) {
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto place = shard.places.find(key);
  if (place == shard.places.end()) return std::nullopt;
  Entry& entry = place->second->second;
  if (entry.epoch != epoch || (entry.identity.expires && *entry.identity.expires <= now)) return std::nullopt;
  shard.order.splice(shard.order.begin(), shard.order, place->second);
  const bool touch = now >= entry.nextTouch;
  if (touch) entry.nextTouch = now + entry.touchInterval;
  return Found{entry.identity, touch};
}

void Cache::put(const SecretKey& key, Entry entry) {
  if (shardBound_ == 0) return;
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto place = shard.places.find(key);
  if (place != shard.places.end()) {
    // Of two reads that cross, the one under the later epoch stays.
    if (place->second->second.epoch <= entry.epoch) place->second->second = std::move(entry);
    shard.order.splice(shard.order.begin(), shard.order, place->second);
    return;
  }
  if (shard.places.size() >= shardBound_) {
    shard.places.erase(shard.order.back().first);
    shard.order.pop_back();
  }
  shard.order.emplace_front(key, std::move(entry));
  shard.places.emplace(key, shard.order.begin());
}

void Cache::extend(const SecretKey& key, Time expires) {
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto place = shard.places.find(key);
  if (place == shard.places.end()) return;
  std::optional<Time>& known = place->second->second.identity.expires;
  if (known && *known < expires) known = expires;
}

void Cache::drop(const SecretKey& key) {
  Shard& shard = shardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto place = shard.places.find(key);
  if (place == shard.places.end()) return;
  shard.order.erase(place->second);
  shard.places.erase(place);
}

std::size_t Cache::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.places.size();
  }
  return sum;
}

}  // namespace video::access

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/access.hpp"

namespace video::access {

/// Bounded cache of identities of sessions and tokens, by the hash of their secret, in shards. Evicts entries that were
/// not used recently. An entry is valid only with the rights epoch it was read at, so a change of rights need not
/// remove entries. May be used from any thread.
class Cache {
 public:
  struct Entry {
    Identity identity;                          ///< without its key, which is that of the entry
    std::int64_t epoch = 0;                     ///< rights epoch at which the identity was read
    Time nextTouch{};                           ///< when the next use must be recorded
    std::chrono::milliseconds touchInterval{};  ///< minimum time between two recorded uses
  };
  struct Found {
    Identity identity;
    bool touch = false;  ///< whether the caller must record this use
  };

  explicit Cache(std::size_t bound);

  /// Returns the entry for `key`, unless it is from another epoch or has expired. After `nextTouch`, one caller per
  /// `touchInterval` gets `touch`, of those with `mayTouch`.
  std::optional<Found> find(const SecretKey& key, std::int64_t epoch, Time now, bool mayTouch = true);
  void put(const SecretKey& key, Entry entry);
  /// Allocates the tables for the maximum number of entries. Call it before adding many, so that none has to grow.
  void makeReady();
  /// Sets the expiry of an entry, if there is one.
  void extend(const SecretKey& key, Time expires);
  void drop(const SecretKey& key);
  std::size_t size() const;
  /// Returns how many calls of `find` found an entry, and how many did not.
  CacheCounts counts() const;

 private:
  struct Hash {
    // The key is already a hash.
    std::size_t operator()(const SecretKey& key) const noexcept {
      std::size_t front = 0;
      std::memcpy(&front, key.data(), sizeof front);
      return front;
    }
  };
  struct Slot {
    Entry entry;
    std::size_t place = 0;  // index in the ring
    bool used = false;      // since the hand last passed
  };
  using Slots = std::unordered_map<SecretKey, Slot, Hash>;
  // Second-chance eviction instead of an LRU list: a hit writes only to its own slot.
  struct Shard {
    mutable std::mutex mutex;
    Slots slots;
    std::vector<Slots::value_type*> ring;
    std::size_t hand = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    void remove(Slots::iterator slot);
    void makeRoom();
  };
  Shard& shardOf(const SecretKey& key) { return shards_[key.back() % shards_.size()]; }

  std::vector<Shard> shards_;
  std::size_t shardBound_;
};

}  // namespace video::access

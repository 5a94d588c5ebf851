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

/// Identities of sessions and tokens by the hash of their secret: bounded, what was not used lately goes first, in
/// shards. An entry counts only under the rights epoch that it was read under, so that nothing need be dropped when
/// that moves. May be used from any thread.
class Cache {
 public:
  struct Entry {
    Identity identity;                          ///< without its key, which is the entry's
    std::int64_t epoch = 0;                     ///< of the read that gave the identity
    Time nextTouch{};                           ///< when its use is to be written down again
    std::chrono::milliseconds touchInterval{};  ///< at the least between two such
  };
  struct Found {
    Identity identity;
    bool touch = false;  ///< whether the caller is to write down its use
  };

  explicit Cache(std::size_t bound);

  /// What is known under `key`, unless it is of another epoch or has expired. From `nextTouch` on, one caller in each
  /// `touchInterval` is told to touch.
  std::optional<Found> find(const SecretKey& key, std::int64_t epoch, Time now);
  void put(const SecretKey& key, Entry entry);
  /// Before many are put: tables for all that there may be, so that none grows meanwhile.
  void makeReady();
  /// Moves the expiry of an entry, where there is one.
  void extend(const SecretKey& key, Time expires);
  void drop(const SecretKey& key);
  std::size_t size() const;

 private:
  struct Hash {
    // The key is a hash already.
    std::size_t operator()(const SecretKey& key) const noexcept {
      std::size_t front = 0;
      std::memcpy(&front, key.data(), sizeof front);
      return front;
    }
  };
  struct Slot {
    Entry entry;
    std::size_t place = 0;  // in the ring
    bool used = false;      // since the hand last came by
  };
  using Slots = std::unordered_map<SecretKey, Slot, Hash>;
  // Second chance instead of a list by last use: a hit writes to the one slot that it reads.
  struct Shard {
    mutable std::mutex mutex;
    Slots slots;
    std::vector<Slots::value_type*> ring;
    std::size_t hand = 0;
    void remove(Slots::iterator slot);
    void makeRoom();
  };
  Shard& shardOf(const SecretKey& key) { return shards_[key.back() % shards_.size()]; }

  std::vector<Shard> shards_;
  std::size_t shardBound_;
};

}  // namespace video::access

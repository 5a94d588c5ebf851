#include "http/content/limiter.hpp"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/waiting.hpp"

namespace video::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t unlimited = SIZE_MAX;
constexpr std::size_t mostWaiting = 32;  // each occupies a worker
constexpr std::size_t worthTrimming = std::size_t{8} << 20;

// Tokens in use, in total or by one address.
struct InUse {
  std::size_t streams = 0;
  std::size_t uploads = 0;
  std::size_t connections = 0;
  std::size_t buffered = 0;
  std::size_t shared = 0;  // memory in common with others, of one address
  bool isNothing() const { return streams + uploads + connections + buffered + shared == 0; }
};

// A limit, and what happens to a request that would exceed it.
struct Bound {
  std::size_t most;
  const char* sentence;
  std::uint64_t& refused;
};

}  // namespace

struct Limiter::Buckets {
  explicit Buckets(const LimiterOptions& wanted) : options(wanted) {}

  static void require(std::size_t used, std::size_t more, Fault fault, const Bound& bound) {
    if (used <= bound.most && more <= bound.most - used) return;
    ++bound.refused;
    throw Error(fault, bound.sentence, 1s);
  }

  // The token of `count` more of one kind. Called with `mutex` locked.
  static Token take(const std::shared_ptr<Buckets>& buckets, std::string_view address, std::size_t InUse::*kind,
                    std::size_t count, Fault fault, const Bound& all, const Bound& each) {
    struct Taken {
      std::shared_ptr<Buckets> from;
      std::string key;
      std::size_t InUse::*kind = nullptr;
      std::size_t count = 0;
      ~Taken() {
        if (count > 0 && from->giveBack(key, kind, count)) {
          const Waiting meanwhile;
          ::malloc_trim(0);  // otherwise the allocator keeps the memory that a burst of requests has used
        }
      }
    };
    auto token = std::make_shared<Taken>();
    token->from = buckets;
    if (!address.empty()) token->key = addressKey(address);
    require(buckets->all.*kind, count, fault, all);
    if (!token->key.empty()) {
      const auto found = buckets->addresses.find(token->key);
      require(found == buckets->addresses.end() ? 0 : found->second.*kind, count, fault, each);
      buckets->addresses[token->key].*kind += count;
    }
    buckets->all.*kind += count;
    buckets->mostBuffered = std::max(buckets->mostBuffered, buckets->all.buffered);
    token->kind = kind;
    token->count = count;
    return token;
  }

  // Returns whether much memory has become free since this was last true.
  bool giveBack(const std::string& key, std::size_t InUse::*kind, std::size_t count) {
    const std::lock_guard lock(mutex);
    if (kind == &InUse::uploads) uploadEnded.notify_all();
    all.*kind -= count;
    if (const auto found = addresses.find(key); found != addresses.end()) {
      found->second.*kind -= count;
      if (found->second.isNothing()) addresses.erase(found);
    }
    return mostBuffered > worthTrimming && all.buffered < mostBuffered / 4 &&
           std::exchange(mostBuffered, all.buffered) > 0;
  }

  // Memory that several replies have in common.
  struct SharedMemory {
    std::size_t users;
    std::size_t bytes;
  };

  static Token takeUpload(const std::shared_ptr<Buckets>& buckets, std::string_view address) {
    const std::size_t each = buckets->options.uploadsPerAddress;
    return take(buckets, address, &InUse::uploads, 1, Fault::tooMany,
                {buckets->options.uploads, "uploads: too many at the moment", buckets->counts.uploadsRefused},
                {each > 0 ? each : unlimited, "uploads: too many from this address at the moment",
                 buckets->counts.uploadsOfAddressRefused});
  }

  Bound allBuffered() { return {options.buffered, "memory: too much is waiting for clients", counts.bufferedRefused}; }
  Bound eachBuffered() {
    constexpr std::size_t least = std::size_t{1} << 20;  // some replies of any size
    return {std::max(options.buffered / 16, std::min(options.buffered, least)),
            "memory: too much is waiting for this address", counts.bufferedRefused};
  }
  Bound unbounded() { return {unlimited, "", counts.bufferedRefused}; }

  LimiterOptions options;
  mutable std::mutex mutex;
  std::condition_variable uploadEnded;
  std::size_t waiting = 0;  // for an upload token
  std::atomic<std::uint64_t> rate = options.rate;
  LimiterCounts counts;  // only those of refused requests
  InUse all;
  std::size_t mostBuffered = 0;  // since memory was last returned to the system
  std::unordered_map<std::string, InUse> addresses;
  std::unordered_map<const void*, SharedMemory> sharedMemory;
};

Limiter::Limiter(const LimiterOptions& options) : buckets_(std::make_shared<Buckets>(options)) {}

Limiter::Token Limiter::takeStream(std::string_view address) {
  Buckets& in = *buckets_;
  const std::lock_guard lock(in.mutex);
  return Buckets::take(buckets_, address, &InUse::streams, 1, Fault::tooMany,
                       {in.options.streams, "streams: too many at the moment", in.counts.streamsRefused},
                       {in.options.streamsPerAddress, "streams: too many to this address at the moment",
                        in.counts.streamsOfAddressRefused});
}

Limiter::Token Limiter::takeUpload(std::string_view address) {
  const std::lock_guard lock(buckets_->mutex);
  return Buckets::takeUpload(buckets_, address);
}

Limiter::Token Limiter::waitForUpload(std::string_view address, std::chrono::milliseconds patience,
                                      const std::function<bool()>& isStopped) {
  Buckets& in = *buckets_;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::unique_lock lock(in.mutex);
  for (bool isLate = false;;) {
    try {
      return Buckets::takeUpload(buckets_, address);
    } catch (const Error& error) {
      if (isLate || (isStopped && isStopped()) || in.waiting >= mostWaiting)
        throw Error(Fault::locked, error.detail(), error.retryAfter());
    }
    ++in.waiting;
    const Waiting forAnother;
    isLate = in.uploadEnded.wait_until(lock, deadline) == std::cv_status::timeout;
    --in.waiting;
  }
}

void Limiter::wake() {
  const std::lock_guard lock(buckets_->mutex);
  buckets_->uploadEnded.notify_all();
}

Limiter::Token Limiter::takeConnection(std::string_view address) {
  Buckets& in = *buckets_;
  const std::lock_guard lock(in.mutex);
  const std::size_t each = in.options.connectionsPerAddress;
  if (each == 0) return nullptr;
  const Bound bound{each, "connections: too many from this address", in.counts.connectionsOfAddressRefused};
  return Buckets::take(buckets_, address, &InUse::connections, 1, Fault::tooMany,
                       {unlimited, bound.sentence, bound.refused}, bound);
}

Limiter::Token Limiter::takeBuffer(std::string_view address, std::size_t bytes) {
  Buckets& in = *buckets_;
  const std::lock_guard lock(in.mutex);
  return Buckets::take(buckets_, address, &InUse::buffered, bytes, Fault::unavailable, in.allBuffered(),
                       in.eachBuffered());
}

Limiter::Token Limiter::exceedBuffer(std::string_view address, std::size_t bytes) {
  Buckets& in = *buckets_;
  const std::lock_guard lock(in.mutex);
  return Buckets::take(buckets_, address, &InUse::buffered, bytes, Fault::unavailable, in.unbounded(), in.unbounded());
}

Limiter::Token Limiter::shareBuffer(std::string_view address, std::shared_ptr<const void> memory, std::size_t bytes) {
  struct Shared {
    std::shared_ptr<Buckets> from;
    std::shared_ptr<const void> memory;
    Token part;
    ~Shared() {
      if (!from) return;
      const std::lock_guard lock(from->mutex);
      const auto known = from->sharedMemory.find(memory.get());
      if (--known->second.users > 0) return;
      from->all.buffered -= known->second.bytes;
      from->sharedMemory.erase(known);
    }
  };
  auto shared = std::make_shared<Shared>();
  Buckets& in = *buckets_;
  const std::lock_guard lock(in.mutex);
  if (!in.sharedMemory.contains(memory.get()))
    Buckets::require(in.all.buffered, bytes, Fault::unavailable, in.allBuffered());
  shared->part =
      Buckets::take(buckets_, address, &InUse::shared, bytes, Fault::unavailable, in.unbounded(), in.eachBuffered());
  if (in.sharedMemory.try_emplace(memory.get(), Buckets::SharedMemory{0, bytes}).first->second.users++ == 0)
    in.all.buffered += bytes;
  in.mostBuffered = std::max(in.mostBuffered, in.all.buffered);
  shared->memory = std::move(memory);
  shared->from = buckets_;
  return shared;
}

LimiterCounts Limiter::counts() const {
  const std::lock_guard lock(buckets_->mutex);
  LimiterCounts counts = buckets_->counts;
  counts.streams = buckets_->all.streams;
  counts.uploads = buckets_->all.uploads;
  counts.buffered = buckets_->all.buffered;
  for (const auto& [address, used] : buckets_->addresses) {
    counts.busiestStreams = std::max(counts.busiestStreams, used.streams);
    counts.busiestUploads = std::max(counts.busiestUploads, used.uploads);
    counts.busiestConnections = std::max(counts.busiestConnections, used.connections);
    if (used.streams + used.uploads + used.buffered + used.shared > 0) ++counts.addresses;
  }
  return counts;
}

LimiterOptions Limiter::options() const {
  const std::lock_guard lock(buckets_->mutex);
  return buckets_->options;
}

std::uint64_t Limiter::rate() const noexcept {
  return buckets_->rate.load(std::memory_order_relaxed);
}

void Limiter::setOptions(const LimiterOptions& options) {
  const std::lock_guard lock(buckets_->mutex);
  buckets_->options = options;
  buckets_->rate = options.rate;
}

}  // namespace video::http

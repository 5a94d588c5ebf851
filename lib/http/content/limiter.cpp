#include "http/content/limiter.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/address.hpp"
#include "base/error.hpp"

namespace video::http {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void throwTooMany(std::string_view what, std::uint64_t& refused) {
  ++refused;
  throw Error(Fault::tooMany, std::string(what), 1s);
}

}  // namespace

struct Limiter::Buckets {
  /// Tokens in use, by the key of their address.
  using Addresses = std::unordered_map<std::string, std::size_t>;

  explicit Buckets(const LimiterOptions& wanted) : options(wanted) {}

  static void giveBack(Addresses& addresses, const std::string& key) {
    const auto found = addresses.find(key);
    if (found != addresses.end() && --found->second == 0) addresses.erase(found);
  }
  static std::size_t busiest(const Addresses& addresses) {
    std::size_t most = 0;
    for (const auto& [address, tokens] : addresses) most = std::max(most, tokens);
    return most;
  }

  LimiterOptions options;
  mutable std::mutex mutex;
  std::atomic<std::uint64_t> rate = options.rate;
  LimiterCounts counts;
  Addresses addresses;
  Addresses connections;
};

Limiter::Limiter(const LimiterOptions& options) : buckets_(std::make_shared<Buckets>(options)) {}

Limiter::Token Limiter::takeStream(std::string_view address) {
  struct Stream {
    std::shared_ptr<Buckets> buckets;
    std::string key;
    bool taken = false;
    ~Stream() {
      if (!taken) return;
      const std::lock_guard lock(buckets->mutex);
      --buckets->counts.streams;
      Buckets::giveBack(buckets->addresses, key);
    }
  };
  auto token = std::make_shared<Stream>();
  token->buckets = buckets_;
  if (!address.empty()) token->key = addressKey(address);

  const std::lock_guard lock(buckets_->mutex);
  if (buckets_->counts.streams >= buckets_->options.streams)
    throwTooMany("streams: too many at the moment", buckets_->counts.streamsRefused);
  if (!token->key.empty()) {
    const auto found = buckets_->addresses.find(token->key);
    if (found != buckets_->addresses.end() && found->second >= buckets_->options.perAddress)
      throwTooMany("streams: too many to this address at the moment", buckets_->counts.addressRefused);
    if (found == buckets_->addresses.end() && buckets_->options.perAddress == 0)
      throwTooMany("streams: none allowed per address", buckets_->counts.addressRefused);
    ++buckets_->addresses[token->key];
  }
  ++buckets_->counts.streams;
  token->taken = true;
  return token;
}

Limiter::Token Limiter::takeConnection(std::string_view address) {
  struct Connection {
    std::shared_ptr<Buckets> buckets;
    std::string key;
    bool taken = false;
    ~Connection() {
      if (!taken) return;
      const std::lock_guard lock(buckets->mutex);
      Buckets::giveBack(buckets->connections, key);
    }
  };
  auto token = std::make_shared<Connection>();
  token->buckets = buckets_;
  token->key = addressKey(address);
  const std::lock_guard lock(buckets_->mutex);
  const std::size_t most = buckets_->options.connections;
  if (most == 0) return nullptr;
  std::size_t& used = buckets_->connections[token->key];
  if (used >= most) throwTooMany("connections: too many from this address", buckets_->counts.connectionsRefused);
  ++used;
  token->taken = true;
  return token;
}

Limiter::Token Limiter::takeUpload() {
  struct Upload {
    std::shared_ptr<Buckets> buckets;
    bool taken = false;
    ~Upload() {
      if (!taken) return;
      const std::lock_guard lock(buckets->mutex);
      --buckets->counts.uploads;
    }
  };
  auto token = std::make_shared<Upload>();
  token->buckets = buckets_;
  const std::lock_guard lock(buckets_->mutex);
  if (buckets_->counts.uploads >= buckets_->options.uploads)
    throwTooMany("uploads: too many at the moment", buckets_->counts.uploadsRefused);
  ++buckets_->counts.uploads;
  token->taken = true;
  return token;
}

LimiterCounts Limiter::counts() const {
  const std::lock_guard lock(buckets_->mutex);
  LimiterCounts counts = buckets_->counts;
  counts.addresses = buckets_->addresses.size();
  counts.busiest = Buckets::busiest(buckets_->addresses);
  counts.connections = Buckets::busiest(buckets_->connections);
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

#include "access/throttle.hpp"

#include <sodium.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"

namespace video::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t howManySets = 8192;

}  // namespace

Throttle::Throttle(std::size_t attempts, std::chrono::milliseconds window) : attempts_(attempts), window_(window) {
  // Without a secret, clients could find names with colliding hashes.
  randombytes_buf(secret_.data(), secret_.size());
}

Throttle::Try Throttle::begin(std::string_view name, std::string_view address, Time now) {
  const std::string from = address.empty() ? std::string() : addressKey(address);
  const std::uint64_t byName = keyOf('n', name);
  const std::uint64_t byAddress = from.empty() ? 0 : keyOf('a', from);
  const std::uint64_t byPair = from.empty() ? 0 : keyOf('p', name, from);
  const std::scoped_lock lock(mutex_);
  if (sets_.empty()) sets_.resize(howManySets);
  const Count* const pair = find(byPair, now);
  const bool own = pair != nullptr && pair->known;
  const auto wait =
      own ? waitOf(pair, now) : std::max(waitOf(find(byName, now), now), waitOf(find(byAddress, now), now));
  if (wait > 0ms)
    throw Error(Fault::tooMany, "too many attempts to sign in: wait before trying again",
                std::chrono::ceil<std::chrono::seconds>(wait));
  if (own) {
    count(byPair, now);
  } else {
    count(byName, now);
    count(byAddress, now);
  }
  return {*this, byName, byAddress, byPair, own};
}

void Throttle::Try::succeeded(Time now) {
  told_ = true;
  const std::scoped_lock lock(throttle_->mutex_);
  if (Count* const count = throttle_->find(name_, now)) *count = {};
  if (!own_) throttle_->uncount(address_);
  if (pair_ == 0) return;
  Count& pair = throttle_->take(pair_, now);
  pair = {.key = pair_, .since = now, .last = now, .tries = 0, .known = true};
}

Throttle::Try::~Try() {
  if (told_) return;
  const std::scoped_lock lock(throttle_->mutex_);
  if (own_) {
    throttle_->uncount(pair_);
  } else {
    throttle_->uncount(name_);
    throttle_->uncount(address_);
  }
}

std::uint64_t Throttle::keyOf(char kind, std::string_view first, std::string_view second) const {
  std::string text(1, kind);
  // Names are compared ignoring case.
  for (const char c : first) text += kind != 'a' && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  text += '\0';
  text += second;
  std::uint64_t key = 0;
  static_assert(sizeof key == crypto_shorthash_BYTES && crypto_shorthash_KEYBYTES == 16);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&key), reinterpret_cast<const unsigned char*>(text.data()),
                   text.size(), secret_.data());
  return std::max<std::uint64_t>(key, 1);
}

Throttle::Set& Throttle::setOf(std::uint64_t key) {
  return sets_[key % sets_.size()];
}

Throttle::Count* Throttle::find(std::uint64_t key, Time now) {
  if (key == 0) return nullptr;
  for (Count& count : setOf(key)) {
    if (count.key != key) continue;
    if (now < count.since + window_ || waitOf(&count, now) > 0ms) return &count;
    count = {};  // its window has passed
    return nullptr;
  }
  return nullptr;
}

Throttle::Count& Throttle::take(std::uint64_t key, Time now) {
  if (Count* const known = find(key, now)) return *known;
  const auto worth = [&](const Count& count) {
    const bool over = count.key == 0 || (now >= count.since + window_ && waitOf(&count, now) == 0ms);
    return over ? 0 : 1 + count.tries + (count.known ? attempts_ : 0);
  };
  Set& set = setOf(key);
  Count& least = *std::min_element(set.begin(), set.end(), [&](const Count& a, const Count& b) {
    return std::pair(worth(a), a.last) < std::pair(worth(b), b.last);
  });
  least = {.key = key, .since = now, .last = now, .tries = 0, .known = false};
  return least;
}

std::chrono::milliseconds Throttle::waitOf(const Count* count, Time now) const {
  if (count == nullptr || count->tries < attempts_) return 0ms;
  const std::size_t doubled = std::min<std::size_t>(count->tries - attempts_, 20);
  const auto pause = std::min<std::chrono::milliseconds>(1s * (1 << doubled), window_);
  return std::max<std::chrono::milliseconds>(count->last + pause - now, 0ms);
}

void Throttle::count(std::uint64_t key, Time now) {
  if (key == 0) return;
  Count& count = take(key, now);
  ++count.tries;
  count.last = now;
}

void Throttle::uncount(std::uint64_t key) {
  if (key == 0) return;
  for (Count& count : setOf(key))
    if (count.key == key && count.tries > 0) --count.tries;
}

}  // namespace video::access

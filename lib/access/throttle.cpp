#include "access/throttle.hpp"

#include <sodium.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace video::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t howManySets = 8192;
constexpr std::chrono::milliseconds knownFor = 24h * 30;

}  // namespace

Throttle::Throttle(std::size_t attempts, std::chrono::milliseconds window) : attempts_(attempts), window_(window) {
  // Without a secret, clients could find names with colliding hashes.
  randombytes_buf(secret_.data(), secret_.size());
}

Throttle::Try Throttle::begin(std::string_view name, std::string_view address, Time now) {
  const std::string from = address.empty() ? std::string() : addressKey(address);
  const std::uint64_t byName = keyOf('n', name);
  const std::uint64_t byAddress = from.empty() ? 0 : keyOf('a', from);
  const std::uint64_t byPair = keyOf('p', name, from);
  const std::scoped_lock lock(mutex_);
  if (sets_.empty()) sets_.resize(howManySets);
  const Count* const pair = find(byPair, now);
  const bool known = pair != nullptr && pair->known;
  const Count* const ofName = find(byName, now);
  const std::size_t byOthers =
      ofName == nullptr ? 0 : ofName->tries - std::min(ofName->tries, pair == nullptr ? 0 : pair->tries);
  auto wait = waitOf(pair, !known && byOthers >= attempts_ ? 1 : attempts_, now);
  if (!known) wait = std::max(wait, waitOf(find(byAddress, now), attempts_, now));
  if (wait > 0ms)
    throw Error(Fault::tooMany, "too many attempts to sign in: wait before trying again",
                std::chrono::ceil<std::chrono::seconds>(wait));
  count(byPair, now);
  if (!known) {
    count(byName, now);
    count(byAddress, now);
  }
  return {*this, byName, byAddress, byPair, known};
}

void Throttle::Try::succeeded(Time now) {
  told_ = true;
  const std::scoped_lock lock(throttle_->mutex_);
  if (Count* const count = throttle_->find(name_, now)) *count = {};
  if (!known_) throttle_->uncount(address_);
  // Behind no address stands everybody.
  throttle_->take(pair_, now) = {.key = pair_, .since = now, .last = now, .tries = 0, .known = address_ != 0};
}

Throttle::Try::~Try() {
  if (told_) return;
  const std::scoped_lock lock(throttle_->mutex_);
  throttle_->uncount(pair_);
  if (known_) return;
  throttle_->uncount(name_);
  throttle_->uncount(address_);
}

std::uint64_t Throttle::keyOf(char kind, std::string_view first, std::string_view second) const {
  std::string text(1, kind);
  // Names are compared ignoring case.
  for (const char c : first) text += kind != 'a' ? toLower(c) : c;
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

bool Throttle::isOver(const Count& count, Time now) const {
  const Time since = count.known ? count.last : count.since;
  return now >= since + window_ && waitOf(&count, attempts_, now) == 0ms;
}

Throttle::Count* Throttle::find(std::uint64_t key, Time now) {
  if (key == 0) return nullptr;
  for (Count& count : setOf(key)) {
    if (count.key != key) continue;
    if (!isOver(count, now)) return &count;
    count.tries = 0;
    if (count.known && now < count.since + knownFor) return &count;
    count = {};
    return nullptr;
  }
  return nullptr;
}

Throttle::Count& Throttle::take(std::uint64_t key, Time now) {
  if (Count* const counted = find(key, now)) return *counted;
  const auto worth = [&](const Count& count) {
    const bool isKnown = count.known && now < count.since + knownFor;
    return (count.key == 0 || isOver(count, now) ? 0 : 1 + count.tries) + (isKnown ? attempts_ : 0);
  };
  Set& set = setOf(key);
  Count& least = *std::min_element(set.begin(), set.end(), [&](const Count& a, const Count& b) {
    return std::pair(worth(a), a.last) < std::pair(worth(b), b.last);
  });
  least = {.key = key, .since = now, .last = now, .tries = 0, .known = false};
  return least;
}

std::chrono::milliseconds Throttle::waitOf(const Count* count, std::size_t free, Time now) const {
  if (count == nullptr || count->tries < free) return 0ms;
  const std::size_t doubled = std::min<std::size_t>(count->tries - free, 20);
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

#include "access/cache.hpp"

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;
using access::Cache;
using access::SecretKey;

namespace {

constexpr Time now{1'000'000s};

// Keys distributed like hashes.
SecretKey keyOf(std::uint64_t number) {
  SecretKey key{};
  for (std::size_t i = 0; i < key.size(); i += 8) {
    number = number * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::uint64_t mixed = number ^ (number >> 29);
    std::memcpy(key.data() + i, &mixed, 8);
  }
  return key;
}

Cache::Entry entryOf(std::int64_t user, std::int64_t epoch = 1) {
  return {.identity = {.kind = access::Identity::Kind::session,
                       .user = {user},
                       .userName = "user" + std::to_string(user),
                       .expires = now + 30min},
          .epoch = epoch,
          .nextTouch = now + 1min,
          .touchInterval = 1min};
}

}  // namespace

TEST_CASE("the cache returns an entry in the same epoch until it expires", "[access]") {
  Cache cache(10);
  CHECK_FALSE(cache.find(keyOf(1), 1, now));
  cache.put(keyOf(1), entryOf(1));
  REQUIRE(cache.find(keyOf(1), 1, now));
  CHECK(cache.find(keyOf(1), 1, now)->identity.userName == "user1");
  CHECK_FALSE(cache.find(keyOf(2), 1, now));
  CHECK_FALSE(cache.find(keyOf(1), 2, now));
  CHECK(cache.counts().entries == 1);
  CHECK(cache.counts().hits == 2);
  CHECK(cache.counts().misses == 3);
  CHECK(cache.find(keyOf(1), 1, now + 30min - 1ms));
  CHECK_FALSE(cache.find(keyOf(1), 1, now + 30min));
  cache.extend(keyOf(1), now + 40min);
  cache.extend(keyOf(1), now + 35min);
  cache.extend(keyOf(2), now + 35min);
  CHECK(cache.find(keyOf(1), 1, now + 39min));
  cache.put(keyOf(1), entryOf(1, 3));
  cache.put(keyOf(1), entryOf(1, 2));
  CHECK(cache.find(keyOf(1), 3, now));
  cache.drop(keyOf(1));
  cache.drop(keyOf(1));
  CHECK_FALSE(cache.find(keyOf(1), 3, now));
  CHECK(cache.size() == 0);
}

TEST_CASE("in each interval one caller is told to extend the session", "[access]") {
  Cache cache(10);
  cache.put(keyOf(1), entryOf(1));
  CHECK_FALSE(cache.find(keyOf(1), 1, now + 59s)->touch);
  CHECK(cache.find(keyOf(1), 1, now + 60s)->touch);
  CHECK_FALSE(cache.find(keyOf(1), 1, now + 60s)->touch);
  CHECK_FALSE(cache.find(keyOf(1), 1, now + 119s)->touch);
  CHECK(cache.find(keyOf(1), 1, now + 120s)->touch);
}

TEST_CASE("a full cache evicts entries that were not used recently", "[access]") {
  Cache cache(3);
  for (int i = 1; i <= 3; ++i) cache.put(keyOf(static_cast<std::uint64_t>(i)), entryOf(i));
  CHECK(cache.find(keyOf(1), 1, now));
  cache.put(keyOf(4), entryOf(4));
  CHECK(cache.size() == 3);
  CHECK(cache.find(keyOf(1), 1, now));
  CHECK_FALSE(cache.find(keyOf(2), 1, now));
  CHECK(cache.find(keyOf(3), 1, now));
  CHECK(cache.find(keyOf(4), 1, now));
}

TEST_CASE("among unused entries the oldest is evicted first", "[access]") {
  Cache cache(3);
  for (std::uint64_t i = 1; i <= 8; ++i) cache.put(keyOf(i), entryOf(static_cast<std::int64_t>(i)));
  for (std::uint64_t i = 1; i <= 8; ++i) CHECK(cache.find(keyOf(i), 1, now).has_value() == (i >= 6));
  cache.drop(keyOf(7));
  CHECK(cache.size() == 2);
  for (std::uint64_t i = 9; i <= 20; ++i) cache.put(keyOf(i), entryOf(static_cast<std::int64_t>(i)));
  CHECK(cache.find(keyOf(20), 1, now));
  CHECK(cache.size() == 3);
}

TEST_CASE("the cache stays within its size, and a cache of size 0 keeps nothing", "[access]") {
  Cache cache(2000);
  for (std::uint64_t i = 0; i < 10'000; ++i) cache.put(keyOf(i), entryOf(static_cast<std::int64_t>(i)));
  CHECK(cache.size() <= 2000);
  CHECK(cache.size() > 1900);
  Cache none(0);
  none.put(keyOf(1), entryOf(1));
  CHECK_FALSE(none.find(keyOf(1), 1, now));
}

TEST_CASE("the cache may be used from many threads", "[access]") {
  Cache cache(1200);
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 5000; ++i) {
        const std::uint64_t number = (i * 7 + static_cast<std::uint64_t>(t)) % 2000;
        const auto found = cache.find(keyOf(number), 1, now);
        if (found && found->identity.user.value != static_cast<std::int64_t>(number)) ++wrong;
        if (!found) cache.put(keyOf(number), entryOf(static_cast<std::int64_t>(number)));
        if (i % 11 == 0) cache.drop(keyOf(number));
        if (i % 13 == 0) cache.extend(keyOf(number), now + 31min);
      }
    });
  threads.clear();
  CHECK(wrong == 0);
  CHECK(cache.size() <= 1200);
}

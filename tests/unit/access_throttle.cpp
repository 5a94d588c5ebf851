#include "access/throttle.hpp"

#include <optional>
#include <string>

#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;
using access::Throttle;

namespace {

constexpr Time start{std::chrono::milliseconds{1'800'000'000'000}};

// Returns how long an attempt has to wait; an attempt that is admitted fails.
std::chrono::seconds tryOnce(Throttle& throttle, const std::string& name, const std::string& address, Time at) {
  try {
    throttle.begin(name, address, at).failed();
    return 0s;
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    return error.retryAfter().value();
  }
}

}  // namespace

TEST_CASE("the wait of an address for a name doubles with each attempt and ends with the window", "[access]") {
  Throttle throttle(3, 15min);
  Time now = start;
  for (int i = 0; i < 3; ++i) CHECK(tryOnce(throttle, "anna", "", now) == 0s);
  for (const std::chrono::seconds wait : {1s, 2s, 4s, 8s}) {
    CHECK(tryOnce(throttle, "Anna", "", now) == wait);
    CHECK(tryOnce(throttle, "ANNA", "", now + wait - 1ms) == 1s);  // a refused attempt is not counted
    now += wait;
    CHECK(tryOnce(throttle, "anna", "", now) == 0s);
  }
  CHECK(tryOnce(throttle, "bert", "198.51.100.1", now) == 0s);
  CHECK(tryOnce(throttle, "anna", "", start + 15min) == 0s);
  CHECK(tryOnce(throttle, "anna", "", start + 15min) == 0s);
  CHECK(tryOnce(throttle, "anna", "", start + 15min) == 0s);
  CHECK(tryOnce(throttle, "anna", "", start + 15min) == 1s);
}

TEST_CASE("attempts at a name from many addresses leave each other address one at once, then slow it down",
          "[access]") {
  Throttle throttle(3, 15min);
  for (int i = 0; i < 100; ++i) CHECK(tryOnce(throttle, "anna", "203.0.113." + std::to_string(i), start) == 0s);
  CHECK(tryOnce(throttle, "anna", "203.0.113.0", start) == 1s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", start) == 0s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", start) == 1s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", start + 1s) == 0s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", start + 1s) == 2s);
  throttle.begin("anna", "192.0.2.2", start + 1s).succeeded(start + 1s);
  for (int i = 0; i < 2; ++i) CHECK(tryOnce(throttle, "anna", "192.0.2.3", start + 1s) == 0s);
}

TEST_CASE("no attempt waits longer than the window", "[access]") {
  Throttle throttle(1, 10s);
  Time now = start;
  CHECK(tryOnce(throttle, "anna", "", now) == 0s);
  for (int i = 0; i < 40; ++i) {
    const auto wait = tryOnce(throttle, "anna", "", now);
    CHECK(wait <= 10s);
    now += wait;
  }
}

TEST_CASE("attempts of an address count across all names, for IPv6 per network", "[access]") {
  Throttle throttle(3, 15min);
  CHECK(tryOnce(throttle, "a", "2001:db8:1:2::1", start) == 0s);
  CHECK(tryOnce(throttle, "b", "2001:db8:1:2::2", start) == 0s);
  CHECK(tryOnce(throttle, "c", "2001:db8:1:2:ffff::3", start) == 0s);
  CHECK(tryOnce(throttle, "d", "2001:db8:1:2::4", start) == 1s);
  CHECK(tryOnce(throttle, "d", "2001:db8:1:3::4", start) == 0s);
  CHECK(tryOnce(throttle, "d", "", start) == 0s);
}

TEST_CASE("a successful sign-in clears the count of the name, not of the address", "[access]") {
  Throttle throttle(3, 15min);
  for (int i = 0; i < 2; ++i) tryOnce(throttle, "anna", "192.0.2.1", start);
  throttle.begin("anna", "192.0.2.1", start).succeeded(start);
  CHECK(tryOnce(throttle, "anna", "192.0.2.9", start) == 0s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.9", start) == 0s);
  CHECK(tryOnce(throttle, "bert", "192.0.2.1", start) == 0s);
  CHECK(tryOnce(throttle, "bert", "192.0.2.1", start) == 1s);
}

TEST_CASE("an address that signed in to an account within 30 days is not slowed down by others", "[access]") {
  Throttle throttle(3, 15min);
  CHECK_FALSE(throttle.begin("anna", "192.0.2.1", start).isKnown());
  throttle.begin("anna", "192.0.2.1", start).succeeded(start);
  CHECK(throttle.begin("anna", "192.0.2.1", start).isKnown());
  CHECK_FALSE(throttle.begin("bert", "192.0.2.1", start).isKnown());
  const Time later = start + 24h * 30 - 1ms;
  for (int i = 0; i < 5; ++i) CHECK(tryOnce(throttle, "anna", "203.0.113." + std::to_string(i), later) == 0s);
  for (int i = 0; i < 3; ++i) CHECK(tryOnce(throttle, "anna", "192.0.2.1", later) == 0s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", later) == 1s);  // counted separately
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", later + 15min) == 0s);
  throttle.begin("anna", "192.0.2.1", later + 15min).succeeded(later + 15min);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", later + 15min) == 0s);
  // 30 days after the last success: an address like any other.
  CHECK_FALSE(throttle.begin("anna", "192.0.2.1", later + 15min + 24h * 30).isKnown());
  // Without an address there is nobody in particular to know.
  throttle.begin("anna", "", start).succeeded(start);
  CHECK_FALSE(throttle.begin("anna", "", start).isKnown());
}

TEST_CASE("an attempt whose password was not checked does not count", "[access]") {
  Throttle throttle(1, 15min);
  for (int i = 0; i < 5; ++i) CHECK_NOTHROW(throttle.begin("anna", "192.0.2.1", start));
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", start) == 0s);
  CHECK(tryOnce(throttle, "anna", "192.0.2.1", start) == 1s);
}

TEST_CASE("attempts with a million names do not clear a count", "[access]") {
  Throttle throttle(3, 15min);
  for (int i = 0; i < 3; ++i) tryOnce(throttle, "anna", "192.0.2.1", start);
  for (int i = 0; i < 1'000'000; ++i) throttle.begin("n" + std::to_string(i), "", start).failed();
  CHECK(tryOnce(throttle, "bert", "192.0.2.1", start) == 1s);  // that of the address
  CHECK(tryOnce(throttle, "anna", "", start) == 0s);
  CHECK(tryOnce(throttle, "anna", "", start) == 1s);  // that of the name
}

#include "access/rate.hpp"

#include <string>

#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;
using access::Rate;

namespace {

constexpr Time firstTake{std::chrono::milliseconds{1'000'000}};

// Returns how long one more has to wait; 0 if it was taken.
std::chrono::seconds takeOne(Rate& rate, const std::string& who, Time at) {
  try {
    rate.take(who, at, "too many");
    return 0s;
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    CHECK(error.detail() == "too many");
    return error.retryAfter().value();
  }
}

}  // namespace

TEST_CASE("a rate lets as many through at once as in its period, for each key", "[access]") {
  Rate rate(20, 1h);
  for (int i = 0; i < 20; ++i) CHECK(takeOne(rate, "a", firstTake) == 0s);
  CHECK(takeOne(rate, "a", firstTake) == 180s);
  CHECK(takeOne(rate, "b", firstTake) == 0s);
  CHECK(takeOne(rate, "a", firstTake + 179s) == 1s);
  CHECK(takeOne(rate, "a", firstTake + 180s) == 0s);
  CHECK(takeOne(rate, "a", firstTake + 180s) == 180s);
  for (int i = 0; i < 20; ++i) CHECK(takeOne(rate, "a", firstTake + 2h) == 0s);
  CHECK(takeOne(rate, "a", firstTake + 2h) == 180s);
}

TEST_CASE("what is given back can be taken again", "[access]") {
  Rate rate(1, 1h);
  CHECK(takeOne(rate, "a", firstTake) == 0s);
  rate.giveBack("a");
  CHECK(takeOne(rate, "a", firstTake) == 0s);
  CHECK(takeOne(rate, "a", firstTake) == 3600s);
  rate.giveBack("nobody");
}

TEST_CASE("a rate of 0 limits nothing", "[access]") {
  Rate rate(0, 1h);
  for (int i = 0; i < 1000; ++i) CHECK(takeOne(rate, "a", firstTake) == 0s);
}

TEST_CASE("a hundred thousand other keys do not clear a key that took all", "[access]") {
  Rate rate(2, 1h);
  for (int i = 0; i < 2; ++i) CHECK(takeOne(rate, "a", firstTake) == 0s);
  for (int i = 0; i < 66'000; ++i) rate.take("n" + std::to_string(i), firstTake, "too many");
  CHECK(takeOne(rate, "a", firstTake) == 1800s);
}

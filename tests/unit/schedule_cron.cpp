#include "schedule/cron.hpp"

#include <time.h>

#include <cstdlib>
#include <map>

#include "base/error.hpp"
#include "base/units.hpp"
#include "catch.hpp"
#include "schedule/schedule.hpp"

using namespace video;
using namespace video::schedule;
using namespace std::chrono_literals;

namespace {

// Sets the local time zone while in scope.
struct Zone {
  explicit Zone(const char* name) {
    if (const char* const was = std::getenv("TZ")) before = was;
    set(name);
  }
  ~Zone() { before.empty() ? unset() : set(before.c_str()); }
  static void set(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  static void unset() {
    ::unsetenv("TZ");
    ::tzset();
  }
  std::string before;
};

constexpr const char* berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr const char* lordHowe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";  // half an hour

Time at(const char* text) {
  return parseTime(text).value();
}

std::string next(const char* fields, const char* after) {
  return formatTime(Cron(fields).after(at(after))).substr(0, 16);
}

std::size_t countOf(const Timing& timing, Time from, Time to) {
  std::size_t count = 0;
  for (Time tick = timing.after(from - 1ms); tick < to; tick = timing.after(tick)) ++count;
  return count;
}

Timing byCron(const char* fields) {
  Timing timing;
  timing.cron.emplace(fields);
  return timing;
}

std::string refusal(const char* fields) {
  try {
    Cron{fields};
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::malformed);
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("the five fields of a crontab line select minutes") {
  const Zone zone("UTC0");
  CHECK(next("* * * * *", "2026-11-21T09:30:00Z") == "2026-11-21T09:31");
  CHECK(next("* * * * *", "2026-11-21T09:30:59.999Z") == "2026-11-21T09:31");
  CHECK(next("*/15 * * * *", "2026-11-21T09:30:00Z") == "2026-11-21T09:45");
  CHECK(next("5/20 * * * *", "2026-11-21T09:30:00Z") == "2026-11-21T09:45");
  CHECK(next("0,30 8-18/2 * * *", "2026-11-21T18:30:00Z") == "2026-11-22T08:00");
  CHECK(next("30 4 * * 0", "2026-11-21T09:30:00Z") == "2026-11-22T04:30");
  CHECK(next("30 4 * * 7", "2026-11-22T04:30:00Z") == "2026-11-29T04:30");
  CHECK(next("0 0 1 jan *", "2026-11-21T09:30:00Z") == "2027-01-01T00:00");
  CHECK(next("0 12 * * Mon-Fri", "2026-11-21T09:30:00Z") == "2026-11-23T12:00");
  CHECK(next("0 0 29 2 *", "2026-11-21T09:30:00Z") == "2028-02-29T00:00");
  CHECK(next("0 0 29 2 *", "2096-03-01T00:00:00Z") == "2104-02-29T00:00");
  // If both days are restricted, either may match; if one begins with a star, both must.
  CHECK(next("0 0 13 * 5", "2026-11-21T09:30:00Z") == "2026-11-27T00:00");
  CHECK(next("0 0 */2 * 5", "2026-11-21T09:30:00Z") == "2026-11-27T00:00");
  CHECK(next("0 0 */2 * 1", "2026-11-21T09:30:00Z") == "2026-11-23T00:00");
  CHECK(next("\t0  0 1 * * ", "2026-11-21T09:30:00Z") == "2026-12-01T00:00");
}

TEST_CASE("an invalid crontab line is refused, naming the field") {
  CHECK(refusal("* * * *") == "\"* * * *\" is not five fields: minute, hour, day of month, month, day of week");
  CHECK(refusal("") == "\"\" is not five fields: minute, hour, day of month, month, day of week");
  CHECK(refusal("60 * * * *") == "minute \"60\": must be from 0 to 59");
  CHECK(refusal("* 24 * * *") == "hour \"24\": must be from 0 to 23");
  CHECK(refusal("* * 0 * *") == "day of month \"0\": must be from 1 to 31");
  CHECK(refusal("* * * 13 *") == "month \"13\": must be from 1 to 12");
  CHECK(refusal("* * * * 8") == "day of week \"8\": must be from 0 to 7");
  CHECK(refusal("5-1 * * * *") == "minute \"5-1\": a range must be ascending");
  CHECK(refusal("*/0 * * * *") == "minute \"*/0\": a step must be 1 or more");
  CHECK(refusal("x * * * *") == "minute \"x\": not a number, range, step or list");
  CHECK(refusal("1,,2 * * * *") == "minute \"1,,2\": not a number, range, step or list");
  CHECK(refusal("1-2-3 * * * *") == "minute \"1-2-3\": not a number, range, step or list");
  CHECK(refusal("@daily") == "\"@daily\" is not five fields: minute, hour, day of month, month, day of week");
  CHECK(refusal("1-59/2147483647 * * * *") == "taken");
  CHECK(refusal("0 0 29 2 */7") == "taken");  // a Sunday: 2032
  CHECK(refusal("0 0 30 2 *") == "\"0 0 30 2 *\" is a date that never comes");
}

TEST_CASE("a task runs once when an hour is skipped or repeated") {
  {
    const Zone zone(berlin);
    // 2:00 to 3:00 did not exist on 2027-03-28: a time in it comes at the jump, 01:00 UTC.
    CHECK(next("30 2 * * *", "2027-03-27T12:00:00Z") == "2027-03-28T01:00");
    CHECK(next("30 2 * * *", "2027-03-28T01:00:00Z") == "2027-03-29T00:30");
    CHECK(next("*/10 2 * * *", "2027-03-27T12:00:00Z") == "2027-03-29T00:00");
    CHECK(next("0 * * * *", "2027-03-28T00:00:00Z") == "2027-03-28T01:00");
    // 2:00 to 3:00 came twice on 2026-10-25, 00:00 to 02:00 UTC.
    CHECK(next("30 2 * * *", "2026-10-24T12:00:00Z") == "2026-10-25T00:30");
    CHECK(next("30 2 * * *", "2026-10-25T00:30:00Z") == "2026-10-26T01:30");
    CHECK(next("30 2 * * *", "2026-10-25T01:10:00Z") == "2026-10-26T01:30");
    CHECK(next("30 * * * *", "2026-10-25T00:30:00Z") == "2026-10-25T01:30");
    CHECK(next("0 3 * * *", "2026-10-25T00:30:00Z") == "2026-10-25T02:00");
  }
  const Zone zone(lordHowe);
  CHECK(next("10 2 * * *", "2026-10-03T00:00:00Z") == "2026-10-03T15:30");  // 2:00 becomes 2:30
  CHECK(next("45 1 * * *", "2026-04-03T20:00:00Z") == "2026-04-04T14:45");  // 2:00 becomes 1:30
  CHECK(next("45 1 * * *", "2026-04-04T14:45:00Z") == "2026-04-05T15:15");
}

TEST_CASE("a week with an hour too few or too many has the right number of ticks") {
  const Zone zone(berlin);
  const auto [begin, end, hours, inSkipped] = GENERATE(table<const char*, const char*, std::size_t, std::size_t>({
      {"2027-03-21T23:00:00Z", "2027-03-28T22:00:00Z", 167, 36},
      {"2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", 169, 48},
      {"2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z", 168, 42},
  }));
  CAPTURE(begin);
  const auto count = [&, from = at(begin), to = at(end)](const Timing& timing) { return countOf(timing, from, to); };
  CHECK(count({.every = 3s}) == hours * 1200);
  CHECK(count({.every = 1min, .jitter = 59s, .seed = 7}) == hours * 60);
  CHECK(count({.every = 1h, .jitter = 5min, .seed = 7}) == hours);
  CHECK(count(byCron("30 4 * * 0")) == 1);
  CHECK(count(byCron("15 3 * * *")) == 7);
  CHECK(count(byCron("30 2 * * *")) == 7);
  CHECK(count(byCron("0 * * * *")) == hours);
  CHECK(count(byCron("*/10 2 * * *")) == inSkipped);
  CHECK(count(Timing{}) == 0);
}

TEST_CASE("jitter delays each tick independently, within its limit, and equally in every process") {
  const Time begin = at("2026-11-21T00:00:00Z");
  Timing timing{.every = 1min, .jitter = 30s, .seed = 1};
  std::map<std::chrono::milliseconds, int> late;
  Time tick = begin;
  for (int i = 0; i < 1000; ++i) {
    tick = timing.after(tick);
    CHECK(tick == timing.after(tick - 1ms));
    const auto by = tick.time_since_epoch() % 1min;
    REQUIRE(by <= 30s);
    ++late[by];
  }
  CHECK(late.size() > 900);
  Timing other = timing;
  other.seed = 2;
  CHECK(other.after(begin) != timing.after(begin));
}

TEST_CASE("jitter longer than the time between ticks loses no tick") {
  const Zone zone("UTC0");
  const Time begin = at("2026-11-21T00:00:00Z");
  Timing timing{.jitter = 30min, .seed = 1};
  timing.cron.emplace("* * * * *");
  int runs = 0;
  for (Time tick = timing.after(begin); tick <= begin + 24h; tick = timing.after(tick)) ++runs;
  CHECK(runs >= 1430);  // some around midnight fall on the other day, and two may share a millisecond
  CHECK(runs <= 1450);
}

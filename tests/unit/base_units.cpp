#include "base/units.hpp"

#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view lastSecond = "9999-12-31T23:59:59.000Z";

Time timeOf(std::string_view text) {
  const auto time = parseTime(text);
  REQUIRE(time);
  return *time;
}

}  // namespace

TEST_CASE("sizes are read with their units") {
  const std::pair<const char*, std::uint64_t> good[] = {
      {"0", 0},
      {"64", 64},
      {"64B", 64},
      {"5M", 5 << 20},
      {"5MiB", 5 << 20},
      {"1.5GiB", 3 << 29},
      {"2GB", 2'000'000'000},
      {"0.5K", 512},
      {"1T", 1ULL << 40},
      {"0.4", 0},
      {"007", 7},
      {"8388607T", 8'388'607ULL << 40},
  };
  for (const auto& [text, bytes] : good) {
    INFO(text);
    CHECK(parseSize(text) == bytes);
  }
  for (const char* text : {"",
                           " 5",
                           "5 ",
                           "-5",
                           "+5",
                           "5m",
                           "5k",
                           "5MB5",
                           "5Mi",
                           "5iB",
                           "5BB",
                           ".5",
                           "5.",
                           "1.2.3",
                           "1e3",
                           "0x5",
                           "5P",
                           "M",
                           "inf",
                           "nan",
                           "9223372036854775807",
                           "9223372036854775808",
                           "8388608T",
                           "99999999999999999999",
                           "0000000000000000000"}) {
    INFO(text);
    CHECK_FALSE(parseSize(text));
  }
}

TEST_CASE("sizes are shown with one decimal place") {
  CHECK(formatSize(0) == "0 B");
  CHECK(formatSize(1023) == "1023 B");
  CHECK(formatSize(1024) == "1.0 KiB");
  CHECK(formatSize(3ULL << 29) == "1.5 GiB");
  CHECK(formatSize(UINT64_MAX) == "16.0 EiB");
}

TEST_CASE("durations are read with units in descending order") {
  const std::pair<const char*, std::chrono::milliseconds> good[] = {
      {"0", 0ms},          {"0s", 0ms},
      {"250ms", 250ms},    {"45s", 45s},
      {"1.5s", 1500ms},    {"2h30m", 150min},
      {"30d", 30 * 24h},   {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
      {"1m1ms", 60'001ms}, {"36525d", 36'525 * 24h},
      {"0.4ms", 0ms},
  };
  for (const auto& [text, duration] : good) {
    INFO(text);
    CHECK(parseDuration(text) == duration);
  }
  for (const char* text : {"", "5", "s", "-1s", "1 s", "1s ", "30m2h", "1h1h", "1s1m", "1w", "1y", "36526d", "1M",
                           "1.s", "1000000000000000000d", "876600h1ms"}) {
    INFO(text);
    CHECK_FALSE(parseDuration(text));
  }
}

TEST_CASE("durations are written as they are read") {
  CHECK(formatDuration(0ms) == "0s");
  CHECK(formatDuration(1ms) == "1ms");
  CHECK(formatDuration(150min) == "2h30m");
  CHECK(formatDuration(24h + 1ms) == "1d1ms");
  for (const auto duration : {1ms, 999ms, 1000ms, 59'999ms, 86'399'999ms, 3'155'760'000'000ms})
    CHECK(parseDuration(formatDuration(duration)) == duration);
}

TEST_CASE("times are read with any offset") {
  const Time moment = timeOf("2026-11-21T09:30:00Z");
  CHECK(moment.time_since_epoch() == 1'795'253'400s);
  for (const char* text : {"2026-11-21t09:30:00z", "2026-11-21 09:30:00Z", "2026-11-21T09:30:00.000000000Z",
                           "2026-11-21T15:00:00+05:30", "2026-11-21T00:00:00-09:30", "2026-11-20T09:31:00-23:59",
                           "2026-11-21T09:30:00-00:00", "1795253400", "001795253400"}) {
    INFO(text);
    CHECK(parseTime(text) == moment);
  }
  CHECK(timeOf("2026-11-21T09:30:00.1239Z") == moment + 123ms);
  CHECK(timeOf("2026-11-21T09:30:00.04Z") == moment + 40ms);
}

TEST_CASE("a malformed time, or one before 1970 or after 9999, is refused") {
  for (const char* text : {"",
                           "now",
                           "-1",
                           "@1",
                           "2026-11-21",
                           "2026-11-21T09:30Z",
                           "2026-11-21T09:30:00",
                           "2026-11-21T09:30:00.Z",
                           "2026-11-21T09:30:00.1234567890Z",
                           "2026-11-21T09:30:00+0530",
                           "2026-11-21T09:30:00+24:00",
                           "2026-11-21T09:30:00+05:60",
                           "2026-11-21T09:30:00Zx",
                           " 2026-11-21T09:30:00Z",
                           "26-11-21T09:30:00Z",
                           "2026-00-21T09:30:00Z",
                           "2026-13-21T09:30:00Z",
                           "2026-11-00T09:30:00Z",
                           "2026-11-31T09:30:00Z",
                           "2026-11-21T24:00:00Z",
                           "2026-11-21T09:60:00Z",
                           "2026-11-21T09:30:61Z",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59Z",
                           "999999999999",
                           "1234567890123",
                           "0000-01-01T00:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(parseTime(text));
  }
  CHECK(timeOf("0") == Time{});
  CHECK(timeOf("1970-01-01T00:01:00+00:01") == Time{});
  CHECK(parseTime("9999-12-31T00:00:00Z"));
}

TEST_CASE("leap days follow the Gregorian calendar, and a leap second counts as the next second") {
  for (const char* year : {"1972", "2000", "2024", "2400"}) CHECK(parseTime(std::string(year) + "-02-29T00:00:00Z"));
  for (const char* year : {"1970", "2023", "2100", "2200"})
    CHECK_FALSE(parseTime(std::string(year) + "-02-29T00:00:00Z"));
  CHECK(timeOf("2016-12-31T23:59:60Z") == timeOf("2017-01-01T00:00:00Z"));
  CHECK(timeOf("2024-02-29T23:59:59Z") + 1s == timeOf("2024-03-01T00:00:00Z"));
}

TEST_CASE("times are written in three formats") {
  const Time moment = timeOf("2024-02-29T05:06:07.089Z");
  CHECK(formatTime(moment) == "2024-02-29T05:06:07.089Z");
  CHECK(formatDisplayTime(moment) == "Feb 29 2024, 05:06:07");
  CHECK(formatHttpTime(moment) == "Thu, 29 Feb 2024 05:06:07 GMT");
  CHECK(formatTime(Time{}) == "1970-01-01T00:00:00.000Z");
  CHECK(formatTime(Time{-1ms}) == "1969-12-31T23:59:59.999Z");
  CHECK(formatHttpTime(Time{-1ms}) == "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST_CASE("HTTP dates are read in all three formats") {
  const Time moment = timeOf("1994-11-06T08:49:37Z");
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    INFO(text);
    CHECK(parseHttpTime(text) == moment);
  }
  CHECK(parseHttpTime("Sat Nov 16 08:49:37 2024") == timeOf("2024-11-16T08:49:37Z"));
  CHECK(parseHttpTime("Thursday, 01-Jan-70 00:00:00 GMT") == Time{});
  CHECK(parseHttpTime("Wednesday, 31-Dec-69 00:00:00 GMT") == timeOf("2069-12-31T00:00:00Z"));
  CHECK(parseHttpTime("Wed, 31 Dec 1969 23:59:59 GMT") == Time{-1s});
  const auto last = parseHttpTime("Fri, 31 Dec 9999 23:59:59 GMT");
  REQUIRE(last);
  CHECK(formatTime(*last) == lastSecond);
  for (const char* text :
       {"", "Sun", "Sun,", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 30 Feb 2020 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 06 08:49:37", "Sun Nov 31 08:49:37 1994",
        "Fri, 31 Dec 9999 23:59:60 GMT"}) {
    INFO(text);
    CHECK_FALSE(parseHttpTime(text));
  }
}

TEST_CASE("positions in a video are read as seconds or as minutes and hours") {
  const std::pair<const char*, std::chrono::milliseconds> good[] = {
      {"0", 0ms},       {"83.5", 83'500ms}, {"1:23.5", 83'500ms}, {"1:02:03", 1h + 2min + 3s},
      {"90:00", 90min}, {"600:0", 10h},
  };
  for (const auto& [text, position] : good) {
    INFO(text);
    CHECK(parsePosition(text) == position);
  }
  for (const char* text :
       {"", ":", "1:", ":1", "1:60", "1:2:60", "1:60:00", "1:2:3:4", "1.5:00", "-1", "1:-1", "1s", " 1", "31536001"}) {
    INFO(text);
    CHECK_FALSE(parsePosition(text));
  }
}

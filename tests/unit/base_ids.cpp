#include "base/ids.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace std::string_view_literals;
using namespace std::chrono_literals;

namespace {

bool isOf(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool isRefused(std::string_view cursor, std::size_t keys) {
  try {
    readCursor(cursor, keys);
    return false;
  } catch (const Error& error) {
    return error.fault() == Fault::malformed;
  }
}

}  // namespace

TEST_CASE("a UUIDv7 has its time, version and variant") {
  const std::string id = makeUuid7(Time{0x123456789abcms});
  REQUIRE(id.size() == 36);
  CHECK(id.starts_with("12345678-9abc-7"));
  CHECK(isOf(id, "0123456789abcdef-"));
  for (const std::size_t at : {8u, 13u, 18u, 23u}) CHECK(id[at] == '-');
  CHECK(isOf(id.substr(19, 1), "89ab"));
}

TEST_CASE("UUIDs of one millisecond ascend, in each thread") {
  const Time moment{1'900'000'000'000ms};
  std::string last = firstUuid7Of(moment);
  for (int i = 0; i < 5000; ++i) {  // more than the counter within a millisecond holds
    const std::string next = makeUuid7(moment);
    REQUIRE(next > last);
    last = next;
  }
  CHECK(makeUuid7(moment - 5s) > last);  // the clock stepped back a little
  CHECK(makeUuid7(moment - 1h).substr(0, 13) == firstUuid7Of(moment - 1h).substr(0, 13));

  std::mutex mutex;
  std::set<std::string> all;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      std::vector<std::string> mine;
      for (int i = 0; i < 500; ++i) mine.push_back(makeUuid7(moment + 1min));
      const std::lock_guard lock(mutex);
      all.insert(mine.begin(), mine.end());
      CHECK(std::is_sorted(mine.begin(), mine.end()));
    });
  threads.clear();
  CHECK(all.size() == 2000);
}

TEST_CASE("no UUID of a millisecond is below its first") {
  const Time moment{1'950'000'000'000ms};
  CHECK(firstUuid7Of(moment) <= makeUuid7(moment));
  CHECK(firstUuid7Of(moment + 1ms) > firstUuid7Of(moment));
  CHECK(firstUuid7Of(Time{}) == "00000000-0000-7000-0000-000000000000");
  CHECK(firstUuid7Of(Time{-5s}) == firstUuid7Of(Time{}));
}

TEST_CASE("random texts have the right length and alphabet, and differ") {
  CHECK(makeSecret().size() == 43);
  CHECK(makeSecret(0).empty());
  CHECK(makePublicId().size() == 12);
  CHECK(isOf(makePublicId(1000), "abcdefghijklmnopqrstuvwxyz234567"));
  CHECK(makeRandomHex(16).size() == 32);
  CHECK(isOf(makeRandomHex(500), "0123456789abcdef"));
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert({makeSecret(), makePublicId(), makeRandomHex(16)});
  CHECK(seen.size() == 300);
}

TEST_CASE("hex and base64url are written and read") {
  CHECK(toHex("\x00\x0f\xff"sv) == "000fff");
  const std::pair<std::string_view, const char*> pairs[] = {
      {"", ""},      {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xfb\xff\xfe", "-__-"},
      {"\0"sv, "AA"}};
  for (const auto& [bytes, text] : pairs) {
    CHECK(toBase64Url(bytes) == text);
    CHECK(fromBase64Url(text) == bytes);
  }
  for (const char* text : {"Zg==", "Zm8=", "Z g", "+/", "Zm9v\n", "\xc3\xa4"}) CHECK_FALSE(fromBase64Url(text));
}

TEST_CASE("a cursor returns its keys") {
  CHECK(readCursor(makeCursor({"a"}), 1) == std::vector<std::string>{"a"});
  CHECK(readCursor(makeCursor({"", "ä", "1"}), 3) == std::vector<std::string>{"", "ä", "1"});
  CHECK(readCursor(makeCursor({""}), 1) == std::vector<std::string>{""});
}

TEST_CASE("a cursor that was tampered with is refused") {
  const std::string cursor = makeCursor({"2026", "id"});
  CHECK(isRefused(cursor, 1));
  CHECK(isRefused(cursor, 3));
  CHECK(isRefused(cursor + "=", 2));
  CHECK(isRefused(" " + cursor, 2));
  CHECK(isRefused("%41", 1));
  CHECK(isRefused("_w", 1));                                // 0xff: not UTF-8
  CHECK(isRefused(toBase64Url("a\x1f\xed\xa0\x80"sv), 2));  // a surrogate
  CHECK(isRefused(toBase64Url("a\x1f"
                              "b\x1f"
                              "c"),
                  2));
}

TEST_CASE("a page has 1 to 1000 items") {
  for (const std::int64_t limit : {1, 50, 1000}) CHECK_NOTHROW(checkLimit(limit));
  for (const std::int64_t limit : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1001}, INT64_MAX, INT64_MIN})
    CHECK_THROWS_AS(checkLimit(limit), Error);
}

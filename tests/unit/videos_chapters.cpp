#include "videos/chapters.hpp"

#include "catch.hpp"

using namespace video;

namespace {

std::string told(std::string_view description, std::optional<std::int64_t> durationMs = {}) {
  std::string out;
  for (const Chapter& one : chaptersOf(description, durationMs))
    out += std::to_string(one.timeMs / 1000) + ' ' + one.title + '\n';
  return out;
}

}  // namespace

TEST_CASE("lines that begin with a time and have a title are chapters") {
  CHECK(told("At the lake\n\n0:00 Start\n1:02 The cave\n1:02:03 Home\n\nMusic by Ada") ==
        "0 Start\n62 The cave\n3723 Home\n");
  for (const char* line :
       {"1:02 The cave", "  01:02 The cave  ", "- 1:02 The cave", "* 1:02 - The cave", "• 1:02 – The cave",
        "1:02: The cave", "[1:02] The cave", "(1:02) The cave", "【1:02】The cave", "1:02—The cave", "1. 1:02 The cave",
        "2) [1:02] The cave", "1:02 - 3:04 The cave", "0:01:02 | The cave", "1:02 \xe3\x80\x80The cave"})
    CHECK(told(line) == "62 The cave\n");
}

TEST_CASE("other lines are no chapters") {
  for (const char* line :
       {"", "1:02", "1:02 ", "- 1:02 -", "The cave 1:02", "at 1:02 The cave", "1:60 x", "1:2 x", "10:30am x", "1:02x",
        "1234:00 x", "1:02:03:04 x", "1:02.5 x", ":02 x", "12 x", "1:2:03 x"}) {
    CAPTURE(line);
    CHECK(told(line) == "");
  }
}

TEST_CASE("chapters are by time, one for each, and within the video") {
  CHECK(told("5:00 B\n1:00 A\n5:00 C\n9:00 D", 540'000) == "60 A\n300 B\n");
  std::string many;
  for (int i = 0; i < 600; ++i) many += std::to_string(i) + ":00 x\n";
  CHECK(chaptersOf(many, {}).size() == 500);
  const auto long_ = chaptersOf("0:00 " + std::string(399, 'a') + "éé", {});
  REQUIRE(long_.size() == 1);
  CHECK(long_[0].title == std::string(399, 'a'));
}

TEST_CASE("a chapters track has one cue per chapter, in plain text") {
  const auto chapters = chaptersOf("0:00 A & B\n1:00 <b>", {});
  CHECK(chaptersTrack(chapters, 90'000) ==
        "WEBVTT\n\n00:00:00.000 --> 00:01:00.000\nA &amp; B\n\n00:01:00.000 --> 00:01:30.000\n&lt;b&gt;\n");
  CHECK(chaptersTrack(chapters, {}).ends_with("00:01:00.000 --> 01:01:00.000\n&lt;b&gt;\n"));
}

// Who counts as a viewer, and when a position is saved.
#include "views/watchers.hpp"

#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;

namespace {

struct SetClock : Clock {
  Time now() const override { return time; }
  Time time{24h};
};

WatchSign sign(std::string viewer, std::int64_t ms, std::optional<std::int64_t> duration = 600'000) {
  WatchSign made;
  made.video.text = "film";
  made.viewer = std::move(viewer);
  made.positionMs = ms;
  made.durationMs = duration;
  made.isWorthSaving = true;
  return made;
}

}  // namespace

TEST_CASE("a viewer is counted after 30 seconds, or half of a shorter video") {
  SetClock clock;
  Watchers watchers(clock);
  CHECK_FALSE(watchers.note(sign("a", 0)).counts);
  clock.time += 20s;
  CHECK_FALSE(watchers.note(sign("a", 20'000)).counts);
  clock.time += 20s;
  CHECK(watchers.note(sign("a", 40'000)).counts);
  CHECK(watchers.note(sign("a", 41'000)).counts);  // until somebody says that it is done
  watchers.setCounted(sign("a", 0));
  clock.time += 20s;
  CHECK_FALSE(watchers.note(sign("a", 60'000)).counts);
  CHECK(watchers.note(sign("b", 4'000, 8'000)).counts);
  // The first sign cannot claim to have watched more than a player does before it.
  CHECK_FALSE(watchers.note(sign("c", 500'000)).counts);
  // Nor does time away count.
  clock.time += 44s;
  CHECK(watchers.note(sign("c", 500'000)).counts);
  CHECK_FALSE(watchers.note(sign("d", 0)).counts);
  clock.time += 46s;
  CHECK_FALSE(watchers.note(sign("d", 0)).counts);
}

TEST_CASE("a viewer without a heartbeat for 45 seconds is no longer watching") {
  SetClock clock;
  Watchers watchers(clock);
  CHECK(watchers.watching({"film"}) == 0);
  CHECK(watchers.note(sign("a", 0)).watching == 1);
  clock.time += 30s;
  CHECK(watchers.note(sign("b", 0)).watching == 2);
  CHECK(watchers.note(sign("b", 1)).watching == 2);
  CHECK(watchers.watching({"film"}) == 2);
  CHECK(watchers.watching({"other"}) == 0);
  clock.time += 16s;
  CHECK(watchers.watching({"film"}) == 1);
  clock.time += 45s;
  CHECK(watchers.watching({"film"}) == 0);
}

TEST_CASE("a position is saved once a minute, or at once when the video is paused or left") {
  SetClock clock;
  Watchers watchers(clock);
  const auto saves = [&](const WatchSign& sign) {
    const bool wanted = watchers.note(sign).saves;
    if (wanted) watchers.setSaved(sign);
    return wanted;
  };
  CHECK(watchers.note(sign("a", 10'000)).saves);
  CHECK(saves(sign("a", 10'000)));  // until somebody says that it is done
  int saved = 0;
  for (int i = 0; i < 9; ++i) {
    clock.time += 20s;
    saved += saves(sign("a", 10'000)) ? 1 : 0;
  }
  CHECK(saved == 3);
  clock.time += 7s;  // between the regular times
  CHECK(saves(sign("a", 12'000)));
  clock.time += 1s;  // somebody seeks, pauses and closes the page
  CHECK(saves(sign("a", 14'000)));
  int atOnce = 0;
  for (int i = 0; i < 100; ++i) atOnce += saves(sign("a", 14'000)) ? 1 : 0;
  CHECK(atOnce == 4);
  clock.time += 5s;
  CHECK(saves(sign("a", 15'000)));
  CHECK_FALSE(saves(sign("a", 16'000)));
  clock.time += 19s;
  WatchSign paused = sign("a", 13'000);
  CHECK_FALSE(saves(paused));
  paused.isPaused = true;
  CHECK(saves(paused));
  WatchSign nothing = sign("b", 0);
  nothing.isWorthSaving = false;
  CHECK_FALSE(saves(nothing));
  clock.time += 20s;
  CHECK(saves(sign("b", 20'000)));
}

TEST_CASE("if only the client knows the length, no view counts within 5 seconds") {
  SetClock clock;
  Watchers watchers(clock);
  WatchSign claimed = sign("a", 1'000, 1);
  claimed.isDurationClaimed = true;
  CHECK_FALSE(watchers.note(claimed).counts);
  clock.time += 5s;
  CHECK(watchers.note(claimed).counts);
}

TEST_CASE("a heartbeat costs the same however many viewers there are") {
  SetClock clock;
  Watchers watchers(clock);
  constexpr std::uint64_t viewers = 2000;
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < viewers; ++i) watchers.note(sign(std::to_string(i), 0));
    clock.time += 20s;
  }
  CHECK(watchers.watching({"film"}) == static_cast<std::int64_t>(viewers));
  CHECK(watchers.looks() <= 3 * viewers + 1);
  clock.time += 45s;
  CHECK(watchers.watching({"film"}) == 0);
  CHECK(watchers.looks() <= 4 * viewers + 1);
}

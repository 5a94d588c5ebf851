// Who watches what: local and remote.
#include <sqlite3.h>

#include <algorithm>

#include "catch.hpp"
#include "contract/site.hpp"
#include "views/views.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

WatchVideo at(const VideoId& video, std::int64_t ms) {
  WatchVideo watch;
  watch.video = video;
  watch.positionMs = ms;
  return watch;
}

std::vector<HistoryEntry> historyOf(Site& site, const Credential& by, const std::string& user) {
  HistoryQuery query;
  query.user = user;
  return site.at(by).views().history(by, query).items;
}

std::int64_t rowsOf(Site& site, const std::string& table) {
  sqlite3* database = nullptr;
  sqlite3_stmt* count = nullptr;
  REQUIRE(sqlite3_open_v2((site.data() / "video.db").c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_prepare_v2(database, ("SELECT count(*) FROM " + table).c_str(), -1, &count, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(count) == SQLITE_ROW);
  const std::int64_t rows = sqlite3_column_int64(count, 0);
  sqlite3_finalize(count);
  sqlite3_close(database);
  return rows;
}

std::int64_t viewsOf(Site& site, const VideoId& video) {
  return site.local().videos().show(Operator{}, {video, {}}).views.value_or(-1);
}

}  // namespace

TEST_CASE("users resume where they left off, and others do not see where that is") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  CHECK_FALSE(site.at(bob).views().resume(bob, {video}).positionMs);
  CHECK(site.at(bob).views().watch(bob, at(video, 61'000)).watching == 1);
  const ResumePoint point = site.at(bob).views().resume(bob, {video});
  CHECK(point.positionMs == 61'000);
  CHECK_FALSE(point.ended);
  CHECK_FALSE(site.at(ada).views().resume(ada, {video}).positionMs);
  CHECK_FALSE(site.at(Anonymous{}).views().resume(Anonymous{}, {video}).positionMs);
  const std::vector<HistoryEntry> history = historyOf(site, bob, "bob");
  REQUIRE(history.size() == 1);
  CHECK(history[0].video == video);
  CHECK(history[0].name == "x");
  CHECK(history[0].author == "ada");
  CHECK(history[0].positionMs == 61'000);
  requireFault([&] { historyOf(site, ada, "bob"); }, Fault::forbidden);
  requireFault([&] { historyOf(site, Anonymous{}, "bob"); }, Fault::unauthenticated);
  requireFault([&] { site.at(ada).views().clear(ada, {"bob", {}}); }, Fault::forbidden);
  CHECK(historyOf(site, Operator{}, "bob").size() == 1);
  // What is not seen any more has no name.
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .visibility = Visibility::private_});
  CHECK_FALSE(historyOf(site, bob, "bob").at(0).name);
  requireFault([&] { site.at(bob).views().watch(bob, at(video, 1)); }, Fault::notFound);
  requireFault([&] { site.at(bob).views().resume(bob, {video}); }, Fault::notFound);
}

TEST_CASE("history is listed latest first, page by page, and cleared as a whole or by video") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  std::vector<VideoId> videos;
  for (int i = 0; i < 5; ++i) {
    videos.push_back(site.video(ada, "ada", "x" + std::to_string(i)));
    site.at(ada).views().watch(ada, at(videos.back(), 10'000));
  }
  HistoryQuery query;
  query.user = "ada";
  query.limit = 2;
  std::vector<VideoId> seen;
  do {
    const Page<HistoryEntry> page = site.at(ada).views().history(ada, query);
    for (const HistoryEntry& entry : page.items) seen.push_back(entry.video);
    query.cursor = page.nextCursor;
  } while (query.cursor);
  std::sort(videos.begin(), videos.end());
  std::vector<VideoId> sorted = seen;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == videos);
  site.at(ada).views().clear(ada, {"ada", videos[2]});
  CHECK(historyOf(site, ada, "ada").size() == 4);
  site.at(ada).views().clear(ada, {"ada", {}});
  CHECK(historyOf(site, ada, "ada").empty());
}

TEST_CASE("no history is kept for users who switch it off, nor positions near the beginning") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  site.at(ada).views().watch(ada, at(video, 4'999));
  CHECK(historyOf(site, ada, "ada").empty());
  ChangeUser change;
  change.name = "ada";
  change.historyOff = true;
  CHECK(site.at(ada).users().change(ada, change).historyOff == true);
  const VideoId other = site.video(ada, "ada", "y");
  site.at(ada).views().watch(ada, at(other, 20'000));
  CHECK(historyOf(site, ada, "ada").empty());
  change.historyOff = false;
  CHECK_FALSE(site.at(ada).users().change(ada, change).historyOff);
  const VideoId third = site.video(ada, "ada", "z");
  site.at(ada).views().watch(ada, at(third, 20'000));
  CHECK(historyOf(site, ada, "ada").size() == 1);
}

TEST_CASE("a heartbeat of a user without a history writes nothing") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  ChangeUser change;
  change.name = "ada";
  change.historyOff = true;
  site.at(ada).users().change(ada, change);
  WatchVideo watch = at(video, 6'000);
  watch.durationMs = 60'000;
  const auto version = site.local().dataVersion();
  site.at(ada).views().watch(ada, watch);
  CHECK(site.local().dataVersion() == version);
  CHECK(viewsOf(site, video) == 0);
}

TEST_CASE("on a full disk a heartbeat is answered, and counted once there is space") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  Settings full = site.settings();
  full.store.freeSpaceFloor = std::uint64_t{1} << 60;
  const auto onFullDisk = openLocal(full, "the test");
  WatchVideo watch = at(video, 9'000);
  watch.durationMs = 10'000;
  for (int i = 0; i < 2; ++i) {
    const Watching now = onFullDisk->views().watch(ada, watch);
    CHECK(now.watching == 1);
    CHECK_FALSE(now.cursor.empty());
  }
  CHECK(viewsOf(site, video) == 0);
  CHECK(historyOf(site, ada, "ada").empty());
  site.at(ada).views().watch(ada, watch);
  CHECK(viewsOf(site, video) == 1);
  CHECK(historyOf(site, ada, "ada").size() == 1);
}

TEST_CASE("a viewer is counted once, after half of a short video") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  WatchVideo watch = at(video, 1'000);
  watch.durationMs = 10'000;
  site.at(bob).views().watch(bob, watch);
  CHECK(viewsOf(site, video) == 0);
  const VideoId other = site.video(ada, "ada", "y");
  watch = at(other, 9'000);
  watch.durationMs = 10'000;
  for (int i = 0; i < 3; ++i) site.at(bob).views().watch(bob, watch);
  CHECK(viewsOf(site, other) == 1);
  CHECK(site.at(ada).views().watch(ada, watch).watching == 2);
  CHECK(viewsOf(site, other) == 2);
  CHECK(site.at(Anonymous{}).videos().show(Anonymous{}, {other, {}}).views == 2);
  requireFault([&] { site.at(bob).views().watch(bob, at(other, -1)); }, Fault::malformed, "position_ms");
}

TEST_CASE("the reply to a heartbeat has the danmaku posted since the previous one") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  WatchVideo watch = at(video, 0);
  site.at(bob).comments().post(bob, {video, "before", 1});
  waitFor("what was posted before is in the past", [&] {
    watch.cursor.reset();
    const Watching now = site.at(ada).views().watch(ada, watch);
    CHECK(now.comments.empty());
    watch.cursor = now.cursor;
    CommentQuery query;
    query.video = video;
    return systemClock().now() > site.at(ada).comments().list(ada, query).items.at(0).time + std::chrono::seconds{2};
  });
  site.at(bob).comments().post(bob, {video, "without a position", {}});
  site.at(ada).comments().importFrom(ada, {video, {}}, sourceOf(R"({"position_ms":6,"content":"imported"})"));
  site.at(bob).comments().post(bob, {video, "since", 7});
  site.local().comments().setOptions({{"spam"}, 0});
  site.at(bob).comments().post(bob, {video, "spam", 8});
  std::vector<std::string> seen;
  waitFor("the danmaku comes", [&] {
    const Watching now = site.at(ada).views().watch(ada, watch);
    for (const Comment& comment : now.comments) seen.push_back(comment.content);
    watch.cursor = now.cursor;
    return !seen.empty();
  });
  CHECK(seen == std::vector<std::string>{"since"});
  CHECK(site.at(ada).views().watch(ada, watch).comments.empty());
  watch.cursor = "nonsense";
  requireFault([&] { site.at(ada).views().watch(ada, watch); }, Fault::malformed, "cursor");
}

TEST_CASE("history is deleted with its user and with its video") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    settings.deletions.delay = std::chrono::milliseconds{0};
    settings.videos.remember = std::chrono::milliseconds{0};
  });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  const VideoId other = site.video(ada, "ada", "y");
  for (const VideoId& one : {video, other}) {
    WatchVideo watch = at(one, 9'000);
    watch.durationMs = 10'000;
    site.at(bob).views().watch(bob, watch);
    site.at(ada).views().watch(ada, watch);
  }
  CHECK(rowsOf(site, "history") == 4);
  CHECK(rowsOf(site, "counted_views") == 4);
  site.at(ada).videos().remove(ada, {{video, {}}, {}});
  site.at(Operator{}).deletions().drain(Operator{}, {true});
  waitFor("what was watched of the video is gone",
          [&] { return rowsOf(site, "history") == 2 && rowsOf(site, "counted_views") == 2; });
  site.at(bob).users().remove(bob, {"bob", {}});
  site.at(Operator{}).deletions().drain(Operator{}, {true});
  waitFor("what the user has watched is gone", [&] { return rowsOf(site, "history") == 1; });
}

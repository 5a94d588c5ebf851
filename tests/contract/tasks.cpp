// The scheduler's tasks, local and remote.
#include <sqlite3.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "catch.hpp"
#include "contract/site.hpp"
#include "os/descriptor.hpp"
#include "quiet_log.hpp"
#include "schedule/alarm.hpp"
#include "schedule/schedule.hpp"
#include "store_scratch.hpp"
#include "tasks/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// Returns the run that was recorded last; an empty one if there is none.
TaskRun newestRun(Tasks& tasks, const std::string& name) {
  TaskRunQuery query;
  query.name = name;
  const Page<TaskRun> page = tasks.history(Operator{}, query);
  return page.items.empty() ? TaskRun{} : page.items.front();
}

// Runs a task and waits until it has run. A run that found nothing is not recorded and returned empty.
TaskRun runOf(Site& site, const std::string& name) {
  Tasks& tasks = site.at(Operator{}).tasks();
  const auto before = tasks.show(Operator{}, {name}).runs;
  const auto known = newestRun(tasks, name).id;
  tasks.run(Operator{}, {name});
  waitFor(name + " has run", [&] {
    const TaskStatus status = tasks.show(Operator{}, {name});
    return status.runs > before && status.state != TaskState::running;
  });
  const TaskRun run = newestRun(tasks, name);
  return run.id == known ? TaskRun{} : run;
}

void writeAged(const fs::path& file, std::chrono::hours age) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "content";
  fs::last_write_time(file, fs::file_time_type::clock::now() - age);
}

// A process that uploads to a data directory and is killed before its upload ends.
class KilledUpload {
 public:
  explicit KilledUpload(const fs::path& data) {
    int begin[2];
    int began[2];
    REQUIRE(::pipe(begin) == 0);
    REQUIRE(::pipe(began) == 0);
    child_ = store::start([&] {
      char go = 0;
      if (::read(begin[0], &go, 1) != 1) return 1;
      Settings settings;
      settings.dataDirectory = data;
      settings.store.freeSpaceFloor = 0;
      settings.access.passwordOpslimit = 1;
      settings.access.passwordMemlimit = 8192;
      const auto toolkit = openLocal(settings, "the test", true);
      NewUser ada;
      ada.name = "ada";
      ada.password = "password-of-ada";
      toolkit->users().add(Operator{}, ada);
      const VideoId id = toolkit->videos().add(Operator{}, {"ada", "broken"}).id;
      ByteSource bytes;
      bytes.push = [&](const ByteSink& sink) {
        const std::string piece = movie();
        sink(std::as_bytes(std::span(piece)));
        if (std::cmp_equal(::write(began[1], id.text.data(), id.text.size()), id.text.size())) ::pause();
      };
      toolkit->uploads().put(Operator{}, {id, std::nullopt}, bytes);
      return 1;
    });
    ::close(begin[0]);
    ::close(began[1]);
    begin_ = Descriptor(begin[1]);
    began_ = Descriptor(began[0]);
  }
  // Lets it begin, and kills it. Returns the video.
  VideoId killed() {
    REQUIRE(::write(begin_.number(), "x", 1) == 1);
    std::string id(36, ' ');
    REQUIRE(::read(began_.number(), id.data(), id.size()) == 36);
    ::kill(child_, SIGKILL);
    REQUIRE(store::statusOf(child_) == -SIGKILL);
    return {id};
  }

 private:
  pid_t child_ = 0;
  Descriptor begin_;
  Descriptor began_;
};

std::vector<std::string> namesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("tasks are listed with their counts, for admins only") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  Tasks& tasks = site.at(root).tasks();
  const Page<TaskStatus> page = tasks.list(root, {});
  std::vector<std::string> names;
  for (const TaskStatus& task : page.items) names.push_back(task.name);
  CHECK(names == std::vector<std::string>{"backup", "media-probe", "orphan-sweep", "renditions", "report-sweep",
                                          "session-sweep", "thumbnails", "upload-sweep", "user-clear", "verify",
                                          "video-clear", "view-sweep", "wal-checkpoint"});
  const TaskStatus sweep = tasks.show(root, {"session-sweep"});
  CHECK(sweep.plan == "every 1m");
  CHECK(sweep.state == TaskState::off);
  CHECK_FALSE(sweep.lastRun.has_value());
  CHECK_FALSE(sweep.nextRun.has_value());
  CHECK(sweep.runs == 0);
  CHECK(tasks.show(root, {"orphan-sweep"}).plan == "30 4 * * 0");

  requireFault([&] { tasks.show(root, {"nothing"}); }, Fault::notFound, "task nothing");
  requireFault([&] { tasks.run(root, {"nothing"}); }, Fault::notFound);
  TaskRunQuery query;
  query.name = "nothing";
  requireFault([&] { tasks.history(root, query); }, Fault::notFound);
  Tasks& hers = site.at(ada).tasks();
  requireFault([&] { hers.list(ada, {}); }, Fault::forbidden);
  requireFault([&] { hers.show(ada, {"backup"}); }, Fault::forbidden);
  requireFault([&] { hers.run(ada, {"session-sweep"}); }, Fault::forbidden);
  query.name = "backup";
  requireFault([&] { hers.history(ada, query); }, Fault::forbidden);
}

TEST_CASE("the last 100 runs are kept") {
  Site site(GENERATE(eachWay()), idle);
  Tasks& tasks = site.at(Operator{}).tasks();
  std::int64_t last = 0;
  for (int i = 0; i < 103; ++i) last = runOf(site, "upload-sweep").id;
  TaskRunQuery query;
  query.name = "upload-sweep";
  query.limit = 60;
  Page<TaskRun> page = tasks.history(Operator{}, query);
  REQUIRE(page.items.size() == 60);
  CHECK(page.items[0].id == last);
  CHECK(page.items[0].asked);
  CHECK(page.items[0].outcome == TaskOutcome::done);
  CHECK(page.items[0].ended >= page.items[0].began);
  REQUIRE(page.nextCursor.has_value());
  query.cursor = *page.nextCursor;
  page = tasks.history(Operator{}, query);
  CHECK(page.items.size() == 40);
  CHECK_FALSE(page.nextCursor.has_value());
  const TaskStatus status = tasks.show(Operator{}, {"upload-sweep"});
  CHECK(status.runs == 103);
  CHECK(status.lastRun.value() == tasks
                                      .history(Operator{},
                                               [] {
                                                 TaskRunQuery newest;
                                                 newest.name = "upload-sweep";
                                                 return newest;
                                               }())
                                      .items[0]
                                      .began);
}

TEST_CASE("view-sweep removes viewers who were counted over 24 hours ago, and old history") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  WatchVideo watch;
  watch.positionMs = 10'000;
  watch.durationMs = 10'000;
  watch.video = site.video(ada, "ada", "x");
  site.at(ada).views().watch(ada, watch);
  CHECK(runOf(site, "view-sweep").done == 0);
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open((site.data() / "video.db").c_str(), &database) == SQLITE_OK);
  sqlite3_busy_timeout(database, 10'000);
  CHECK(sqlite3_exec(database, "UPDATE counted_views SET time = 1; UPDATE history SET time = 1", nullptr, nullptr,
                     nullptr) == SQLITE_OK);
  sqlite3_close(database);
  CHECK(runOf(site, "view-sweep").done == 2);
  CHECK(runOf(site, "view-sweep").done == 0);
}

TEST_CASE("session-sweep removes expired sessions") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    idle(settings);
    settings.access.sessionTtl = 1ms;
  });
  for (const char* const name : {"ada", "bob", "eve"}) site.user(name);
  const auto ended = std::chrono::system_clock::now() + 2ms;
  while (std::chrono::system_clock::now() < ended) {
  }
  CHECK(runOf(site, "session-sweep").done == 3);
  CHECK(runOf(site, "session-sweep").done == 0);
  CHECK(site.at(Operator{}).tasks().show(Operator{}, {"session-sweep"}).done == 3);
}

TEST_CASE("report-sweep removes reports that were resolved long enough ago, in steps, and keeps open ones") {
  const bool isOld = GENERATE(true, false);
  Site site(GENERATE(eachWay()), [&](Settings& settings) {
    idle(settings);
    settings.store.synchronous = store::Synchronous::normal;
    if (isOld) settings.tasks.keepReports = {};
  });
  constexpr int many = 501;
  const VideoId video = site.video(site.user("ada"), "ada", "x");
  Reports& reports = site.local().reports();
  ReportVideo wanted;
  wanted.video = video;
  for (int i = 0; i <= many; ++i) {
    wanted.contact = std::to_string(i) + "@example.org";
    const ReportId id = reports.video(Operator{}, wanted).id.value();
    if (i < many) reports.resolve(Operator{}, {id, ReportDecision::dismissed, {}});
  }
  CHECK(runOf(site, "report-sweep").done == (isOld ? many : 0));
  CHECK(runOf(site, "report-sweep").done == 0);
  ReportQuery query;
  CHECK(reports.list(Operator{}, query).items.size() == 1);
  query.state = ReportState::resolved;
  std::size_t kept = 0;
  do {
    const Page<ReceivedReport> page = reports.list(Operator{}, query);
    kept += page.items.size();
    query.cursor = page.nextCursor;
  } while (query.cursor);
  CHECK(kept == (isOld ? 0 : many));
}

TEST_CASE("upload-sweep removes old interrupted uploads and keeps uploads in progress") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId open = site.at(ada).videos().add(ada, {"ada", "open"}).id;
  const fs::path incoming = site.data() / "incoming";
  writeAged(incoming / "old", 25h);
  writeAged(incoming / "young", 23h);
  ByteSource bytes = sourceOf(movie());
  bytes.push = [&, push = bytes.push](const ByteSink& sink) {
    fs::last_write_time(incoming / open.text, fs::file_time_type::clock::now() - 48h);
    CHECK(runOf(site, "upload-sweep").done == 1);
    push(sink);
  };
  site.local().uploads().put(ada, {open, std::nullopt}, bytes);
  CHECK(namesIn(incoming) == std::vector<std::string>{"young"});
}

TEST_CASE("upload-sweep deletes the video of an upload whose process was killed, and what has been pending for long") {
  const Way way = GENERATE(eachWay());
  const bool wasOpen = GENERATE(false, true);  // or starts after the crash, and removes the partial file
  const TempDirectory folder;
  const auto set = [&](Settings& settings) {
    idle(settings);
    settings.dataDirectory = folder / "data";
    settings.tasks.brokenUploadsAfter = 1ms;
  };
  KilledUpload upload(folder / "data");
  std::optional<Site> site;
  if (wasOpen) site.emplace(way, set);
  const VideoId broken = upload.killed();
  if (!site) site.emplace(way, set);
  const Credential ada = site->user("eve");
  const VideoId ready = site->video(ada, "eve", "ready");
  writeAged(site->data() / "incoming" / ready.text, 1h);
  const VideoId open = site->at(ada).videos().add(ada, {"eve", "open"}).id;
  NewShare link;
  link.video = open;
  link.what = ShareWhat::upload;
  link.expires = systemClock().now() + 1h;
  site->at(ada).shares().create(ada, link);
  const int many = 501;  // more than one step
  for (int i = 0; i < many; ++i) site->local().videos().add(Operator{}, {"eve", "never uploaded"});
  const auto added = systemClock().now();
  REQUIRE(soon([&] { return systemClock().now() > added + 2ms; }));

  ByteSource bytes = sourceOf(movie());
  bytes.push = [&, push = bytes.push](const ByteSink& sink) {
    CHECK(runOf(*site, "upload-sweep").done == many + 2);
    push(sink);
  };
  site->local().uploads().put(Operator{}, {open, std::nullopt}, bytes);
  CHECK(namesIn(site->data() / "incoming").empty());
  for (const VideoId& id : {ready, open})
    CHECK(site->at(ada).videos().show(ada, {id, std::nullopt}).state == VideoState::ready);
  VideoQuery pending;
  pending.state = VideoState::pending;
  CHECK(site->at(Operator{}).videos().list(Operator{}, pending).items.empty());
  site->at(Operator{}).deletions().drain(Operator{}, {});
  CHECK(soon([&] {
    try {
      site->at(ada).videos().show(ada, {broken, std::nullopt});
      return false;
    } catch (const Error& error) {
      return error.fault() == Fault::notFound;
    }
  }));
}

TEST_CASE("upload-sweep keeps a partial file as long as its video cannot be queued") {
  const test::QuietLog quiet;
  Site site(Way::local, [](Settings& settings) {
    idle(settings);
    settings.store.lockTimeout = 20ms;
  });
  site.user("ada");
  const VideoId broken = site.local().videos().add(Operator{}, {"ada", "broken"}).id;
  writeAged(site.data() / "incoming" / broken.text, 25h);
  {
    const Descriptor lock(::open((site.data() / "WRITE").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::flock(lock.number(), LOCK_EX | LOCK_NB) == 0);
    try {
      site.local().tasks().run(Operator{}, {"upload-sweep"});
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::busy);  // the run cannot be recorded either
    }
  }
  CHECK(namesIn(site.data() / "incoming") == std::vector<std::string>{broken.text});
  CHECK(runOf(site, "upload-sweep").done == 1);
  CHECK(namesIn(site.data() / "incoming").empty());
}

TEST_CASE("upload-sweep leaves videos that were added a short time ago") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId young = site.at(ada).videos().add(ada, {"ada", "young"}).id;
  CHECK(runOf(site, "upload-sweep").done == 0);
  CHECK(site.at(ada).videos().show(ada, {young, std::nullopt}).state == VideoState::pending);
}

TEST_CASE("a content that is missing or damaged is 018, degrades the daemon, and is found by verify") {
  const test::QuietLog quiet;
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    idle(settings);
    settings.tasks.verifyShare = 2;
  });
  const Credential ada = site.user("ada");
  std::vector<VideoId> videos;
  for (int i = 0; i < 4; ++i)
    videos.push_back(site.video(ada, "ada", "x", movie(3000 + static_cast<std::size_t>(i), i)));
  const auto fileOf = [&](int i) {
    for (const auto& entry : fs::recursive_directory_iterator(site.data() / "blobs"))
      if (entry.is_regular_file() && entry.file_size() == 3000U + static_cast<unsigned>(i)) return entry.path();
    throw std::runtime_error("no such file");
  };
  const auto degraded = [&] { return site.at(Operator{}).server().status(Operator{}, {}).degraded; };
  const auto open = [&](int i) {
    return [&site, ada, id = videos[static_cast<std::size_t>(i)]] {
      site.at(ada).videos().open(ada, {id, std::nullopt});
    };
  };
  CHECK(degraded().empty());

  // Missing, cut, and no file: met by whoever watches.
  const fs::path missing = fileOf(0);
  const fs::path cut = fileOf(1);
  fs::rename(missing, site.data() / "aside");
  fs::resize_file(cut, 100);
  for (int i : {0, 1, 0}) requireFault(open(i), Fault::contentUnavailable);
  CHECK(degraded() == std::vector<std::string>{"contents"});
  CHECK(site.local().damagedContents() == 2);

  // Other bytes: met by verify, which looks at one in two and at what is known to be damaged.
  {
    std::fstream file(fileOf(3), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2000) << "other";
  }
  fs::rename(site.data() / "aside", missing);
  const TaskRun first = runOf(site, "verify");
  CHECK(first.done + first.failed >= 3);
  const TaskRun second = runOf(site, "verify");
  CHECK(site.local().damagedContents() == 2);
  CHECK_NOTHROW(open(0)());
  CHECK_FALSE(site.at(ada).videos().verify(ada, {videos[3], std::nullopt}).sound);
  CHECK(first.failed + second.failed >= 3);

  // A new content, and a deletion, end it.
  site.at(ada).uploads().put(ada, {videos[1], std::nullopt}, sourceOf(movie(4000)));
  site.at(ada).videos().remove(ada, {{videos[3], std::nullopt}, false});
  CHECK(degraded().empty());
}

TEST_CASE("a content that cannot be read to its end while it is sent is recorded as damaged") {
  const test::QuietLog quiet;
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  const Content content = site.at(Anonymous{}).videos().open(Anonymous{}, {video, std::nullopt});
  for (const auto& entry : fs::recursive_directory_iterator(site.data() / "blobs"))
    if (entry.is_regular_file()) fs::resize_file(entry.path(), 100);
  CHECK_THROWS_AS(readAll(content), Error);
  CHECK(soon([&] { return site.local().damagedContents() == 1; }));
}

TEST_CASE("orphan-sweep moves old files without a row to lost+found and leaves the rest") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(2000, 1));
  site.at(ada).uploads().put(ada, {video, std::nullopt},
                             sourceOf(movie(2000, 2)));  // the first file is queued for unlinking
  const fs::path blobs = site.data() / "blobs";
  for (const auto& entry : fs::recursive_directory_iterator(blobs))
    if (entry.is_regular_file()) fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - 240h);
  const std::string orphan(32, '7');
  writeAged(blobs / "77" / orphan, 25h);
  writeAged(blobs / "88" / (std::string(32, '8') + ".mp4"), 23h);
  writeAged(site.data() / "lost+found" / orphan, 1h);
  CHECK(runOf(site, "orphan-sweep").done == 1);
  CHECK(countFiles(blobs) == 3);
  const auto aside = namesIn(site.data() / "lost+found");
  REQUIRE(aside.size() == 2);
  CHECK(aside[0] == orphan);
  CHECK(aside[1].starts_with(orphan + "."));
  CHECK(readAll(site.at(ada).videos().open(ada, {video, std::nullopt})) == movie(2000, 2));
}

TEST_CASE("orphan-sweep removes from lost+found what was put there long ago, but not what fsck saved") {
  // The time at which a file was put there cannot be set by a test.
  const std::chrono::milliseconds kept = GENERATE(10ms, 1h, 0ms);
  Site site(Way::local, [&](Settings& settings) {
    idle(settings);
    settings.tasks.keepLost = kept;
  });
  const fs::path lost = site.data() / "lost+found";
  writeAged(lost / "a file", 1000h);
  writeAged(lost / "derived-x" / "play.mp4", 1000h);
  writeAged(lost / "#1234", 1000h);
  const std::vector<std::string> all{"#1234", "a file", "derived-x"};
  if (kept != 10ms) {
    runOf(site, "orphan-sweep");
    CHECK(namesIn(lost) == all);  // they are old, but have not been there for long; or they are kept for ever
    return;
  }
  waitFor("they have been there for 10 ms", [&] {
    runOf(site, "orphan-sweep");
    return namesIn(lost) == std::vector<std::string>{"#1234"};
  });
}

TEST_CASE("wal-checkpoint empties the write-ahead log") {
  Site site(GENERATE(eachWay()), idle);
  site.user("ada");
  const fs::path log = site.data() / "video.db-wal";
  CHECK(fs::file_size(log) > 0);
  runOf(site, "wal-checkpoint");
  CHECK(fs::file_size(log) == 0);
}

TEST_CASE("one of two daemons on a data directory runs scheduled tasks, and the other takes over when it ends") {
  const TempDirectory home;
  Settings settings;
  settings.dataDirectory = home / "data";
  settings.store.freeSpaceFloor = 0;
  idle(settings);
  // They run different tasks, so that they can be told apart.
  Settings other = settings;
  settings.tasks.timings.at("upload-sweep") = {.enabled = true, .every = 10ms};
  other.tasks.timings.at("session-sweep") = {.enabled = true, .every = 10ms};
  auto first = openLocal(settings, "the test", true);
  auto firstScheduler = first->tasks().makeScheduler(schedule::systemAlarmClock());
  const auto second = openLocal(other, "the test");
  const auto secondScheduler = second->tasks().makeScheduler(schedule::systemAlarmClock());
  const auto runsOf = [&](const char* task) { return second->tasks().show(Operator{}, {task}).runs; };
  firstScheduler->start();
  secondScheduler->start();
  const std::size_t ticks = 5;
  waitFor("the first runs its task, the second wakes",
          [&] { return runsOf("upload-sweep") >= 5 && secondScheduler->wakeUps("session-sweep") >= ticks; });
  CHECK(runsOf("session-sweep") == 0);
  CHECK(second->tasks().show(Operator{}, {"session-sweep"}).nextRun.has_value());
  second->tasks().run(Operator{}, {"session-sweep"});  // a requested task runs in any process
  waitFor("the second runs what it is asked for", [&] { return runsOf("session-sweep") > 0; });
  firstScheduler.reset();
  first.reset();
  waitFor("the second runs its task by the clock", [&] { return runsOf("session-sweep") >= 5; });
  CHECK(second->tasks().show(Operator{}, {"upload-sweep"}).state == TaskState::off);
}

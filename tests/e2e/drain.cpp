// The deletion queue under bad conditions: failing disks, full ones, and many drains at once.
#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "queue.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// Without a reserve, which would be made anew at each start; failures are tried again at once.
constexpr const char* retriedAtOnce =
    "[storage]\nfree_space_floor = \"100000T\"\n[deletion]\nbatch = 1\nworkers = 1\nretry_delay = \"1ms\"\n";

Words drainOf(const std::string& config, const fs::path& data, const Words& more = {}) {
  Words words{builtProgram("videoctl"), "--config", config, "--data-dir", data.string(), "queue", "drain", "-q"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::int64_t queried(store::Database& database, std::string_view sql) {
  return database.read([&](store::Reader& reader) {
    auto query = reader.query(sql);
    return query.next() ? query.integer(0) : -1;
  });
}

std::set<std::string> filesIn(const fs::path& data) {
  std::set<std::string> names;
  for (const char* const folder : {"blobs", "incoming", "lost+found"})
    for (const auto& entry : fs::recursive_directory_iterator(data / folder))
      if (entry.is_regular_file()) names.insert(entry.path().filename().string());
  return names;
}

// Every record done once, no row without a file, no file without a row, nothing else touched: what is not so.
std::string faultsIn(const fs::path& data, const QueueSize& size) {
  store::StoreOptions options;
  options.freeSpaceFloor = 1ULL << 60;
  store::Database database(store::DataDirectory::open(data, store::Hold::shared), options);
  std::string faults;
  const auto check = [&](std::string_view sql, std::size_t wanted) {
    const std::int64_t found = queried(database, sql);
    if (!std::cmp_equal(found, wanted)) faults += fmt::format("{}: {}, not {}\n", sql, found, wanted);
  };
  check("SELECT cleared FROM deletion_totals", size.deleted);
  check("SELECT count(*) FROM video_del_rec", 0);
  check("SELECT count(*) FROM video_info WHERE state <> 'ready'", 0);
  check("SELECT count(*) FROM comments", size.kept * size.comments);
  check("SELECT bytes_used FROM users", size.kept * size.bytes);
  check("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'", 0);
  check("SELECT count(*) FROM video_info", size.kept);
  std::set<std::string> named;
  database.read([&](store::Reader& reader) {
    for (auto query = reader.query("SELECT blob FROM video_info"); query.next();) named.emplace(query.text(0));
  });
  if (filesIn(data) != named) faults += "the files are not those of the rows\n";
  return faults;
}

}  // namespace

TEST_CASE("three drains at once purge each record exactly once", "[long]") {
  const TempDirectory home;
  const QueueSize size{.deleted = 10'000, .kept = 3};
  fillQueue(home / "data", size);
  const std::string config = write(home / "ctl.toml", "[deletion]\nbatch = 100\n");
  std::vector<std::unique_ptr<Program>> drains;
  for (int i = 0; i < 3; ++i) drains.push_back(std::make_unique<Program>(drainOf(config, home / "data")));
  for (const auto& drain : drains) {
    const Ended ended = drain->wait();
    INFO(ended.err);
    CHECK(ended.status == 0);
    CHECK(ended.out + ended.err == "");
  }
  CHECK(faultsIn(home / "data", size) == "");
  // Each process wrote down what it worked off itself: were a record done twice, it would be more.
  const Ended runs = run({"sqlite3", (home / "data/video.db").string(),
                          "SELECT sum(done), count(*) >= 3, sum(failed) FROM task_runs WHERE task = 'video-clear'"});
  CHECK(runs.out == "10000|1|0\n");
}

TEST_CASE("from cron a drain is silent, and its exit status tells what is left") {
  const TempDirectory home;
  const fs::path data = home / "data";
  const QueueSize size{.deleted = 2, .kept = 1};
  fillQueue(data, size);
  const std::string config = write(home / "ctl.toml", retriedAtOnce + std::string("max_tries = 2\n"));
  store::StoreOptions options;
  options.freeSpaceFloor = 1ULL << 60;
  {
    // Somebody who lives has leased one, and does nothing about it.
    store::Database other(store::DataDirectory::open(data, store::Hold::shared), options);
    other.write(store::Purpose::keep, [&](store::Transaction& one) {
      one.query(
             "UPDATE video_del_rec SET state = 'leased', lease_owner = ? WHERE video_id = (SELECT min(video_id) FROM "
             "video_del_rec)",
             other.directory().leases().own())
          .run();
    });
    const Ended held = run(drainOf(config, data, {"--lock-timeout", "300ms"}));
    CHECK(held.status == 9);
    CHECK(held.err.find("0 due, 1 leased by other processes") != std::string::npos);
    CHECK(queried(other, "SELECT cleared FROM deletion_totals") == 1);
  }
  // He is gone, and so is his lease; but the file cannot be removed.
  fs::path blob;
  {
    store::Database database(store::DataDirectory::open(data, store::Hold::shared), options);
    database.read([&](store::Reader& reader) {
      auto query = reader.query("SELECT blob FROM video_info WHERE state = 'deleted'");
      if (query.next()) blob = data / "blobs" / std::string(query.text(0).substr(0, 2)) / std::string(query.text(0));
    });
  }
  fs::remove(blob);
  fs::create_directory(blob);
  const Ended failed = run(drainOf(config, data));
  CHECK(failed.status == 3);
  CHECK(failed.out.empty());
  CHECK(failed.err.find("tries failed") != std::string::npos);
  fs::remove(blob);
  CHECK(videoctl({"--config", config, "--data-dir", data.string(), "queue", "retry", "--dead"}).status == 0);
  const Ended idle = run(drainOf(config, data));
  CHECK(idle.status == 0);
  CHECK(idle.out + idle.err == "");
  CHECK(faultsIn(data, size) == "");
}

TEST_CASE("deleting and draining work on a full disk, even without a daemon") {
  const TempDirectory home;
  const SmallDisk disk("32m");
  if (!disk.isMounted()) return;
  const fs::path data = disk / "data";
  fillQueue(data, {.deleted = 3, .kept = 3, .bytes = 1 << 20});
  const std::string config = write(home / "ctl.toml", retriedAtOnce);
  const std::string user = write(home / "password", "password of eve");
  fs::permissions(home / "password", fs::perms::owner_read);
  const auto ctl = [&](Words words, const std::string& settings) {
    words.insert(words.begin(), {"--config", settings, "--data-dir", data.string()});
    return videoctl(words);
  };
  write(data / "reserve", std::string(8 << 20, 'r'));
  std::ofstream(disk / "filler") << std::string(fs::space(data).available, 'f');
  REQUIRE(fs::space(data).available == 0);

  CHECK(ctl({"user", "add", "eve", "--password-file", user}, config).status == 11);
  const Ended listed = ctl({"-o", "id", "video", "list", "--user", "ada", "--limit", "1"}, config);
  CHECK(listed.status == 0);
  const std::string id = listed.out.substr(0, listed.out.find('\n'));
  const Ended deleted = ctl({"video", "delete", id, "--now", "--yes"}, config);
  INFO(deleted.err);
  CHECK(deleted.status == 0);
  const Ended drained = run(drainOf(config, data));
  INFO(drained.err);
  CHECK(drained.status == 0);
  CHECK(filesIn(data).size() == 2);
  CHECK(fs::space(data).available > 4 << 20);
}

TEST_CASE("a drain shows progress on a terminal, but not in a pipe or with -q") {
  const TempDirectory home;
  const std::string config = write(home / "ctl.toml", retriedAtOnce);
  const auto drain = [&](const std::string& name, const std::string& flags) {
    fillQueue(home / name, {.deleted = 9});
    const std::string command = builtProgram("videoctl") + " --config " + config + " --data-dir " +
                                (home / name).string() + " queue drain " + flags;
    return run({"script", "-qec", command, "/dev/null"});
  };
  const Ended shown = drain("shown", "");
  CHECK(shown.status == 0);
  CHECK(shown.out.find("queue: ") != std::string::npos);
  CHECK(shown.out.find(" of 9 [") != std::string::npos);
  CHECK(shown.out.find("queue: drained; 0 waiting for a retry, 0 given up") != std::string::npos);
  const Ended without = drain("without", "--no-progress");
  CHECK(without.out == "videoctl: queue: drained; 0 waiting for a retry, 0 given up\r\n");
  CHECK(drain("quiet", "-q").out.empty());
}

TEST_CASE("a daemon started with --no-tasks still runs tasks on request") {
  const TempDirectory home;
  fillQueue(home / "data", {.deleted = 3, .kept = 1});
  const std::string config = "[storage]\nfree_space_floor = \"100000T\"\n";
  Daemon daemon(config, {"--no-tasks"}, home / "data");
  const std::string file = write(home / "ctl.toml", "data_dir = \"" + (home / "data").string() + "\"\n" + config);
  const auto ctl = [&](Words words) {
    words.insert(words.begin(), {"--config", file, "--no-header", "-o", "tsv"});
    return videoctl(words);
  };
  CHECK(ctl({"task", "show", "video-clear", "--columns", "state,next_run,runs"}).out == "waiting\t\t0\n");
  CHECK(ctl({"queue", "drain", "-q"}).status == 0);
  CHECK(faultsIn(home / "data", {.deleted = 3, .kept = 1}) == "");
  CHECK(ctl({"task", "history", "video-clear", "--columns", "asked,outcome,done"}).out == "true\tdone\t3\n");
  const std::string measured =
      run({"curl", "-s", "--unix-socket", (home / "data/videod.sock").string(), "http://x/metrics"}).out;
  for (const char* const line :
       {"videod_deletions_cleared_total 3\n", "videod_task_done_total{task=\"video-clear\"} 3\n"})
    CHECK(measured.find(line) != std::string::npos);
  CHECK(daemon.terminate() == 0);
}

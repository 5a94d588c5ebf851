// A warm standby: Litestream, from npm, follows the database, and the list of changes the contents.
#include <fmt/format.h>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <set>
#include <thread>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/npm.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr const char* external =
    "[storage]\ncheckpoints = \"external\"\nfree_space_floor = 0\n[access]\ncomments_per_minute = 0\n";

struct Acknowledged {
  std::string text;
  SteadyClock::time_point at;
};

// Fetches new contents as doc/backup.md does with rsync; the test needs none of its network.
void fetchContents(const Site& site, const fs::path& standby) {
  const fs::path cursor = site.folder / "cursor";
  const fs::path next = site.folder / "next";
  const Ended ended = site.direct({"-q", "data", "changes", "--since", fs::exists(cursor) ? line(read(cursor)) : "0",
                                   "--cursor-file", next.string()});
  REQUIRE(ended.status == 0);
  std::istringstream lines(ended.out);
  for (std::string path; std::getline(lines, path);) {
    std::error_code gone;
    fs::create_directories((standby / path).parent_path());
    fs::copy_file(site.daemon.dataDirectory() / path, standby / path, fs::copy_options::overwrite_existing, gone);
  }
  fs::rename(next, cursor);
}

std::set<std::string> column(const fs::path& database, const std::string& sql) {
  SQLite::Database opened(database, SQLite::OPEN_READONLY);
  SQLite::Statement query(opened, sql);
  std::set<std::string> all;
  while (query.executeStep()) all.insert(query.getColumn(0).getString());
  return all;
}

}  // namespace

TEST_CASE("a standby that is promoted after a kill in mid-load has all but the last moment", "[long]") {
  const fs::path modules = npmModules("litestream");
  if (modules.empty()) return;
  const std::string litestream = (modules / "@flydotio/litestream-linux-x64/litestream").string();
  Site site("direct", std::string(idle) + external);
  const fs::path primary = site.daemon.dataDirectory();
  const fs::path replica = site.folder / "replica";
  const fs::path standby = site.folder / "standby";
  fs::create_directory(standby);
  fs::permissions(standby, fs::perms::owner_all);
  const std::string config =
      write(site.folder / "litestream.yml", fmt::format("dbs:\n  - path: {}\n    monitor-interval: 200ms\n    "
                                                        "replicas:\n      - type: file\n        path: {}\n        "
                                                        "sync-interval: 200ms\n",
                                                        (primary / "video.db").string(), replica.string()))
          .string();
  Program replication({litestream, "replicate", "-config", config});
  test::waitFor("Litestream has a snapshot", [&] {
    std::error_code none;
    fs::recursive_directory_iterator files(replica, none);
    return !none && std::any_of(begin(files), end(files),
                                [](const auto& entry) { return entry.path().native().ends_with(".snapshot.lz4"); });
  });

  const std::string token =
      line(site.direct({"--as", "ada", "token", "create", "--label", "load", "--scope", "full"}).out);
  const fs::path header = write(site.folder / "header", "Authorization: Bearer " + token);
  const fs::path file = write(site.folder / "a.mp4", content('a'));
  const std::string video = line(site.direct({"-o", "id", "video", "upload", file.string(), "--user", "ada"}).out);
  std::vector<Acknowledged> comments;
  std::atomic<std::size_t> acknowledged = 0;
  std::atomic<bool> stop = false;
  std::vector<std::string> uploads;
  std::jthread commenting([&] {
    for (int i = 0; !stop; ++i) {
      const std::string text = fmt::format("comment {}", i);
      if (run({"curl", "-sf", "-H", "@" + header.string(), "-d", fmt::format(R"({{"content":"{}"}})", text),
               site.daemon.url() + "/videos/" + video + "/comments"})
              .status != 0)
        return;
      comments.push_back({text, SteadyClock::now()});
      ++acknowledged;
    }
  });
  std::jthread uploading([&] {
    for (int i = 0; !stop; ++i) {
      const fs::path next = write(site.folder / fmt::format("{}.mp4", i), content('u') + std::to_string(i));
      const Ended ended = videoctl({"--server", site.daemon.url(), "-o", "id", "video", "upload", next.string()},
                                   {{{"VIDEOCTL_TOKEN", token}}, {}, {}});
      if (ended.status != 0) return;
      uploads.push_back(line(ended.out));
    }
  });
  // Rounds of the list of changes, as many as it takes for a load that is worth it.
  for (int round = 0; round < 5 || acknowledged < 100; ++round) fetchContents(site, standby);
  site.daemon.kill();
  const auto killed = SteadyClock::now();
  replication.signal(SIGKILL);
  replication.wait();
  stop = true;
  commenting.join();
  uploading.join();

  const Ended restored =
      run({litestream, "restore", "-o", (standby / "video.db").string(), "file://" + replica.string()});
  INFO(restored.out << restored.err);
  REQUIRE(restored.status == 0);
  Daemon promoted(std::string(idle) + external, {}, standby);
  const auto found = column(standby / "video.db", "SELECT content FROM comments");
  const auto lost = std::find_if(comments.begin(), comments.end(),
                                 [&](const Acknowledged& one) { return !found.contains(one.text); });
  const auto count = comments.end() - lost;
  for (auto later = lost; later != comments.end(); ++later) CHECK_FALSE(found.contains(later->text));  // no gaps
  const double seconds = lost == comments.end() ? 0 : std::chrono::duration<double>(killed - lost->at).count();
  CHECK(std::cmp_less(count, comments.size()));

  // What has not come yet is said.
  std::set<std::string> missing;
  for (const std::string& blob : column(standby / "video.db", "SELECT blob FROM video_info WHERE blob IS NOT NULL"))
    if (!fs::exists(standby / "blobs" / blob.substr(0, 2) / blob)) missing.insert(blob);
  const Ended verified = videoctl({"--direct", "--data-dir", standby.string(), "video", "verify", "--all"});
  CHECK(verified.status == (missing.empty() ? 0 : 10));
  const auto lines = std::count(verified.out.begin(), verified.out.end(), '\n');
  CHECK(lines == std::ssize(column(standby / "video.db", "SELECT id FROM video_info WHERE blob IS NOT NULL")) + 1);
  std::fprintf(stderr, "standby: %d of %d acknowledged comments lost, of the last %.2f s; %d of %d contents missing\n",
               static_cast<int>(count), static_cast<int>(comments.size()), seconds, static_cast<int>(missing.size()),
               static_cast<int>(lines - 1));
}

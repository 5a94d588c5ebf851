// Backups with the real programs: beside a daemon that goes on, killed, to standard output, and the recipes of
// doc/backup.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <stop_token>
#include <thread>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// A site with some videos of ada, and videoctl beside its daemon.
struct BackedUp : Site {
  explicit BackedUp(int videos, const std::string& config = idle) : Site("direct", config) {
    for (int i = 0; i < videos; ++i) add(i);
  }

  // Returns its ID.
  std::string add(int number, std::size_t size = 3000) {
    const fs::path file = write(folder / fmt::format("{}.mp4", number),
                                mp4Front() + fmt::format("{:08}", number) + std::string(size, 'x'));
    return line(direct({"-o", "id", "video", "upload", file.string(), "--user", "ada"}).out);
  }
  Ended on(const fs::path& data, const Words& words, const Given& given = {}) const {
    return videoctl(join({"--config", (folder / "ctl.toml").string(), "--data-dir", data.string()}, words), given);
  }
  std::set<std::string> ids(const fs::path& data) const {
    std::istringstream lines(on(data, {"-o", "id", "video", "list"}).out);
    std::set<std::string> all;
    for (std::string id; std::getline(lines, id);) all.insert(id);
    return all;
  }
};

std::set<std::string> namesIn(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

// The commands of a recipe in doc/backup.md, which are between two lines of ``` after its heading.
std::string recipe(const std::string& heading) {
  const std::string text = read(fs::path(VIDEO_SOURCE_DIR) / "doc/backup.md");
  const std::size_t at = text.find("## " + heading);
  REQUIRE(at != std::string::npos);
  const std::size_t begin = text.find("```sh\n", at) + 6;
  return text.substr(begin, text.find("```", begin) - begin);
}

std::string replaced(std::string text, const std::map<std::string, std::string>& words) {
  for (const auto& [from, to] : words)
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  return text;
}

// A shell in which the programs are found, as they are where they are installed.
Given withPrograms(const fs::path& config) {
  Given given;
  given.environment["PATH"] = fs::path(builtProgram("videoctl")).parent_path().string() + ":" + std::getenv("PATH");
  given.environment["VIDEOD_CONFIG"] = config.string();
  given.environment["RESTIC_PASSWORD"] = "of the repository";
  return given;
}

}  // namespace

TEST_CASE("a backup beside a daemon that uploads and purges is whole, and killed ones leave no set") {
  BackedUp site(3);
  const fs::path sets = site.folder / "sets";
  fs::create_directory(sets);
  // Also stopped where the test fails.
  std::jthread load([&](const std::stop_token& stop) {
    for (int i = 100; !stop.stop_requested(); ++i) {
      const std::string id = site.add(i);
      site.direct({"video", "delete", id, "--now"});
      site.direct({"-q", "queue", "drain", "--include-not-due", "--yes"});
    }
  });
  const auto backUp = [&](const fs::path& to) {
    return site.on(site.daemon.dataDirectory(), {"data", "backup", to.string()});
  };
  for (int i = 0; i < 3; ++i) {
    const fs::path set = sets / fmt::format("{}", i);
    const Ended ended = backUp(set);
    INFO(ended.err);
    CHECK(ended.status == 0);
    CHECK(videoctl({"data", "verify", set.string()}).status == 0);
  }
  bool hitOne = false;  // while it was being made
  for (int i = 0; i < 5 || (!hitOne && i < 50); ++i) {
    const auto before = namesIn(sets);
    Program killed({builtProgram("videoctl"), "--config", (site.folder / "ctl.toml").string(), "--direct", "data",
                    "backup", (sets / "killed").string()});
    test::waitFor("it has begun, or ended", [&] {
      const auto names = namesIn(sets);
      return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return !before.contains(name); });
    });
    killed.signal(SIGKILL);
    killed.wait();
    const auto left = namesIn(sets);
    hitOne = hitOne || std::any_of(left.begin(), left.end(),
                                   [](const std::string& name) { return name.starts_with(".videod-backup-"); });
    if (!fs::exists(sets / "killed")) continue;
    CHECK(videoctl({"data", "verify", (sets / "killed").string()}).status == 0);
    fs::remove_all(sets / "killed");
  }
  CHECK(hitOne);
  load.request_stop();
  load.join();
  CHECK(backUp(sets / "last").status == 0);
  CHECK(namesIn(sets) == std::set<std::string>{"0", "1", "2", "last"});
  CHECK(fs::is_empty(site.daemon.dataDirectory() / "held"));
  CHECK(backUp(sets / "last").status == 5);
  CHECK(backUp(sets / "none" / "last").status == 4);
  CHECK(backUp(site.daemon.dataDirectory() / "set").status == 7);
}

TEST_CASE("a backup goes to standard output as a tar archive, and is verified and restored") {
  BackedUp site(2);
  const fs::path data = site.daemon.dataDirectory();
  const fs::path tar = site.folder / "backup.tar";
  const Given given = withPrograms(site.folder / "ctl.toml");
  REQUIRE(run({"sh", "-c", "videoctl --direct data backup - >" + tar.string()}, given).status == 0);
  const Ended listed = run({"tar", "tf", tar.string()});
  CHECK(listed.status == 0);
  CHECK(std::count(listed.out.begin(), listed.out.end(), '\n') == 4);
  CHECK(listed.out.find("/manifest.json\n") != std::string::npos);
  CHECK(run({"sh", "-c", "videoctl data verify - <" + tar.string()}, given).status == 0);
  std::string bytes = read(tar);
  bytes[bytes.find("xxxx")] = 'y';
  write(site.folder / "damaged.tar", bytes);
  const Ended damaged = run({"sh", "-c", "videoctl data verify - <" + (site.folder / "damaged.tar").string()}, given);
  CHECK(damaged.status == 10);
  CHECK(damaged.out.find("damaged\tblobs/") != std::string::npos);
  CHECK(run({"sh", "-c", "videoctl data verify - </dev/null"}, given).status == 7);
  REQUIRE(run({"tar", "xf", tar.string(), "-C", site.folder.path().string()}).status == 0);
  const std::string set = (site.folder / listed.out.substr(0, listed.out.find('/'))).string();
  const Words restore{"data", "restore", set};
  CHECK(site.on(site.folder / "new", restore).status == 2);
  CHECK(site.on(site.folder / "new", join(restore, {"--yes"})).status == 0);
  CHECK(site.ids(site.folder / "new") == site.ids(data));
  // What is no file in a set is neither opened nor waited for.
  std::vector<fs::path> contents;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(set) / "blobs"))
    if (entry.is_regular_file()) contents.push_back(entry.path());
  REQUIRE(contents.size() == 2);
  fs::remove(contents[0]);
  REQUIRE(::mkfifo(contents[0].c_str(), 0600) == 0);
  fs::rename(contents[1], site.folder / "elsewhere");
  fs::create_symlink(site.folder / "elsewhere", contents[1]);
  const Ended refused = site.on(site.folder / "other", join(restore, {"--yes"}));
  CHECK(refused.status == 10);
  CHECK(refused.err.find("is not a file") != std::string::npos);
  CHECK(site.on(site.folder / "new", join(restore, {"--yes"})).status == 5);
  CHECK(site.on(data, join(restore, {"--yes"})).status == 9);
  CHECK(videoctl({"data", "verify", data.string()}).status == 4);
}

TEST_CASE("root makes a backup of another user's directory where only root may write, and restores it") {
  if (::geteuid() != 0) {
    WARN("skipped: not root");
    return;
  }
  BackedUp site(2);
  const fs::path data = site.folder / "data";
  const fs::path sets = site.folder / "sets";
  fs::create_directory(sets);
  fs::permissions(sets, fs::perms::owner_all);
  fs::permissions(site.folder.path(), fs::perms::owner_all | fs::perms::others_exec);
  REQUIRE(run({"cp", "-a", site.daemon.dataDirectory().string(), data.string()}).status == 0);
  constexpr uid_t other = 65534;
  for (const auto& entry : fs::recursive_directory_iterator(data))
    REQUIRE(::chown(entry.path().c_str(), other, other) == 0);
  REQUIRE(::chown(data.c_str(), other, other) == 0);
  const Ended ended = site.on(data, {"data", "backup", (sets / "one").string()});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(site.on(data, {"data", "backup", (sets / "one").string()}).status == 5);
  CHECK(site.on(data, {"data", "backup", (sets / "two").string()}).out.find("\t3\t2\t") != std::string::npos);
  CHECK(namesIn(sets) == std::set<std::string>{"one", "two"});
  CHECK(videoctl({"data", "verify", (sets / "two").string()}).status == 0);
  struct stat is {};
  CHECK((::stat((sets / "two" / "manifest.json").c_str(), &is) == 0 && is.st_uid == other));
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    INFO(entry.path());
    CHECK((::stat(entry.path().c_str(), &is) == 0 && is.st_uid == other));
  }
  fs::create_directory(site.folder / "new");
  REQUIRE(::chown((site.folder / "new").c_str(), other, other) == 0);
  CHECK(site.on(site.folder / "new", {"data", "restore", (sets / "two").string(), "--yes"}).status == 0);
  CHECK((::stat((site.folder / "new" / "video.db").c_str(), &is) == 0 && is.st_uid == other));
}

TEST_CASE("the recipes of doc/backup.md do what they say", "[long]") {
  BackedUp site(3);
  const fs::path data = site.daemon.dataDirectory();
  const fs::path backups = site.folder / "backups";
  fs::create_directory(backups);
  const auto shell = [&](const std::string& commands) {
    const Ended ended = run({"sh", "-ec",
                             replaced(commands, {{"/var/backups/videod", backups.string()},
                                                 {"/srv/drill", (site.folder / "drill").string()},
                                                 {"/srv/restic", (site.folder / "restic").string()},
                                                 {"standby:/srv/videod-backup", (site.folder / "standby").string()},
                                                 {"127.0.0.1:8001", "127.0.0.1:0"}})},
                            withPrograms(site.folder / "ctl.toml"));
    INFO(commands << ended.out << ended.err);
    CHECK(ended.status == 0);
    return ended;
  };
  shell(recipe("Every night"));
  REQUIRE(namesIn(backups).size() == 1);
  const fs::path newest = backups / *namesIn(backups).begin();
  // A drill: a second daemon on what was restored, which purges nothing.
  shell(recipe("A restore drill"));
  {
    Daemon drill(idle, {"--no-tasks"}, site.folder / "drill");
    CHECK(site.ids(site.folder / "drill") == site.ids(data));
    CHECK(drill.terminate() == 0);
  }
  if (isInstalled("rsync")) {
    shell(recipe("To another machine with rsync"));
    CHECK(videoctl({"data", "verify", (site.folder / "standby" / newest.filename()).string()}).status == 0);
  }
  // Two nights, of which the repository keeps the second: it is the same day.
  if (isInstalled("restic")) {
    shell("restic -q -r /srv/restic init\n" + recipe("To a repository with restic"));
    REQUIRE(site.on(data, {"data", "backup", (backups / "2999-01-01T000000Z").string()}).status == 0);
    shell(recipe("To a repository with restic"));
    CHECK(nlohmann::json::parse(shell("restic -q -r /srv/restic snapshots --json").out).size() == 1);
    shell("restic -q -r /srv/restic restore latest --target " + (site.folder / "from-restic").string());
    const fs::path back = site.folder / "from-restic" / (backups / "2999-01-01T000000Z").relative_path();
    CHECK(videoctl({"data", "verify", back.string()}).status == 0);
  }
  // Of many nights, the newest seven are kept.
  for (int night = 1; night <= 8; ++night) {
    fs::create_directory(backups / fmt::format("2020-01-0{}T000000Z", night));
    write(backups / fmt::format("2020-01-0{}T000000Z", night) / "manifest.json", "{}");
  }
  fs::remove_all(backups / "2999-01-01T000000Z");
  fs::remove_all(newest);
  shell(recipe("Every night"));
  CHECK(namesIn(backups).size() == 7);
  CHECK_FALSE(namesIn(backups).rbegin()->starts_with("2020"));
  CHECK_FALSE(namesIn(backups).contains("2020-01-02T000000Z"));
}

TEST_CASE("the recipe of a standby lists again what rsync could not bring") {
  BackedUp site(2);
  const fs::path data = site.daemon.dataDirectory();
  const fs::path programs = site.folder / "programs";
  const fs::path cursor = site.folder / "run.cursor";
  fs::create_directory(programs);
  const std::string commands =
      replaced(replaced(recipe("A warm standby"), {{"standby:/var/lib/videod/", (site.folder / "standby/").string()}}),
               {{"/run/videod.changes", (site.folder / "run.changes").string()},
                {"/var/lib/videod-standby", (site.folder / "run").string()},
                {"/var/lib/videod/", data.string() + "/"}});
  Given given = withPrograms(site.folder / "ctl.toml");
  given.environment["PATH"] = programs.string() + ":" + given.environment["PATH"];
  const auto rsyncIs = [&](const std::string& command) {
    write(programs / "rsync", "#!/bin/sh\n" + command + "\n");
    fs::permissions(programs / "rsync", fs::perms::owner_all);
  };
  rsyncIs("exit 23");
  CHECK(run({"sh", "-c", commands}, given).status == 23);
  CHECK_FALSE(fs::exists(cursor));
  fs::remove(programs / "rsync");
  if (!isInstalled("rsync")) return;
  const Ended ended = run({"sh", "-c", commands}, given);
  INFO(commands << ended.err);
  CHECK(ended.status == 0);
  CHECK(line(read(cursor)) == "2");
  CHECK(namesIn(site.folder / "standby" / "blobs") == namesIn(data / "blobs"));
}

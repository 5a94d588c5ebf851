// Backing up, verifying and restoring a data directory, and the list of changes for a standby.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <map>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "base/sha256.hpp"
#include "base/units.hpp"
#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/renditions.hpp"
#include "contract/site.hpp"
#include "quiet_log.hpp"
#include "store/backup_writer.hpp"
#include "store/directory.hpp"
#include "store/schema.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

// Files below a folder, by their paths there.
std::map<std::string, std::string> treeOf(const fs::path& folder) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) tree[fs::relative(entry.path(), folder).string()] = bytesOf(entry.path());
  return tree;
}

// A site in this process, and what is done with backups of it.
struct Backups {
  explicit Backups(Site& its) : site(its) {}

  std::unique_ptr<Data> data() { return openData(site.settings(), "the test"); }
  BackupReport backUp(const std::string& name) {
    problems.clear();
    return data()->backup(
        folder / name, [] {}, {}, [this](const BackupProblem& one) { problems.push_back(one.kind + ' ' + one.path); });
  }
  std::vector<std::string> verify(const std::string& name) {
    std::vector<std::string> found;
    data()->verify(folder / name, {}, [&](const BackupProblem& one) { found.push_back(one.kind + ' ' + one.path); });
    return found;
  }
  Settings settingsOf(const std::string& target) {
    Settings settings = site.settings();
    settings.dataDirectory = folder / target;
    return settings;
  }
  RestoreReport restore(const std::string& name, const std::string& target, bool revokeTokens = false) {
    const auto open = [&](const std::string& path) {
      return Descriptor(::open((folder / name / path).c_str(), O_RDONLY | O_CLOEXEC));
    };
    return openData(settingsOf(target), "the test")->restore(open, revokeTokens, {});
  }

  Site& site;
  TempDirectory folder;
  std::vector<std::string> problems;
};

// The file of a video's content, below the data directory.
fs::path contentOf(Site& site, const VideoId& id) {
  const std::string blob =
      *Database(site.data()).run("SELECT blob FROM video_info WHERE id = '" + id.text + "'").begin();
  return fs::path("blobs") / blob.substr(0, 2) / blob;
}

}  // namespace

TEST_CASE("a backup has the database and what it names, and restores to the same site", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const VideoId kept = site.video(ada, "ada", "kept.mp4", movie(5000, 1));
  const VideoId trash = site.video(ada, "ada", "trash.mp4", movie(3000, 2));
  site.local().videos().remove(ada, removing(trash, false));
  site.local().renditions().setThumbnail(ada, {kept}, sourceOf(picture(1)));
  NewToken wanted;
  wanted.user = "ada";
  wanted.label = "cron";
  wanted.scope = Scope::full;
  const CreatedToken token = site.local().tokens().create(ada, wanted);
  overwrite(site.data() / "blobs" / "not-ours", "x");
  Backups backups(site);

  const BackupReport report = backups.backUp("set");
  CHECK(report.schema == store::latestSchema());
  CHECK(report.files == 4);  // database, two contents, a picture
  CHECK(report.problems == 0);
  CHECK(backups.verify("set").empty());
  CHECK((fs::status(backups.folder / "set").permissions() & fs::perms::mask) == fs::perms::owner_all);
  const auto set = treeOf(backups.folder / "set");
  CHECK(set.size() == 5);
  CHECK(set.at(contentOf(site, kept)) == movie(5000, 1));
  CHECK(set.at("manifest.json").find("signing.key") != std::string::npos);
  CHECK_FALSE(set.contains("signing.key"));
  CHECK(fs::hard_link_count(site.data() / contentOf(site, kept)) == 1);
  CHECK(fs::is_empty(site.data() / "held"));

  const Time before = systemClock().now();
  const RestoreReport restored = backups.restore("set", "new");
  CHECK(restored.sessions == 1);
  CHECK(restored.deletions == 1);
  REQUIRE(restored.tokens.size() == 1);
  CHECK(restored.tokens[0].userName == "ada");
  CHECK(restored.tokens[0].label == "cron");
  CHECK(restored.problems.empty());
  CHECK_FALSE(restored.isOlder);
  const auto other = openLocal(backups.settingsOf("new"), "the test", true);
  requireFault([&] { other->videos().list(ada, {}); }, Fault::unauthenticated);
  const Credential byToken = Secret{token.token, false};
  CHECK(readAll(other->videos().open(byToken, {{kept, {}}, {}})) == movie(5000, 1));
  CHECK(readAll(other->renditions().thumbnail(byToken, {kept, {}})) == picture(1));
  const DeletionPage queue = other->deletions().list(Operator{}, {});
  REQUIRE(queue.items.size() == 1);
  CHECK(queue.items[0].due >= before + site.settings().deletions.delay);
  other->videos().restore(byToken, {trash, {}});
  CHECK(readAll(other->videos().open(byToken, {{trash, {}}, {}})) == movie(3000, 2));

  CHECK(backups.restore("set", "again", true).tokensRevoked == 1);
  const auto without = openLocal(backups.settingsOf("again"), "the test", true);
  requireFault([&] { without->videos().show(byToken, {trash, {}}); }, Fault::unauthenticated);
}

TEST_CASE("a backup shares with the newest one beside it what that has, and never with the data directory",
          "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const VideoId one = site.video(ada, "ada", "one.mp4", movie(5000, 1));
  const VideoId two = site.video(ada, "ada", "two.mp4", movie(5000, 2));
  Backups backups(site);
  CHECK(backups.backUp("first").reused == 0);
  const VideoId three = site.video(ada, "ada", "three.mp4", movie(5000, 3));
  // What is no longer as it was is copied anew.
  const fs::path second = contentOf(site, two);
  fs::resize_file(backups.folder / "first" / second, 10);
  const BackupReport report = backups.backUp("second");
  CHECK(report.reused == 1);
  CHECK(report.files == 4);
  CHECK(backups.verify("second").empty());
  CHECK(backups.verify("first") == std::vector<std::string>{"damaged " + second.string()});
  CHECK(fs::hard_link_count(backups.folder / "second" / contentOf(site, one)) == 2);
  CHECK(fs::hard_link_count(backups.folder / "second" / second) == 1);
  for (const VideoId& id : {one, two, three}) CHECK(fs::hard_link_count(site.data() / contentOf(site, id)) == 1);
  // An unreadable manifest costs no backup: the one before it serves.
  const QuietLog quiet;
  overwrite(backups.folder / "second" / "manifest.json", "{");
  CHECK(backups.backUp("third").reused == 1);
  requireFault([&] { backups.verify("second"); }, Fault::malformed);
  requireFault([&] { backups.backUp("third"); }, Fault::conflict);
  requireFault([&] { backups.backUp("none/third"); }, Fault::notFound);
  requireFault([&] { backups.data()->backup(site.data() / "set", [] {}, {}, {}); }, Fault::malformed, "data directory");
}

TEST_CASE("what is purged or replaced while a backup runs is in it all the same", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  std::vector<VideoId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(site.video(ada, "ada", fmt::format("{}.mp4", i), movie(4000, i)));
  site.local().renditions().setThumbnail(ada, {ids[2]}, sourceOf(picture(1)));
  site.local().renditions().setThumbnail(ada, {ids[3]}, sourceOf(picture(2)));
  std::map<std::string, std::string> wanted;
  for (const auto& [path, bytes] : treeOf(site.data()))
    if (path.starts_with("blobs/") || path.starts_with("derived/")) wanted[path] = bytes;
  REQUIRE(wanted.size() == 6);
  const Backups backups(site);
  const auto drain = [&] {
    waitFor("all is purged", [&] {
      site.local().deletions().drain(Operator{}, {true});
      const DeletionPage page = site.local().deletions().list(Operator{}, {});
      return page.due + page.leased == 0 && Database(site.data()).run("SELECT blob FROM blob_del_rec").empty();
    });
  };
  {
    const auto directory =
        store::DataDirectory::open(site.data(), store::Hold::shared, "the test", std::chrono::milliseconds{50});
    store::BackupFolder folder(os::systemFiles(), backups.folder / "set");
    const auto sink = store::makeFolderSink(folder);
    store::BackupWriter writer(*directory, *sink, systemClock(), std::chrono::milliseconds{50}, [](auto) {});
    requireFault([&] { Backups(site).backUp("other"); }, Fault::busy);
    // All goes before it has copied any content.
    site.local().videos().remove(ada, removing(ids[0], true));
    site.local().videos().remove(ada, removing(ids[2], true));
    site.local().uploads().put(ada, {ids[1], std::nullopt}, sourceOf(movie(3000, 9)));
    site.local().renditions().setThumbnail(ada, {ids[3]}, sourceOf(picture(3)));
    drain();
    CHECK(countFiles(site.data() / "blobs") == 2);
    CHECK(countFiles(site.data() / "held") == 5);
    while (writer.step()) continue;
    CHECK(writer.tally().problems.empty());
  }
  CHECK(fs::is_empty(site.data() / "held"));
  auto set = treeOf(backups.folder / "set");
  set.erase("manifest.json");
  set.erase("video.db");
  CHECK(set == wanted);
  site.local().videos().remove(ada, removing(ids[1], true));
  drain();
  CHECK(fs::is_empty(site.data() / "held"));
}

TEST_CASE("a backup leaves the disk to others while they write to the database, and only then", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  SetVideo renamed;
  renamed.id = site.video(ada, "ada", "a.mp4", movie(4000, 1));
  renamed.name = "b.mp4";
  const Backups backups(site);
  int sets = 0;
  const auto pausesOf = [&](bool othersWrite) {
    const auto directory =
        store::DataDirectory::open(site.data(), store::Hold::shared, "the test", std::chrono::milliseconds{50});
    store::BackupFolder folder(os::systemFiles(), backups.folder / std::to_string(sets++));
    const auto sink = store::makeFolderSink(folder);
    store::BackupWriter writer(*directory, *sink, systemClock(), std::chrono::milliseconds{50}, [](auto) {});
    if (othersWrite) site.local().videos().set(ada, renamed);
    while (writer.step()) continue;
    return writer.tally().pauses;
  };
  CHECK(pausesOf(true) > 0);
  waitFor("nobody writes", [&] { return pausesOf(false) == 0; });
}

TEST_CASE("contents that are missing or damaged are said, and the rest is backed up and restored", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const VideoId gone = site.video(ada, "ada", "gone.mp4", movie(4000, 1));
  const VideoId bad = site.video(ada, "ada", "bad.mp4", movie(4000, 2));
  const VideoId good = site.video(ada, "ada", "good.mp4", movie(4000, 3));
  fs::remove(site.data() / contentOf(site, gone));
  overwrite(site.data() / contentOf(site, bad), movie(4000, 4));
  Backups backups(site);
  const BackupReport report = backups.backUp("set");
  CHECK(report.problems == 2);
  CHECK(report.files == 3);
  const std::set<std::string> said(backups.problems.begin(), backups.problems.end());
  CHECK(said ==
        std::set<std::string>{"missing " + contentOf(site, gone).string(), "damaged " + contentOf(site, bad).string()});
  CHECK(backups.verify("set").size() == 2);

  // Damage of the set itself.
  fs::copy(backups.folder / "set", backups.folder / "worse", fs::copy_options::recursive);
  fs::remove(backups.folder / "worse" / contentOf(site, good));
  overwrite(backups.folder / "worse" / "blobs" / "extra", "x");
  fs::create_symlink("extra", backups.folder / "worse" / "blobs" / "link");
  const auto found = backups.verify("worse");
  const std::set<std::string> all(found.begin(), found.end());
  CHECK(all.size() == 5);
  CHECK(all.contains("missing " + contentOf(site, good).string()));
  CHECK(all.contains("extra blobs/extra"));
  CHECK(all.contains("extra blobs/link"));
  const RestoreReport restored = backups.restore("worse", "new");
  CHECK(restored.problems.size() == 3);
  const auto other = openLocal(backups.settingsOf("new"), "the test", true);
  CHECK(other->videos().show(Operator{}, {good, {}}).name == "good.mp4");
  CHECK(treeOf(backups.folder / "new" / "blobs").size() == 1);

  overwrite(backups.folder / "worse" / "video.db", "not a database");
  requireFault([&] { backups.restore("worse", "newer"); }, Fault::checksumMismatch, "video.db");
  CHECK(fs::exists(backups.folder / "newer"));
  CHECK_FALSE(fs::exists(backups.folder / "newer" / "video.db"));
  CHECK(openData(backups.settingsOf("newer"), "the test")->init().before == 0);  // nothing is left of it
}

TEST_CASE("a restore refuses what is not empty, in use, newer or no backup", "[backup]") {
  Site site(Way::local, idle);
  site.user("ada");
  Backups backups(site);
  backups.backUp("set");
  requireFault([&] { backups.restore("none", "new"); }, Fault::notFound);
  CHECK_FALSE(fs::exists(backups.folder / "new"));
  fs::create_directory(backups.folder / "full");
  overwrite(backups.folder / "full" / "mine", "x");
  requireFault([&] { backups.restore("set", "full"); }, Fault::conflict, "mine");
  // A data directory that has lost its database, or a standby that is not promoted.
  for (const char* const file : {"blobs/aa/x", "derived/x/y", "incoming/x", "held/x", "deleted-users"}) {
    const fs::path left = backups.folder / "left" / file;
    fs::create_directories(left.parent_path());
    overwrite(left, "x");
    requireFault([&] { backups.restore("set", "left"); }, Fault::conflict, file);
    CHECK(bytesOf(left) == "x");
    fs::remove(left);
  }
  CHECK(backups.restore("set", "left").problems.empty());
  openData(backups.settingsOf("data"), "the test")->init();
  requireFault([&] { backups.restore("set", "data"); }, Fault::conflict, "data directory already");
  const auto opened = openLocal(backups.settingsOf("data"), "the test");
  requireFault([&] { backups.restore("set", "data"); }, Fault::busy);
  fs::copy(backups.folder / "set", backups.folder / "newer", fs::copy_options::recursive);
  std::string text = bytesOf(backups.folder / "set" / "manifest.json");
  const std::string schema = fmt::format("\"schema\":{}", store::latestSchema());
  text.replace(text.find(schema), schema.size(), fmt::format("\"schema\":{}", store::latestSchema() + 1));
  overwrite(backups.folder / "newer" / "manifest.json", text);
  requireFault([&] { backups.restore("newer", "new"); }, Fault::versionMismatch);
  // One that does not belong to the database.
  const auto of = [](std::int64_t number) { return fmt::format("\"schema\":{}", number); };
  text.replace(text.find("\"schema\":"), of(store::latestSchema() + 1).size(), of(store::latestSchema() - 1));
  overwrite(backups.folder / "newer" / "manifest.json", text);
  requireFault([&] { backups.restore("newer", "new"); }, Fault::malformed, "video.db");
  text.insert(text.find("\"format\":1") + 10, "1");
  overwrite(backups.folder / "newer" / "manifest.json", text);
  requireFault([&] { backups.verify("newer"); }, Fault::versionMismatch);
  // A manifest that names what is none of a backup's files.
  text = bytesOf(backups.folder / "set" / "manifest.json");
  text.replace(text.find("\"count\":1"), 9, "\"count\":2");
  text.insert(text.find("\n{"), R"(
{"path":"../escaped","size":1,"sha256":"x"},)");
  overwrite(backups.folder / "newer" / "manifest.json", text);
  CHECK(backups.restore("newer", "new").problems.size() == 1);
  CHECK_FALSE(fs::exists(backups.folder / "escaped"));
}

TEST_CASE("one bad entry in the newest backup does not stop the next, and another's folder is not one", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const fs::path one = contentOf(site, site.video(ada, "ada", "one.mp4", movie(4000, 1)));
  const fs::path two = contentOf(site, site.video(ada, "ada", "two.mp4", movie(4000, 2)));
  const fs::path three = contentOf(site, site.video(ada, "ada", "three.mp4", movie(4000, 3)));
  Backups backups(site);
  backups.backUp("set");
  fs::remove(backups.folder / "set" / one);
  fs::create_symlink("x", backups.folder / "set" / one);
  const fs::path shard = (backups.folder / "set" / two).parent_path();
  fs::remove_all(shard);
  overwrite(shard, "not a folder");
  fs::create_directory(backups.folder / "web-app");
  overwrite(backups.folder / "web-app" / "manifest.json", "{}");
  const QuietLog quiet;
  const BackupReport report = backups.backUp("next");
  CHECK(report.problems == 0);
  CHECK(report.reused == (three.parent_path() == two.parent_path() ? 0 : 1));
  CHECK(backups.verify("next").empty());
}

TEST_CASE("what is damaged in a set is copied again within a month of backups", "[backup]") {
  struct Day : Clock {
    Time time = systemClock().now();
    Time now() const override { return time; }
  };
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const fs::path content = contentOf(site, site.video(ada, "ada", "one.mp4", movie(4000, 1)));
  const Backups backups(site);
  const auto directory =
      store::DataDirectory::open(site.data(), store::Hold::shared, "the test", std::chrono::milliseconds{50});
  const QuietLog quiet;
  Day clock;
  bool isSound = false;
  for (int day = 0; day <= 30 && !isSound; ++day) {
    const fs::path set = backups.folder / fmt::format("{}", day);
    store::BackupFolder folder(os::systemFiles(), set);
    const auto sink = store::makeFolderSink(folder);
    store::BackupWriter writer(*directory, *sink, clock, std::chrono::milliseconds{50}, [](auto) {});
    while (writer.step()) continue;
    if (day == 0) overwrite(set / content, movie(4000, 2));
    isSound = day > 0 && bytesOf(set / content) == movie(4000, 1);
    CHECK(writer.tally().problems.empty());
    clock.time += std::chrono::hours{24};
  }
  CHECK(isSound);
}

TEST_CASE("a backup beside the data directory leaves it the free space that it needs", "[backup]") {
  Site site(Way::local, idle);
  site.user("ada");
  Backups backups(site);
  Settings settings = site.settings();
  settings.store.freeSpaceFloor = 1ULL << 60;
  requireFault([&] { openData(settings, "the test")->backup(backups.folder / "set", [] {}, {}, {}); }, Fault::diskFull,
               "free_space_floor");
  requireFault([&] { openData(settings, "the test")->backup([](auto) {}, {}, {}); }, Fault::diskFull);
  CHECK(fs::is_empty(backups.folder.path()));
}

TEST_CASE("a folder whose restore was cut off is nobody's data directory until it is restored again", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "one.mp4", movie(4000, 1));
  Backups backups(site);
  backups.backUp("set");
  // As a killed one leaves it, before the database got its name and after.
  for (const bool hasDatabase : {false, true}) {
    const fs::path target = backups.folder / (hasDatabase ? "late" : "early");
    const Settings settings = backups.settingsOf(target.filename());
    if (hasDatabase) openData(settings, "the test")->init();
    fs::create_directories(target / "blobs" / "zz");
    overwrite(target / "blobs" / "zz" / "part", "x");
    overwrite(target / "restoring", "x");
    requireFault([&] { openLocal(settings, "the test", true); }, Fault::conflict, "restore was cut off");
    requireFault([&] { openLocal(settings, "the test"); }, Fault::conflict, "restore was cut off");
    requireFault([&] { openData(settings, "the test")->init(); }, Fault::conflict, "restore was cut off");
    backups.restore("set", target.filename());
    CHECK(treeOf(target / "blobs").size() == 1);
    CHECK_FALSE(fs::exists(target / "restoring"));
    CHECK(openLocal(settings, "the test")->videos().show(Operator{}, {id, {}}).size == 4000);
  }
}

TEST_CASE("a set of an older schema is restored, to be migrated at the next start", "[backup]") {
  Site site(Way::local, idle);
  Backups backups(site);
  backups.backUp("set");
  // The set of a site as the first version left it.
  fs::remove(backups.folder / "set" / "video.db");
  {
    sqlite3* old = nullptr;
    REQUIRE(sqlite3_open((backups.folder / "set" / "video.db").c_str(), &old) == SQLITE_OK);
    const std::string sql = fmt::format(
        "PRAGMA application_id = {}; {}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL; "
        "INSERT INTO users (id, login_name, pwd, create_time) VALUES (1, 'ada', 'x', 1);"
        "INSERT INTO sessions VALUES ('a', 'b', 1, 'ada', 99, 1);"
        "INSERT INTO tokens VALUES ('t', 'abcdefghijkl', 1, 'old', 'full', NULL, 1, NULL)",
        store::applicationId, store::migrations().front().sql);
    CHECK(sqlite3_exec(old, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(old);
  }
  Sha256 hash;
  const std::string bytes = bytesOf(backups.folder / "set" / "video.db");
  hash.add(std::as_bytes(std::span(bytes)));
  overwrite(
      backups.folder / "set" / "manifest.json",
      fmt::format(R"({{"format":1,"program":"videod","schema":1,"time":"2026-11-27T03:15:00.000Z","signing_key":"",)"
                  R"("count":1,"bytes":{0},"problems":[],"files":[{{"path":"video.db","size":{0},"sha256":"{1}"}}]}})",
                  bytes.size(), hash.hex()));
  CHECK(backups.verify("set").empty());
  const RestoreReport report = backups.restore("set", "new");
  CHECK(report.isOlder);
  CHECK(report.sessions == 1);
  REQUIRE(report.tokens.size() == 1);
  CHECK(report.tokens[0].label == "old");
  requireFault([&] { openLocal(backups.settingsOf("new"), "the test"); }, Fault::versionMismatch, "data migrate");
  CHECK(openLocal(backups.settingsOf("new"), "the test", true)->users().show(Operator{}, {"ada"}).name == "ada");
}

TEST_CASE("the task makes a backup, keeps the newest ones, and leaves nothing when it fails", "[backup]") {
  const TempDirectory folder;
  const Way way = GENERATE(eachWay());
  Site site(way, [&](Settings& settings) {
    idle(settings);
    settings.tasks.backup = {(folder / "sets").string(), 2};
  });
  site.video(site.user("ada"), "ada", "one.mp4");
  // Sets of earlier days.
  for (const char* const name : {"2020-01-01T031500Z", "2020-01-02T031500Z"}) {
    fs::create_directories(folder / "sets" / name);
    overwrite(folder / "sets" / name / "manifest.json", "{}");
  }
  const QuietLog quiet;
  run(site, "backup");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "sets")) names.insert(entry.path().filename().string());
  CHECK(names.size() == 2);
  CHECK(names.contains("2020-01-02T031500Z"));
  const TaskStatus status = site.at(Operator{}).tasks().show(Operator{}, {"backup"});
  CHECK(status.done == 1);
  CHECK(status.failed == 0);
  fs::remove_all(folder / "sets");
  overwrite(folder / "sets", "not a folder");
  // Without a scheduler, whoever asks for the run is told.
  if (way == Way::local)
    CHECK_THROWS_AS(run(site, "backup"), Error);
  else
    run(site, "backup");
  CHECK(site.at(Operator{}).tasks().show(Operator{}, {"backup"}).failed == 1);
  TaskRunQuery lately;
  lately.name = "backup";
  const TaskRun last = site.at(Operator{}).tasks().history(Operator{}, lately).items.front();
  CHECK(last.outcome == TaskOutcome::failed);
  REQUIRE(last.error);
  CHECK(last.error->find("sets") != std::string::npos);
}

TEST_CASE("changes lists the files that were added since a cursor, and are there", "[backup]") {
  Site site(Way::local, idle);
  const Credential ada = site.user("ada");
  const VideoId one = site.video(ada, "ada", "one.mp4", movie(4000, 1));
  const auto data = openData(site.settings(), "the test");
  const std::string first = contentOf(site, one);
  ContentChanges changes = data->changes(0, 10);
  CHECK(changes.paths == std::vector<std::string>{first});
  CHECK(changes.isLast);
  const std::int64_t cursor = changes.next;
  CHECK(data->changes(cursor, 10).paths.empty());
  CHECK(data->changes(cursor, 10).next == cursor);

  site.local().uploads().put(ada, {one, std::nullopt}, sourceOf(movie(3000, 9)));
  site.local().renditions().setThumbnail(ada, {one}, sourceOf(picture(1)));
  SetVideo renamed;
  renamed.id = one;
  renamed.name = "another name";
  site.local().videos().set(ada, renamed);
  changes = data->changes(cursor, 1);
  CHECK(changes.paths == std::vector<std::string>{contentOf(site, one)});
  CHECK_FALSE(changes.isLast);
  changes = data->changes(changes.next, 10);
  REQUIRE(changes.paths.size() == 1);
  CHECK(changes.paths[0].starts_with("derived/" + one.text + "/thumbnail-"));
  fs::remove(site.data() / first);
  CHECK(data->changes(0, 10).paths.size() == 2);
}

TEST_CASE("a cursor misses nothing after an older backup was restored, twice", "[backup]") {
  Site site(Way::local, idle);
  Backups backups(site);
  backups.backUp("empty");
  const Credential ada = site.user("ada");
  site.video(ada, "ada", "one.mp4", movie(4000, 1));
  site.video(ada, "ada", "two.mp4", movie(4000, 2));
  backups.backUp("set");
  site.video(ada, "ada", "three.mp4", movie(4000, 3));
  std::int64_t cursor = openData(site.settings(), "the test")->changes(0, 10).next;
  for (const char* const set : {"set", "set", "empty"}) {
    TempDirectory target;
    Settings settings = site.settings();
    settings.dataDirectory = target / "data";
    const auto open = [&](const std::string& path) {
      return Descriptor(::open((backups.folder / set / path).c_str(), O_RDONLY | O_CLOEXEC));
    };
    openData(settings, "the test")->restore(open, false, {});
    NewUser user;
    user.name = "bob";
    user.password = "long enough";
    const auto restored = openLocal(settings, "the test", true);
    restored->users().add(Operator{}, user);
    const VideoId four = restored->videos().add(Operator{}, {"bob", "four.mp4"}).id;
    restored->uploads().put(Operator{}, {four, std::nullopt}, sourceOf(movie(4000, 4)));
    const ContentChanges changes = openData(settings, "the test")->changes(cursor, 10);
    CHECK(changes.paths.size() == 1);
    CHECK(changes.next > cursor);
    cursor = changes.next;
  }
}

TEST_CASE("with external checkpoints nobody here shortens the log", "[backup]") {
  const auto logOf = [](Site& site) { return fs::file_size(site.data() / "video.db-wal"); };
  for (const bool isExternal : {false, true}) {
    Site site(Way::local, [&](Settings& settings) {
      idle(settings);
      settings.store.synchronous = store::Synchronous::normal;
      if (isExternal) settings.store.checkpoints = store::Checkpoints::external;
    });
    const Credential ada = site.user("ada");
    const auto before = logOf(site);
    CHECK(before > 0);
    if (isExternal) {
      requireFault([&] { site.local().tasks().run(Operator{}, {"wal-checkpoint"}); }, Fault::conflict, "Litestream");
      openLocal(site.settings(), "the test")->users().show(Operator{}, {"ada"});
      CHECK(logOf(site) == before);
    } else {
      site.local().tasks().run(Operator{}, {"wal-checkpoint"});
      CHECK(logOf(site) == 0);
    }
  }
  const TempDirectory folder;
  Settings settings;
  settings.dataDirectory = folder / "data";
  settings.store.freeSpaceFloor = 0;
  settings.store.checkpoints = store::Checkpoints::external;
  NewUser wanted;
  wanted.name = "ada";
  wanted.password = "long enough";
  openLocal(settings, "the test", true)->users().add(Operator{}, wanted);
  const auto left = fs::file_size(settings.dataDirectory / "video.db-wal");
  CHECK(left > 0);  // the last connection has left it
  openData(settings, "the test")->backup(folder / "set", [] {}, {}, {});
  CHECK(fs::file_size(settings.dataDirectory / "video.db-wal") == left);
}

TEST_CASE("a migration lists the contents that were there", "[backup]") {
  const TempDirectory folder;
  Settings settings;
  settings.dataDirectory = folder / "data";
  settings.store.freeSpaceFloor = 0;
  openData(settings, "the test")->init();
  for (const char* const name : {"video.db", "video.db-wal", "video.db-shm"}) fs::remove(settings.dataDirectory / name);
  {
    sqlite3* old = nullptr;
    REQUIRE(sqlite3_open((settings.dataDirectory / "video.db").c_str(), &old) == SQLITE_OK);
    const std::string sql =
        bytesOf(fs::path(VIDEO_SOURCE_DIR) / "tests/schemas/0018.sql") +
        "UPDATE video_info SET thumbnail = 'thumbnail-aa.bb.png', play = 'play-cc.mp4' WHERE id LIKE "
        "'%1';";
    CHECK(sqlite3_exec(old, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(old);
  }
  CHECK(openData(settings, "the test")->migrate({}).before == 18);
  const auto listed = Database(settings.dataDirectory).run("SELECT path FROM content_changes");
  CHECK(listed == std::set<std::string>{"blobs/11/11111111111111111111111111111111.mp4",
                                        "blobs/22/22222222222222222222222222222222.webm",
                                        "derived/018bcfe5-6800-7000-8000-000000000001/thumbnail-aa.bb.png",
                                        "derived/018bcfe5-6800-7000-8000-000000000001/play-cc.mp4"});
  CHECK(openData(settings, "the test")->changes(0, 10).paths.empty());
}

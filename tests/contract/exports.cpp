// Exports of everything of a user, local and remote; and what is left of a user who was deleted.
#include <httplib.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/json.hpp"
#include "base/tar.hpp"
#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "exports/fields.hpp"
#include "quiet_log.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

Content exported(Site& site, const Credential& by, const std::string& user) {
  const Export started = site.at(by).exports().start(by, {user});
  CHECK(started.userName == user);
  std::optional<Content> content;
  waitFor("the export is ready", [&] {
    content = site.at(by).exports().open(by, {user, started.id});
    return content->meta.type == exportType;
  });
  return *content;
}

Files filesIn(const std::string& archive) {
  Files files;
  std::string path;
  TarReader reader({[&](const TarEntry& entry) { files[path = entry.path].clear(); },
                    [&](std::span<const std::byte> bytes) {
                      files[path].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                    },
                    [] {}});
  reader.add(std::as_bytes(std::span(archive)));
  reader.finish();
  return files;
}

class Rows {
 public:
  explicit Rows(const Site& site) {
    REQUIRE(sqlite3_open((site.data() / "video.db").c_str(), &database_) == SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);
  }
  ~Rows() { sqlite3_close(database_); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Each row as `column=value` texts.
  std::vector<std::vector<std::string>> of(const std::string& sql) {
    std::vector<std::vector<std::string>> rows;
    sqlite3_stmt* query = nullptr;
    INFO(sql);
    REQUIRE(sqlite3_prepare_v2(database_, sql.c_str(), -1, &query, nullptr) == SQLITE_OK);
    while (sqlite3_step(query) == SQLITE_ROW) {
      auto& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(query); ++i) {
        const auto* const text = sqlite3_column_text(query, i);
        row.push_back(std::string(sqlite3_column_name(query, i)) + '=' +
                      (text == nullptr ? "" : reinterpret_cast<const char*>(text)));
      }
    }
    sqlite3_finalize(query);
    return rows;
  }

 private:
  sqlite3* database_ = nullptr;
};

void drain(Site& site) {
  Deletions& deletions = site.at(Operator{}).deletions();
  waitFor("nothing is left to purge", [&] {
    deletions.drain(Operator{}, {true});
    Rows rows(site);
    return rows.of("SELECT 1 FROM user_del_rec").empty() && rows.of("SELECT 1 FROM video_del_rec").empty() &&
           rows.of("SELECT 1 FROM blob_del_rec").empty();
  });
}

void share(Site& site, const Credential& by, const VideoId& video, const std::string& label) {
  NewShare wanted;
  wanted.video = video;
  wanted.label = label;
  wanted.expires = systemClock().now() + std::chrono::hours{1};
  site.at(by).shares().create(by, wanted);
}

}  // namespace

TEST_CASE("an export has everything of a user, and no secrets and nothing of others") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.limiter.streamsPerAddress = 10'000; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const std::string big = movie(200'000, 7);
  const VideoId first = site.video(ada, "ada", "At the lake", big);
  const VideoId same = site.video(ada, "ada", "at the LAKE");
  const VideoId dots = site.video(ada, "ada", "../../a/b.mp4");
  const VideoId trashed = site.video(ada, "ada", "trashed");
  const VideoId ofBob = site.video(bob, "bob", "of bob");
  const AddedVideo pending = site.at(ada).videos().add(ada, {"ada", "pending"});
  site.at(ada).videos().remove(ada, {{trashed, {}}, {}});
  site.at(ada).comments().post(ada, {ofBob, "by ada", {}});
  site.at(bob).comments().post(bob, {first, "by bob", {}});
  share(site, ada, first, "for friends");
  site.at(ada).subtitles().put(ada, {dots, "en", "English"}, sourceOf("1\n00:00:01,000 --> 00:00:02,000\nHello\n"));
  NewShare drop;
  drop.what = ShareWhat::drop;
  drop.user = "ada";
  drop.label = "for guests";
  drop.expires = systemClock().now() + std::chrono::hours{1};
  site.at(ada).shares().create(ada, drop);
  WatchVideo watch;
  watch.video = ofBob;
  watch.positionMs = 61'000;
  site.at(ada).views().watch(ada, watch);
  ReportVideo report;
  report.video = ofBob;
  report.text = "spam, I think";
  site.at(ada).reports().video(ada, report);
  NewToken token;
  token.user = "ada";
  token.label = "nightly";
  const std::string secret = site.at(ada).tokens().create(ada, token).token;
  // One that session.max has ended.
  Database(site.data())
      .run("INSERT INTO sessions SELECT 'x', 'x', user_id, login_name, TTL, 1 FROM sessions WHERE login_name = 'ada'");

  NewUpload unfinished;
  unfinished.video = pending.id;
  unfinished.size = 5'000;
  site.at(ada).uploads().create(ada, unfinished);

  const Content content = exported(site, ada, "ada");
  CHECK(content.meta.name == "ada.tar");
  const std::string archive = readAll(content, 70'000);
  CHECK(archive.size() == content.meta.size);
  const Files files = filesIn(archive);
  std::string names;
  for (const auto& [name, bytes] : files) names += name + '\n';
  CHECK(names ==
        "ada/README.txt\nada/comments.json\nada/deleted_contents.json\nada/history.json\nada/profile.json\nada/"
        "reports.json\n"
        "ada/sessions.json\n"
        "ada/shares.json\nada/tokens.json\nada/uploads.json\n"
        "ada/videos/At the lake " +
            first.text + ".json\nada/videos/At the lake " + first.text +
            ".mp4\n"
            "ada/videos/_.._.._a_b.en.vtt\nada/videos/_.._.._a_b.json\nada/videos/_.._.._a_b.mp4\n"
            "ada/videos/at the LAKE.json\nada/videos/at the LAKE.mp4\n"
            "ada/videos/pending.json\nada/videos/trashed.json\nada/videos/trashed.mp4\n");
  CHECK(files.at("ada/videos/At the lake " + first.text + ".mp4") == big);
  CHECK(files.at("ada/videos/trashed.mp4") == movie());
  CHECK(files.at("ada/videos/pending.json").find(pending.id.text) != std::string::npos);
  const auto json = [&](const std::string& name) { return nlohmann::json::parse(files.at("ada/" + name)); };
  CHECK(json("profile.json").at("user_name") == "ada");
  CHECK(json("videos/_.._.._a_b.json").at("id") == dots.text);
  CHECK(json("videos/at the LAKE.json").at("id") == same.text);
  CHECK(json("videos/_.._.._a_b.json").at("subtitles")[0].at("label") == "English");
  CHECK(files.at("ada/videos/_.._.._a_b.en.vtt").find("Hello") != std::string::npos);
  CHECK(json("shares.json").at("shares").back().at("label") == "for guests");
  REQUIRE(json("comments.json").at("comments").size() == 1);
  CHECK(json("comments.json").at("comments")[0].at("content") == "by ada");
  CHECK(json("shares.json").at("shares")[0].at("label") == "for friends");
  CHECK(json("tokens.json").at("tokens")[0].at("label") == "nightly");
  CHECK(json("history.json").at("history")[0].at("position_ms") == 61'000);
  REQUIRE(json("uploads.json").at("uploads").size() == 1);
  for (const char* const key : {"id", "name", "offset", "create_time", "expires"})
    CHECK(json("uploads.json").at("uploads")[0].contains(key));
  CHECK(json("uploads.json").at("uploads")[0].at("size") == 5'000);
  CHECK(json("reports.json").at("reports")[0].at("text") == "spam, I think");
  CHECK(json("sessions.json").at("sessions").size() == 1);
  for (const std::string& hidden : {secret, std::get<Secret>(ada).text, std::string("bob"), std::string("argon2")})
    CHECK(archive.find(hidden) == std::string::npos);
  CHECK(countFiles(site.data() / "incoming") == 0);

  // What was read in small pieces is the same as from any offset.
  for (std::uint64_t offset = 0; offset < archive.size(); offset += 31'337) {
    std::vector<std::byte> piece(1000);
    const std::size_t got = content.reader->read(offset, piece);
    REQUIRE(got > 0);
    CHECK(archive.compare(offset, got, reinterpret_cast<const char*>(piece.data()), got) == 0);
  }
}

TEST_CASE("no two files of an export have names that a file system could take for the same") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  std::vector<VideoId> videos;
  for (const char* const name :
       {"\u00c9t\u00e9", "\u00e9T\u00c9", "e\u0301te\u0301", "gross", "gro\u00df", "Gross", "a\\b", "\u6687\u671f"})
    videos.push_back(site.at(ada).videos().add(ada, {"ada", name}).id);
  std::set<std::string> names;
  for (const auto& [name, bytes] : filesIn(readAll(exported(site, ada, "ada"), 70'000)))
    if (name.starts_with("ada/videos/")) names.insert(name.substr(11));
  CHECK(names ==
        std::set<std::string>{"\u00c9t\u00e9 " + videos[0].text + ".json", "\u00e9T\u00c9 " + videos[1].text + ".json",
                              "e\u0301te\u0301 " + videos[2].text + ".json", "gross " + videos[3].text + ".json",
                              "gro\u00df " + videos[4].text + ".json", "Gross.json", "a_b.json", "\u6687\u671f.json"});
}

TEST_CASE("an export is for its user and admins, until the user is deleted or a newer one replaces it") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  Exports& exports = site.at(ada).exports();
  requireFault([&] { exports.start(Anonymous{}, {"ada"}); }, Fault::unauthenticated);
  requireFault([&] { exports.start(bob, {"ada"}); }, Fault::forbidden);
  requireFault([&] { exports.start(root, {"nobody"}); }, Fault::notFound, "nobody");
  const Export first = exports.start(ada, {"ada"});
  const auto isReady = [&](const Credential& by, const Export& one) {
    return site.at(by).exports().open(by, {"ada", one.id}).meta.type == exportType;
  };
  waitFor("the export is ready", [&] { return isReady(root, first) && isReady(Operator{}, first); });
  requireFault([&] { exports.open(Anonymous{}, {"ada", first.id}); }, Fault::unauthenticated);
  requireFault([&] { exports.open(bob, {"ada", first.id}); }, Fault::forbidden);
  requireFault([&] { exports.open(bob, {"bob", first.id}); }, Fault::notFound);
  requireFault([&] { exports.open(ada, {"ada", ExportId{"nothing"}}); }, Fault::notFound);
  const Export second = exports.start(root, {"ada"});
  waitFor("the export is ready", [&] { return isReady(ada, second); });
  requireFault([&] { exports.open(ada, {"ada", first.id}); }, Fault::notFound);
  site.at(root).users().remove(root, {"ada", {}});
  requireFault([&] { site.at(root).exports().open(root, {"ada", second.id}); }, Fault::notFound);
}

TEST_CASE("an export is sent over HTTP in ranges, is kept by no cache, and goes on after a new video") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const std::string bytes = movie(300'000, 3);
  const VideoId video = site.video(ada, "ada", "x", bytes);
  httplib::Client client(site.url());
  const httplib::Headers by{{"X-Session-Id", std::get<Secret>(ada).text}};
  const auto started = client.Post("/user/ada/export", by, "{}", "application/json");
  REQUIRE(started);
  CHECK(started->status == 202);
  const std::string location = started->get_header_value("Location");
  CHECK(std::regex_match(location, std::regex("/user/ada/export/[a-z2-7]{12}")));
  httplib::Result whole = client.Get(location, by);
  waitFor("the export is ready", [&] {
    whole = client.Get(location, by);
    REQUIRE(whole);
    CHECK(whole->status == 200);
    if (whole->get_header_value("Content-Type") == exportType) return true;
    const auto state = nlohmann::json::parse(whole->body).at("state").get<std::string>();
    CHECK((state == "queued" || state == "running"));
    return false;
  });
  CHECK(whole->get_header_value("Cache-Control") == "private, no-store");
  CHECK(filesIn(whole->body).at("ada/videos/x.mp4") == bytes);
  site.video(ada, "ada", "y");
  for (const std::size_t first : {std::size_t{0}, std::size_t{100'000}, whole->body.size() - 10}) {
    httplib::Headers range = by;
    range.emplace("Range", "bytes=" + std::to_string(first) + "-");
    range.emplace("If-Match", whole->get_header_value("ETag"));
    const auto rest = client.Get(location, range);
    REQUIRE(rest);
    CHECK(rest->status == 206);
    CHECK(rest->body == whole->body.substr(first));
  }
  // The bytes of a video that was purged are not in the archive.
  const QuietLog quiet;
  site.at(ada).videos().remove(ada, {{video, {}}, true});
  drain(site);
  httplib::Headers range = by;
  range.emplace("Range", "bytes=" + std::to_string(whole->body.find(bytes)) + "-");
  const auto gone = client.Get(location, range);
  REQUIRE(gone);
  CHECK(gone->status == 500);
  CHECK(gone->get_header_value("X-Error-Code") == "018");
}

TEST_CASE("many comments are exported in flat memory") {
  Site site(Way::local, [](Settings& settings) {
    settings.store.mapped = 0;
    settings.store.synchronous = store::Synchronous::normal;
  });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  constexpr std::int64_t count = 40'000;
  {
    Rows rows(site);
    rows.of("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count) +
            ") INSERT INTO comments (id, video_id, author_id, content, time) SELECT printf('c%08d', i), '" +
            video.text + "', 1, printf('%0400d', i), i FROM n");
  }
  // At once, as a single command does: in the background it has the lowest priority.
  const auto single = openLocal(site.settings(), "the test");
  const auto exportIt = [&] {
    const Export made = single->exports().start(ada, {"ada"});
    return single->exports().open(ada, {"ada", made.id});
  };
  exportIt();
  const auto peak = [] {
    std::smatch found;
    const std::string status = bytesOf("/proc/self/status");
    REQUIRE(std::regex_search(status, found, std::regex(R"(VmHWM:\s+(\d+) kB)")));
    return std::stoll(found[1].str());
  };
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak from now on
  [[maybe_unused]] const std::int64_t before = peak();
  const Content content = exportIt();
  CHECK(content.meta.size > 400U * count);
  std::vector<std::byte> piece(64 * 1024);
  std::uint64_t lines = 0;
  for (std::uint64_t at = 0; at < content.meta.size;) {
    const std::size_t got = content.reader->read(at, piece);
    lines += static_cast<std::uint64_t>(
        std::count(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got), std::byte{'\n'}));
    at += got;
  }
  CHECK(lines > count);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what was freed
  CHECK(peak() - before < 9'000);
#endif
}

TEST_CASE("a deleted user leaves nothing but an id in the list of deleted users") {
  Site site(GENERATE(eachWay()));
  site.user("first");  // so that the user's id is not that of something else
  for (int i = 0; i < 40; ++i) site.local().users().add(Operator{}, {"u" + std::to_string(i), "long enough", {}, {}});
  const std::string name = "ada-lovelace";
  const Credential ada = site.user(name);
  const Credential bob = site.user("bob");
  const std::int64_t id = site.at(ada).users().show(ada, {name}).id.value;
  const VideoId ofBob = site.video(bob, "bob", "of bob");
  std::vector<std::string> traces{name};
  for (const char* const title : {"ready", "trashed", "purged", "replaced"}) {
    const VideoId video = site.video(ada, name, std::string("by ada-lovelace ") + title, movie(3000, title[0]));
    traces.push_back(video.text);
    share(site, ada, video, "by ada-lovelace");
    site.at(ada).subtitles().put(ada, {video, "en", "by ada-lovelace"},
                                 sourceOf("WEBVTT\n\n00:01.000 --> 00:02.000\nby ada-lovelace\n"));
    site.at(bob).comments().post(bob, {video, "to ada-lovelace", {}});
  }
  traces.push_back(site.at(ada).videos().add(ada, {name, "pending"}).id.text);
  site.at(ada).uploads().put(ada, {VideoId{traces[4]}, {}}, sourceOf(movie(3000, 99)));
  site.at(ada).videos().remove(ada, {{VideoId{traces[2]}, {}}, {}});
  site.at(ada).videos().remove(ada, {{VideoId{traces[3]}, {}}, true});
  drain(site);  // the content of the third is remembered now
  {
    Rows rows(site);
    CHECK(rows.of("SELECT 1 FROM deleted_contents").size() == 2);
  }
  site.at(ada).comments().post(ada, {ofBob, "by ada-lovelace", {}});
  NewShare drop;
  drop.what = ShareWhat::drop;
  drop.user = name;
  drop.label = "for ada-lovelace";
  drop.expires = systemClock().now() + std::chrono::hours{1};
  site.at(ada).shares().create(ada, drop);
  NewToken token;
  token.user = name;
  token.label = "of ada-lovelace";
  site.at(ada).tokens().create(ada, token);
  { const Content content = exported(site, ada, name); }
  WatchVideo watch;
  watch.video = ofBob;
  watch.positionMs = 61'000;
  watch.durationMs = 62'000;
  site.at(ada).views().watch(ada, watch);
  ReportVideo report;
  report.video = ofBob;
  report.text = "by ada-lovelace";
  site.at(ada).reports().video(ada, report);
  Rows(site).of("UPDATE reports SET decided_by = " + std::to_string(id));
  Rows(site).of("INSERT INTO blocked_contents VALUES ('x', 'why', " + std::to_string(id) + ", 1)");
  Rows(site).of("UPDATE video_info SET blocked = 'why', blocked_by = " + std::to_string(id) + " WHERE id = '" +
                ofBob.text + "'");

  site.at(ada).users().remove(ada, {name, {}});
  drain(site);
  site.at(Operator{}).tasks().run(Operator{}, {"wal-checkpoint"});
  Rows rows(site);
  for (const auto& table :
       rows.of("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")) {
    const std::string which = table[0].substr(5);
    if (which == "verify_position") continue;  // the id of a video, of nobody
    for (const auto& row : rows.of("SELECT * FROM " + which))
      for (const std::string& cell : row) {
        INFO(which << ": " << cell);
        for (const std::string& trace : traces) CHECK(cell.find(trace) == std::string::npos);
        CHECK_FALSE(std::regex_match(cell, std::regex("\\w+_(id|by)=" + std::to_string(id))));
        CHECK_FALSE((which == "users" && cell == "id=" + std::to_string(id)));
      }
  }
  for (const auto& entry : fs::recursive_directory_iterator(site.data())) {
    if (!entry.is_regular_file()) continue;
    const std::string file = fs::relative(entry.path(), site.data()).string();
    const bool isLog = file == "video.db-wal" || file == "video.db-shm";  // emptied at the next checkpoint
    const std::string bytes = isLog || file == "reserve" ? "" : bytesOf(entry.path());
    INFO(file);
    for (const std::string& trace : traces) {
      CHECK(file.find(trace) == std::string::npos);
      CHECK(bytes.find(trace) == std::string::npos);
    }
  }
  CHECK(countFiles(site.data() / "blobs") == 1);  // bob's
  CHECK(std::regex_match(bytesOf(site.data() / "deleted-users"),
                         std::regex(std::to_string(id) + R"( \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n)")));
}

namespace {

// A data directory that is opened and closed, with a database that can be put back.
class Restored {
 public:
  Restored() {
    settings_.dataDirectory = folder_.path() / "data";
    settings_.store.freeSpaceFloor = 0;
    settings_.store.synchronous = store::Synchronous::normal;
    settings_.access.passwordMemlimit = 8192;
    settings_.access.passwordOpslimit = 1;
  }

  LocalToolkit& open() {
    toolkit_.reset();
    toolkit_ = openLocal(settings_, "the test", true);
    return *toolkit_;
  }
  void back(bool up) {
    toolkit_.reset();
    const fs::path data = settings_.dataDirectory / "video.db";
    const fs::path copy = folder_.path() / "copy.db";
    fs::copy_file(up ? data : copy, up ? copy : data, fs::copy_options::overwrite_existing);
    for (const char* const part : {"-wal", "-shm"}) fs::remove(data.string() + part);
  }
  DataState migrate() {
    toolkit_.reset();
    return openData(settings_, "the test")->migrate({});
  }
  const Settings& settings() const { return settings_; }

 private:
  TempDirectory folder_;
  Settings settings_;
  std::unique_ptr<LocalToolkit> toolkit_;
};

NewUser named(const std::string& name) {
  NewUser user;
  user.name = name;
  user.password = "long enough";
  return user;
}

}  // namespace

TEST_CASE("an older database that is put back does not revive users who were deleted since") {
  const QuietLog quiet;
  Restored site;
  site.open().users().add(Operator{}, named("bob"));
  site.open().users().add(Operator{}, named("ada"));
  const std::string token = site.open().tokens().create(Operator{}, {"ada", "x", Scope::full, {}}).token;
  site.back(true);
  site.open().users().remove(Operator{}, {"ada", {}});
  const bool isDrained = GENERATE(true, false);
  if (isDrained) site.open().deletions().drain(Operator{}, {true});
  site.back(false);
  if (GENERATE(true, false)) {
    site.migrate();
    // Without a start of the daemon too.
    const auto single = openLocal(site.settings(), "the test");
    requireFault([&] { single->users().show(Operator{}, {"ada"}); }, Fault::notFound, "ada");
  }
  LocalToolkit& at = site.open();
  requireFault([&] { at.users().show(Operator{}, {"ada"}); }, Fault::notFound, "ada");
  requireFault([&] { at.sessions().whoami(Secret{token}, {}); }, Fault::unauthenticated);
  CHECK(at.users().show(Operator{}, {"bob"}).name == "bob");
  at.deletions().drain(Operator{}, {true});
  CHECK(site.open().users().list(Operator{}, {}).items.size() == 1);
}

TEST_CASE("a start looks once for the users in the list of deleted users, and again if an older database is put back") {
  const QuietLog quiet;
  const SqliteSteps steps;
  Restored site;
  const auto start = [&] { return steps.of([&] { site.open(); }); };
  start();
  const std::int64_t usual = start();
  constexpr int most = 2000;
  {
    std::ofstream list(site.settings().dataDirectory / "deleted-users");
    for (int user = 1000; user < 1000 + most; ++user) list << user << " 2026-01-02T03:04:05.678Z\n";
  }
  CHECK(start() > usual + most);
  CHECK(start() < usual + most);
  site.open().users().add(Operator{}, named("ada"));
  site.back(true);
  site.open().users().remove(Operator{}, {"ada", {}});
  start();
  CHECK(start() < usual + most);
  site.back(false);
  requireFault([&] { site.open().users().show(Operator{}, {"ada"}); }, Fault::notFound, "ada");
  CHECK(start() < usual + most);
}

TEST_CASE("a new user who gets the ID of one who was deleted is another user") {
  Restored site;
  site.open().users().add(Operator{}, named("bob"));
  site.back(true);
  const UserId gone = [&] {
    site.open().users().add(Operator{}, named("ada"));
    return site.open().users().show(Operator{}, {"ada"}).id;
  }();
  site.open().users().remove(Operator{}, {"ada", {}});
  site.back(false);
  LocalToolkit& at = site.open();
  waitFor("another millisecond", [time = systemClock().now()] { return systemClock().now() > time; });
  at.users().add(Operator{}, named("zoe"));
  CHECK(at.users().show(Operator{}, {"zoe"}).id == gone);
  CHECK(site.open().users().show(Operator{}, {"zoe"}).id == gone);
}

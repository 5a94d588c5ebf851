// The original site's dump, and its folder of videos, taken over.
#include <fcntl.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <span>

#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "data/fields.hpp"
#include "fault_of.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

const std::string holiday = "0f0a5c62-0d6c-4a4e-8a39-b3b0f3b6d1a1";

std::string keptDump(const std::string& name) {
  std::ifstream file(fs::path(VIDEO_SOURCE_DIR) / "tests/dumps" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The old site, and what its import reported.
struct OldSite {
  explicit OldSite(std::string bytes) : dump(std::move(bytes)) {}

  void file(const std::string& name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }

  // Returns what is reported of each thing: `status kind old_id name: detail`.
  std::set<std::string> import(LocalToolkit& into, bool isDry = false) {
    ImportSource source;
    source.dump = [&](const ImportSource::Take& take) { take(std::as_bytes(std::span(dump))); };
    source.open = [&](const std::string& name) {
      return Descriptor(::open((folder / name).c_str(), O_RDONLY | O_CLOEXEC));
    };
    for (const auto& entry : fs::directory_iterator(folder.path())) source.files.push_back(entry.path().filename());
    std::set<std::string> lines;
    items.clear();
    const auto take = [&](const ImportedItem& item) {
      items.push_back(item);
      lines.insert(std::string(nameOf(item.status)) + ' ' + std::string(nameOf(item.kind)) + ' ' + item.oldId + ' ' +
                   item.name + (item.detail.empty() ? "" : ": " + item.detail));
    };
    if (isDry)
      into.siteImport().rehearse(source, take, [](std::int64_t) {});
    else
      into.siteImport().run(source, take, [](std::int64_t) {});
    return lines;
  }
  std::string idOf(ImportKind kind, const std::string& oldId) const {
    for (const ImportedItem& item : items)
      if (item.kind == kind && item.oldId == oldId) return item.id;
    return {};
  }

  TempDirectory folder;
  std::string dump;
  std::vector<ImportedItem> items;
};

bool canSignIn(LocalToolkit& toolkit, const std::string& name, const std::string& password) {
  Login login;
  login.name = name;
  login.password = password;
  try {
    toolkit.sessions().login(Anonymous{}, login);
    return true;
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::unauthenticated);
    return false;
  }
}

std::set<std::string> rowsOf(const Site& site) {
  return Database(site.data())
      .run(
          "SELECT 'user ' || login_name || pwd FROM users UNION ALL SELECT 'video ' || id || name FROM video_info "
          "UNION ALL SELECT 'comment ' || id FROM comments UNION ALL SELECT 'blob ' || path FROM content_changes");
}

}  // namespace

TEST_CASE("what MariaDB dumped of the original site is imported, and importing it again changes nothing") {
  const std::string name = GENERATE("plain.dump", "complete.dump", "hex.dump", "ansi.dump");
  CAPTURE(name);
  Site site(Way::local);
  OldSite old(keptDump(name));
  old.file(holiday, movie(3000, 1));
  old.file("7.mp4", movie(4000, 2));
  old.file("stray", "of nobody");
  std::set<std::string> expected{
      "imported user 1 ada: the password is shorter than a new one may be",
      "renamed user 2 o_hara",
      "renamed user 3 user_3: the password is shorter than a new one may be",
      "renamed user 4 a_b___c: needs a new password: videoctl user passwd NAME",
      "imported video " + holiday + " Holiday",
      "imported video 7 在湖边 🏖",
      "ended video gone : was deleted there, and its file is gone",
      "imported comment c1 ",
      "skipped comment c2 : its video was not imported",
      "ended session 1 : users sign in again",
      "skipped file stray : no video in the dump has this file",
  };
  if (name == "ansi.dump")
    expected.insert(
        "noted dump  : the dump is not said to be in UTF-8: other bytes became the replacement character; dump it with "
        "--default-character-set=utf8mb4");

  const auto before = rowsOf(site);
  CHECK(old.import(site.local(), true) == expected);
  CHECK(rowsOf(site) == before);
  CHECK(old.import(site.local()) == expected);

  CHECK(canSignIn(site.local(), "ada", "secret"));
  CHECK(canSignIn(site.local(), "O_Hara", "it's; \\ \"x\""));
  CHECK(canSignIn(site.local(), "user_3", "密码"));
  CHECK_FALSE(canSignIn(site.local(), "a_b___c", "x"));
  const User third = site.local().users().show(Operator{}, {"user_3"});
  CHECK(third.displayName == "王小明");
  CHECK(third.bytesUsed == 4000);
  const VideoId lake{old.idOf(ImportKind::video, "7")};
  const Video video = site.local().videos().show(Operator{}, {lake, {}});
  CHECK(video.author == "user_3");
  CHECK(video.displayTime == "Nov 22 2026, 10:00:00");
  CHECK(video.visibility == Visibility::unlisted);
  CHECK(readAll(site.local().videos().open(Operator{}, {{lake, {}}, {}})) == movie(4000, 2));
  CommentQuery query;
  query.video = lake;
  const auto comments = site.local().comments().list(Operator{}, query).items;
  REQUIRE(comments.size() == 1);
  CHECK(comments[0].author == "o_hara");
  CHECK(comments[0].content == "Sunny!\n); INSERT INTO users VALUES (9,'x','y');");
  CHECK(comments[0].time == Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}} + std::chrono::minutes{601});

  const auto after = rowsOf(site);
  const auto again = old.import(site.local());
  CHECK(rowsOf(site) == after);
  CHECK(again.contains("unchanged user 2 o_hara"));
  CHECK(again.contains("unchanged video 7 在湖边 🏖"));
  CHECK(again.contains("unchanged comment c1 "));
  CHECK(old.idOf(ImportKind::video, "7") == lake.text);
}

TEST_CASE("the variants of the original's schema are imported, whatever the case of their tables") {
  Site site(Way::local);
  site.user("ada");
  OldSite old(R"(/*!50503 SET NAMES utf8mb4 */;
INSERT INTO COMMENTS (ID, VIDEO_ID, AUTHOR_ID, CONTENT, CREATED_AT) VALUES ('c','5',1,'x','2020-01-02 03:04:05'),
  ('long','5',1,')" +
              std::string(2001, 'x') + R"(',NULL);
INSERT INTO USERS (ID, NAME, PWD) VALUES (1,'ada','$2a$10$abcdefghijklmnopqrstuv'),(2,'ADA','pass of the second'),
  (2,'eve','x'),(NULL,'nobody','x');
INSERT INTO VIDEO_DEL_REC (ID) VALUES ('6'),('lost');
INSERT INTO VIDEO_INFO (ID, AUTHOR_ID, TITLE, DESCRIPTION, DISPLAY_CTIME) VALUES
  ('5',1,'One','About','Jan 02 2006, 15:04:05'),('6',2,'Two',NULL,NULL),('8',1,'Text','',NULL),('9',7,'Nobody','',NULL),
  ('../x',1,'Outside','',NULL),('019de1c0-0000-7000-8000-000000000001',1,'Kept','',NULL);)");
  for (const char* name : {"5", "6", "9", "019de1c0-0000-7000-8000-000000000001"}) old.file(name, movie(1000, name[0]));
  old.file("8", "no video");
  CHECK(old.import(site.local()) ==
        std::set<std::string>{
            "renamed user 1 ada_2: needs a new password: videoctl user passwd NAME",
            "renamed user 2 ADA_3",
            "skipped user 2 : has the ID of an earlier row",
            "skipped user  : has no usable ID",
            "imported video 5 One",
            "imported video 6 Two: was deleted there: is in the trash for 1h",
            "skipped video 8 Text: its file is not in a supported video format",
            "skipped video 9 : its owner was not imported",
            "skipped video ../x : has no file",
            "imported video 019de1c0-0000-7000-8000-000000000001 Kept",
            "imported comment c ",
            "skipped comment long : content: has 2001 characters, 1 to 2000 are allowed",
            "ended deletion lost : the video was deleted there; its file, if it is there still, stays there",
        });
  const VideoId one{old.idOf(ImportKind::video, "5")};
  CHECK(site.local().videos().show(Operator{}, {one, {}}).description == "About");
  CHECK(site.local().videos().show(Operator{}, {one, {}}).displayTime == "Jan 02 2006, 15:04:05");
  const VideoId two{old.idOf(ImportKind::video, "6")};
  CHECK(site.local().videos().show(Operator{}, {two, {}}).state == VideoState::deleted);
  CHECK(old.idOf(ImportKind::video, "019de1c0-0000-7000-8000-000000000001") == "019de1c0-0000-7000-8000-000000000001");

  // What was deleted here does not come back, and another site's users are told apart.
  site.local().users().remove(Operator{}, {"ada_2", {}});
  const auto again = old.import(site.local());
  CHECK(again.contains("unchanged user 1 : was deleted here since"));
  CHECK(again.contains("unchanged video 5 : was deleted here since"));
  old.dump = "INSERT INTO users (id, login_name, pwd) VALUES (2,'somebody else','x');";
  CHECK(old.import(site.local()).contains("skipped user 2 : another user with this ID was imported before"));
  old.dump = "INSERT INTO users (id, login_name, pwd) VALUES (3,now(),'x');";
  CHECK(faultOf([&] { old.import(site.local()); }) == Fault::malformed);
}

TEST_CASE("a database of the schema before this one is migrated, and takes an import") {
  const TempDirectory folder;
  Settings settings;
  settings.dataDirectory = folder / "data";
  settings.store.freeSpaceFloor = 0;
  openData(settings, "the test")->init();
  for (const char* const name : {"video.db", "video.db-wal", "video.db-shm"}) fs::remove(settings.dataDirectory / name);
  {
    sqlite3* old = nullptr;
    REQUIRE(sqlite3_open((settings.dataDirectory / "video.db").c_str(), &old) == SQLITE_OK);
    std::ifstream file(fs::path(VIDEO_SOURCE_DIR) / "tests/schemas/0019.sql");
    const std::string sql{std::istreambuf_iterator<char>(file), {}};
    CHECK(sqlite3_exec(old, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(old);
  }
  CHECK(openData(settings, "the test")->migrate().before == 19);
  const auto toolkit = openLocal(settings, "the test");
  OldSite site("INSERT INTO users (id, login_name, pwd) VALUES (1, 'Ada', '');");
  CHECK(site.import(*toolkit).contains("renamed user 1 Ada_2: needs a new password: videoctl user passwd NAME"));
}

TEST_CASE("a blocked content is not imported") {
  Site site(Way::local);
  const VideoId id = site.video(site.user("ada"), "ada", "x", movie(1000, 1));
  const std::string sha256 = site.local().videos().show(Operator{}, {id, {}}).sha256;
  BlockContent blocked;
  blocked.sha256 = sha256;
  blocked.reason = "stolen";
  site.local().contents().block(Operator{}, blocked);
  OldSite old(keptDump("plain.dump"));
  old.file("7", movie(1000, 1));
  const auto lines = old.import(site.local());
  CHECK(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("skipped video 7 在湖边 🏖: ") && line.find("stolen") != std::string::npos;
  }));
  CHECK(lines.contains("skipped comment c1 : its video was not imported"));
}

// `data import`: dumps of the original site and of its descendants. tests/import.sh makes one with a real MariaDB.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <SQLiteCpp/Database.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "catch.hpp"
#include "data/import.hpp"
#include "e2e/ctl.hpp"
#include "media/sniff.hpp"
#include "os/descriptor.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

const fs::path dumps = fs::path(VIDEO_SOURCE_DIR) / "tests/e2e/dumps";
const std::string cheapHashes = "[access]\npassword_memlimit = \"8KiB\"\npassword_opslimit = 1\n";

struct ImportPlace {
  ImportPlace() {
    fs::create_directory(folder / "contents");
    write(folder / "ctl.toml", "data_dir = \"" + (folder / "data").string() + "\"\n" + cheapHashes);
  }
  Ended run(const Words& words) const {
    return videoctl(join({"--direct", "--config", (folder / "ctl.toml").string()}, words));
  }
  Ended import(const std::string& dump, const Words& more = {}) const {
    return run(
        join({"-o", "json", "data", "import", "--mysql-dump", dump, "--videos", (folder / "contents").string()}, more));
  }
  Json json(const Words& words) const {
    const Ended ended = run(join({"-o", "json"}, words));
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    return Json::parse(ended.out);
  }
  // Where everything is, to see whether anything changes.
  std::string rows() const {
    return run({"-o", "json", "user", "list"}).out + run({"-o", "json", "video", "list"}).out;
  }

  TempDirectory folder;
};

// `kind status old name: detail` of each thing.
std::multiset<std::string> thingsIn(const Ended& ended) {
  std::multiset<std::string> all;
  INFO(ended.out << ended.err);
  const Json document = Json::parse(ended.out);
  for (const auto& one : document.at("things"))
    all.insert(fmt::format("{} {} {} {}: {}", one.at("kind").get<std::string>(), one.at("status").get<std::string>(),
                           one.at("old_id").get<std::string>(), one.at("name").get<std::string>(),
                           one.at("detail").get<std::string>()));
  return all;
}

}  // namespace

TEST_CASE("a dump of the original site is imported, with a report, and the second time nothing") {
  const ImportPlace place;
  const std::string stem = "3c6e0b8a-9c15-424a-8d1b-0000000000";
  write(place.folder / "contents" / (stem + "a1"), content('1'));
  write(place.folder / "contents" / (stem + "a3"), content('3'));
  write(place.folder / "contents" / (stem + "a4"), "only text");
  write(place.folder / "contents" / "01857000-0000-7000-8000-0000000000a5.mp4", content('5'));
  write(place.folder / "contents" / "stray", content('s'));
  const std::string dump = dumps / "original.sql";

  // What is wrong with a dump is found before anything is changed.
  const std::string text = read(dump);
  const std::string cut = write(place.folder / "cut.sql", text.substr(0, text.find("to be deleted")));
  const Ended refused = place.import(cut);
  CHECK(refused.status == 7);
  CHECK(refused.err.find("dump: line 76: ") != std::string::npos);
  CHECK(place.rows().find("ada") == std::string::npos);

  const Ended first = place.import(dump);
  INFO(first.err);
  CHECK(first.status == 3);
  CHECK(thingsIn(first) ==
        std::multiset<std::string>{
            "user imported 1 ada: ",
            "user imported 2 o_hara: was o'hara",
            "user imported 3 user_3: was 李雷",
            "user imported 4 o_hara_2: was o hara; needs a new password: run `videoctl user passwd NAME`",
            "user imported 5 user_5: was 韩梅梅; the dump has a hash of its password; needs a new password: run "
            "`videoctl user passwd "
            "NAME`",
            "video imported " + stem + "a1 Holiday; '22: ",
            "video skipped " + stem + "a2 : its file is not in the folder of contents",
            "video imported " + stem + "a3 to be deleted: is in the trash: its deletion was waiting",
            "video failed " + stem + "a4 not a video: its content was refused: file: not a supported video format (" +
                media::listOfKinds() + ")",
            "video imported 01857000-0000-7000-8000-0000000000a5 kept its ID: ",
            "video skipped " + stem + "a6 : user 9 is not in the dump",
            "comment skipped 2f9d0fbc-9f3c-4f0e-8d1b-0000000000c3 : video no-such-video was not taken over",
            "comment skipped 2f9d0fbc-9f3c-4f0e-8d1b-0000000000c4 : is empty",
            "session skipped  : 2 sessions have ended",
            "deletion skipped " + stem + "af : its video was deleted before",
            "file skipped stray : no video has this content",
        });
  CHECK(first.err.find("imported 5 users, 3 videos, 2 comments") != std::string::npos);

  std::map<std::string, std::string> displayNames;
  const Json users = place.json({"user", "list"}).at("users");
  for (const Json& user : users) displayNames[user.at("user_name")] = user.value("display_name", "");
  CHECK(displayNames ==
        std::map<std::string, std::string>{
            {"ada", ""}, {"o_hara", "o'hara"}, {"user_3", "李雷"}, {"o_hara_2", "o hara"}, {"user_5", "韩梅梅"}});
  const Json videos = place.json({"video", "list"}).at("videos");
  REQUIRE(videos.size() == 2);
  std::map<std::string, Json> byName;
  for (const Json& video : videos) byName[video.at("name")] = video;
  CHECK(byName.at("kept its ID").at("id") == "01857000-0000-7000-8000-0000000000a5");
  const Json& holiday = byName.at("Holiday; '22");
  CHECK(holiday.at("display_ctime") == "Jan 02 2023, 01:02:03");
  CHECK(holiday.at("create_time") == "2023-01-02T01:02:03.000Z");
  const std::string id = holiday.at("id");
  CHECK(place.run({"video", "download", id, "--to", "-"}).out == content('1'));
  const Json comments = place.json({"comment", "list", id}).at("comments");
  REQUIRE(comments.size() == 2);
  CHECK(comments[0].at("content") == "It's \"fine\"; two\nlines -- no comment\\");
  CHECK(comments[0].at("author") == "ada");
  CHECK(comments[0].at("time") == "2023-01-02T03:04:05.000Z");
  CHECK(comments[1].at("content") == "好看 🎬's");
  CHECK(comments[1].at("author") == "user_3");
  CHECK(place.json({"video", "list", "--state", "deleted"}).at("videos").size() == 1);
  CHECK(place.run({"data", "check", "--hash"}).status == 0);

  const std::string before = place.rows();
  const Ended second = place.import(dump);
  CHECK(second.err.find("imported 0 users, 0 videos, 0 comments; 10 were imported before") != std::string::npos);
  for (const std::string& thing : thingsIn(second)) CHECK(thing.find(" imported ") == std::string::npos);
  CHECK(place.rows() == before);

  // What was missing comes with the next run.
  write(place.folder / "contents" / (stem + "a2.mp4"), content('2'));
  const Ended third = place.import(dump);
  CHECK(third.err.find("imported 0 users, 1 videos, 0 comments; 10 were imported before") != std::string::npos);

  // People sign in with the passwords they had.
  Daemon daemon(std::string(idle) + cheapHashes, {}, place.folder / "data");
  const auto signIn = [&](const std::string& name, const std::string& password) {
    return run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", daemon.url() + "/user/" + name, "-d",
                Json{{"pwd", password}}.dump()})
        .out;
  };
  CHECK(signIn("ada", "secret of ada") == "200");
  CHECK(signIn("o_hara", "x") == "200");
  CHECK(signIn("user_3", "密码 1234") == "200");
  CHECK(signIn("o_hara_2", "") == "401");
  CHECK(signIn("ada", "x") == "401");
  CHECK(daemon.log().find("secret of ada") == std::string::npos);
}

TEST_CASE("dumps of descendants of the original site are imported beside each other") {
  const ImportPlace place;
  write(place.folder / "contents" / "v1", content('v'));
  write(place.folder / "contents" / "1", content('1'));
  const Ended upper = place.import(dumps / "upper_case.sql");
  CHECK(thingsIn(upper) == std::multiset<std::string>{"user imported 7 user_7: was Zoë", "video imported v1 Café: ",
                                                      "file skipped 1 : no video has this content"});
  CHECK(upper.status == 0);
  const Ended numbers = place.import(dumps / "numbers.sql", {"--site", "numbers"});
  CHECK(thingsIn(numbers) ==
        std::multiset<std::string>{
            "user imported 1 ada: ",
            "user imported 2 bcrypt: the dump has a hash of its password; needs a new password: run `videoctl user "
            "passwd NAME`",
            "video imported 1 First: ", "file skipped v1 : no video has this content"});
  std::map<std::string, Json> byName;
  const Json videos = place.json({"video", "list"}).at("videos");
  for (const Json& video : videos) byName[video.at("name")] = video;
  CHECK(byName.at("Café").at("create_time") == "2018-02-03T10:11:12.000Z");
  CHECK(byName.at("First").at("description") == "What it's\nabout");
  CHECK(place.json({"comment", "list", byName.at("Café").at("id")}).at("comments")[0].at("content") == "déjà vu");
  CHECK(place.json({"comment", "list", byName.at("First").at("id")}).at("comments")[0].at("author") == "bcrypt");
  CHECK(place.import(dumps / "original.sql" / "none").status == 4);
  CHECK(place.import(write(place.folder / "other.sql", "CREATE TABLE t (a int);")).status == 7);
}

TEST_CASE("names of other sites become names that are allowed here") {
  CHECK(importedName("ada", "1") == "ada");
  CHECK(importedName("o'hara", "1") == "o_hara");
  CHECK(importedName("a b@c.de", "1") == "a_b_c.de");
  CHECK(importedName(".hidden", "1") == "_hidden");
  CHECK(importedName("", "7") == "user_7");
  CHECK(importedName("'", "7") == "user_7");
  CHECK(importedName("小明abc", "8") == "user_8");
  CHECK(importedName(std::string(100, 'x'), "9") == std::string(64, 'x'));
  CHECK(parseImportedTime("2026-11-21 01:48:20") == parseTime("2026-11-21T01:48:20Z"));
  CHECK(parseImportedTime("Nov 21 2026, 01:48:20") == parseTime("2026-11-21T01:48:20Z"));
  CHECK(parseImportedTime("0000-00-00 00:00:00") == std::nullopt);
  CHECK(parseImportedTime("yesterday") == std::nullopt);
}

TEST_CASE("what a program has made of a password is not taken for a password") {
  const std::string hex(128, 'a');
  const std::string upper(128, 'A');
  const std::vector<std::string> hashes{
      "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
      "$2a$14$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
      "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA",
      "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.",
      "$P$Bxk2Mf7HkYx1n6yZfFqX9y8oM0cTSu1",
      "pbkdf2_sha256$260000$salt$c2FsdHNhbHRzYWx0c2FsdA=",
      "scrypt:32768:8:1$salt$abcdef",
      "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
      "X03MO1qnZdYdgyfeuILPmQ==",
      std::string("\x5f\x4d\xcc\x1b", 4),
      hex.substr(0, 32),
      upper.substr(0, 32),
      hex.substr(0, 40),
      hex.substr(0, 56),
      upper.substr(0, 64),
      hex.substr(0, 96),
      hex,
  };
  for (const std::string& hash : hashes) {
    INFO(hash);
    CHECK(isPasswordHash(hash));
  }
  for (const std::string password : {"", "secret of ada", "密码 1234", "pa$$word", "$ecret", "deadbeef", "***", "{}",
                                     "correct horse battery staple="}) {
    INFO(password);
    CHECK(!isPasswordHash(password));
  }
}

TEST_CASE("an import goes on where one was killed") {
  const ImportPlace place;
  const std::string stem = "3c6e0b8a-9c15-424a-8d1b-0000000000";
  const std::string kept = "01857000-0000-7000-8000-0000000000a5";
  write(place.folder / "contents" / (stem + "a1"), content('1'));
  write(place.folder / "contents" / (stem + "a3"), content('3'));
  write(place.folder / "contents" / kept, content('5'));
  const std::string dump = dumps / "original.sql";
  REQUIRE(place.import(dump).status == 3);
  {
    SQLite::Database database((place.folder / "data/video.db").string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE imported SET done = 0 WHERE what = 'video'");
    // One was killed while its content was copied, and swept; another one before its deletion was queued.
    database.exec("DELETE FROM video_info WHERE id = '" + kept + "'");
    database.exec("DELETE FROM video_del_rec");
    database.exec("UPDATE video_info SET state = 'ready', visibility = 'private' WHERE name = 'to be deleted'");
  }
  const Ended again = place.import(dump);
  INFO(again.err);
  CHECK(again.err.find("imported 0 users, 3 videos, 0 comments; 7 were imported before") != std::string::npos);
  const auto things = thingsIn(again);
  CHECK(things.contains("video imported " + kept + " kept its ID: "));
  CHECK(things.contains("video imported " + stem + "a3 to be deleted: is in the trash: its deletion was waiting"));
  CHECK(place.json({"video", "show", kept}).at("state") == "ready");
  const Json trash = place.json({"video", "list", "--state", "deleted"}).at("videos");
  REQUIRE(trash.size() == 1);
  CHECK(trash[0].at("name") == "to be deleted");
  CHECK(trash[0].at("visibility") == "public");
  CHECK(place.run({"data", "check", "--hash"}).status == 0);
  CHECK(place.import(dump).err.find("imported 0 users, 0 videos, 0 comments; 10 were") != std::string::npos);
}

TEST_CASE("an import that is interrupted says what it did, and leaves nothing half-done") {
  const ImportPlace place;
  const fs::path big = place.folder / "contents/v1";
  write(big, mp4Front());
  fs::resize_file(big, 1536U << 20);  // copied for long, and sparse
  const Words words =
      join({builtProgram("videoctl"), "--direct", "--config", (place.folder / "ctl.toml").string(), "-o", "json",
            "data", "import", "--videos", (place.folder / "contents").string(), "--mysql-dump"},
           {(dumps / "upper_case.sql").string()});
  Program program(words);
  const auto incoming = [&] {
    std::error_code none;
    return fs::exists(place.folder / "data/incoming", none) && !fs::is_empty(place.folder / "data/incoming", none);
  };
  REQUIRE(test::soon(incoming));
  program.signal(SIGINT);
  const Ended ended = program.wait();
  INFO(ended.err);
  CHECK(ended.status == 128 + SIGINT);
  CHECK(thingsIn(ended).contains("user imported 7 user_7: was Zoë"));
  CHECK(!incoming());
  CHECK(place.json({"video", "list", "--state", "pending"}).at("videos").empty());
  write(big, content('v'));
  CHECK(place.import(dumps / "upper_case.sql").err.find("imported 0 users, 1 videos, 1 comments") != std::string::npos);
}

TEST_CASE("a content that cannot be read does not end an import") {
  const ImportPlace place;
  const fs::path contents = place.folder / "contents";
  const std::string dump = write(place.folder / "dump.sql",
                                 "INSERT INTO users (id, login_name, pwd) VALUES (1,'ada',''),(1,'bob','');"
                                 "INSERT INTO video_info (id, author_id, name) VALUES ('folder',1,'a'),('pipe',1,'b'),"
                                 "('link',1,'c'),('file',1,'d'),('file',1,'e');");
  fs::create_directory(contents / "folder");
  REQUIRE(::mkfifo((contents / "pipe").c_str(), 0600) == 0);
  write(contents / "file", content('f'));
  fs::create_symlink(write(place.folder / "elsewhere", content('l')), contents / "link");
  const Ended ended = place.import(dump);
  const std::string where = contents.string();
  CHECK(ended.status == 3);
  CHECK(thingsIn(ended) == std::multiset<std::string>{
                               "user imported 1 ada: needs a new password: run `videoctl user passwd NAME`",
                               "user skipped 1 : is in the dump twice",
                               "video failed folder : its content cannot be read: " + where + "/folder: is not a file",
                               "video failed pipe : its content cannot be read: " + where + "/pipe: is not a file",
                               "video imported link c: ",
                               "video imported file d: ",
                               "video skipped file : is in the dump twice",
                           });
  CHECK(place.import(dump).status == 3);
  // Another import has the folder.
  const Descriptor folder(::open((place.folder / "data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::flock(folder.number(), LOCK_EX | LOCK_NB) == 0);
  CHECK(place.import(dump).status == 9);
  REQUIRE(::flock(folder.number(), LOCK_UN) == 0);
  // Another site has another user under the same ID.
  const std::string rows = place.rows();
  const std::string other =
      write(place.folder / "other.sql", "INSERT INTO users (id, login_name, pwd) VALUES (2,'eve',''),(1,'zoe','');");
  const Ended refused = place.import(other);
  CHECK(refused.status == 5);
  CHECK(refused.err.find("dump: user 1 is zoe and was another one") != std::string::npos);
  CHECK(place.rows() == rows);
  CHECK(place.import(other, {"--site", "other"}).err.find("imported 2 users") != std::string::npos);
}

TEST_CASE("a dump that is not whole is refused, and leaves no data directory") {
  const ImportPlace place;
  const std::string text = "INSERT INTO users (id, login_name, pwd) VALUES (1,'ada','')";
  const std::string cut = write(place.folder / "cut.sql", text);
  const std::string noTrailer = write(place.folder / "no_trailer.sql", "-- MariaDB dump 10.19\n" + text + ";\n");
  std::string wide = "\xff\xfe";
  for (const char c : text + ";") wide.append({c, '\0'});
  const auto refuse = [&](const std::string& dump, const std::string& why) {
    const Ended ended = place.import(dump);
    INFO(ended.err);
    CHECK(ended.status == 7);
    CHECK(ended.err.find(why) != std::string::npos);
    CHECK(!fs::exists(place.folder / "data"));
  };
  refuse(cut, "a statement has no end: is the dump whole?");
  refuse(noTrailer, "the dump ends without the line `-- Dump completed`");
  refuse(write(place.folder / "wide.sql", wide), "is in UTF-16");
  // What newer clients of MariaDB write first is no statement.
  const std::string whole =
      write(place.folder / "whole.sql", "/*M!999999\\- enable the sandbox mode */ \n" + text + ";");
  CHECK(place.import(whole, {"--site", ""}).status == 2);
  CHECK(place.import(whole, {"--site", "a\nb"}).status == 2);
  CHECK(place.import(whole).status == 0);
}

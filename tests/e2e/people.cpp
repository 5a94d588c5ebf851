// What a person reads and types: tables, times, wrong words, help, completion, questions.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "catch.hpp"
#include "e2e/terminal.hpp"

using namespace video;
using namespace video::e2e;

namespace {

// A table as on a terminal with so many columns.
Ended table(const Site& site, Words words, const std::string& columns = "80") {
  words = join({"--data-dir", site.daemon.dataDirectory().string(), "-o", "table"}, words);
  return videoctl(words, {{{"COLUMNS", columns}, {"TZ", "UTC"}}, {}, {}});
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one);) lines.push_back(one);
  return lines;
}

// How many characters a line has.
std::size_t lengthOf(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

TEST_CASE("at 80 columns every list shows what a person looks for, and nothing is wider") {
  Site site("direct");
  const std::string long100(100, 'x');
  const std::string file = write(site.folder / "a.mp4", content('a') + std::string(13'000'000, 'b'));
  const std::string id = line(
      site.direct({"-o", "id", "video", "upload", file, "--name", "A day at the sea, and " + long100, "--user", "ada"})
          .out);
  for (const char* const text : {"What a wave!\nAnd another", "short"})
    REQUIRE(site.direct({"--as", "ada", "comment", "post", id, text, "--at", "1:23.5"}).status == 0);
  REQUIRE(
      site.direct({"--as", "ada", "token", "create", "--label", "nightly " + long100.substr(20), "--scope", "upload"})
          .status == 0);
  REQUIRE(site.direct({"--as", "ada", "share", "create", id, "--label", "for grandma"}).status == 0);
  REQUIRE(site.direct({"--as", "ada", "share", "create", "--drop", "--label", "wedding"}).status == 0);
  REQUIRE(site.direct({"--as", "ada", "report", "video", id, "--reason", "spam", "--text", "look " + long100}).status ==
          0);
  REQUIRE(site.direct({"--as", "ada", "history", "set", id, "--at", "1:30"}).status == 0);
  REQUIRE(site.direct({"video", "block", "--sha256", std::string(64, 'a'), "--reason", "because " + long100}).status ==
          0);
  REQUIRE(site.direct({"user", "set", "ada", "--quota", "5GiB"}).status == 0);
  REQUIRE(site.direct({"task", "run", "upload-sweep", "--wait"}).status == 0);

  const std::string minute = R"(\d{4}-\d\d-\d\d \d\d:\d\d)";
  const auto check = [&](const Words& words, const Words& wanted) {
    const Ended ended = table(site, words);
    CAPTURE(words, ended.out, ended.err);
    CHECK(ended.status == 0);
    for (const std::string& one : linesOf(ended.out)) CHECK(lengthOf(one) <= 80);
    for (const std::string& pattern : wanted) {
      CAPTURE(pattern);
      CHECK(std::regex_search(ended.out, std::regex(pattern)));
    }
    CHECK(ended.out.find("T0") == std::string::npos);  // no time as programs write them
  };
  check({"video", "list", "--user", "ada"},
        {"NAME +SIZE +CREATE_TIME +ID", "A day at the \u2026", "12\\.4 MiB", minute, id});
  check({"video", "list"}, {"NAME +AUTHOR +SIZE +CREATE_TIME", "A day at the ", "ada", "12\\.4 MiB", minute});
  check({"comment", "list", id}, {"CONTENT", "What a wave! And another", "short", "ada", minute, "1:23\\.5"});
  check({"comment", "list", "--user", "ada"}, {"What a wave! And another", minute});
  check({"comment", "list", "--held"}, {"CONTENT"});
  check({"user", "list"}, {"ada", "12\\.4 MiB", "5\\.0 GiB", "none", minute});
  check({"token", "list"}, {"nightly x+\u2026", "upload", minute});
  check({"session", "list"}, {"USER_NAME"});
  check({"share", "list", id}, {"for grandma", "view", minute});
  check({"share", "list", "--drop", "--user", "ada"}, {"wedding", "50"});
  check({"report", "list"}, {"spam", "video", "look x+\u2026"});
  check({"report", "made", "--user", "ada"}, {"spam", "video", "open"});
  check({"--as", "ada", "history", "list"}, {"A day at the \u2026", minute, "1:30"});
  check({"video", "blocked"}, {"because x+\u2026", std::string(64, 'a')});
  check({"task", "list"}, {"upload-sweep", minute});
  check({"task", "history", "upload-sweep"}, {"OUTCOME"});
  check({"upload", "list"}, {"NAME"});
  check({"video", "renditions", id}, {"FORM"});
  CHECK(table(site, {"video", "list", "--columns", "DURATION,sha256,id,Author", "--no-header"})
            .out.find(id + "  ada\n") != std::string::npos);
  REQUIRE(site.direct({"video", "delete", id}).status == 0);
  check({"video", "list", "--state", "deleted"}, {"AUTHOR +SIZE +PURGE_TIME", minute});
  check({"queue", "list"}, {id, "waiting", minute});

  // What is asked for stays; where there is room all is shown; programs read what they always did.
  CHECK(table(site, {"video", "list", "--state", "deleted", "--columns", "id,name,size", "--no-header"}).out ==
        id + "  A day at the sea, and xxxxxxxxx\u2026  12.4 MiB\n");
  const Ended wide = table(site, {"video", "list", "--state", "deleted"}, "400");
  CHECK(wide.out.find("A day at the sea, and " + long100) != std::string::npos);
  CHECK(wide.out.find("PURGE_TIME") != std::string::npos);
  const std::string tsv = site.direct({"-o", "tsv", "video", "list", "--state", "deleted"}).out;
  CHECK(tsv.starts_with("id\tauthor_id\tauthor\tname\t"));
  CHECK(tsv.find("\t13003012\t") != std::string::npos);
  const Ended shown = table(site, {"video", "show", id});
  CHECK(std::regex_search(shown.out, std::regex("\ncreate_time +" + minute + "\n")));
  CHECK(std::regex_search(shown.out, std::regex("\nsize +12\\.4 MiB\n")));

  const std::string clip = "clip \\d+\\.mp4, by ada, of " + minute + "; can be restored until " + minute + "\n";
  const std::string more =
      line(site.direct({"-o", "id", "video", "upload", file, "--name", "clip 1.mp4", "--user", "ada"}).out);
  for (const Words& words : {Words{"--dry-run", "video", "delete", more}, Words{"video", "delete", more}})
    CHECK(std::regex_search(table(site, words).out, std::regex(clip)));
  const Ended named = site.direct({"video", "show", "clip 1.mp4"});
  CHECK(named.err.find("run `videoctl video list --name 'clip 1.mp4'` to find it") != std::string::npos);
  CHECK(site.direct({"video", "delete", "-"}).err == "videoctl: nothing to do\n");
  CHECK(site.direct({"-q", "video", "delete", "-"}).err.empty());
  const Ended folder = site.direct({"video", "upload", site.folder.path(), "--user", "ada"});
  CHECK(folder.status == 2);
  CHECK(folder.err.find(": is a folder; add --recursive\n") != std::string::npos);
}

TEST_CASE("texts have several lines where one item is shown, and never control a terminal") {
  Site site("direct");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.direct({"-o", "id", "video", "upload", file, "--name", "x", "--user", "ada"}).out);
  REQUIRE(site.direct({"video", "set", id, "--description", "-"}, {{}, "one\ntwo", {}}).status == 0);
  const std::string shown = table(site, {"video", "show", id, "--columns", "name,description"}).out;
  CHECK(shown == "name         x\ndescription  one\n             two\n");
  const Words post{"--as", "ada", "comment", "post", id, "-", "-o", "json"};
  const Ended posted = site.direct(post, {{}, "first\r\nsecond\n", {}});
  REQUIRE(posted.status == 0);
  CHECK(nlohmann::json::parse(posted.out).at("content") == "first\nsecond");
  for (const char* const refused : {"a\x1b[31mb", "a\tb", "a\rb"}) {
    const Ended ended = site.direct(post, {{}, refused, {}});
    CHECK(ended.status == 7);
    CHECK(ended.err.find("control character") != std::string::npos);
  }
  // An override of the direction is no control character, but a terminal does not get it.
  REQUIRE(site.direct(post, {{}, "abc\u202Etxt.exe\u2066", {}}).status == 0);
  CHECK(table(site, {"comment", "list", id, "--columns", "content", "--no-header"}).out ==
        "first second\nabc?txt.exe?\n");
}

TEST_CASE("times are given as people write them, and a bare number is refused") {
  Site site("direct");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  REQUIRE(site.direct({"video", "upload", file, "--user", "ada"}).status == 0);
  const auto lists = [&](const std::string& flag, const std::string& time, const std::string& zone = "UTC") {
    const Ended ended =
        videoctl({"--data-dir", site.daemon.dataDirectory().string(), "-o", "id", "video", "list", flag, time},
                 {{{"TZ", zone}}, {}, {}});
    CAPTURE(flag, time, ended.err);
    CHECK(ended.status == 0);
    return !ended.out.empty();
  };
  for (const char* const past : {"2020-11-01", "2020-11-01 14:30", "2020-11-01T14:30", "2020-11-01T14:30:00Z",
                                 "2020-11-01T14:30:00.5+02:00", "yesterday", "7d", "-7d", "1h30m", "@1700000000"}) {
    CHECK(lists("--since", past));
    CHECK_FALSE(lists("--until", past));
  }
  CHECK_FALSE(lists("--since", "2200-01-01"));
  // Since midnight: whichever it is here, it is not both this day and the next one.
  CHECK(lists("--since", "today") != lists("--until", "today"));
  for (const char* const wrong : {"2026", "1700000000", "7", "soon", "2026-13-01", "2026-02-30", "2026-11-01 25:00",
                                  "@", "@-1", "@1e9", "--1d", "2026-11-1", "tomorrow", "2026-11-01T14:30:00", ""}) {
    const Ended ended = site.direct({"video", "list", std::string("--since=") + wrong});
    CAPTURE(wrong, ended.err);
    CHECK(ended.status == 2);
    CHECK((*wrong == '\0' || ended.err.find("videoctl help values") != std::string::npos));
  }
  // A day begins where the caller is.
  REQUIRE(run({"sqlite3", (site.daemon.dataDirectory() / "video.db").string(),
               "UPDATE video_info SET id = '019ad991-c380-7000-8000-000000000000'"})
              .status == 0);  // 2025-12-01T11:00:00Z
  CHECK(lists("--since", "2025-12-01 11:00", "UTC"));
  CHECK_FALSE(lists("--since", "2025-12-01 11:01", "UTC"));
  CHECK(lists("--since", "2025-12-02", "XYZ-14"));  // 14 hours ahead: there it is the second already
  CHECK_FALSE(lists("--since", "2025-12-02", "UTC"));
}

TEST_CASE("plausible wrong words lead to the right ones") {
  const auto check = [](const Words& words, const std::string& right) {
    const Ended ended = videoctl(words);
    CAPTURE(words, ended.err);
    CHECK(ended.status == 2);
    CHECK(ended.err.find("hint: did you mean `" + right + "`?\n") != std::string::npos);
  };
  check({"rm", "x"}, "videoctl video delete");
  check({"video", "rm", "x"}, "videoctl video delete");
  check({"video", "remove", "x"}, "videoctl video delete");
  check({"user", "create", "bob"}, "videoctl user add");
  check({"user", "remove", "bob"}, "videoctl user delete");
  check({"comment", "create"}, "videoctl comment post");
  check({"share", "add", "x"}, "videoctl share create");
  check({"token", "delete", "x"}, "videoctl token revoke");
  check({"context", "rm", "home"}, "videoctl context remove");
  check({"video", "get", "x"}, "videoctl video download");
  check({"user", "get", "ada"}, "videoctl user show");
  check({"login", "ada"}, "videoctl session login");
  check({"whoami"}, "videoctl session whoami");
  check({"upload", "holiday.mp4"}, "videoctl video upload");
  check({"status"}, "videoctl server status");
  check({"task", "status", "x"}, "videoctl task show");
  check({"videos", "ls"}, "videoctl video list");
  check({"users"}, "videoctl user list");
  check({"comments"}, "videoctl comment list");
  check({"list", "users"}, "videoctl user list");
  check({"list", "user"}, "videoctl user list");
  check({"create", "token"}, "videoctl token create");
  check({"add", "user", "x"}, "videoctl user add");
  check({"get", "video"}, "videoctl video download");
  check({"comment", "show", "x"}, "videoctl comment list");
  check({"history", "rm", "x"}, "videoctl history clear VIDEO");
  check({"restart"}, "systemctl restart videod");
  check({"server", "stop"}, "systemctl stop videod");
  check({"video", "help", "upload"}, "videoctl help video upload");
  check({"video", "list", "clip 1.mp4"}, "videoctl video list --name 'clip 1.mp4'");
  check({"quota"}, "videoctl user set NAME --quota SIZE");
  check({"backup"}, "videoctl data backup");
  check({"video", "list", "--deleted"}, "--state deleted");
  check({"video", "list", "--state", "trash"}, "--state deleted");
  check({"video", "download", "x", "--dir", "y"}, "--to DIR/");
  check({"video", "list", "--order", "size"}, "--sort ORDER");
  check({"video", "list", "-f", "json"}, "-o json");
  check({"comment", "export", "x", "--user", "ada"}, "videoctl comment list --user USER -o ndjson > FILE");
  check({"vidoe", "lsit"}, "videoctl video list");
  check({"search", "beach"}, "videoctl video list --name GLOB");
  check({"user", "list", "--json"}, "-o json");
  check({"--json", "user", "list"}, "-o json");
  check({"video", "list", "--format", "json"}, "-o json");
  check({"video", "list", "--format"}, "-o FORMAT");
  check({"video", "upload", "-r", "folder"}, "--recursive");
  check({"video", "list", "-r"}, "--reverse");
  check({"video", "list", "-n", "5"}, "--limit N");
  check({"video", "delete", "-n", "x"}, "--dry-run");
  check({"user", "delete", "bob", "--force"}, "--yes");
  check({"video", "list", "--before", "2026"}, "--until TIME");
  check({"video", "upload", "--title", "x", "a"}, "--name NAME");
  check({"video", "upload", "--recursiv", "a"}, "--recursive");
  const Ended unknown = videoctl({"video", "frobnicate"});
  CHECK(unknown.status == 2);
  CHECK(unknown.err == "videoctl: video frobnicate: no such command\nhint: see `videoctl video --help`\n");
  // What would be wrong is not suggested.
  for (const Words& words :
       {Words{"user", "disable", "-n", "x"}, Words{"user", "list", "-u", "ada"}, Words{"video", "list", "--all"}})
    CHECK(videoctl(words).err.find("did you mean") == std::string::npos);
  CHECK(videoctl({"list", "users"}).err.find("list: no such command: the noun comes first\n") != std::string::npos);
  for (const Words& words : {Words{"list", "user"}, Words{"video", "list", "--nothing"}, Words{"user", "show"}}) {
    const std::string err = videoctl(join(words, {"-o", "json"})).err;
    CAPTURE(err);
    CHECK(nlohmann::json::parse(err.substr(err.find('{'))).at("error") == err.substr(10, err.find('\n') - 10));
  }
}

TEST_CASE("help leads from a noun to a verb, and says what values look like") {
  CHECK(videoctl({"help", "video", "upload"}).out == videoctl({"video", "upload", "--help"}).out);
  CHECK(videoctl({"help", "video", "subtitle", "add"}).out == videoctl({"video", "subtitle", "add", "--help"}).out);
  CHECK(videoctl({"help", "video"}).out == videoctl({"video", "--help"}).out);
  CHECK(videoctl({"help", "video", "nothing"}).status == 2);
  const std::string values = videoctl({"help", "values"}).out;
  for (const char* const kind : {"TIME", "DURATION", "SIZE", "POSITION", "GLOB", "yesterday", "2h30m", "1.5GiB"})
    CHECK(values.find(kind) != std::string::npos);
  const std::string man = read(std::string(VIDEO_SOURCE_DIR) + "/man/videoctl.1");
  CHECK(man.find("\nbash, zsh or fish.\n") != std::string::npos);
  const std::string create = videoctl({"token", "create", "--help"}).out;
  for (const char* const scope : {"read (", "upload (", "full (", "admin (", "metrics ("})
    CHECK(create.find(scope) != std::string::npos);
}

TEST_CASE("contexts and columns are completed") {
  const TempDirectory home;
  const auto complete = [&](Words words) {
    words.insert(words.begin(), "__complete");
    return videoctl(words, {{{"XDG_CONFIG_HOME", home.path()}}, {}, {}}).out;
  };
  REQUIRE(videoctl({"context", "add", "home", "--server", "https://video.example"},
                   {{{"XDG_CONFIG_HOME", home.path()}}, {}, {}})
              .status == 0);
  CHECK(complete({"--context", ""}) == "home\thttps://video.example\nlocal\tthis machine\n");
  CHECK(complete({"--context=h"}) == "--context=home\thttps://video.example\n");
  CHECK(complete({"context", "use", "h"}) == "home\thttps://video.example\n");
  CHECK(complete({"comment", "list", "--columns", "author"}) == "author\nauthor_display_name\n");
  CHECK(complete({"comment", "list", "--columns", "id,con"}) == "id,content\n");
  CHECK(complete({"comment", "list", "--columns=id,video_id,i"}) == "--columns=id,video_id,imported_author\n");
  CHECK(complete({"help", "val"}) == "values\n");
  CHECK(complete({"user", "set", "x", "--quota", ""}) == "none\ndefault\n");
}

TEST_CASE("what cannot be undone asks on a terminal, and needs --yes elsewhere") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.direct({"-o", "id", "video", "upload", file, "--user", "ada"}).out);
  for (const Words& words :
       {Words{"video", "delete", "--now", id}, Words{"data", "rotate-key"}, Words{"token", "revoke", "--all"}}) {
    const Ended ended = site.direct(words);
    CAPTURE(words, ended.err);
    CHECK(ended.status == 2);
    CHECK(ended.err.find("add --yes") != std::string::npos);
    Terminal terminal(join(here, words));
    terminal.expect("[y/N] ");
    terminal.type("n\n");
    CHECK(terminal.wait() == 1);
  }
  CHECK(site.direct({"--dry-run", "video", "delete", "--now", id}).status == 0);
  CHECK(site.direct({"video", "show", id, "--columns", "state", "--no-header"}).out == "ready\n");
  CHECK(site.direct({"video", "delete", id}).status == 0);  // restorable: not asked about
  Terminal terminal(join(here, {"video", "delete", "--now", id}));
  terminal.expect("Delete video " + id);
  terminal.expect("[y/N] ");
  terminal.type("y\n");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("what -o id prints of users goes into the commands for users") {
  Site site("direct");
  REQUIRE(site.direct({"user", "add", "7", "--password-stdin"}, {{}, "password of 7", {}}).status == 0);
  const std::string ids = site.direct({"user", "list", "-o", "id"}).out;
  CHECK(ids == "root\nada\n7\n");
  for (const std::string& id : linesOf(ids)) CHECK(site.direct({"user", "show", id}).status == 0);
  CHECK(site.direct({"user", "disable", "-"}, {{}, ids, {}}).status == 0);
  CHECK(site.direct({"video", "list", "--user", "ada"}).status == 0);
}

TEST_CASE("the videos of a user are given to another in one line") {
  Site site("remote");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  for (const char* const name : {"one", "two"})
    REQUIRE(site.run("ada", {"video", "upload", file, "--name", name}).status == 0);
  REQUIRE(site.direct({"user", "add", "bob", "--password-stdin"}, {{}, "password of bob", {}}).status == 0);
  const std::string ids = site.run("", {"video", "list", "--user", "ada", "--name", "*", "-o", "id"}).out;
  const Ended given = site.run("", {"video", "set", "-", "--user", "bob"}, {{}, ids, {}});
  CAPTURE(given.err);
  CHECK(given.status == 0);
  CHECK(site.run("", {"video", "list", "--user", "ada", "-o", "id"}).out.empty());
  CHECK(site.run("", {"video", "list", "--user", "bob", "--reverse", "--columns", "name", "--no-header"}).out ==
        "one\ntwo\n");
  CHECK(site.run("ada", {"video", "set", line(ids.substr(0, ids.find('\n'))), "--user", "ada"}).status == 6);
}

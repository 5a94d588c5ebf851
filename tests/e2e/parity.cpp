// Every command each way that it has: the same bytes, the same status, and JSON as the schemas in share/ say.
#include "e2e/parity.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// Commands that do not go each way, or not to a site at all.
const std::map<std::string, std::string> notEachWay{
    {"session-login", "remote only"},
    {"session-logout", "remote only"},
    {"doctor", "of this machine"},
    {"data-init", "direct only"},
    {"data-migrate", "direct only"},
    {"data-check", "direct only"},
    {"data-export", "direct only"},
    {"data-import", "direct only"},
    {"data-rotate-key", "direct only"},
    {"data-backup", "direct only"},
    {"data-verify", "of a folder"},
    {"data-restore", "direct only"},
    {"data-changes", "direct only"},
    {"server-status", "of a daemon"},
    {"server-limits", "of a daemon"},
    {"server-reload", "of a daemon"},
    {"server-check-config", "of a file"},
    {"context-add", "a file of the caller's"},
    {"context-use", "a file of the caller's"},
    {"context-show", "a file of the caller's"},
    {"context-list", "a file of the caller's"},
    {"context-remove", "a file of the caller's"},
    {"completion", "of the program alone"},
    {"generate", "of the program alone"},
    {"help", "of the program alone"},
    {"version", "of the program alone"},
};

// What is on disk is not looked at here.
const std::string quick = std::string(idle) + "[storage]\nsynchronous = \"normal\"\n";

const std::string tinyPng("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0\0\0\0\0IEND\xae\x42\x60\x82",
                          41);

// Every command of the rooms in every format; all that they said.
std::string everyFormat(const std::string& way, Met& met) {
  Site site(way, quick);
  Teller tell{site, met};
  write(site.folder / "a.mp4", content('a'));
  tell.each("", {"user", "add", "u*", "--password-stdin"}, {{}, "password of u", {}});
  tell.each("", {"user", "list"});
  tell.each("", {"user", "show", "ada"});
  tell.each("", {"user", "set", "ada", "--quota", "5GiB", "--display-name", "Ada *"});
  tell.each("", {"user", "passwd", "ujson", "--password-stdin"}, {{}, "another of u", {}});
  tell.each("", {"user", "disable", "ujson", "nobody"});
  tell.each("", {"user", "enable", "ujson"});
  run({"curl", "-sf", site.daemon.url() + "/user/ada", "-d", "@-"}, {{}, R"({"pwd":"password of ada"})", {}});
  REQUIRE(site.direct({"--as", "ujson", "token", "create", "--label", "x", "--scope", "read"}).status == 0);
  tell.each("", {"session", "list"});
  tell.each("", {"session", "revoke", "aaaaaaaaaaaa", "bbbbbbbbbbbb"});
  tell.each("ada", {"token", "create", "--label", "*", "--scope", "read"});
  tell.each("", {"token", "list", "--user", "ujson"});
  tell.each("", {"token", "revoke", "aaaaaaaaaaaa", "bbbbbbbbbbbb"});
  tell.each("ada", {"video", "upload", "a.mp4", "--name", "of *"});
  std::istringstream ids(site.direct({"-o", "id", "video", "list"}).out);
  std::string video;
  std::string other;
  std::getline(std::getline(ids, video), other);
  tell.each("ada", {"video", "list"});
  tell.each("ada", {"video", "show", video});
  tell.each("ada", {"video", "rename", video, "renamed *"});
  tell.each("ada", {"video", "set", video, "--description", "of *"});
  tell.each("ada", {"video", "set", video, "--visibility", "public", "--tags", "a,of *"});
  tell.each("ada", {"video", "list", "--newest", "--tag", "a"});
  tell.each("ada", {"video", "verify", video, "nothing"});
  tell.each("ada", {"video", "strip-location", video, "nothing"});
  tell.each("ada", {"video", "download", video, "--to", "back-*.mp4"});
  write(site.folder / "a.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n");
  tell.each("ada", {"video", "subtitle", "add", video, "a.srt", "--lang", "en", "--label", "of *"});
  tell.each("ada", {"video", "subtitle", "list", video});
  tell.each("ada", {"video", "show", video});
  tell.each("ada", {"video", "subtitle", "delete", video, "fr", "nothing"});
  tell.each("ada", {"share", "create", "--drop", "--label", "*", "--max-bytes", "5MiB"});
  tell.each("ada", {"share", "list", "--drop"});
  tell.each("ada", {"share", "revoke", "--drop", "none", "nothing"});
  write(site.folder / "a.png", tinyPng);
  tell.each("ada", {"video", "thumbnail", video, "--set", "a.png"});
  tell.each("ada", {"video", "thumbnail", video, "--to", "back-*.png"});
  tell.each("ada", {"video", "renditions", video});
  tell.each("ada", {"video", "renditions"});
  tell.each("ada", {"video", "render", video, "nothing"});
  tell.each("ada", {"share", "create", video, "--label", "*"});
  tell.each("ada", {"share", "list", video});
  tell.each("ada", {"share", "revoke", video, "none", "nothing"});
  tell.each("ada", {"comment", "post", video, "said *"});
  tell.each("ada", {"comment", "list", video});
  const std::string comment = line(site.direct({"-o", "id", "comment", "list", video, "--limit", "1"}).out);
  tell.each("ada", {"comment", "delete", video, "none", "nothing"});
  write(site.folder / "lines.csv", "position_ms,content\n2500,a wave\n");
  tell.each("ada", {"comment", "import", video, "lines.csv"});
  tell.each("ada", {"comment", "export", video, "--format", "ass", "--to", "lines-*.ass"});
  tell.each("ada", {"comment", "heat", video});
  tell.each("ada", {"history", "show", video});  // before `set`: only a daemon knows who watches now
  tell.each("ada", {"history", "set", video, "--at", "1:30"});
  tell.each("ada", {"history", "list", "--columns", "video_id,position_ms,name"});
  tell.each("ada", {"history", "clear", video, "nothing"});
  tell.each("ada", {"play", video}, {{{"PLAYER", "true"}}, {}, {}});
  tell.each("", {"comment", "hide", "none", "nothing"});
  tell.each("", {"comment", "list", "--held"});
  tell.each("", {"comment", "approve", "none", "nothing"});
  tell.each("ada", {"user", "export", "ada", "export-*"});
  const std::string hash(64, 'a');
  REQUIRE(site.direct({"user", "set", "ujson", "--role", "moderator"}).status == 0);
  tell.each("ada", {"report", "video", video, "--reason", "spam", "--text", "of *"});
  tell.each("ada", {"report", "comment", video, comment, "--reason", "harassment", "--contact", "*@example.org"});
  tell.each("ada", {"report", "user", "ujson", "--reason", "other"});
  tell.each("", {"report", "list"});
  const std::string report = line(site.direct({"-o", "id", "report", "list", "--limit", "1"}).out);
  tell.each("", {"report", "show", report});
  tell.each("ujson", {"report", "resolve", report, "nothing", "--decision", "dismissed", "--text", "no *"});
  tell.each("ada", {"report", "made"});
  tell.each("", {"user", "mute", "utable", "nobody", "--until", "2100-01-01T00:00:00Z"});
  tell.each("", {"user", "unmute", "utable", "nobody"});
  tell.each("ujson", {"video", "block", video, "nothing", "--reason", "of *"});
  tell.each("", {"video", "unblock", video, "nothing"});
  tell.each("ujson", {"video", "block", "--sha256", hash, "--reason", "of *"});
  tell.each("", {"video", "blocked", "--columns", "sha256,reason,blocked_by"});
  tell.each("", {"video", "unblock", "--sha256", hash});
  const std::string token =
      line(site.direct({"--as", "ada", "token", "create", "--label", "y", "--scope", "upload"}).out);
  for (const char* const length : {"100", "200"})
    REQUIRE(
        run({"curl", "-sf", "-X", "POST", "-H", "Tus-Resumable: 1.0.0", "-H", std::string("Upload-Length: ") + length,
             "-H", "Authorization: Bearer " + token, site.daemon.url() + "/uploads"})
            .status == 0);
  tell.each("ada", {"upload", "list"});
  const std::string upload = line(site.direct({"-o", "id", "upload", "list", "--limit", "1"}).out);
  tell.each("ada", {"upload", "show", upload});
  tell.each("ujson", {"upload", "show", upload});
  tell.each("", {"upload", "abort", upload, "nothing"});
  // A daemon purges the video of a removed upload at once, direct mode leaves that to the next drain.
  test::waitFor("the queue is empty", [&] {
    return site.direct({"queue", "drain"}).status == 0 && site.direct({"-o", "id", "queue", "list"}).out.empty();
  });
  tell.each("ada", {"video", "delete", other, "nothing"});
  tell.each("", {"queue", "list"});
  tell.each("ada", {"video", "restore", other, "nothing"});
  tell.each("", {"queue", "retry", other, "nothing"});
  tell.each("", {"queue", "drain"});
  tell.each("", {"task", "run", "orphan-sweep", "--wait"});
  tell.each("", {"task", "show", "orphan-sweep"});
  tell.each("", {"user", "delete", "u*", "--yes"});
  // Who came in and what ran when, which is not the same each way: by their schemas alone.
  for (const std::string format : formats)
    for (const Words& words : {Words{"session", "whoami"}, Words{"task", "list"}, Words{"task", "history", "backup"}}) {
      const Ended ended = site.run(words[0] == "task" ? "" : "ada", join({"-o", format}, words));
      CHECK(ended.status == 0);
      met.add(join({"-o", format}, words), ended);
    }
  return plain(tell.said);
}

// The commands that have one way, or none, in every format.
void othersInEveryFormat(Met& met) {
  Site site("socket");
  const Given given{{{"XDG_CONFIG_HOME", site.folder.path()}}, {}, site.folder.path()};
  for (const std::string format : formats) {
    const auto tell = [&](const Words& before, const Words& words, const std::string& input = {}) {
      Given its = given;
      its.input = input;
      const Words all = join(before, join({"-o", format}, words));
      const Ended ended = videoctl(all, its);
      INFO(ended.err);
      CAPTURE(all);
      CHECK(ended.status == 0);
      met.add(all, ended);
    };
    const Words remote{"--context", "home"};
    const Words fresh{"--data-dir", (site.folder / ("data-" + format)).string()};
    tell({}, {"context", "add", "home", "--server", site.daemon.url()});
    tell({}, {"context", "use", "home"});
    tell({}, {"context", "show"});
    tell({}, {"context", "list"});
    tell(remote, {"session", "login", "root", "--password-stdin"}, "password of root");
    for (const Words& by : {remote, Words{"--context", "local", "--config", (site.folder / "ctl.toml").string()}})
      for (const char* verb : {"status", "limits", "reload"}) tell(by, {"server", verb});
    tell(remote, {"session", "logout"});
    tell({}, {"context", "remove", "home"});
    for (const char* verb : {"init", "migrate", "changes", "check"}) tell(fresh, {"data", verb});
    tell(fresh, {"data", "rotate-key", "--yes"});
    const std::string set = (site.folder / ("set-" + format)).string();
    const Words other{"--data-dir", (site.folder / ("restored-" + format)).string()};
    tell(fresh, {"data", "backup", set});
    tell({}, {"data", "verify", set});
    tell(other, {"data", "restore", set, "--yes"});
    const Words direct{"--data-dir", site.daemon.dataDirectory().string()};
    tell(direct, {"data", "export", "out-" + format});
    write(site.folder / "dump.sql",
          "CREATE TABLE users (id int, login_name text, pwd text);\nINSERT INTO users VALUES (1, 'o\\'hara', '');\n");
    fs::create_directory(site.folder / "contents");
    tell(direct, {"data", "import", "--mysql-dump", "dump.sql", "--videos", "contents", "--site", format});
    const Words examine{"--config", (site.folder / "ctl.toml").string(), "-o", format, "doctor"};
    met.add(examine, videoctl(examine, given));  // what it finds depends on the machine
    tell({}, {"server", "check-config", (site.folder / "ctl.toml").string()});
    tell({}, {"completion", "bash"});
    tell({}, {"generate", "--commands"});
    tell({}, {"help"});
    tell({}, {"version"});
  }
}

// Runs every command of the rooms as people would, with much that is refused; all that they said and how they ended.
std::string everything(const std::string& way, Met& met) {
  Site site(way, quick);
  Teller tell{site, met};
  const std::string a = write(site.folder / "a.mp4", content('a'));
  const std::string b = write(site.folder / "b.mp4", content('b'));
  write(site.folder / "pwd", "from a file\n");
  fs::permissions(site.folder / "pwd", fs::perms::owner_read | fs::perms::owner_write);

  tell("", {"user", "add", "bob", "--quota", "5MiB", "--password-stdin"}, {{}, "password of bob\n", {}});
  tell("", {"user", "add", "bob", "--password-stdin"}, {{}, "password of bob", {}});
  tell("", {"user", "add", "eve", "--password-file", "pwd", "-o", "json"});
  tell("", {"user", "add", "no spaces", "--password-stdin"}, {{}, "password of nobody", {}});
  tell("", {"user", "add", "short", "--password-stdin"}, {{}, "short", {}});
  CHECK(tell("", {"user", "add", "made", "--random-password", "-o", "json", "--columns", "nothing"}).status == 2);
  tell("", {"user", "list", "--limit", "2", "--columns", "user_name,role", "--no-header"});
  tell("", {"user", "show", "nobody", "-o", "json"});
  tell("ada", {"token", "create", "--label", "mine", "--scope", "read", "--expires", "never"});
  tell("ada", {"token", "create", "--label", "", "--scope", "read"});
  const std::string token = line(tell("ada", {"-o", "id", "token", "create", "--label", "x", "--scope", "read"}).out);
  tell("ada", {"token", "revoke", token, "-o", "json"});
  tell("ada", {"token", "revoke", token});
  tell("ada", {"token", "create", "--label", "nightly", "--scope", "read", "--expires", "1d"});
  tell("ada", {"token", "revoke"});
  tell("ada", {"token", "revoke", token, "--label", "nightly"});
  tell("ada", {"token", "revoke", "--user", "ada", "--all"});
  tell("bob", {"token", "revoke", "--user", "ada", "--label", "nightly"});
  tell("ada", {"token", "revoke", "--label", "nightly"});
  tell("", {"token", "revoke", "--user", "eve", "--label", "none"});
  tell("", {"token", "revoke", "--all", "--label", "none"});
  tell("", {"token", "revoke", "--all", "--label", "none", "--yes"});

  tell("", {"user", "set", "eve", "--role", "admin", "--quota", "none"});
  tell("", {"user", "set", "eve", "--role", "user", "-o", "json"});
  tell("", {"user", "set", "eve"});
  tell("", {"user", "set", "eve", "--display-name", "Éve 🎬"});
  tell("", {"user", "show", "eve", "-o", "json"});
  tell("", {"user", "list"});
  tell("", {"user", "set", "eve", "--display-name", ""});
  tell("", {"user", "set", "eve", "--display-name", "a\nb"});
  tell("", {"user", "set", "nobody", "--role", "user"});
  tell("ada", {"user", "set", "ada", "--role", "admin"});
  tell("", {"user", "disable", "eve", "nobody", "-o", "json"});
  tell("", {"user", "enable", "eve", "-o", "json"});
  tell("", {"user", "passwd", "eve", "--password-stdin", "-o", "json"}, {{}, "another of eve", {}});
  tell("", {"user", "passwd", "eve", "--password-stdin"}, {{}, "short", {}});
  tell("ada", {"user", "passwd", "ada", "--password-stdin", "-o", "json"}, {{}, "another of ada", {}});
  tell("ada", {"user", "passwd", "ada", "--password-stdin", "--old-password-file", "pwd"}, {{}, "another of ada", {}});
  for (const char* noun : {"session", "token"})
    for (const char* format : {"table", "json"}) tell("", {"-o", format, noun, "list", "--user", "eve"});
  tell("ada", {"session", "list", "--user", "eve"});
  tell("ada", {"user", "export", "eve", "eve"});
  tell("", {"user", "export", "nobody", "nobody"});
  tell("", {"user", "export", "eve", "eve", "-o", "json"});
  tell("", {"user", "export", "eve", "eve", "-o", "json"});
  tell("", {"session", "revoke", "aaaaaaaaaaaa", "-o", "json"});
  tell("", {"session", "revoke", "--user", "eve"});
  tell("", {"session", "revoke", "--all"});
  tell("", {"session", "revoke", "--all", "--yes"});
  tell("", {"session", "revoke"});

  const std::string first = line(tell("", {"-o", "id", "video", "upload", "a.mp4", "--user", "ada"}).out);
  tell("ada", {"video", "upload", "a.mp4", "nothing.mp4", "b.mp4", "-o", "json"});
  tell("ada", {"video", "upload", "nothing.mp4"});
  tell("ada", {"video", "upload", "-", "--name", "from stdin"}, {{}, content('c'), {}});
  tell("ada", {"video", "upload", "-", "--name", "empty"}, {{}, "", {}});
  tell("ada", {"video", "upload", "pwd"});
  tell("", {"video", "upload", "a.mp4", "--user", "nobody"});
  tell("ada", {"video", "list", "--sort", "name", "--user", "ada"});
  tell("", {"video", "list", "--user", "ada", "--since", "-1h", "--until", "@4102444800", "--limit", "2"});
  tell("ada", {"video", "list", "--sort", "colour"});
  tell("ada", {"video", "list", "--sort", "size", "--reverse"});
  tell("ada", {"video", "list", "--reverse", "--name", "*.mp4", "-o", "json"});
  tell("ada", {"video", "list", "--name", ""});
  tell("ada", {"video", "list", "--since", "yesterday", "--until", "2100-01-01", "--columns", "name"});
  tell("ada", {"video", "list", "--since", "2026"});
  tell("ada", {"video", "list", "--newest", "--reverse"});
  tell("ada", {"-o", "json", "video", "list", "--sort", "duration"});
  tell("", {"video", "list", "--state", "pending"});
  CHECK(tell("ada", {"video", "download", first, "--to", "-"}).out == content('a'));
  tell("ada", {"video", "download", first, "--to", "back.mp4", "-o", "json"});
  CHECK(read(site.folder / "back.mp4") == content('a'));
  CHECK_FALSE(fs::exists(site.folder / "back.mp4.part"));
  tell("ada", {"video", "download", first});
  tell("ada", {"video", "download", "nothing", "--to", "no.mp4"});
  CHECK_FALSE(fs::exists(site.folder / "no.mp4.part"));

  write(site.folder / "a.png", tinyPng);
  tell("ada", {"video", "thumbnail", first});
  tell("ada", {"video", "thumbnail", first, "--set", "a.mp4"});
  tell("ada", {"video", "thumbnail", first, "--set", "a.png", "-o", "json"});
  tell("bob", {"video", "thumbnail", first, "--set", "a.png"});
  CHECK(tell("bob", {"video", "thumbnail", first, "--to", "-"}).out == tinyPng);
  tell("ada", {"video", "thumbnail", first, "--to", "back.png"});
  CHECK(read(site.folder / "back.png") == tinyPng);
  tell("ada", {"video", "thumbnail", first, "--set", "a.png", "--remove"});
  tell("ada", {"video", "renditions", first, "-o", "json"});
  tell("bob", {"video", "renditions", first});
  tell("ada", {"video", "renditions", "--state", "waiting", "-o", "json"});
  tell("bob", {"video", "renditions", "--state", "waiting", "--user", "ada"});
  tell("ada", {"video", "renditions", "--state", "ready"});
  tell("ada", {"video", "renditions", first, "--state", "dead"});
  tell("ada", {"video", "thumbnail", first, "--remove"});
  tell("ada", {"video", "thumbnail", first, "--remove"});
  tell("bob", {"video", "render", first});
  tell("ada", {"video", "download", first, "--form", "play", "--to", "no.mp4"});
  tell("ada", {"video", "rename", first, "another name", "-o", "json"});
  tell("ada", {"video", "rename", first, ""});
  tell("ada", {"video", "set", first, "--name", "a third", "--description", "-"}, {{}, "two\nlines\n", {}});
  tell("ada", {"video", "set", first});
  tell("ada", {"video", "set", first, "--description", std::string(5001, 'x')});
  tell("", {"video", "set", "nothing", "--name", "x"});
  tell("ada", {"video", "set", first, "--user", "bob"});
  tell("", {"video", "set", first, "--user", "nobody"});
  tell("", {"video", "set", first, "nothing", "--user", "bob", "-o", "json"});
  tell("", {"video", "set", first, "--user", "ada"});
  tell("ada", {"video", "set", first, "--visibility", "private", "--tags", " Sea ,beach", "-o", "json"});
  tell("ada", {"video", "set", first, "--visibility", "secret"});
  tell("ada", {"video", "set", first, "--tags", std::string(200, 'x')});
  CHECK(tell("ada", {"-o", "id", "video", "list", "--tag", "SEA"}).out == first + '\n');
  CHECK(tell("ada", {"-o", "tsv", "video", "show", first}).out.find("beach,sea") != std::string::npos);
  tell("ada", {"video", "list", "--tag", "sea", "--sort", "name"});
  for (const std::string user : {"ada", "", "bob"}) {
    tell(user, {"video", "show", first});
    tell(user, {"video", "set", first, "--name", "a third"});
    for (const char* format : {"table", "json"}) tell(user, {"-o", format, "video", "list", "--newest"});
  }
  tell("ada", {"video", "list", "--newest", "--user", "ada"});
  tell("ada", {"video", "set", first, "--visibility", "unlisted", "--tags", ""});
  for (const char* format : {"table", "tsv", "json"}) tell("ada", {"-o", format, "video", "show", first});
  for (const std::string user : {"ada", "", "bob"}) {
    tell(user, {"--dry-run", "video", "delete", first, "nothing"});
    tell(user, {"--dry-run", "video", "restore", first});
    tell(user, {"--dry-run", "user", "delete", "ada"});
    tell(user, {"--dry-run", "user", "delete", "ada", "--transfer-videos-to", "nobody"});
  }
  tell("ada", {"video", "verify", first, "nothing"});
  tell("ada", {"video", "verify", "--all", "-o", "json"});
  const std::string share = line(tell("ada", {"-o", "id", "share", "create", first, "--label", "grandma"}).out);
  tell("ada", {"share", "create", first, "--expires", "0s"});
  tell("ada", {"share", "create", "nothing"});
  for (const char* format : {"table", "json"}) tell("ada", {"-o", format, "share", "list", first});
  tell("ada", {"share", "revoke", first, share, share, "-o", "json"});
  tell("ada", {"share", "list", first});
  tell("ada", {"share", "create", "--drop", first});
  tell("ada", {"share", "create"});
  tell("ada", {"share", "create", "--drop", "--upload"});
  tell("ada", {"share", "create", first, "--max-files", "5"});
  tell("ada", {"share", "create", "--drop", "--max-files", "0"});
  tell("bob", {"share", "create", "--drop", "--user", "ada"});
  const std::string drop = line(tell("ada", {"-o", "id", "share", "create", "--drop", "--max-files", "5"}).out);
  for (const char* format : {"table", "json"}) tell("", {"-o", format, "share", "list", "--drop", "--user", "ada"});
  tell("ada", {"share", "revoke", "--drop", drop});
  tell("ada", {"share", "revoke", "--drop", drop});

  write(site.folder / "a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n");
  write(site.folder / "chapters.txt", "0:00 Start\r\n1:02 The cave\r\n");
  tell("ada", {"video", "subtitle", "add", first, "a.vtt", "--lang", "zh-hant-tw"});
  tell("ada", {"video", "subtitle", "add", first, "a.vtt", "--lang", "zh-Hant-TW", "-o", "json"});
  tell("ada", {"video", "subtitle", "add", first, "a.mp4", "--lang", "en"});
  tell("ada", {"video", "subtitle", "add", first, "a.vtt", "--lang", "english"});
  tell("ada", {"video", "subtitle", "add", first, "nothing.vtt", "--lang", "en"});
  tell("bob", {"video", "subtitle", "add", first, "a.vtt", "--lang", "en"});
  tell("ada", {"video", "set", first, "--description-file", "chapters.txt"});
  tell("ada", {"video", "set", first, "--description-file", "nothing.txt"});
  for (const char* format : {"table", "tsv", "json"}) tell("ada", {"-o", format, "video", "show", first});
  tell("bob", {"video", "subtitle", "list", first});
  tell("ada", {"video", "subtitle", "delete", first, "zh-hant-tw", "fr"});
  fs::create_directory(site.folder / "folder");
  write(site.folder / "folder/movie.mp4", content('f'));
  write(site.folder / "folder/moved.mp4", content('g'));
  for (const char* name : {"movie.srt", "movie.EN.srt", "movie.fr.vtt", "alone.srt", "movie.engl.srt"})
    write(site.folder / "folder" / name, "1\n00:00:01,000 --> 00:00:02,000\nHello\n");
  write(site.folder / "folder/movie.de.srt", "nothing");
  tell("ada", {"video", "upload", "folder", "--recursive", "-o", "json"});
  CHECK(tell("ada", {"video", "upload", "folder/moved.mp4", "--move"}).status == 0);
  CHECK_FALSE(fs::exists(site.folder / "folder/moved.mp4"));
  CHECK(fs::exists(site.folder / "folder/movie.mp4"));
  tell("ada", {"--dry-run", "video", "upload", "folder/movie.mp4", "--move"});
  tell("ada", {"video", "upload", "-", "--name", "x", "--move"}, {{}, content('c'), {}});

  const std::string comment = line(
      tell("ada", {"-o", "id", "comment", "post", first, "-", "--at", "1:23.5"}, {{}, "Grüße\tan alle\n", {}}).out);
  tell("ada", {"comment", "post", first, "[Grüße], alle", "-o", "json"});
  tell("ada", {"comment", "post", first, "at a place", "--at", "1:23.5"});
  tell("ada", {"comment", "post", first, ""});
  tell("ada", {"comment", "post", "nothing", "hello"});
  for (const char* format : {"table", "tsv", "json"}) tell("ada", {"-o", format, "comment", "list", first});
  tell("ada", {"comment", "list", first, "--at", "1:00", "--at-until", "2:00"});
  const std::string posted = line(site.run("ada", {"-o", "id", "comment", "list", first, "--limit", "1"}).out);
  const std::string reply =
      line(tell("ada", {"-o", "id", "comment", "post", first, "a reply", "--parent", posted}).out);
  tell("ada", {"comment", "post", first, "a reply to it", "--parent", reply, "-o", "json"});
  tell("ada", {"comment", "post", first, "a reply to nothing", "--parent", "nothing"});
  tell("ada", {"comment", "list", first, "--parent", posted});
  tell("", {"comment", "hide", reply, "nothing", "-o", "json"});
  tell("ada", {"comment", "hide", reply});
  for (const char* format : {"table", "json"}) tell("", {"-o", format, "comment", "list", "--held", "--user", "ada"});
  for (const std::string user : {"ada", "bob"}) tell(user, {"comment", "list", first});
  tell("bob", {"comment", "list", "--held"});
  tell("", {"comment", "list", first, "--held"});
  tell("", {"comment", "list"});
  tell("", {"comment", "list", first, "--user", "ada"});
  for (const char* format : {"table", "tsv", "json", "id"})
    for (const std::string user : {"ada", "", "bob"})
      tell(user, {"-o", format, "comment", "list", "--user", "ada", "--limit", "3"});
  tell("", {"comment", "list", "--user", "nobody"});
  tell("ada", {"comment", "list", "--user", "ada", "--reverse"});
  for (const char* order : {"time", "position", "newest"})
    tell("ada", {"comment", "list", first, "--by", order, "--reverse", "--columns", "content"});
  tell("", {"comment", "approve", reply, "-o", "json"});
  for (const std::string user : {"ada", "bob"}) tell(user, {"--dry-run", "comment", "delete", first, posted});
  tell("ada", {"comment", "delete", first, posted, posted, "-o", "json"});
  for (const char* format : {"table", "tsv", "json"}) tell("ada", {"-o", format, "comment", "list", first});
  tell("ada", {"video", "set", first, "--comments", "off"});
  tell("ada", {"video", "show", first, "-o", "json"});
  tell("ada", {"comment", "post", first, "too late"});
  tell("ada", {"video", "set", first, "--comments", "maybe"});
  tell("ada", {"video", "set", first, "--comments", "on"});
  const std::string danmaku = line(tell("ada", {"-o", "id", "comment", "post", first, "a wave", "--at", "0:02.5",
                                                "--mode", "top", "--text-color", "#ffcc00", "--text-size", "big"})
                                       .out);
  tell("ada", {"comment", "post", first, "x", "--text-color", "yellow"});
  write(site.folder / "lines.xml", R"(<i><d p="1.5,5,25,255,1600000000,0,a,1">a line</d><d>broken</d></i>)");
  tell("ada", {"comment", "import", first, "lines.xml", "-o", "json"});
  tell("ada", {"comment", "import", first, "lines.xml"});
  tell("ada", {"comment", "import", first, "a.mp4"});
  tell("bob", {"comment", "import", first, "lines.xml"});
  tell("ada", {"comment", "export", "nothing"});
  tell("ada", {"history", "show", "nothing"});
  tell("ada", {"play", "nothing"}, {{{"PLAYER", "true"}}, {}, {}});
  tell("ada", {"comment", "list", first, "-o", "json"});
  for (const char* format : {"bilibili", "ass", "srt", "vtt", "ndjson", "csv", "dplayer"})
    tell("bob", {"comment", "export", first, "--format", format});
  tell("ada", {"comment", "heat", first, "-o", "json"});
  tell("ada", {"comment", "delete", first, danmaku});
  tell("ada", {"video", "set", first, "--danmaku", "off"});
  tell("ada", {"comment", "post", first, "x", "--at", "1"});
  tell("ada", {"video", "set", first, "--danmaku", "on"});
  tell("ada", {"history", "set", first, "--at", "1:30", "-o", "tsv", "--columns", "watching"});
  tell("ada", {"history", "set", first, "--at", "-1"});
  tell("ada", {"history", "list", "-o", "json"});
  tell("bob", {"history", "list", "--user", "ada"});
  tell("ada", {"history", "clear", first, "-o", "json"});
  tell("ada", {"history", "list"});
  tell("ada", {"user", "set", "ada", "--history", "off"});
  tell("ada", {"history", "set", first, "--at", "1:30", "-o", "tsv", "--columns", "watching"});
  tell("ada", {"history", "clear"});
  tell("ada", {"user", "set", "ada", "--history", "on"});
  tell("", {"comment", "delete", "--user", "ada"});
  tell("", {"comment", "delete", first, "--user", "ada", "--since", "@0"});
  tell("", {"comment", "delete", "--since", "@0"});
  tell("", {"comment", "delete", "--user", "ada", "--since", "@0"});
  tell("", {"--dry-run", "comment", "delete", "--user", "ada", "--since", "@0", "-o", "json"});
  tell("bob", {"--dry-run", "comment", "delete", "--user", "ada", "--since", "@0"});
  tell("", {"comment", "delete", "--user", "ada", "--since", "@0", "--yes", "-o", "json"});
  tell("", {"comment", "list", first});

  const std::string said = line(tell("ada", {"-o", "id", "comment", "post", first, "what is reported"}).out);
  tell("ada", {"report", "video", first, "--reason", "boredom"});
  tell("ada", {"report", "video", first, "--reason", "illegal", "--text", std::string(2001, 'x')});
  tell("ada", {"report", "video", first, "--reason", "illegal", "--contact", "a@example.org"});
  tell("ada", {"report", "video", first, "--reason", "spam"});
  tell("ada", {"report", "comment", first, said, "--reason", "spam", "-o", "json"});
  tell("ada", {"report", "user", "nobody", "--reason", "spam"});
  for (const char* format : {"table", "tsv", "json"}) tell("", {"-o", format, "report", "list", "--video", first});
  tell("ada", {"report", "list"});
  const std::string report = line(site.direct({"-o", "id", "report", "list", "--limit", "1"}).out);
  tell("", {"report", "show", report});
  tell("", {"user", "set", "bob", "--role", "moderator"});
  tell("bob", {"report", "resolve", report, "--decision", "removed", "--text", "done"});
  tell("", {"report", "resolve", report, "--decision", "dismissed"});
  tell("", {"report", "list", "--user", "ada", "--state", "resolved", "-o", "json"});
  tell("ada", {"report", "made", "-o", "json"});
  tell("", {"report", "made", "--user", "ada"});
  tell("", {"user", "mute", "ada", "--until", "@4102444800"});
  tell("ada", {"comment", "post", first, "muted"});
  tell("ada", {"report", "user", "bob", "--reason", "spam"});
  tell("ada", {"user", "show", "ada", "-o", "json"});
  tell("", {"user", "mute", "ada", "--until", "-1h"});
  tell("", {"user", "mute", "ada", "--until", "1h"});
  tell("ada", {"user", "unmute", "ada"});
  tell("", {"user", "unmute", "ada", "-o", "json"});
  tell("", {"video", "block", first, "--reason", "a reason"});
  tell("", {"video", "block", first, "--reason", ""});
  tell("", {"video", "block", "--reason", "x"});
  tell("ada", {"video", "show", first});
  tell("eve", {"video", "show", first});
  tell("bob", {"video", "show", first});
  tell("ada", {"video", "unblock", first});
  tell("", {"video", "unblock", first, first});
  tell("", {"video", "block", "--sha256", "nothing", "--reason", "x"});
  tell("bob", {"video", "block", first, "--reason", "by a moderator"});
  tell("bob", {"video", "unblock", first});
  tell("bob", {"report", "list", "-o", "json"});
  tell("bob", {"user", "list"});
  tell("", {"user", "set", "bob", "--role", "user"});

  tell("ada", {"video", "delete", first, first, "nothing", "-o", "json"});
  tell("ada", {"video", "delete", "-", "-0"}, {{}, std::string("nothing\0none\0", 13), {}});
  tell("ada", {"video", "delete", "-"});
  tell("ada", {"video", "show", first});
  tell("ada", {"video", "restore", first});
  tell("ada", {"video", "restore", first, "-o", "json"});
  tell("ada", {"video", "delete", first, "--now"});
  tell("ada", {"video", "delete", first, "-q"});
  tell("", {"queue", "drain"});  // purges what failed uploads left, which a daemon has purged by itself
  for (const char* format : {"table", "tsv", "json", "id"})
    tell("", {"-o", format, "--dry-run", "queue", "drain", "--include-not-due"});
  tell("ada", {"--dry-run", "queue", "drain"});
  tell("", {"--dry-run", "queue", "drain"});
  for (const char* format : {"table", "tsv", "json", "id"}) tell("", {"-o", format, "queue", "list"});
  tell("", {"queue", "list", "--dead"});
  tell("", {"queue", "drain", "--include-not-due"});
  tell("", {"queue", "drain", "--include-not-due", "--yes"});
  tell("", {"queue", "list", "-o", "json"});
  tell("", {"queue", "retry", first, "nothing", "-o", "json"});
  tell("", {"queue", "retry", "--dead"});
  tell("", {"queue", "retry"});
  for (const char* format : {"table", "tsv", "id"})
    tell("", {"-o", format, "task", "list", "--columns", "name,state,plan"});
  tell("", {"task", "run", "session-sweep"});
  tell("", {"task", "run", "session-sweep", "--wait"});
  tell("", {"task", "run", "orphan-sweep", "--wait", "-q"});
  tell("", {"task", "run", "nothing", "--wait"});
  for (const char* format : {"table", "json", "ndjson"}) tell("", {"-o", format, "task", "show", "orphan-sweep"});
  tell("", {"-o", "tsv", "task", "history", "orphan-sweep", "--columns", "asked,began,ended,outcome,done,failed"});
  tell("", {"task", "show", "nothing"});
  tell("", {"video", "restore", first});
  tell("", {"user", "delete", "eve"});
  tell("", {"user", "delete", "ada", "bob"});
  tell("", {"user", "delete", "ada", "--yes", "--transfer-videos-to", "bob"});
  tell("", {"user", "delete", "bob", "--yes", "-o", "json"});
  tell("", {"queue", "drain"});
  tell("", {"-o", "json", "queue", "list"});
  tell("", {"video", "list"});
  tell("", {"user", "list", "--columns", "user_name"});
  return plain(tell.said);
}

void checkSame(const std::string& one, const std::string& other) {
  std::istringstream a(one);
  std::istringstream b(other);
  std::string command;
  for (std::string left, right; std::getline(a, left) && std::getline(b, right);) {
    if (left.find(" => ") != std::string::npos) command = left;
    INFO(command);
    REQUIRE(left == right);
  }
  CHECK(one.size() == other.size());
}

}  // namespace

TEST_CASE("every command prints the same in every mode and format, and its JSON matches its schema", "[long]") {
  const std::map<std::string, bool> all = allCommands();
  Met met(all);
  const std::string direct = everyFormat("direct", met);
  INFO(direct);
  checkSame(direct, everyFormat("socket", met));
  checkSame(direct, everyFormat("remote", met));
  for (const auto& [command, isJson] : all) {
    CAPTURE(command);
    CHECK(met.commands.contains(command + " json") != notEachWay.contains(command));
  }
  othersInEveryFormat(met);
  for (const auto& [command, isJson] : all) {
    for (const std::string format : formats) {
      CAPTURE(command, format);
      CHECK(met.commands.contains(command + ' ' + format));
    }
    if (isJson) CHECK(met.checked.contains(command));
  }
}

TEST_CASE("every command behaves the same in every mode, including refusals", "[long]") {
  const std::map<std::string, bool> all = allCommands();
  Met met(all);
  const std::string direct = everything("direct", met);
  INFO(direct);
  for (const int status : {0, 2, 3, 4, 5, 7})
    CHECK(direct.find("=> " + std::to_string(status) + "\n") != std::string::npos);
  checkSame(direct, everything("socket", met));
  checkSame(direct, everything("remote", met));
}

// videoctl as people and scripts use it: every exit status, and what is left behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "os/descriptor.hpp"
#include "store/schema.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

Ended shell(const std::string& script, const Words& words) {
  return run(join({"sh", "-c", script, builtProgram("videoctl")}, words));
}

}  // namespace

TEST_CASE("-v shows which mode is used, and videoctl never switches modes silently") {
  Site site("socket");
  CHECK(site.run("", {"-v", "user", "list"}).err ==
        "videoctl: socket " + (site.daemon.dataDirectory() / "videod.sock").string() + "\n");
  CHECK(site.direct({"-v", "user", "list"}).err == "videoctl: direct " + site.daemon.dataDirectory().string() + "\n");
  CHECK(videoctl({"-v", "--server", site.daemon.url() + "/", "video", "show", "x"})
            .err.starts_with("videoctl: remote " + site.daemon.url() + "\n"));

  const Words server = {"--server", site.daemon.url()};
  CHECK(videoctl(join(server, {"--as", "ada", "video", "list"})).status == 2);
  CHECK(videoctl(join(server, {"--direct", "video", "list"})).status == 2);
  CHECK(videoctl(join(server, {"--data-dir", "/tmp", "video", "list"})).status == 2);
  CHECK(videoctl(join(server, {"--context", "x", "video", "list"})).status == 2);
  CHECK(videoctl(join(server, {"video", "list"})).status == 6);
  CHECK(videoctl(join(server, {"video", "list"}), {{{"VIDEOCTL_TOKEN", "vdt_wrong"}}, {}, {}}).status == 6);
  CHECK(videoctl(join(server, {"data", "init"})).status == 2);
  CHECK(videoctl({"--server", "example.org", "video", "list"}).status == 2);
  CHECK(videoctl({"--server", "http://192.0.2.1", "video", "list"}, {{{"VIDEOCTL_TOKEN", "x"}}, {}, {}}).status == 2);

  const Ended nobody = videoctl({"--server", "http://127.0.0.1:1", "-o", "json", "video", "list"});
  CHECK(nobody.status == 8);
  CHECK(nobody.err.find("http://127.0.0.1:1") != std::string::npos);
  const auto error = nlohmann::json::parse(nobody.err.substr(nobody.err.find('{')));
  CHECK(error.at("exit") == 8);
  CHECK(error.at("retryable") == true);
}

TEST_CASE("the state of the data directory decides the exit status") {
  const TempDirectory folder;
  const std::string data = folder / "data";
  const Words here = {"--data-dir", data};
  const std::string schema = std::to_string(store::latestSchema());
  CHECK(videoctl(join(here, {"user", "list"})).status == 8);
  CHECK(videoctl(join(here, {"-o", "json", "data", "init"})).out ==
        "{\"path\":\"" + data + "\",\"schema\":" + schema + ",\"before\":0}\n");
  CHECK(videoctl(join(here, {"-o", "json", "data", "migrate"})).out ==
        "{\"path\":\"" + data + "\",\"schema\":" + schema + ",\"before\":" + schema + "}\n");
  CHECK(videoctl({"--data-dir", (write(folder / "file", "x")).string(), "user", "list"}).status == 8);
  CHECK(videoctl({"user", "list"}, {{{"VIDEOD_DATA_DIR", data}}, {}, {}}).status == 0);
  {
    const Descriptor lock(::open((data + "/LOCK").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::flock(lock.number(), LOCK_EX) == 0);
    CHECK(videoctl(join(here, {"--lock-timeout", "100ms", "user", "list"})).status == 9);
  }
  {
    const std::string config = write(folder / "full.toml", "[storage]\nfree_space_floor = \"100000T\"\n");
    const Words full = join(here, {"--config", config});
    const Ended ended = videoctl(join(full, {"user", "add", "ada", "--password-stdin"}), {{}, "password of ada", {}});
    CHECK(ended.status == 11);
    CHECK(ended.err.find("hint: ") != std::string::npos);
  }
  const std::string wrong = write(folder / "wrong.toml", "colour = 1\n");
  CHECK(videoctl(join(here, {"--config", wrong, "user", "list"})).status == 7);
  REQUIRE(run({"sqlite3", data + "/video.db", "PRAGMA user_version = 999"}).status == 0);
  CHECK(videoctl(join(here, {"user", "list"})).status == 12);
}

TEST_CASE("a wrong command line is status 2 and suggests a correction") {
  const Ended noun = videoctl({"vidoe", "list"});
  CHECK(noun.status == 2);
  CHECK(noun.err == "videoctl: vidoe: no such command\nhint: did you mean `videoctl video list`?\n");
  const Ended verb = videoctl({"video", "lsit"});
  CHECK(verb.status == 2);
  CHECK(verb.err.find("did you mean `videoctl video list`?") != std::string::npos);
  const Ended inJson = videoctl({"video", "lsit", "-o", "json"});
  CHECK(nlohmann::json::parse(inJson.err.substr(inJson.err.find('{'))).at("exit") == 2);
  CHECK(videoctl({"user", "show", "\xff"}).status == 7);
  const Words wrong = GENERATE(
      Words{"video"}, Words{"video", "show"}, Words{"video", "show", "x", "y"}, Words{"video", "list", "--nothing"},
      Words{"video", "list", "--limit", "0"}, Words{"video", "list", "--since", "soon"},
      Words{"-o", "xml", "video", "list"}, Words{"--timeout", "0s", "video", "list"},
      Words{"--server", "", "video", "list"}, Words{"user", "add", "x", "--role", "king"}, Words{"user", "add", "x"},
      Words{"user", "add", "x", "--password-stdin", "--random-password"}, Words{"video", "upload", "-"},
      Words{"video", "upload", "-", "a", "--user", "x"}, Words{"video", "upload", "a", "b", "--name", "n"},
      Words{"context", "add", "x"}, Words{"session", "login", "x"}, Words{"comment", "post", "x", "y", "--at", "here"},
      Words{"help", "nothing"});
  const TempDirectory folder;
  REQUIRE(videoctl({"--data-dir", (folder / "data").string(), "data", "init"}).status == 0);
  const std::string config = write(folder / "videod.toml", "data_dir = \"" + (folder / "data").string() + "\"\n");
  const Ended ended = videoctl(join({"--config", config}, wrong), {{{"HOME", folder.path()}}, {}, {}});
  CAPTURE(wrong, ended.err);
  CHECK(ended.status == 2);
  CHECK(ended.out.empty());
  CHECK(ended.err.starts_with("videoctl: "));
}

TEST_CASE("an error hints at what to do next") {
  Site site("remote");
  const auto check = [](const Ended& ended, int status, const std::string& what) {
    CAPTURE(ended.err, what);
    CHECK(ended.status == status);
    CHECK(ended.err.find(what) != std::string::npos);
  };
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string notes = write(site.folder / "notes.txt", "no video");
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  REQUIRE(site.run("ada", {"video", "delete", id}).status == 0);
  check(site.run("ada", {"video", "delete", id}), 5, "video restore");
  check(site.run("ada", {"video", "show", "nothing"}), 4, "video list");
  check(site.run("", {"user", "show", "nobody"}), 4, "user list");
  check(site.run("", {"task", "show", "nothing"}), 4, "task list");
  check(site.run("ada", {"user", "list"}), 6, "session whoami");
  check(site.run("ada", {"video", "upload", notes}), 7, "mp4, mov, webm");
  REQUIRE(site.run("", {"user", "set", "ada", "--quota", "1"}).status == 0);
  check(site.run("ada", {"video", "upload", file}), 7, "user show");
  check(videoctl({"--server", site.daemon.url(), "video", "list"}), 6, "session login");
  check(videoctl({"--server", "http://127.0.0.1:1", "video", "list"}), 8, "that videod is running there");
  const TempDirectory other;
  const Words here{"--data-dir", (other / "data").string(), "--lock-timeout", "50ms", "user", "list"};
  check(videoctl(here), 8, "data init");
  REQUIRE(videoctl({"--data-dir", (other / "data").string(), "data", "init"}).status == 0);
  {
    const Descriptor lock(::open((other / "data/LOCK").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::flock(lock.number(), LOCK_EX) == 0);
    check(videoctl(here), 9, "--lock-timeout");
  }
  const auto mark = [&](const std::string& schema) {
    REQUIRE(run({"sqlite3", (other / "data/video.db").string(), "PRAGMA user_version = " + schema}).status == 0);
  };
  mark("1");
  check(videoctl(here), 12, "data migrate");
  mark("999");
  check(videoctl(here), 12, "newer videod");
}

TEST_CASE("videoctl prints help") {
  for (const Words& words : {Words{}, Words{"help"}}) {
    const Ended ended = videoctl(words);
    CHECK(ended.status == 0);
    for (const char* noun : {"user", "session", "token", "video", "comment", "queue", "data", "context"})
      CHECK(ended.out.find(std::string("\n  ") + noun + " ") != std::string::npos);
    CHECK(ended.out.find("Examples:") != std::string::npos);
  }
  CHECK(videoctl({"--version"}).out == videoctl({"version"}).out);
  CHECK(videoctl({"version"}).out.starts_with("videoctl "));
  for (const char* topic : {"exit-codes", "environment", "formats", "modes", "video"})
    CHECK(videoctl({"help", topic}).status == 0);
  CHECK(videoctl({"video", "upload", "--help"}).out.find("--name") != std::string::npos);
}

TEST_CASE("a closed pipe is not an error; a full disk is status 1") {
  Site site("direct");
  const Words list = {"--data-dir", site.daemon.dataDirectory().string(), "user", "list"};
  const std::string fifo = (site.folder / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const Ended closed = shell("exec 3<>" + fifo + "; exec 4>" + fifo + "; exec 3<&-; exec \"$0\" \"$@\" >&4", list);
  CHECK(closed.status == 0);
  CHECK(closed.err.empty());
  const Ended full = shell("exec \"$0\" \"$@\" >/dev/full", list);
  CHECK(full.status == 1);
  CHECK(full.err.find("standard output: ") != std::string::npos);

  const std::string file = write(site.folder / "a.mp4", content('a'));
  Words upload = {
      "--data-dir", site.daemon.dataDirectory().string(), "-o", "id", "video", "upload", file, file, "--user", "ada"};
  CHECK(shell("exec 3<>" + fifo + "; exec 4>" + fifo + "; exec 3<&-; exec \"$0\" \"$@\" >&4", upload).status == 0);
  CHECK(shell("exec \"$0\" \"$@\" >/dev/full", upload).status == 1);
  const std::string ids = site.direct({"-o", "id", "video", "list"}).out;
  CHECK(std::count(ids.begin(), ids.end(), '\n') == 4);
  const std::string id = ids.substr(0, ids.find('\n'));
  const Words download = {"--data-dir", site.daemon.dataDirectory().string(), "video", "download", id, "--to", "-"};
  CHECK(shell("exec \"$0\" \"$@\" >/dev/full", download).status == 1);
}

TEST_CASE("an interrupted upload leaves nothing behind") {
  const std::string way = GENERATE("direct", "socket", "remote");
  const int number = GENERATE(SIGINT, SIGTERM);
  CAPTURE(way, number);
  Site site(way);
  const std::string fifo = (site.folder / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const Descriptor feed(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const std::string start = content('a');
  REQUIRE(::write(feed.number(), start.data(), start.size()) == static_cast<ssize_t>(start.size()));

  Words words = {"-c", "exec \"$0\" \"$@\" <" + fifo, builtProgram("videoctl")};
  Given given;
  if (way == "remote") {
    site.run("ada", {"video", "list"});
    given.environment["VIDEOCTL_TOKEN"] = site.tokens["ada"];
    words = join(words, {"--server", site.daemon.url()});
  } else if (way == "direct") {
    words = join(words, {"--data-dir", site.daemon.dataDirectory().string()});
  } else {
    words = join(words, {"--config", (site.folder / "ctl.toml").string()});
  }
  words.insert(words.begin(), "sh");
  Program upload(join(words, {"video", "upload", "-", "--name", "slow", "--user", "ada"}), given);
  const fs::path incoming = site.daemon.dataDirectory() / "incoming";
  test::waitFor("the upload has begun", [&] { return !fs::is_empty(incoming); });
  upload.signal(number);
  CHECK(upload.wait().status == 128 + number);
  test::waitFor("nothing is left of the upload", [&] { return fs::is_empty(incoming); });
  CHECK(site.run("", {"-o", "id", "video", "list", "--user", "ada"}).out.empty());
  CHECK(site.run("", {"queue", "drain"}).status == 0);
  CHECK(site.run("", {"-o", "id", "queue", "list"}).out.empty());
}

TEST_CASE("passwords are only read from safe places") {
  Site site("direct");
  const fs::path file = write(site.folder / "pwd", "a good password\n");
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read);
  const Ended open = site.direct({"user", "add", "bob", "--password-file", file.string()});
  CHECK(open.status == 6);
  CHECK(open.err.find("others can read it") != std::string::npos);
  CHECK(site.direct({"user", "add", "bob", "--password-file", "/nothing/here"}).status == 4);
  fs::permissions(file, fs::perms::owner_read);
  CHECK(site.direct({"user", "add", "bob", "--password-file", file.string()}).status == 0);
  const Ended random = site.direct({"user", "add", "eve", "--random-password"});
  CHECK(random.status == 0);

  const auto login = [&](const std::string& name, const std::string& password) {
    return videoctl({"--server", site.daemon.url(), "session", "login", name, "--password-stdin"},
                    {{{"XDG_CONFIG_HOME", (site.folder / "config").string()}}, password, {}});
  };
  CHECK(login("bob", "a good password").status == 0);
  CHECK(login("bob", "a good password\n").status == 0);
  CHECK(login("eve", random.out).status == 0);
  const Ended wrong = login("bob", "a good password\n\n");
  CHECK(wrong.status == 6);
}

TEST_CASE("login saves a token in the context, logout removes it") {
  Site site("remote");
  const fs::path config = site.folder / "config";
  const auto ctl = [&](const Words& words, const std::string& input = {},
                       std::map<std::string, std::string> environment = {}) {
    environment["XDG_CONFIG_HOME"] = config.string();
    return videoctl(words, {environment, input, {}});
  };
  CHECK(ctl({"context", "list", "-o", "json"}).out == "{\"contexts\":[]}\n");
  CHECK(ctl({"context", "show", "--columns", "name", "--no-header"}).out == "local\n");
  CHECK(ctl({"context", "add", "local", "--server", site.daemon.url()}).status == 2);
  CHECK(ctl({"context", "use", "home"}).status == 4);
  CHECK(ctl({"context", "add", "home", "--server", site.daemon.url() + "/"}).status == 0);
  CHECK(ctl({"context", "use", "home"}).status == 0);
  CHECK(ctl({"session", "whoami"}).status == 6);
  CHECK(ctl({"session", "login", "ada", "--password-stdin"}, "wrong password").status == 6);
  CHECK(ctl({"session", "login", "ada", "--password-stdin"}, "password of ada").status == 0);
  struct stat file {};
  REQUIRE(::stat((config / "videoctl/contexts.toml").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  const auto who = nlohmann::json::parse(ctl({"session", "whoami", "-o", "json"}).out);
  CHECK(who.at("user_name") == "ada");
  CHECK(who.at("kind") == "token");
  CHECK(who.at("scope") == "full");
  CHECK(ctl({"context", "list", "--no-header"}).out == "home\t" + site.daemon.url() + "\ttrue\ttrue\tada\n");
  CHECK(ctl({"context", "list"}).out.find("vdt_") == std::string::npos);
  CHECK(ctl({"session", "whoami"}, {}, {{"VIDEOCTL_TOKEN", "vdt_other"}}).status == 2);
  CHECK(ctl({"--context", "local", "--data-dir", site.daemon.dataDirectory().string(), "session", "whoami"}).status ==
        0);

  const fs::path file2 = config / "videoctl/contexts.toml";
  fs::permissions(file2, fs::perms::others_read, fs::perm_options::add);
  CHECK(ctl({"session", "whoami"}).status == 6);
  fs::permissions(file2, fs::perms::others_read, fs::perm_options::remove);

  const std::string kept = read(file2);
  CHECK(ctl({"session", "logout"}).status == 0);
  CHECK(ctl({"session", "whoami"}).status == 6);
  write(file2, kept);
  CHECK(ctl({"session", "whoami"}).status == 6);  // the token itself has ended
  CHECK(ctl({"context", "add", "home", "--server", "https://example.org"}).status == 0);
  CHECK(read(file2).find("vdt_") == std::string::npos);  // a secret stays with its URL
  CHECK(ctl({"context", "remove", "home"}).status == 0);
  CHECK(ctl({"context", "show", "--columns", "name", "--no-header"}).out == "local\n");
  CHECK(ctl({"context", "remove", "home"}).status == 4);

  CHECK(
      ctl({"--server", site.daemon.url(), "session", "login", "root", "--password-stdin"}, "password of root").status ==
      0);
  CHECK(read(file2).find(site.daemon.url()) != std::string::npos);
}

TEST_CASE("each of several items gets its line, and an error that affects all items ends the command") {
  Site site("remote");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  const Ended some = site.run("ada", {"-o", "json", "video", "delete", "nothing", id, "none"});
  CHECK(some.status == 3);
  const auto results = nlohmann::json::parse(some.out).at("results");
  REQUIRE(results.size() == 3);
  CHECK(results[0].at("status") == "failed");
  CHECK(results[0].at("id") == "nothing");
  CHECK(results[0].at("detail") == "video nothing: not found");
  CHECK(results[1].at("status") == "deleted");
  CHECK(site.run("ada", {"-o", "id", "video", "restore", "nothing", id}).out == id + "\n");
  const Ended fast = site.run("ada", {"--fail-fast", "--no-header", "video", "delete", "nothing", id});
  CHECK(fast.status == 3);
  CHECK(std::count(fast.out.begin(), fast.out.end(), '\n') == 1);
  CHECK(videoctl({"--server", site.daemon.url(), "video", "delete", id, id}).status == 6);
  CHECK(videoctl({"--server", "http://127.0.0.1:1", "video", "delete", id, id}).status == 8);
  const Ended input = site.run("ada", {"video", "delete", "-", "--columns", "status,id", "--no-header"},
                               {{}, id + "\n\n" + "nothing\n", {}});
  CHECK(input.status == 3);
  CHECK(input.out == "deleted\t" + id + "\nfailed\tnothing\n");
}

TEST_CASE("access to another user's things is refused with status 6") {
  Site site("remote");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  REQUIRE(site.direct({"user", "add", "bob", "--password-stdin"}, {{}, "password of bob", {}}).status == 0);
  for (const Words& words :
       {Words{"video", "delete", id}, Words{"video", "upload", file, "--user", "ada"}, Words{"user", "list"},
        Words{"user", "show", "ada"}, Words{"user", "delete", "ada", "--yes"}, Words{"queue", "list"},
        Words{"queue", "drain"}, Words{"token", "create", "--label", "x", "--scope", "read", "--user", "ada"},
        Words{"token", "create", "--label", "x", "--scope", "admin"}}) {
    const Ended ended = site.run("bob", words);
    CAPTURE(words, ended.err);
    CHECK(ended.status == 6);
    CHECK(ended.out.empty());
  }
  CHECK(site.run("bob", {"video", "show", id}).status == 0);
}

TEST_CASE("verify finds a damaged file and exits with 10") {
  Site site("direct");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  for (int i = 0; i < 2; ++i) REQUIRE(site.run("ada", {"video", "upload", file}).status == 0);
  CHECK(site.run("ada", {"video", "verify", "--all"}).status == 0);
  for (const auto& entry : fs::recursive_directory_iterator(site.daemon.dataDirectory() / "blobs"))
    if (entry.is_regular_file()) {
      write(entry.path(), content('b'));
      break;
    }
  const Ended ended = site.run("ada", {"video", "verify", "--all", "--columns", "status", "--no-header"});
  CHECK(ended.status == 10);
  CHECK((ended.out == "sound\ndamaged\n" || ended.out == "damaged\nsound\n"));
}

TEST_CASE("a list of any length is fetched page by page") {
  Site site("remote", std::string(idle) + "[access]\ncomments_per_minute = 0\n");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  constexpr int many = 1100;  // more than two pages
  std::string requests;
  for (int i = 0; i < many; ++i) {
    if (i > 0) requests += "next\n";
    requests += "url = \"" + site.daemon.url() + "/videos/" + id + "/comments\"\noutput = \"/dev/null\"\n" +
                "header = \"Authorization: Bearer " + site.tokens["ada"] + "\"\n" + "data = \"{\\\"content\\\":\\\"" +
                std::to_string(i) + "\\\"}\"\n";
  }
  const Ended posted = run({"curl", "-sSf", "-K", "-"}, {{}, requests, {}});
  INFO(posted.err);
  REQUIRE(posted.status == 0);
  const std::string all = site.run("ada", {"-o", "json", "comment", "list", id}).out;
  const auto comments = nlohmann::json::parse(all).at("comments");
  REQUIRE(comments.size() == many);
  for (std::size_t i = 0; i < many; ++i) REQUIRE(comments[i].at("content") == std::to_string(i));
  CHECK(site.direct({"-o", "json", "comment", "list", id}).out == all);
  const std::string ids = site.run("ada", {"-o", "id", "comment", "list", id, "--limit", "507"}).out;
  CHECK(std::count(ids.begin(), ids.end(), '\n') == 507);
  const std::string lines = site.run("ada", {"-o", "ndjson", "comment", "list", id}).out;
  CHECK(std::count(lines.begin(), lines.end(), '\n') == many);
}

// Questions and passwords on a terminal of their own.
#include <fcntl.h>
#include <sys/stat.h>

#include "catch.hpp"
#include "e2e/terminal.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;

TEST_CASE("on a terminal videoctl asks twice for a new password, without echo, and confirms what cannot be undone") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  {
    Terminal terminal(join(here, {"user", "add", "bob"}));
    terminal.expect("Password: ");
    CHECK_FALSE(terminal.echoes());
    terminal.type("password of bob\n");
    terminal.expect("Repeat password: ");
    terminal.type("password of eve\n");
    CHECK(terminal.wait() == 2);
    CHECK(terminal.shown.find("password of") == std::string::npos);
    CHECK(terminal.shown.find("differ") != std::string::npos);
  }
  {
    Terminal terminal(join(here, {"user", "add", "bob"}));
    terminal.expect("Password: ");
    terminal.type("\x03");
    CHECK(terminal.wait() == 128 + SIGINT);
    CHECK(terminal.echoes());
  }
  {
    Terminal terminal(join(here, {"user", "add", "bob"}));
    terminal.expect("Password: ");
    terminal.type("password of bob\n");
    terminal.expect("Repeat password: ");
    terminal.type("password of bob\n");
    CHECK(terminal.wait() == 0);
    CHECK(terminal.shown.find("password of bob") == std::string::npos);
  }
  {
    Terminal terminal(join(here, {"user", "delete", "bob"}));
    terminal.expect(site.daemon.dataDirectory().string());
    terminal.expect("[y/N] ");
    terminal.type("n\n");
    CHECK(terminal.wait() == 1);
  }
  {
    Terminal terminal(join(here, {"--no-input", "user", "delete", "bob"}));
    CHECK(terminal.wait() == 2);
    CHECK(terminal.shown.find("--yes") != std::string::npos);
  }
  CHECK(site.direct({"user", "show", "bob"}).status == 0);
  Terminal terminal(join(here, {"user", "delete", "bob"}));
  terminal.expect("[y/N] ");
  terminal.type("y\n");
  CHECK(terminal.wait() == 0);
  CHECK(site.direct({"user", "show", "bob"}).status == 4);
}

TEST_CASE("user passwd names the tokens that stay valid and offers to revoke them") {
  const Site site("direct");
  REQUIRE(site.direct({"user", "add", "bob", "--password-stdin"}, {{}, "password of bob", {}}).status == 0);
  const auto create = [&] {
    REQUIRE(site.direct({"--as", "bob", "token", "create", "--label", "cron", "--scope", "read"}).status == 0);
  };
  const auto count = [&] {
    const std::string ids = site.direct({"token", "list", "--user", "bob", "-o", "id"}).out;
    return std::count(ids.begin(), ids.end(), '\n');
  };
  const Words change{"user", "passwd", "bob"};
  create();
  for (const std::string answer : {"n", "y"}) {
    Terminal terminal(join({"--data-dir", site.daemon.dataDirectory().string()}, change));
    terminal.expect("Password: ");
    terminal.type("a new password\n");
    terminal.expect("Repeat password: ");
    terminal.type("a new password\n");
    terminal.expect("tokens of bob that stay valid: cron");
    terminal.expect("Revoke them? [y/N] ");
    terminal.type(answer + "\n");
    CHECK(terminal.wait() == 0);
    CHECK(count() == (answer == "n" ? 1 : 0));
  }
  create();
  const Ended told = site.direct(join(change, {"--password-stdin"}), {{}, "a new password", {}});
  CHECK(told.status == 0);
  CHECK(told.err.find("stay valid: cron") != std::string::npos);
  CHECK(count() == 1);
  const Ended ended = site.direct(join(change, {"--password-stdin", "--revoke-tokens"}), {{}, "a new password", {}});
  CHECK(ended.status == 0);
  CHECK(ended.err.empty());
  CHECK(count() == 0);
}

TEST_CASE("a table is cut to the width of the terminal, and nowhere else") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  const std::string file = write(site.folder / "a.mp4", content('a'));
  std::string name;
  for (int i = 0; i < 30; ++i) name += "\u6620";  // two cells, three bytes
  REQUIRE(site.direct({"video", "upload", file, "--name", name, "--user", "ada"}).status == 0);
  const Words list = join(here, {"video", "list", "--columns", "name", "--no-header"});
  Terminal terminal(list, 41);
  CHECK(terminal.wait() == 0);
  CHECK(terminal.shown == name.substr(0, 60) + "\u2026\r\n");
  CHECK(videoctl(join(list, {"-o", "table"})).out == name + "\n");
}

TEST_CASE("uploads and downloads show progress on a terminal, but not on a dumb one or with --no-progress") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  const std::string file = write(site.folder / "big.mp4", content('a') + std::string(3'000'000, 'b'));
  const Words upload = join(here, {"-o", "id", "video", "upload", file, "--user", "ada"});
  Terminal shown(upload);
  CHECK(shown.wait() == 0);
  CHECK(shown.shown.find("big.mp4: 2.9 MiB of 2.9 MiB [####################] 100%") != std::string::npos);
  CHECK(shown.shown.find("/s, 0:00 left") != std::string::npos);
  Terminal narrow(upload, 30);
  CHECK(narrow.wait() == 0);
  CHECK(narrow.shown.find("\rbig.mp4: 100%  0:00 left\x1b[K") != std::string::npos);
  for (const bool dumb : {true, false}) {
    Terminal quiet(join(upload, dumb ? Words{} : Words{"--no-progress"}), 200, dumb ? "dumb" : "xterm");
    CHECK(quiet.wait() == 0);
    CHECK(quiet.shown.find("MiB") == std::string::npos);
  }
  const std::string id = line(site.direct({"-o", "id", "video", "list", "--limit", "1"}).out);
  Terminal back(join(here, {"video", "download", id, "--to", (site.folder / "back.mp4").string()}));
  CHECK(back.wait() == 0);
  CHECK(back.shown.find("100%") != std::string::npos);
}

TEST_CASE("verify and drain show progress on a terminal, with results on lines of their own") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string both = site.direct({"-o", "id", "video", "upload", file, file, "--user", "ada"}).out;
  const std::string first = both.substr(0, both.find('\n'));
  Terminal verify(join(here, {"video", "verify", "--all"}));
  CHECK(verify.wait() == 0);
  CHECK(verify.shown.find("\rverify: 0 of 2 [....................] 0%\x1b[K\r\x1b[KSTATUS") != std::string::npos);
  CHECK(verify.shown.find("\rverify: 1 of 2 [##########..........] 50%") != std::string::npos);
  CHECK(verify.shown.find("\r\x1b[Ksound   " + first) != std::string::npos);
  REQUIRE(site.direct({"video", "delete", "--now", "--yes", "-"}, {{}, both, {}}).status == 0);
  Terminal drain(join(here, {"queue", "drain"}));
  CHECK(drain.wait() == 0);
  CHECK(drain.shown.find("\rqueue: 0 of 2 [....................] 0%\x1b[K") != std::string::npos);
}

TEST_CASE("progress fits a resized terminal, and file names cannot send control sequences to it") {
  const Site site("direct");
  const std::string name = "a\x1b[31m" + std::string(40, 'n') + ".mp4";
  const std::string fifo = (site.folder / name).string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const Descriptor feed(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const auto write = [&](const std::string& bytes) {
    REQUIRE(::write(feed.number(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  };
  Terminal terminal(
      {"--data-dir", site.daemon.dataDirectory().string(), "video", "upload", fifo, "--name", name, "--user", "ada"});
  CHECK(terminal.wait() == 7);  // no name of a video either
  CHECK(terminal.shown.find("\x1b[31m") == std::string::npos);
  Terminal other({"--data-dir", site.daemon.dataDirectory().string(), "video", "upload", fifo, "--user", "ada",
                  "--name", std::string(40, 'n')});
  write(content('a'));
  other.expect('\r' + std::string(40, 'n') + ": ");
  other.resize(20);
  write(content('b'));
  other.expect("n\u2026: 5.9 KiB, 0:0");
  other.resize(200);
  write(content('c'));
  other.expect('\r' + std::string(40, 'n') + ": ");
  other.type("\x03");
  CHECK(other.wait() == 128 + SIGINT);
}

TEST_CASE("table columns are aligned by display width in every script") {
  const Site site("direct");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  for (const char* name : {"\u6620\u753b", "\U0001F3AC", "Gr\u00fc\u00dfe", "cafe\u0301"})
    REQUIRE(site.direct({"video", "upload", file, "--name", name, "--user", "ada"}).status == 0);
  CHECK(site.direct({"-o", "table", "--no-header", "video", "list", "--columns", "name,state"}).out ==
        "cafe\u0301   ready\nGr\u00fc\u00dfe  ready\n\U0001F3AC     ready\n\u6620\u753b   ready\n");
}

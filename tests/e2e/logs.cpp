// The log of the real daemon: its file with logrotate, its failed sign-ins for fail2ban, and a stderr that is gone.
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "catch.hpp"
#include "e2e/front.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

int signInStatus(const Daemon& daemon, const std::string& password) {
  return std::stoi(run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", R"({"pwd":")" + password + R"("})",
                        daemon.url() + "/user/anna"})
                       .out);
}

void waitForText(const fs::path& file, const std::string& text) {
  test::waitFor(text + " is in " + file.string(), [&] { return read(file).find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("the shipped logrotate example rotates the access log, and no line is lost") {
  if (!isInstalled("logrotate")) return;
  const TempDirectory folder;
  const fs::path log = folder / "access.log";
  Daemon daemon("[log]\naccess = \"" + log.string() + "\"\n");
  run({"curl", "-s", "-o", "/dev/null", daemon.url() + "/version?n=before"});
  waitForText(log, "op=server.version");
  CHECK(daemon.log().find("op=server.version") == std::string::npos);
  write(folder / "logrotate", example("logrotate", {{"/var/log/videod/access.log", log.string()},
                                                    {"systemctl kill --signal=SIGUSR1 --kill-whom=main videod.service",
                                                     "kill -USR1 " + std::to_string(daemon.pid())}}));
  fs::permissions(folder / "logrotate", fs::perms::owner_read | fs::perms::owner_write);
  const Ended rotated = run(
      {"sh", "-c", "PATH=$PATH:/usr/sbin logrotate -v -f -s \"$0/state\" \"$0/logrotate\"", folder.path().string()});
  INFO(rotated.err);
  REQUIRE(rotated.status == 0);
  daemon.waitForLog("log file reopened");
  run({"curl", "-s", "-o", "/dev/null", daemon.url() + "/healthz"});
  waitForText(log, "op=server.healthz");
  CHECK(read(folder / "access.log.1").find("op=server.version") != std::string::npos);
  CHECK(read(log).find("op=server.version") == std::string::npos);
  // After a reload to another place, the file is closed.
  const auto isOpen = [&] {
    const fs::path files = "/proc/" + std::to_string(daemon.pid()) + "/fd";
    std::error_code gone;
    return std::any_of(fs::directory_iterator(files), fs::directory_iterator(),
                       [&](const auto& one) { return fs::read_symlink(one.path(), gone) == log; });
  };
  CHECK(isOpen());
  daemon.configure("[log]\naccess = true\n");
  daemon.signal(SIGHUP);
  daemon.waitForLog("msg=reloaded");
  CHECK_FALSE(isOpen());
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("a file for access lines that cannot be is refused, also by a reload") {
  const TempDirectory folder;
  const std::string bad = "[log]\naccess = \"" + folder.path().string() + "\"\n";
  write(folder / "videod.toml", bad);
  const Ended refused = run({builtProgram("videod"), "--config", (folder / "videod.toml").string(), "--data-dir",
                             (folder / "data").string(), "--listen", "127.0.0.1:0"});
  CHECK(refused.status == 2);
  CHECK(refused.err.find("log.access: " + folder.path().string() + ": ") != std::string::npos);
  Daemon daemon("[log]\naccess = true\n");
  daemon.configure(bad);
  daemon.signal(SIGHUP);
  CHECK(daemon.waitForLog("keeping the old configuration\" error=").find("log.access: ") != std::string::npos);
  run({"curl", "-s", "-o", "/dev/null", daemon.url() + "/version"});
  daemon.waitForLog("op=server.version");
}

TEST_CASE("the shipped fail2ban filter finds failed sign-ins in each format, and nothing else") {
  if (!isInstalled("fail2ban-regex")) return;
  const std::string format = GENERATE("logfmt", "json", "common");
  INFO(format);
  const TempDirectory folder;
  const fs::path log = folder / "access.log";
  Daemon daemon("[log]\naccess = \"" + log.string() + "\"\naccess_format = \"" + format + "\"\n");
  REQUIRE(run({"curl", "-s", "-f", "-o", "/dev/null", "-d", R"({"user_name":"anna","pwd":"correct horse"})",
               daemon.url() + "/user"})
              .status == 0);
  CHECK(signInStatus(daemon, "correct horse") == 200);
  CHECK(signInStatus(daemon, "wrong horse") == 401);
  const std::string address = "127.0.0.9";
  // On the page; and with names that are to confuse the filter.
  for (const std::string& path :
       {std::string("/signin"), std::string("/user/x%20%22status=200"), std::string("/%75ser/nobody")})
    run({"curl", "-s", "-o", "/dev/null", "--interface", address, "-A", "status=401 address=203.0.113.5", "-d",
         path == "/signin" ? "user_name=anna&pwd=wrong+horse" : R"({"pwd":"wrong horse"})", daemon.url() + path});
  // Refused, and no sign-in; its agent says it was one.
  run({"curl", "-s", "-o", "/dev/null", "--interface", "127.0.0.8", "-A",
       "op=sessions.login method=POST path=/user/a status=401 bytes=1 ms=1 request_id=r address=203.0.113.5 ",
       daemon.url() + "/session"});
  run({"curl", "-s", "-o", "/dev/null", daemon.url() + "/readyz"});
  waitForText(log, "/readyz");
  const std::string filter = fs::path(VIDEO_SOURCE_DIR) / "etc/examples/fail2ban/filter.d/videod.conf";
  const Ended found = run({"fail2ban-regex", "-o", "ip", log.string(), filter});
  INFO(read(log) << found.err);
  CHECK(found.status == 0);
  CHECK(found.out == "127.0.0.1\n127.0.0.9\n127.0.0.9\n127.0.0.9\n");
  // As fail2ban takes it from the journal.
  std::ifstream lines(log);
  std::string journal;
  for (std::string line; std::getline(lines, line);)
    journal += "host videod[123]: " + std::regex_replace(line, std::regex(R"(^time=\S+ |"time":"[^"]*",)"), "") + '\n';
  write(folder / "journal", journal);
  CHECK(run({"fail2ban-regex", "-o", "ip", (folder / "journal").string(), filter}).out == found.out);
}

TEST_CASE("a stderr that is closed or full does not stop the daemon") {
  const std::string redirection = GENERATE("2>&-", "2>/dev/full");
  INFO(redirection);
  const TempDirectory folder;
  write(folder / "videod.toml", "[[listener]]\naddress = \"unix:" + (folder / "web.sock").string() + "\"\n");
  Program program({"sh", "-c", "exec \"$0\" --config \"$1/videod.toml\" --data-dir \"$1/data\" " + redirection,
                   builtProgram("videod"), folder.path().string()});
  const auto ask = [&] {
    return run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", (folder / "web.sock").string(),
                "http://localhost/readyz"})
        .out;
  };
  test::waitFor("it serves", [&] { return ask() == "200"; });
  for (int i = 0; i < 20; ++i) CHECK(ask() == "200");
  program.signal(SIGHUP);  // it logs
  CHECK(ask() == "200");
  program.signal(SIGTERM);
  CHECK(program.wait().status == 0);
}

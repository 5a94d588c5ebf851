#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "e2e/program.hpp"

using namespace video;
using namespace video::e2e;
using namespace std::chrono_literals;

namespace {

Ended videod(std::vector<std::string> arguments, const Given& given = {}) {
  arguments.insert(arguments.begin(), builtProgram("videod"));
  return run(arguments, given);
}

std::string write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
  return path.string();
}

// The answer's status, and its body.
std::pair<std::string, std::string> get(const std::string& url, std::vector<std::string> flags = {}) {
  std::vector<std::string> arguments{"curl", "-s", "-w", "\n%{http_code}", url};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const std::string out = run(arguments).out;
  const std::size_t line = out.rfind('\n');
  return {out.substr(line + 1), out.substr(0, line)};
}

// A TCP connection to a daemon, whose bytes the test writes itself.
Descriptor connectTo(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  return socket;
}

void send(const Descriptor& socket, std::string_view text) {
  REQUIRE(::send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("videod serves, says where, and stops with 0") {
  const int number = GENERATE(SIGTERM, SIGINT);
  Daemon daemon;
  CHECK(daemon.address().starts_with("127.0.0.1:"));
  CHECK(daemon.address() != "127.0.0.1:0");
  CHECK(get(daemon.url() + "/healthz").first == "200");
  CHECK(get(daemon.url() + "/readyz").first == "200");
  CHECK(get(daemon.url() + "/version").second.find("\"version\"") != std::string::npos);
  CHECK(get(daemon.url() + "/no/such/path").first == "404");
  daemon.signal(number);
  CHECK(daemon.wait() == 0);
  CHECK(daemon.log().find("msg=stopping") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(daemon.dataDirectory() / "videod.sock"));
}

TEST_CASE("the operator's socket is there while the daemon is, for its group alone") {
  Daemon daemon;
  const std::filesystem::path socket = daemon.dataDirectory() / "videod.sock";
  struct stat status {};
  REQUIRE(::stat(socket.c_str(), &status) == 0);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 07777) == 0660);
  CHECK(get("http://localhost/user", {"--unix-socket", socket.string()}).first == "200");
  CHECK(get(daemon.url() + "/user").first == "401");

  Daemon second("", {}, daemon.dataDirectory());  // goes on without the socket, and says so
  CHECK(second.log().find("another daemon holds the operator's socket") != std::string::npos);
  CHECK(second.terminate() == 0);
  CHECK(get("http://localhost/user", {"--unix-socket", socket.string()}).first == "200");
  daemon.kill();
  Daemon third("", {}, daemon.dataDirectory());  // a dead daemon's socket is taken over
  CHECK(get("http://localhost/user", {"--unix-socket", socket.string()}).first == "200");
  CHECK(third.terminate() == 0);
}

TEST_CASE("a request under way is answered before the daemon stops") {
  Daemon daemon("[http]\nshutdown_timeout = \"20s\"\n");
  const std::string body = R"({"user_name":"anna","pwd":"correct horse"})";
  const Descriptor socket = connectTo(daemon.address());
  send(socket, "POST /user HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: none\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\nExpect: 100-continue\r\n\r\n");
  char answer[1024]{};
  REQUIRE(::recv(socket.number(), answer, sizeof answer, 0) > 0);  // 100 Continue: the request is under way
  daemon.signal(SIGTERM);
  daemon.waitForLog("msg=stopping");
  send(socket, body);
  std::string text;
  for (ssize_t got = 0; (got = ::recv(socket.number(), answer, sizeof answer, 0)) > 0;)
    text.append(answer, static_cast<std::size_t>(got));
  CHECK(text.starts_with("HTTP/1.1 201"));
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a second signal stops at once") {
  Daemon daemon("[http]\nshutdown_timeout = \"1h\"\n");
  const Descriptor socket = connectTo(daemon.address());
  send(socket, "POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  char answer[256];
  REQUIRE(::recv(socket.number(), answer, sizeof answer, 0) > 0);
  daemon.signal(SIGTERM);
  daemon.waitForLog("msg=stopping");
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("signals that this version does nothing about end nothing") {
  Daemon daemon;
  daemon.signal(SIGHUP);
  daemon.waitForLog("reload is not supported");
  daemon.signal(SIGUSR1);
  daemon.waitForLog("no log file");
  CHECK(get(daemon.url() + "/healthz").first == "200");
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("videod killed at any time starts again") {
  const TempDirectory home;
  for (int i = 0; i < 3; ++i) {
    Daemon daemon("", {}, home / "data");
    CHECK(get(daemon.url() + "/readyz").first == "200");
    daemon.kill();
  }
}

TEST_CASE("flags: help, version, check") {
  const TempDirectory home;
  const Ended version = videod({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out == "videod " VIDEO_VERSION "\n");
  const Ended help = videod({"--help"});
  CHECK(help.status == 0);
  for (const char* const flag : {"--config", "--data-dir", "--listen", "--no-tasks", "--check", "--version"})
    CHECK(help.out.find(flag) != std::string::npos);
  CHECK(videod({"--check", "--config", std::string(VIDEO_SOURCE_DIR) + "/etc/videod.toml"}).status == 0);
  const std::string file = write(home / "videod.toml", "data_dir = \"" + (home / "data").string() + "\"\n");
  const Ended check = videod({"--check"}, {{{"VIDEOD_CONFIG", file}}, {}, {}});
  CHECK(check.status == 0);
  CHECK(check.out == file + ": good\n");
  CHECK_FALSE(std::filesystem::exists(home / "data"));  // it looks, and touches nothing
}

TEST_CASE("a bad flag or configuration is exit 2, with the place") {
  const TempDirectory home;
  CHECK(videod({"--no-such-flag"}).status == 2);
  CHECK(videod({"stray"}).status == 2);
  CHECK(videod({"--config"}).status == 2);
  const Ended listen = videod({"--listen", "8000", "--data-dir", (home / "data").string()});
  CHECK(listen.status == 2);
  CHECK(listen.err == "videod: --listen: \"8000\" is not HOST:PORT, [V6]:PORT or unix:PATH\n");
  const Ended missing = videod({"--config", (home / "none.toml").string()});
  CHECK(missing.status == 2);
  CHECK(missing.err == "videod: configuration file " + (home / "none.toml").string() + ": No such file or directory\n");
  const std::string file = write(home / "bad.toml", "[http]\n\nworker = 8\n");
  const Ended bad = videod({"--config", file, "--check"});
  CHECK(bad.status == 2);
  CHECK(bad.err == "videod: " + file + ":3: http.worker: unknown key\n");
  CHECK_FALSE(std::filesystem::exists(home / "data"));
}

TEST_CASE("a directory or address that cannot be had is exit 8") {
  const TempDirectory home;
  const std::string inNothing = (home / "no/such/data").string();
  const Ended missing = videod({"--data-dir", inNothing, "--listen", "127.0.0.1:0"});
  CHECK(missing.status == 8);
  CHECK(missing.err.find("videod: ") != std::string::npos);
  CHECK(missing.err.find(inNothing) != std::string::npos);

  std::filesystem::create_directory(home / "other");
  write(home / "other/letter.txt", "not ours");
  CHECK(videod({"--data-dir", (home / "other").string(), "--listen", "127.0.0.1:0"}).status == 8);
  CHECK(std::distance(std::filesystem::directory_iterator(home / "other"), {}) == 1);

  Daemon daemon;
  const Ended taken = videod({"--data-dir", (home / "data").string(), "--listen", daemon.address()});
  CHECK(taken.status == 8);
  CHECK(taken.err.find(daemon.address()) != std::string::npos);
}

TEST_CASE("a newer schema is exit 12, and stays as it is") {
  Daemon first;
  REQUIRE(first.terminate() == 0);
  const std::string database = (first.dataDirectory() / "video.db").string();
  REQUIRE(run({"sqlite3", database, "PRAGMA user_version = 9999"}).status == 0);
  const Ended newer = videod({"--data-dir", first.dataDirectory().string(), "--listen", "127.0.0.1:0"});
  CHECK(newer.status == 12);
  CHECK(run({"sqlite3", database, "PRAGMA user_version"}).out == "9999\n");
}

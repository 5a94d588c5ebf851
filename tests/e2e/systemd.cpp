// What systemd sees of the daemon, and what its clients see of a restart. The unit as a whole runs in tests/package.sh.
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "catch.hpp"
#include "e2e/nginx.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;

namespace {

// The socket on which systemd hears of a daemon.
class NotifySocket {
 public:
  NotifySocket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    gatherer_ = std::jthread([this](const std::stop_token& stop) { gather(stop); });
  }

  std::string path() const { return (home_ / "notify").string(); }

  // The next message. It waits, at most so long as a test may take.
  std::string next() {
    std::string message;
    test::waitFor("a message to systemd", [&] {
      const std::lock_guard lock(mutex_);
      if (messages_.empty()) return false;
      message = messages_.front();
      messages_.pop_front();
      return true;
    });
    return message;
  }

  void waitFor(const std::string& start) {
    while (!next().starts_with(start)) continue;
  }

  // Forgets what has come so far.
  void clear() {
    const std::lock_guard lock(mutex_);
    messages_.clear();
  }

 private:
  // All the time, as systemd does: the kernel keeps only a few for who does not read.
  void gather(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd ready{socket_.number(), POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      char text[4096];
      const ssize_t got = ::recv(socket_.number(), text, sizeof text, 0);
      const std::lock_guard lock(mutex_);
      if (got > 0) messages_.emplace_back(text, static_cast<std::size_t>(got));
    }
  }

  TempDirectory home_;
  Descriptor socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::mutex mutex_;
  std::deque<std::string> messages_;
  std::jthread gatherer_;
};

// A port that stays ours, as one of a socket unit, and daemons that get it one after the other.
class SocketUnit {
 public:
  SocketUnit() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_.number(), 4096) == 0);
    REQUIRE(::getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  const std::string& address() const { return address_; }
  std::string operatorSocket() const { return (home_ / "data/videod.sock").string(); }

  std::unique_ptr<Program> start() const {
    auto daemon = std::make_unique<Program>(std::vector<std::string>{
        "bash", "-c", fmt::format("exec 3<&{}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", socket_.number()), "-",
        builtProgram("videod"), "--data-dir", (home_ / "data").string(), "--listen", address_});
    daemon->waitForError("msg=ready ");
    return daemon;
  }

 private:
  TempDirectory home_;
  Descriptor socket_{::socket(AF_INET, SOCK_STREAM, 0)};
  std::string address_;
};

// One request on an open connection; empty if it worked, otherwise why not. `closes`: whether the server closes after
// it.
std::string failureOf(const Descriptor& socket, std::string_view request, bool& closes) {
  timeval most{};
  most.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  if (::send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return "not sent";
  std::string reply;
  std::size_t wanted = std::string::npos;
  while (reply.size() < wanted) {
    char piece[4096];
    const ssize_t got = ::recv(socket.number(), piece, sizeof piece, 0);
    if (got <= 0) return "ended after: " + reply;
    reply.append(piece, static_cast<std::size_t>(got));
    const std::size_t end = reply.find("\r\n\r\n");
    const std::size_t length = reply.find("Content-Length: ");
    if (end != std::string::npos && length < end) wanted = end + 4 + std::stoul(reply.substr(length + 16));
  }
  closes = reply.find("Connection: close") != std::string::npos;
  return reply.starts_with("HTTP/1.1 401") ? "" : reply;
}

}  // namespace

TEST_CASE("restarts behind a socket of systemd lose no request") {
  const SocketUnit unit;
  std::mutex mutex;
  std::vector<std::string> failures;
  std::atomic<int> answers = 0;
  std::atomic<bool> over = false;
  const auto ask = [&](bool keeps) {
    const std::string request = fmt::format("GET /user/nobody HTTP/1.1\r\nHost: {}\r\nConnection: {}\r\n\r\n",
                                            unit.address(), keeps ? "keep-alive" : "close");
    while (!over) try {
        const Descriptor socket = connectTo(unit.address());
        for (bool closes = false; !closes && !over; ++answers) {
          const std::string failure = failureOf(socket, request, closes);
          if (failure.empty()) continue;
          over = true;  // one is enough
          const std::lock_guard lock(mutex);
          failures.push_back(failure);
          break;
        }
      } catch (const std::exception& failure) {
        const std::lock_guard lock(mutex);
        failures.emplace_back(failure.what());
        over = true;
      }
  };
  std::unique_ptr<Program> daemon = unit.start();
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 6; ++i) clients.emplace_back(ask, i % 3 == 0);
    for (int restart = 0; restart < 5; ++restart) {
      const int before = answers;
      CHECK(test::soon([&] { return answers > before + 50 || over; }));
      daemon->signal(SIGTERM);
      CHECK(daemon->wait().status == 0);
      daemon = unit.start();
    }
    const int before = answers;
    CHECK(test::soon([&] { return answers > before + 50 || over; }));
    over = true;
  }
  CHECK(failures == std::vector<std::string>{});
  daemon->signal(SIGTERM);
  CHECK(daemon->wait().status == 0);
}

TEST_CASE("a client that connected before the stop sends its request after it, on a socket of systemd") {
  const SocketUnit unit;
  const std::string request = "GET /user/nobody HTTP/1.1\r\nHost: " + unit.address() + "\r\n\r\n";
  // It has a second for that; a busy machine may take longer to get to it.
  std::string failure = "not tried";
  for (int attempt = 0; attempt < 5 && !failure.empty(); ++attempt) {
    std::unique_ptr<Program> daemon = unit.start();
    const Descriptor first = connectTo(unit.address());
    const Descriptor kept = connectTo(unit.address());
    bool closes = true;
    CHECK(failureOf(kept, request, closes) == "");  // the first one was accepted too: they are in order
    CHECK_FALSE(closes);
    daemon->signal(SIGTERM);
    test::waitFor("nothing is accepted", [&] {
      try {
        connectTo(unit.operatorSocket());
        return false;
      } catch (const std::exception&) {
        return true;
      }
    });
    failure = failureOf(first, request, closes) + failureOf(kept, request, closes);
    CHECK((closes || !failure.empty()));
    CHECK(daemon->wait().status == 0);
  }
  CHECK(failure.empty());
}

TEST_CASE("systemd hears when the daemon serves, what it does, and that it works only while it does") {
  NotifySocket notify;
  const TempDirectory home;
  const std::string data = (home / "data").string();
  const std::string config = (home / "videod.toml").string();
  std::ofstream(config) << "data_dir = \"" << data << "\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n"
                        << "[storage]\nlock_timeout = \"10m\"\n[scheduler]\nrun = false\n";
  Program daemon({builtProgram("videod"), "--config", config},
                 {{{"NOTIFY_SOCKET", notify.path()}, {"WATCHDOG_USEC", "2000000"}}, {}, {}});
  CHECK(notify.next() == "STATUS=Opening " + data);
  std::string told;
  while (told != "READY=1") {
    told = notify.next();
    CHECK_FALSE(told.starts_with("STATUS=Serving"));
    CHECK_FALSE(told == "WATCHDOG=1");
  }
  const std::string address = daemon.waitForError("msg=listening address=");
  bool closes = false;
  const Descriptor client = connectTo(address.substr(0, address.find('\n')));
  CHECK(failureOf(client, "GET /user/nobody HTTP/1.1\r\nHost: x\r\n\r\n", closes) == "");
  for (bool feeds = false, tells = false; !feeds || !tells;) {  // in any order
    const std::string message = notify.next();
    feeds |= message == "WATCHDOG=1";
    tells |= message.starts_with("STATUS=Serving ");
  }
  {
    // Nobody can write while another process keeps this lock, and the writer waits for it for longer than the period.
    const Descriptor lock(::open((data + "/WRITE").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(lock);
    REQUIRE(::flock(lock.number(), LOCK_EX) == 0);
    daemon.waitForError("watchdog: no answer; systemd will restart the daemon\" parts=writer");
    notify.clear();
    CHECK(failureOf(client, "GET /user/nobody HTTP/1.1\r\nHost: x\r\n\r\n", closes) == "");
  }
  notify.waitFor("WATCHDOG=1");
  daemon.signal(SIGTERM);
  notify.waitFor("STOPPING=1");
  CHECK(notify.next().starts_with("STATUS=Stopping"));
  CHECK(daemon.wait().status == 0);
}

TEST_CASE("the unit confines the daemon as far as it was, by systemd's measure") {
  if (run({"sh", "-c", "command -v systemd-analyze"}).status != 0) {
    WARN("skipped: systemd-analyze is not installed");
    return;
  }
  const Ended rated = run({"systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=12",
                           std::string(VIDEO_SOURCE_DIR) + "/etc/videod.service"});
  CAPTURE(rated.out, rated.err);
  CHECK(rated.status == 0);
  CHECK(rated.out.find("Overall exposure level for videod.service: ") != std::string::npos);
}

TEST_CASE("cmake --install puts everything in its place, and never overwrites the configuration") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("skipped: the same with and without sanitizers, whose programs are large");
#else
  const TempDirectory home;
  const auto install = [&](const std::string& prefix) {
    const Ended ended = run({"cmake", "--install", VIDEO_BINARY_DIR, "--prefix", prefix},
                            {{{"DESTDIR", home.path().string()}}, {}, {}});
    CAPTURE(ended.out, ended.err);
    CHECK(ended.status == 0);
  };
  const auto textOf = [&](const std::string& path) {
    std::ifstream in(home.path().string() + path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  install("/opt/v");
  for (const char* const file :
       {"bin/videod", "bin/videoctl", "lib/systemd/system/videod.service", "lib/systemd/system/videod.socket",
        "lib/systemd/system/videod-drain.service", "lib/systemd/system/videod-drain.timer",
        "lib/sysusers.d/videod.conf", "lib/tmpfiles.d/videod.conf", "share/man/man1/videoctl-video.1.gz",
        "share/man/man5/videod.toml.5.gz", "share/man/man8/videod.8.gz", "share/bash-completion/completions/videoctl",
        "share/fish/vendor_completions.d/videoctl.fish", "share/videod/openapi.json",
        "share/videod/schema/version.json", "share/doc/videod/copyright", "share/doc/videod/changelog.gz",
        "share/doc/videod/examples/videod.toml"}) {
    CAPTURE(file);
    CHECK(std::filesystem::file_size(home / ("opt/v/" + std::string(file))) > 0);
  }
  CHECK(textOf("/opt/v/lib/systemd/system/videod.service").find("\nExecStart=/opt/v/bin/videod\n") !=
        std::string::npos);
  const std::string config = home.path().string() + "/etc/videod.toml";
  const std::string text = textOf("/etc/videod.toml");
  CHECK(text.find("\nregistration = \"admin\" ") != std::string::npos);
  CHECK(text.find("\nvisibility = \"unlisted\" ") != std::string::npos);
  const Ended checked = run({builtProgram("videod"), "--check", "--config", config});
  CHECK(checked.out == config + ": ok\n");
  std::ofstream(config, std::ios::app) << "# ours\n";
  install("/opt/v");
  CHECK(textOf("/etc/videod.toml") == text + "# ours\n");
#endif
}

// The shipped examples of servers in front of videod, with the real servers; and stopping so that they notice first.
#include "e2e/front.hpp"

#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "catch.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// A daemon behind a proxy; its second listener tells its metrics.
std::string behindProxy(const std::string& address = "127.0.0.1:0", const std::string& http = {},
                        const std::string& stream = {}) {
  return "[http]\ntrusted_proxies = [\"127.0.0.1\"]\n" + http + "[stream]\n" + stream +
         "[access]\ncomments_per_minute = 0\n[media]\ntranscode = \"off\"\n" + idle + "[[listener]]\naddress = \"" +
         address + "\"\n[[listener]]\naddress = \"127.0.0.1:0\"\nroles = [\"scheduler\"]\ntrusted = true\n";
}

std::string fieldOf(const Ended& reply, const char* name) {
  INFO(reply.out << reply.err);
  const auto json = nlohmann::json::parse(reply.out, nullptr, false);
  REQUIRE(json.is_object());
  REQUIRE(json.contains(name));
  return json[name].get<std::string>();
}

// Bytes that the daemon has received from clients so far.
double receivedBy(const Daemon& daemon) {
  const std::string text = run({"curl", "-s", "http://" + daemon.addresses().at(1) + "/metrics"}).out;
  const std::string name = "\nvideod_received_bytes_total ";
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
}

// What each of the examples must do. `one` and `two` serve the same data directory. Returns the ID of a video.
std::string checkSite(const Front& front, const Daemon& one, const Daemon& two) {
  const std::string session =
      "X-Session-Id: " + fieldOf(front.curl("/user", {"-H", "X-Forwarded-For: 203.0.113.5", "-d",
                                                      R"({"user_name":"anna","pwd":"correct horse"})"}),
                                 "session_id");
  const std::string video = fieldOf(front.curl("/user/anna/videos", {"-H", session, "-d", R"({"name":"x"})"}), "id");

  // An upload of 3 MB whose end is still to come reaches videod.
  const std::string fifo = (front.home / "rest").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  write(front.home / "front", mp4Front());
  const double before = receivedBy(one) + receivedBy(two);
  Program upload({"sh", "-c",
                  fmt::format("(cat {0}/front; head -c 3000000 /dev/zero; cat {0}/rest) | curl -sS -T - --max-time 120 "
                              "--http1.1 -H '{1}' --cacert {2} --resolve video.example:{3}:{4} {5}",
                              front.home.path().string(), session, front.certificate(), front.port(), front.host(),
                              front.url("/upload/" + video))});
  {
    const Descriptor rest(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));  // returns when the first part was read
    REQUIRE(rest);
    const auto hasArrived = [&] { return receivedBy(one) + receivedBy(two) - before > 2'900'000; };
    test::waitFor("the upload reaches videod before its end", hasArrived);
  }
  const Ended uploaded = upload.wait();
  INFO(uploaded.out << uploaded.err);
  CHECK(uploaded.out.find("\"error\"") == std::string::npos);
  CHECK(front.status("/videos/" + video) == "200");

  const Ended part = front.curl("/videos/" + video, {"-r", "0-11", "-D", (front.home / "head").string()});
  CHECK(part.out == mp4Front());
  const std::string head = read(front.home / "head");
  CHECK(head.find(" 206") != std::string::npos);
  CHECK(head.find("3000012") != std::string::npos);

  const std::string tomorrow = formatTime(systemClock().now() + std::chrono::hours{24});
  const std::string link =
      fieldOf(front.curl("/video/" + video + "/shares",
                         {"-H", session, "-d", R"({"what":"view","expires":")" + tomorrow + "\"}"}),
              "url");
  CHECK(link.starts_with("https://video.example"));
  const Ended page = front.curl("/v/" + video, {"-H", "Accept: text/html"});
  CHECK(page.out.find("https://video.example") != std::string::npos);
  CHECK(front.status("/no/such/path") == "404");
  CHECK(front.curl("/no/such/path", {"-D", "-"}).out.find("rror-") != std::string::npos);  // X-Error-Code

  test::waitFor("the client's address is logged", [&] {
    return (one.log() + two.log()).find("op=users.add method=POST path=/user status=201") != std::string::npos;
  });
  const std::string log = one.log() + two.log();
  const std::size_t line = log.find("op=users.add method=POST");
  CHECK(log.substr(line, log.find('\n', line) - line).find(" address=127.0.0.9 ") != std::string::npos);
  CHECK(log.find("203.0.113.5") == std::string::npos);
  return video;
}

}  // namespace

TEST_CASE("nginx in front of two daemons, by the shipped example") {
  if (!isInstalled("nginx")) return;
  const std::string config = behindProxy("127.0.0.1:0", {}, "x_accel_redirect = \"/internal/\"\n");
  Daemon one(config);
  Daemon two(config, {}, one.dataDirectory());
  Front front;
  front.startNginxExample(one, two);
  checkSite(front, one, two);
  CHECK(front.status("/internal/") == "404");
  two.kill();
  for (int i = 0; i < 6; ++i) CHECK(front.status("/version") == "200");
  one.kill();
  CHECK(front.status("/uploads/x", {"-I"}) == "423");
  CHECK(front.status("/version") == "502");
}

TEST_CASE("Caddy in front of two daemons, by the shipped example") {
  if (!isInstalled("caddy")) return;
  Daemon one(behindProxy());
  Daemon two(behindProxy(), {}, one.dataDirectory());
  Front front;
  const std::string site =
      example("Caddyfile", {{"127.0.0.1:8001", one.address()},
                            {"127.0.0.1:8002", two.address()},
                            {"video.example {", fmt::format("video.example {{\n\ttls {} {}\n\tbind {}",
                                                            front.certificate(), front.key(), front.host())}});
  const std::string other = freeAddress();
  write(front.home / "Caddyfile",
        fmt::format("{{\n\tadmin off\n\thttps_port {}\n\thttp_port {}\n\tauto_https disable_redirects\n}}\n",
                    front.port(), other.substr(other.rfind(':') + 1)) +
            site);
  front.start({"caddy", "run", "--adapter", "caddyfile", "--config", (front.home / "Caddyfile").string()});
  checkSite(front, one, two);
  two.kill();
  for (int i = 0; i < 6; ++i) CHECK(front.status("/version") == "200");
}

TEST_CASE("HAProxy in front of two daemons, by the shipped example, and neither restart fails a request") {
  if (!isInstalled("haproxy")) return;
  const std::string addresses[] = {freeAddress(), freeAddress()};
  const auto config = [&](int at) { return behindProxy(addresses[at], "drain = \"300ms\"\n"); };
  const TempDirectory home;
  const fs::path data = home / "data";
  std::unique_ptr<Daemon> daemons[] = {std::make_unique<Daemon>(config(0), std::vector<std::string>{}, data),
                                       std::make_unique<Daemon>(config(1), std::vector<std::string>{}, data)};
  Front front;
  write(front.home / "haproxy.cfg",
        example("haproxy.cfg", {{"127.0.0.1:8001", addresses[0]},
                                {"127.0.0.1:8002", addresses[1]},
                                {"bind :443", "bind " + front.address},
                                {"bind :80", "bind " + freeAddress()},
                                {"/etc/haproxy/video.example.pem", (front.home / "both.pem").string()},
                                {"inter 500ms", "inter 100ms"}}));
  front.start({"sh", "-c", "PATH=$PATH:/usr/sbin exec haproxy -db -f \"$0\"", (front.home / "haproxy.cfg").string()});
  const auto bothUp = [&](const Daemon& daemon) {
    test::waitFor("HAProxy takes it for up", [&] {
      const std::string log = daemon.log();
      std::size_t checks = 0;
      for (std::size_t at = 0; (at = log.find("op=server.readyz method=GET path=/readyz status=200", at)) != log.npos;
           ++at)
        ++checks;
      return checks >= 4;
    });
  };
  for (const auto& daemon : daemons) bothUp(*daemon);
  const std::string video = checkSite(front, *daemons[0], *daemons[1]);

  const std::string session =
      fieldOf(front.curl("/user", {"-d", R"({"user_name":"bert","pwd":"correct horse"})"}), "session_id");
  std::atomic<int> asked = 0;
  std::atomic<int> posted = 0;
  std::mutex mutex;
  std::vector<std::string> failures;
  {
    const auto ask = [&](const std::stop_token& stop, bool posts) {
      httplib::Client client("https://" + front.address);
      client.enable_server_certificate_verification(false);
      client.set_keep_alive(true);
      client.set_read_timeout(patience);
      const httplib::Headers headers{{"Host", "video.example"}, {"X-Session-Id", session}};
      while (!stop.stop_requested()) {
        const auto reply =
            posts ? client.Post("/videos/" + video + "/comments", headers, R"({"content":"hello"})", "application/json")
                  : client.Get("/user/bert", headers);
        ++(posts ? posted : asked);
        if (reply && (reply->status == 200 || reply->status == 201)) continue;
        const std::lock_guard lock(mutex);
        failures.push_back(fmt::format(
            "{}: {}", posts ? "POST" : "GET",
            reply ? std::to_string(reply->status) + reply->body : "no reply: " + httplib::to_string(reply.error())));
      }
    };
    std::jthread getting([&](const std::stop_token& stop) { ask(stop, false); });
    std::jthread posting([&](const std::stop_token& stop) { ask(stop, true); });
    for (int round = 0; round < 5; ++round)
      for (int at : {0, 1}) {
        CHECK(daemons[at]->terminate() == 0);
        daemons[at] = std::make_unique<Daemon>(config(at), std::vector<std::string>{}, data);
        bothUp(*daemons[at]);
      }
  }
  CHECK(failures.size() == 0);
  for (std::size_t i = 0; i < std::min<std::size_t>(failures.size(), 5); ++i) FAIL_CHECK(failures[i]);
  CHECK(asked > 10);
  CHECK(posted > 10);
}

TEST_CASE("a daemon that drains serves on, says so, and a second signal stops it") {
  Daemon daemon("[http]\ndrain = \"1h\"\n");
  const auto get = [&](const std::string& path) {
    return ask(daemon.address(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");  // until the connection is closed
  };
  const Descriptor kept = connectTo(daemon.address());
  daemon.signal(SIGTERM);
  CHECK(daemon.waitForLog("msg=draining seconds=") == "3600");
  const Answered ready = get("/readyz");
  CHECK(ready.status == 503);
  CHECK(ready.body.find("stopping") != std::string::npos);
  const Answered version = get("/version");
  CHECK(version.status == 200);
  CHECK(version.header("Connection") == "close");
  CHECK(run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d",
             R"({"user_name":"anna","pwd":"correct horse"})", daemon.url() + "/user"})
            .out == "201");
  daemon.signal(SIGHUP);
  daemon.waitForLog("msg=reloaded");
  CHECK(daemon.log().find("msg=stopping") == std::string::npos);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("after http.drain a daemon stops by itself") {
  Daemon daemon("[http]\ndrain = \"50ms\"\n");
  daemon.signal(SIGTERM);
  daemon.waitForLog("msg=stopping");
  CHECK(daemon.wait() == 0);
}

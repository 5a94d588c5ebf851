// What one stranger does must not keep others out. All of 127.0.0.0/8 are addresses of this machine, each a stranger.
#include <httplib.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;

namespace {

// A client at this address of ours.
httplib::Client clientAt(const Daemon& daemon, const std::string& address) {
  httplib::Client client(daemon.url());
  client.set_interface(address);
  client.set_keep_alive(true);
  client.set_read_timeout(std::chrono::minutes{2});
  return client;
}

int add(httplib::Client& client, const std::string& name) {
  const auto result =
      client.Post("/user", R"({"user_name":")" + name + R"(","pwd":"password of )" + name + "\"}", jsonType);
  REQUIRE(result);
  return result->status;
}

int signInWith(httplib::Client& client, const std::string& name, const std::string& password) {
  const auto result = client.Post("/user/" + name, R"({"pwd":")" + password + "\"}", jsonType);
  REQUIRE(result);
  return result->status;
}

// 80 connections from one address that call `attack(client, number, round)` until the end of `meanwhile`.
template <class Attack, class Meanwhile>
void storm(const Daemon& daemon, const Attack& attack, const Meanwhile& meanwhile) {
  std::atomic<int> begun = 0;
  std::vector<std::jthread> all;
  for (int number = 0; number < 80; ++number)
    all.emplace_back([&, number](const std::stop_token& stop) {
      httplib::Client client = clientAt(daemon, "127.0.0.2");
      for (int round = 0; !stop.stop_requested(); ++round) {
        attack(client, number, round);
        ++begun;
      }
    });
  test::waitFor("the storm is full", [&] { return begun >= 80; });
  meanwhile();
}

}  // namespace

TEST_CASE("a storm of hashes from one address leaves the right passwords of others working") {
  Daemon daemon(
      "[access]\npassword_opslimit = 1\npassword_memlimit = \"4MiB\"\nlogin_attempts = 1000000\n"
      "registrations_per_hour = 0\n");
  httplib::Client owner = clientAt(daemon, "127.0.0.3");
  REQUIRE(add(owner, "owner") == 201);
  REQUIRE(add(owner, "attacker") == 201);
  std::string session;
  {
    const auto result = owner.Post("/user/attacker", R"({"pwd":"password of attacker"})", jsonType);
    session = nlohmann::json::parse(result->body).at("session_id");
    keepSecret(session);
  }
  std::atomic<int> refused = 0;
  const auto count = [&](const httplib::Result& result) { refused += result && result->status == 429 ? 1 : 0; };
  const auto signInOften = [&] {
    int good = 0;
    for (int i = 0; i < 30; ++i) good += signInWith(owner, "owner", "password of owner") == 200 ? 1 : 0;
    CHECK(good == 30);
  };

  SECTION("registrations") {
    storm(
        daemon,
        [&](httplib::Client& client, int number, int round) {
          const std::string name = "n" + std::to_string(number) + "-" + std::to_string(round);
          count(client.Post("/user", R"({"user_name":")" + name + R"(","pwd":"long enough"})", jsonType));
        },
        signInOften);
  }
  SECTION("sign-ins to one account") {
    storm(
        daemon,
        [&](httplib::Client& client, int, int) {
          count(client.Post("/user/attacker", R"({"pwd":"password of attacker"})", jsonType));
        },
        signInOften);
  }
  SECTION("wrong passwords") {
    storm(
        daemon,
        [&](httplib::Client& client, int number, int) {
          count(client.Post("/user/nobody" + std::to_string(number), R"({"pwd":"a wrong one"})", jsonType));
        },
        signInOften);
  }
  SECTION("changes of one password") {
    const httplib::Headers by{{"X-Session-Id", session}};
    storm(
        daemon,
        [&](httplib::Client& client, int, int) {
          count(client.Patch("/user/attacker", by, R"({"pwd":"password of attacker","old_pwd":"password of attacker"})",
                             jsonType));
        },
        signInOften);
  }
  CHECK(refused > 0);
}

TEST_CASE("wrong passwords of others do not lock the owner out, neither at home nor at a new address") {
  Daemon daemon("[access]\npassword_opslimit = 1\npassword_memlimit = \"64KiB\"\n");
  httplib::Client home = clientAt(daemon, "127.0.0.3");
  REQUIRE(add(home, "owner") == 201);
  REQUIRE(signInWith(home, "owner", "password of owner") == 200);
  httplib::Client attacker = clientAt(daemon, "127.0.0.2");
  int refused = 0;
  for (int i = 0; i < 22; ++i) refused += signInWith(attacker, "owner", "a wrong one") == 429 ? 1 : 0;
  CHECK(refused > 0);
  for (int i = 0; i < 25; ++i) {
    httplib::Client other = clientAt(daemon, "127.0.1." + std::to_string(i + 1));
    CHECK(signInWith(other, "owner", "a wrong one") == 401);
  }
  httplib::Client journey = clientAt(daemon, "127.0.0.4");
  CHECK(signInWith(journey, "owner", "password of owner") == 200);
  for (int i = 0; i < 20; ++i) CHECK(signInWith(home, "owner", "password of owner") == 200);
}

TEST_CASE("an address registers so many accounts an hour, the operator any number") {
  Daemon daemon("[access]\nregistrations_per_hour = 3\n");
  httplib::Client one = clientAt(daemon, "127.0.0.2");
  for (const char* name : {"a", "b", "c"}) CHECK(add(one, name) == 201);
  CHECK(add(one, "a") == 409);  // is not counted
  const auto refused = one.Post("/user", R"({"user_name":"d","pwd":"long enough"})", jsonType);
  REQUIRE(refused);
  CHECK(refused->status == 429);
  CHECK(std::stoi(refused->get_header_value("Retry-After")) > 1000);
  httplib::Client other = clientAt(daemon, "127.0.0.3");
  CHECK(add(other, "d") == 201);
  for (const char* name : {"e", "f", "g", "h"})
    CHECK(videoctl({"--data-dir", daemon.dataDirectory().string(), "user", "add", name, "--password-stdin"},
                   {{}, "long enough", {}})
              .status == 0);
}

TEST_CASE("the access log says who asked; server status and the log say what proxy is not trusted") {
  const TempDirectory folder;
  const std::string path = (folder / "web.sock").string();
  Daemon daemon("[[listener]]\naddress = \"127.0.0.1:0\"\n[[listener]]\naddress = \"unix:" + path + "\"\n");
  httplib::Client client = clientAt(daemon, "127.0.0.2");
  REQUIRE(add(client, "ada") == 201);
  const std::string session =
      nlohmann::json::parse(client.Post("/user/ada", R"({"pwd":"password of ada"})", jsonType)->body).at("session_id");
  keepSecret(session);
  const httplib::Headers by{{"X-Session-Id", session}, {"User-Agent", "a browser"}, {"X-Forwarded-For", "192.0.2.1"}};
  for (int i = 0; i < 2; ++i) REQUIRE(client.Get("/session", by)->status == 200);
  const auto sessions = nlohmann::json::parse(client.Get("/sessions", by)->body).at("sessions");
  REQUIRE(sessions.size() == 2);
  daemon.waitForLog("op=sessions.list");
  const std::string log = daemon.log();
  const auto whoami = log.find("op=sessions.whoami");
  REQUIRE(whoami != std::string::npos);
  const std::string line = log.substr(whoami, log.find('\n', whoami) - whoami);
  INFO(line);
  CHECK(line.find("address=127.0.0.2 user=ada credential=session:") != std::string::npos);
  CHECK(line.ends_with("agent=\"a browser\""));
  const std::string id = line.substr(line.find("session:") + 8, 12);
  CHECK((id == sessions[0].at("id") || id == sessions[1].at("id")));

  httplib::Client bad = clientAt(daemon, "127.0.0.5");
  bad.set_url_encode(false);
  CHECK(bad.Get("/a b")->status == 400);
  daemon.waitForLog("address=127.0.0.5");

  CHECK(log.find("127.0.0.2 sends X-Forwarded-For") == log.rfind("127.0.0.2 sends X-Forwarded-For"));
  const std::string config = (folder / "client.toml").string();
  std::ofstream(config) << "data_dir = \"" << daemon.dataDirectory().string() << "\"\n";
  const Ended status = videoctl({"-o", "json", "server", "status"}, {{{"VIDEOD_CONFIG", config}}, {}, {}});
  REQUIRE(status.status == 0);
  const auto warnings = nlohmann::json::parse(status.out).at("warnings");
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].get<std::string>().starts_with("listener unix:" + path));
  CHECK(warnings[1].get<std::string>().starts_with("127.0.0.2 sends X-Forwarded-For"));
}

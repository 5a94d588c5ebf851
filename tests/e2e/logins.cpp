// Signing in with videoctl again, as somebody else, and what ends it.
#include <algorithm>
#include <list>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// videoctl with saved contexts of its own.
struct Machine {
  explicit Machine(Site& its) : site(its) {}

  Ended operator()(const Words& words, const std::string& input = {}) const {
    return videoctl(words, {{{"XDG_CONFIG_HOME", home.path()}}, input, {}});
  }
  Ended logIn(const Words& where, const std::string& user) const {
    const Ended ended = (*this)(join(where, {"session", "login", user, "--password-stdin"}), "password of " + user);
    CAPTURE(user, ended.err);
    CHECK(ended.status == 0);
    return ended;
  }
  std::string who(const std::string& context) const {
    return line((*this)({"--context", context, "session", "whoami", "--columns", "user_name", "--no-header"}).out);
  }
  std::size_t tokensOf(const std::string& user) const {
    const std::string ids = site.direct({"-o", "id", "token", "list", "--user", user}).out;
    return static_cast<std::size_t>(std::count(ids.begin(), ids.end(), '\n'));
  }

  Site& site;
  TempDirectory home;
};

}  // namespace

TEST_CASE("a login replaces the token that its context held, and no other") {
  Site site("remote");
  REQUIRE(site.direct({"user", "add", "bob", "--password-stdin"}, {{}, "password of bob", {}}).status == 0);
  REQUIRE(site.direct({"--as", "ada", "token", "create", "--label", "cron", "--scope", "read"}).status == 0);
  const Machine laptop(site);
  const Machine phone(site);
  const Words there{"--server", site.daemon.url()};
  const std::string host = site.daemon.address();
  laptop.logIn(there, "ada");
  phone.logIn(there, "ada");
  CHECK(laptop.tokensOf("ada") == 3);
  laptop.logIn(there, "ada");
  CHECK(laptop.tokensOf("ada") == 3);
  CHECK(phone.who(host) == "ada");
  CHECK(laptop.who(host) == "ada");

  // Another user does not get into the context of this one.
  CHECK(laptop.logIn(there, "bob").err.find("saved in context bob@" + host) != std::string::npos);
  CHECK(laptop.who(host) == "ada");
  CHECK(laptop.who("bob@" + host) == "bob");
  laptop.logIn(there, "bob");
  CHECK(laptop.tokensOf("bob") == 1);
  const auto contexts = nlohmann::json::parse(laptop({"context", "list", "-o", "json"}).out).at("contexts");
  REQUIRE(contexts.size() == 2);
  CHECK(contexts[0].at("user_name") == "ada");
  CHECK(contexts[1].at("user_name") == "bob");
  // Unless it is asked for.
  laptop.logIn({"--context", host}, "bob");
  CHECK(laptop.who(host) == "bob");
  CHECK(laptop.tokensOf("ada") == 2);
  CHECK(laptop.tokensOf("bob") == 2);
  CHECK(phone.who(host) == "ada");

  // A file of an older version does not say whose token it is.
  const fs::path file = phone.home / "videoctl/contexts.toml";
  std::string text = read(file);
  const std::size_t at = text.find("user = ");
  REQUIRE(at != std::string::npos);
  text.erase(at, text.find('\n', at) - at);
  write(file, text);
  CHECK(phone.logIn(there, "bob").err.find("saved in context bob@" + host) != std::string::npos);
  CHECK(phone.who(host) == "ada");
  phone.logIn(there, "ada");
  CHECK(phone.tokensOf("ada") == 2);
}

TEST_CASE("a new password and session revoke end what session login has saved") {
  Site site("remote");
  const Machine laptop(site);
  const Words there{"--server", site.daemon.url()};
  const std::string host = site.daemon.address();
  REQUIRE(site.direct({"--as", "ada", "token", "create", "--label", "cron", "--scope", "read"}).status == 0);
  laptop.logIn(there, "ada");
  const std::string list = site.direct({"-o", "json", "token", "list", "--user", "ada"}).out;
  CHECK(nlohmann::json::parse(list).at("tokens").size() == 2);
  CHECK(list.find("\"login\":true") != std::string::npos);
  const Ended changed = site.direct({"user", "passwd", "ada", "--password-stdin"}, {{}, "password of ada", {}});
  CHECK(changed.status == 0);
  CHECK(changed.err.find("tokens of ada that stay valid: cron\n") != std::string::npos);
  CHECK(laptop({"--context", host, "session", "whoami"}).status == 6);
  CHECK(laptop.tokensOf("ada") == 1);
  laptop.logIn(there, "ada");
  CHECK(laptop.who(host) == "ada");
  CHECK(site.direct({"session", "revoke", "--user", "ada"}).status == 0);
  CHECK(laptop({"--context", host, "session", "whoami"}).status == 6);
  CHECK(laptop.tokensOf("ada") == 1);
}

TEST_CASE("a password goes over plain HTTP to this machine only, whatever the address resembles") {
  const TempDirectory home;
  for (const char* const url : {"http://127.0.0.1.evil.example", "http://127.0.0.1.5", "http://localhost.evil.example",
                                "http://127.0.0.1\\@evil.example", "http://10.0.0.1"}) {
    const Given given{{{"XDG_CONFIG_HOME", home.path()}, {"VIDEOCTL_TOKEN", "vdt_secret"}}, "a good password", {}};
    const Ended login = videoctl({"--server", url, "session", "login", "ada", "--password-stdin"}, given);
    CAPTURE(url, login.err);
    CHECK((login.status == 2 || login.status == 7));
    CHECK((login.err.find("plain HTTP") != std::string::npos || login.err.find("URL") != std::string::npos));
    const Ended list = videoctl({"--server", url, "video", "list"}, given);
    CAPTURE(list.err);
    CHECK((list.status == 2 || list.status == 7));
  }
}

TEST_CASE("of several logins at a time each ends what the one before it has saved") {
  Site site("remote");
  const Machine laptop(site);
  {
    std::list<Program> all;
    for (int i = 0; i < 6; ++i)
      all.emplace_back(
          Words{builtProgram("videoctl"), "--server", site.daemon.url(), "session", "login", "ada", "--password-stdin"},
          Given{{{"XDG_CONFIG_HOME", laptop.home.path()}}, "password of ada", {}});
    for (Program& one : all) CHECK(one.wait().status == 0);
  }
  CHECK(laptop.tokensOf("ada") == 1);
  CHECK(laptop.who(site.daemon.address()) == "ada");
}

TEST_CASE("a login that cannot be saved leaves nothing valid, and a logout takes what has ended for ended") {
  Site site("remote");
  const Machine laptop(site);
  const Words there{"--server", site.daemon.url()};
  const std::string host = site.daemon.address();
  fs::create_directories(laptop.home / "videoctl/contexts.toml");  // a folder
  const Ended refused = laptop(join(there, {"session", "login", "ada", "--password-stdin"}), "password of ada");
  CAPTURE(refused.err);
  CHECK(refused.status != 0);
  CHECK(laptop.tokensOf("ada") == 0);
  CHECK(site.direct({"-o", "id", "session", "list", "--user", "ada"}).out.empty());
  fs::remove(laptop.home / "videoctl/contexts.toml");

  laptop.logIn(there, "ada");
  REQUIRE(site.direct({"token", "revoke", "--user", "ada"}).status == 0);
  const Ended out = laptop({"--context", host, "session", "logout"});
  CAPTURE(out.err);
  CHECK(out.status == 0);
  const auto contexts = nlohmann::json::parse(laptop({"context", "list", "-o", "json"}).out).at("contexts");
  CHECK(contexts[0].at("signed_in") == false);
}

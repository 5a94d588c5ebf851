// The state of the daemon, local and remote.
#include <httplib.h>

#include "catch.hpp"
#include "contract/site.hpp"

using namespace video;
using namespace video::test;

TEST_CASE("status, limits and reload are for admins") {
  Site site(GENERATE(eachWay()));
  const Credential root = site.user("root", Role::admin);
  const Credential ada = site.user("ada");
  for (const Credential& by : {root, Credential(Operator{})}) {
    Server& server = site.at(by).server();
    const ServerStatus status = server.status(by, {});
    CHECK(status.version == VIDEO_VERSION);
    CHECK(status.ready);
    CHECK(status.workers == 3);
    CHECK(status.warnings == std::vector<std::string>{"a warning"});
    const ServerLimits limits = server.limits(by, {});
    REQUIRE(limits.buckets.size() == 1);
    CHECK(limits.buckets[0].name == "streams");
    CHECK(limits.buckets[0].inUse == 1);
    CHECK(limits.buckets[0].most == 2);
    CHECK(limits.buckets[0].refused == 3);
    const Reloaded reloaded = server.reload(by, {});
    CHECK(reloaded.changed == std::vector<std::string>{"log.level"});
    CHECK(reloaded.kept == std::vector<std::string>{"http.workers"});
  }
  const auto refused = [&](const Credential& by, Fault fault) {
    Server& server = site.at(by).server();
    requireFault([&] { server.status(by, {}); }, fault);
    requireFault([&] { server.limits(by, {}); }, fault);
    requireFault([&] { server.reload(by, {}); }, fault);
  };
  refused(ada, Fault::forbidden);
  refused(Anonymous{}, Fault::unauthenticated);
}

TEST_CASE("metrics are for admins and for an admin's token with scope metrics, which allows nothing else") {
  Site site(Way::remote);
  httplib::Client client(site.url());
  const auto status = [&](const char* path, const std::string& secret) {
    const auto answer = client.Get(path, {{"Authorization", "Bearer " + secret}});
    return answer ? answer->status : 0;
  };
  const auto tokenOf = [&](const Credential& by, const std::string& user, Scope scope) {
    NewToken wanted;
    wanted.user = user;
    wanted.label = "x";
    wanted.scope = scope;
    return site.at(by).tokens().create(by, wanted).token;
  };
  const Credential root = site.user("root", Role::admin);
  const Credential ada = site.user("ada");
  const std::string watcher = tokenOf(root, "root", Scope::metrics);
  CHECK(status("/metrics", std::get<Secret>(root).text) == 200);
  CHECK(status("/metrics", watcher) == 200);
  CHECK(status("/metrics", tokenOf(root, "root", Scope::full)) == 403);
  CHECK(status("/metrics", tokenOf(root, "root", Scope::read)) == 403);
  CHECK(status("/metrics", std::get<Secret>(ada).text) == 403);
  for (const char* const other : {"/user", "/server/limits", "/server/status", "/deletions", "/video"}) {
    INFO(other);
    CHECK(status(other, watcher) == 403);
  }
  const auto answer = client.Get("/metrics", {{"Authorization", "Bearer " + watcher}});
  REQUIRE(answer);
  CHECK(answer->body == "videod_tokens 1\n");
  CHECK(answer->get_header_value("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
}

TEST_CASE("a daemon that is not ready says why") {
  Site site(Way::remote);
  httplib::Client client(site.url());
  const auto ready = client.Get("/readyz");
  REQUIRE(ready);
  CHECK(ready->status == 200);
  RunningDaemon daemon = site.local().server().daemon();
  daemon.status = [] {
    ServerStatus status;
    status.notReady = "the last write failed";
    return status;
  };
  site.local().server().become(std::move(daemon));
  const auto answer = client.Get("/readyz");
  REQUIRE(answer);
  CHECK(answer->status == 503);
  CHECK(answer->body.find("the last write failed") != std::string::npos);
}

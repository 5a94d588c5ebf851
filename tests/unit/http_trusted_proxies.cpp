#include "http/routing/trusted_proxies.hpp"

#include "base/error.hpp"
#include "catch.hpp"

using namespace video::http;

namespace {

TrustedProxies proxiesOf(std::initializer_list<const char*> all) {
  TrustedProxies proxies;
  for (const char* const one : all) proxies.add(one);
  return proxies;
}

std::string clientBehind(const TrustedProxies& proxies, const std::vector<std::string>& forwardedFor) {
  Head head;
  for (const std::string& one : forwardedFor) head.headers.emplace_back("X-Forwarded-For", one);
  return proxies.clientOf(head, {"10.0.0.1"}).address;
}

}  // namespace

TEST_CASE("a network contains the addresses with its prefix") {
  const TrustedProxies proxies = proxiesOf({"10.0.0.0/8", "192.168.1.7", "2001:db8::/33", "::1"});
  for (const char* const inside : {"10.255.1.2", "192.168.1.7", "::ffff:10.0.0.1", "2001:db8:7fff::1", "::1"}) {
    INFO(inside);
    CHECK(proxies.contains(inside));
  }
  for (const char* const outside : {"11.0.0.1", "192.168.1.6", "2001:db8:8000::1", "::2", "::ffff:11.0.0.1", "", "x"}) {
    INFO(outside);
    CHECK_FALSE(proxies.contains(outside));
  }
  CHECK(proxiesOf({"0.0.0.0/0"}).contains("203.0.113.9"));
  CHECK_FALSE(proxiesOf({"0.0.0.0/0"}).contains("2001:db8::1"));
  CHECK(proxiesOf({"::/0"}).contains("203.0.113.9"));
}

TEST_CASE("anything that is not a network is refused") {
  for (const char* const bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "::1/129",
                                "localhost", "fe80::1%eth0", "Unix", "/8"}) {
    INFO(bad);
    TrustedProxies proxies;
    CHECK_THROWS_AS(proxies.add(bad), video::Error);
  }
}

TEST_CASE("the client is the rightmost address that is not a trusted proxy") {
  const TrustedProxies proxies = proxiesOf({"10.0.0.0/8", "2001:db8::/32"});
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "10.0.0.1"},
      {{""}, "10.0.0.1"},
      {{"203.0.113.9"}, "203.0.113.9"},
      {{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},  // 1.1.1.1 is the client's own claim
      {{"1.1.1.1,203.0.113.9 , 10.0.0.2"}, "203.0.113.9"},
      {{"1.1.1.1", "203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
      {{"203.0.113.9, 2001:db8::5"}, "203.0.113.9"},
      {{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
      {{"1.1.1.1, unknown"}, "10.0.0.1"},
      {{"1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2"},
      {{"1.1.1.1, ,10.0.0.2"}, "10.0.0.2"},
      {{"203.0.113.9:4711"}, "203.0.113.9"},
      {{"[2001:DB9::0:1]:4711"}, "2001:db9::1"},
      {{"[2001:db9::1]"}, "2001:db9::1"},
      {{"["}, "10.0.0.1"},
      {{"[]"}, "10.0.0.1"},
      {{"2001:db9::1"}, "2001:db9::1"},
      {{"::ffff:203.0.113.9"}, "203.0.113.9"},
      {{"203.0.113.9\"; drop"}, "10.0.0.1"},
  };
  for (const auto& [lists, expected] : cases) {
    for (const std::string& list : lists) UNSCOPED_INFO(list);
    CHECK(clientBehind(proxies, lists) == expected);
  }
}

TEST_CASE("forwarded header fields count only from a trusted proxy") {
  const TrustedProxies proxies = proxiesOf({"10.0.0.0/8"});
  const Listener listener;
  Listener operators;
  operators.operatorSocket = true;
  CHECK(proxies.trusts({"10.1.2.3"}, listener));
  CHECK_FALSE(proxies.trusts({"11.1.2.3"}, listener));
  CHECK_FALSE(proxies.trusts({""}, listener));
  CHECK(proxiesOf({"unix"}).trusts({""}, listener));
  CHECK_FALSE(proxiesOf({"unix"}).trusts({""}, operators));
  CHECK_FALSE(proxiesOf({"unix"}).trusts({"10.1.2.3"}, listener));
  CHECK_FALSE(TrustedProxies().trusts({"127.0.0.1"}, listener));

  Head head;
  head.headers = {{"X-Forwarded-Proto", "http, https"}, {"X-Forwarded-Host", "evil.example, front.example"}};
  const Peer client = proxies.clientOf(head, {"10.0.0.1"});
  CHECK(client.proxied);
  CHECK(client.secure);
  CHECK(client.host == "front.example");
  CHECK_FALSE(proxies.clientOf({}, {"10.0.0.1"}).secure);
  CHECK_FALSE(proxies.clientOf({}, {"10.0.0.1"}).proxied);  // a program on the proxy's machine, not the proxy
}

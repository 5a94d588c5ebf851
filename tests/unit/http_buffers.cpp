// What readers that do not read, and senders that do not go on, cost in memory.
#include <deque>

#include "base/json.hpp"
#include "fault_of.hpp"
#include "http/routing/router.hpp"
#include "http_client.hpp"

using namespace http_test;
using video::Credential;
using video::Nothing;

namespace buffers_test {

struct Text {
  std::string text;
};

}  // namespace buffers_test

template <>
struct video::Fields<buffers_test::Text> {
  static constexpr std::tuple list{Field{"text", &buffers_test::Text::text, ""}};
};

namespace {

using buffers_test::Text;

constexpr std::size_t mebi = std::size_t{1} << 20;

/// A large reply, a small one, and one to a body, behind a real transport. `large` is more than a socket takes.
struct Texts {
  explicit Texts(std::size_t most) : router({}, {.buffered = most}), transport(router, {}) {
    const auto say = [](std::size_t size) {
      return [size](const Credential&, const Nothing&) { return Text{std::string(size, 'x')}; };
    };
    router.serve(Endpoint<Nothing, Text>{{.name = "large", .method = Method::get, .path = "/large"}}, say(large));
    router.serve(Endpoint<Nothing, Text>{{.name = "small", .method = Method::get, .path = "/small"}}, say(100));
    router.serve(Endpoint<Text, Text>{{.name = "post", .method = Method::post, .path = "/post"}},
                 [](const Credential&, const Text& wanted) { return wanted; });
    address = transport.listen(at("127.0.0.1:0"));
    transport.start();
  }
  std::size_t buffered() { return router.limiter().counts().buffered; }

  static constexpr std::size_t large = 8 * mebi;
  Router router;
  Transport transport;
  std::string address;
};

}  // namespace

TEST_CASE("replies that nobody reads take no more memory than allowed, and small ones are still sent") {
  Texts site(400 * mebi);  // 25 MiB for one address: three of these replies
  std::deque<RawClient> readers;
  for (int i = 0; i < 20; ++i) {
    readers.emplace_back(site.address, 4096);
    readers.back().get("/large");
  }
  REQUIRE(soon([&] { return site.router.limiter().counts().bufferedRefused == 17; }));
  CHECK(site.buffered() > 3 * Texts::large);
  CHECK(site.buffered() <= 25 * mebi);
  RawClient client(site.address);
  client.get("/large");
  const Reply refused = client.read();
  CHECK(refused.status == 503);
  CHECK(refused.has("Retry-After: 1\r\n"));
  CHECK(refused.has("X-Error-Code: 011\r\n"));
  client.get("/small");
  CHECK(client.read().status == 200);
  client.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read(true).status == 200);
  readers.clear();
  CHECK(soon([&] { return site.buffered() == 0; }));
  CHECK(site.router.limiter().counts().addresses == 0);
  client.get("/large");
  CHECK(client.read().body.size() > Texts::large);
  CHECK(soon([&] { return site.buffered() == 0; }));
}

TEST_CASE("bodies that never end take no more memory than allowed") {
  Texts site(4 * mebi);  // 1 MiB for one address: 16 bodies of 64 KiB
  const auto post = [](std::size_t length, const std::string& body) {
    return fmt::format("POST /post HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: none\r\nContent-Length: {}\r\n\r\n{}", length,
                       body);
  };
  std::deque<RawClient> senders;
  for (int i = 0; i < 16; ++i) {
    senders.emplace_back(site.address);
    senders.back().send(post(64 * 1024, "{"));
  }
  REQUIRE(soon([&] { return site.buffered() == mebi; }));
  RawClient client(site.address);
  const std::string large = video::toJson(Text{std::string(6000, 'x')});
  const std::string small = video::toJson(Text{"x"});
  client.send(post(small.size(), small));
  CHECK(client.read().body == small);
  client.send(post(large.size(), large));
  CHECK(client.read().status == 503);
  senders.clear();
  CHECK(soon([&] { return site.buffered() == 0; }));
  client.send(post(large.size(), large));
  CHECK(client.read().body == large);
}

TEST_CASE("the reply to a request that changed something is sent even if no memory is left") {
  Texts site(2 * mebi);  // 1 MiB for one address
  const std::string large = video::toJson(Text{std::string(6000, 'x')});
  const Limiter::Token rest = site.router.limiter().takeBuffer({}, 2 * mebi - large.size());
  RawClient client(site.address);
  client.send(fmt::format("POST /post HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: none\r\nContent-Length: {}\r\n\r\n{}",
                          large.size(), large));
  CHECK(client.read().body == large);
  client.get("/large");
  CHECK(client.read().status == 503);
}

TEST_CASE("each address has a sixteenth of the memory, and all together no more than the whole") {
  Limiter limiter({.buffered = 32 * mebi});
  std::vector<Limiter::Token> held;
  for (int i = 0; i < 16; ++i) {
    const std::string address = i == 0 ? "" : i == 1 ? "::1" : fmt::format("1.1.1.{}", i);
    held.push_back(limiter.takeBuffer(address, 2 * mebi));
    if (i > 0) CHECK(video::test::faultOf([&] { limiter.takeBuffer(address, 1); }) == video::Fault::unavailable);
  }
  CHECK(limiter.counts().buffered == 32 * mebi);
  CHECK(video::test::faultOf([&] { limiter.takeBuffer("4.4.4.4", 1); }) == video::Fault::unavailable);
  CHECK(video::test::faultOf([&] { limiter.takeBuffer("", 1); }) == video::Fault::unavailable);
  held.pop_back();
  held.push_back(limiter.takeBuffer("4.4.4.4", 2 * mebi));
  held.clear();
  CHECK(limiter.counts().buffered == 0);
  CHECK(limiter.counts().addresses == 0);
}

TEST_CASE("memory that replies have in common is counted once, and in full for each address") {
  Limiter limiter({.buffered = 32 * mebi});
  const auto page = std::make_shared<const std::string>(2 * mebi, 'x');
  std::vector<Limiter::Token> held;
  for (int i = 0; i < 100; ++i) held.push_back(limiter.shareBuffer(fmt::format("1.1.1.{}", i), page, 2 * mebi));
  CHECK(limiter.counts().buffered == 2 * mebi);
  CHECK(video::test::faultOf([&] { limiter.shareBuffer("1.1.1.7", page, 1); }) == video::Fault::unavailable);
  const Limiter::Token rest = limiter.exceedBuffer("", 30 * mebi);
  const auto other = std::make_shared<const std::string>("x");
  CHECK(video::test::faultOf([&] { limiter.shareBuffer("2.2.2.2", other, 1); }) == video::Fault::unavailable);
  CHECK(page.use_count() == 101);
  held.clear();
  CHECK(page.use_count() == 1);
  CHECK(limiter.counts().buffered == 30 * mebi);
  CHECK(limiter.counts().addresses == 0);
}

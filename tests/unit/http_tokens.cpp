// A token is returned however its request ends.
#include "http/routing/router.hpp"
#include "http_client.hpp"
#include "os/descriptor.hpp"

using namespace http_test;
using video::Content;
using video::ContentMeta;
using video::Credential;
using video::Error;
using video::Fault;

namespace tokens_test {

struct Thing {
  std::string id;
};

}  // namespace tokens_test

template <>
struct video::Fields<tokens_test::Thing> {
  static constexpr std::tuple list{Field{"id", &tokens_test::Thing::id, ""}};
};

namespace {

using tokens_test::Thing;

class FileReader : public video::ContentReader {
 public:
  explicit FileReader(std::shared_ptr<const Descriptor> file) : file_(std::move(file)) {}
  std::size_t read(std::uint64_t, std::span<std::byte>) override { return 0; }
  std::shared_ptr<const Descriptor> file() const override { return file_; }

 private:
  std::shared_ptr<const Descriptor> file_;
};

/// Serves a large file and an upload endpoint over a real transport.
struct Streaming {
  explicit Streaming(const LimiterOptions& limits, const RouterOptions& routing = {})
      : router(routing, limits), transport(router, {}) {
    router.serveContent(Endpoint<Thing, Content>{{.name = "videos.open",
                                                  .method = Method::get,
                                                  .path = "/videos/{id}",
                                                  .roles = stream,
                                                  .flags = {.plainErrors = true, .takesLink = true}}},
                        [this](const Credential&, const Thing& wanted) {
                          if (wanted.id != "v") throw Error(Fault::notFound);
                          ContentMeta meta{bigSize, "video/mp4", "\"tag\"", video::Time{std::chrono::seconds{1}}, "v"};
                          return Content{meta, std::make_shared<FileReader>(recorder.file)};
                        });
    router.serveUpload(
        Endpoint<Thing, Thing>{{.name = "uploads.put",
                                .method = Method::put,
                                .path = "/upload/{id}",
                                .success = 201,
                                .roles = stream,
                                .flags = {.plainErrors = true, .takesLink = true}}},
        [](const Credential&, const Thing& wanted, const video::ByteSource& bytes) {
          if (wanted.id == "refused") throw Error(Fault::forbidden);
          bytes.push([](std::span<const std::byte>) {});
          return wanted;
        },
        [](const Thing&, const Exchange&, Answer&) {});
    address = transport.listen(at("127.0.0.1:0"));
    transport.start();
  }

  Recorder recorder;  // for its file
  Router router;
  Transport transport;
  std::string address;
};

void get(RawClient& client, const std::string& headers, const char* method = "GET") {
  client.send(fmt::format("{} /videos/v HTTP/1.1\r\nHost: a\r\n{}\r\n", method, headers));
}
void put(RawClient& client, const std::string& id, const std::string& framing, const std::string& body) {
  client.send(
      fmt::format("PUT /upload/{} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: none\r\n{}\r\n\r\n{}", id, framing, body));
}

}  // namespace

TEST_CASE("10,000 requests that end in all possible ways return all their tokens") {
  constexpr std::size_t most = 200;
  Streaming site({most, most, 50});
  std::optional<RawClient> client(site.address);
  const auto again = [&] { client.emplace(site.address); };
  for (int i = 0; i < 10'000; ++i) {
    switch (i % 12) {
      case 0:
        get(*client, "Range: bytes=0-99\r\n");
        REQUIRE(client->read().status == 206);
        break;
      case 1:
        get(*client, "", "HEAD");
        REQUIRE(client->read(true).status == 200);
        break;
      case 2:
        get(*client, "If-None-Match: \"tag\"\r\n");
        REQUIRE(client->read().status == 304);
        break;
      case 3:
        get(*client, "If-Match: \"other\"\r\n");
        REQUIRE(client->read().status == 412);
        break;
      case 4:
        get(*client, "Range: bytes=x\r\n");
        REQUIRE(client->read().status == 416);
        break;
      case 5:
        get(*client, "Range: bytes=0-9,20-29\r\n");
        REQUIRE(client->read().status == 206);
        break;
      case 6:  // closes without reading the reply
        get(*client, "");
        client->leave();
        again();
        break;
      case 7:  // resets the connection in the middle
        get(*client, "");
        REQUIRE(client->more());
        client->reset();
        again();
        break;
      case 8:
        put(*client, "v", "Content-Length: 5", "hello");
        REQUIRE(client->read().status == 201);
        break;
      case 9:
        put(*client, "refused", "Content-Length: 5", "hello");
        REQUIRE(client->read().status == 403);
        break;
      case 10:
        put(*client, "v", "Transfer-Encoding: chunked", "5\r\nhelloX");
        REQUIRE(client->read().status == 400);
        again();
        break;
      default:
        put(*client, "v", "Content-Length: 50", "hello");
        client->reset();
        again();
    }
  }
  CHECK(
      soon([&] { return site.router.limiter().counts().streams == 0 && site.router.limiter().counts().uploads == 0; }));
  CHECK(site.router.limiter().counts().addresses == 0);
  std::vector<Limiter::Token> all;
  for (std::size_t i = 0; i < most; ++i) all.push_back(site.router.limiter().takeStream("127.0.0.1"));
  CHECK_THROWS_AS(site.router.limiter().takeStream("127.0.0.1"), Error);
}

TEST_CASE("one address gets its share of the connections, and 429 for more") {
  LimiterOptions limits;
  limits.connectionsPerAddress = 3;
  Streaming site(limits);
  const std::string path = "/tmp/http_tokens_" + video::makeRandomHex(4) + ".sock";
  site.transport.listen(at("unix:" + path));
  std::vector<RawClient> all;
  for (int i = 0; i < 3; ++i) {
    all.emplace_back(site.address);
    get(all.back(), "", "HEAD");
    CHECK(all.back().read(true).status == 200);
  }
  for (int i = 0; i < 300; ++i) {  // also by those that stay
    all.emplace_back(site.address);
    if (i > 0) continue;
    const Reply reply = all.back().read();
    CHECK(reply.status == 429);
    CHECK(reply.has("Retry-After: "));
    CHECK(reply.has("X-Error-Code: 009"));
    CHECK(reply.has("Connection: close"));
    CHECK(all.back().closed());
  }
  CHECK(soon([&] { return site.router.limiter().counts().connectionsOfAddressRefused == 300; }));
  CHECK(site.router.limiter().counts().busiestConnections == 3);
  for (int i = 0; i < 5; ++i) {  // Unix sockets have no address
    all.emplace_back(path);
    get(all.back(), "", "HEAD");
    CHECK(all.back().read(true).status == 200);
  }
  all.erase(all.begin());
  CHECK(soon([&] { return site.router.limiter().counts().busiestConnections == 2; }));
  RawClient next(site.address);
  get(next, "", "HEAD");
  CHECK(next.read(true).status == 200);
  all.clear();
  next.leave();
  CHECK(soon([&] { return site.router.limiter().counts().busiestConnections == 0; }));
}

TEST_CASE("clients behind a trusted proxy are counted by their requests, not by the proxy's connections") {
  LimiterOptions limits;
  limits.connectionsPerAddress = 2;
  RouterOptions routing;
  routing.proxies.add("127.0.0.1");
  Streaming site(limits, routing);
  std::vector<RawClient> readers;
  const auto ask = [&](RawClient& by, const char* address) {
    get(by, fmt::format("X-Forwarded-For: {}\r\n", address));
  };
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back(site.address, 4096);
    ask(readers.back(), "192.0.2.7");
  }
  CHECK(soon([&] { return site.router.limiter().counts().streams == 2; }));
  for (int i = 0; i < 5; ++i) readers.emplace_back(site.address);
  RawClient& proxy = readers.back();
  for (int i = 0; i < 3; ++i) {
    ask(proxy, "192.0.2.7");
    const Reply refused = proxy.read();
    CHECK(refused.status == 429);
    CHECK_FALSE(refused.has("Connection: close"));  // others come on this connection
    get(proxy, "X-Forwarded-For: 192.0.2.8\r\n", "HEAD");
    CHECK(proxy.read(true).status == 200);
    get(proxy, "", "HEAD");
    CHECK(proxy.read(true).status == 200);
  }
  CHECK(site.router.limiter().counts().connectionsOfAddressRefused == 3);
  readers.front().reset();
  CHECK(soon([&] { return site.router.limiter().counts().streams == 1; }));
  get(proxy, "X-Forwarded-For: 192.0.2.7\r\n", "HEAD");
  CHECK(proxy.read(true).status == 200);
}

TEST_CASE("while all tokens are taken, new requests are refused and running ones continue") {
  Streaming site({2, 2, 1});
  RawClient one(site.address, 4096);
  RawClient two(site.address, 4096);
  RawClient sender(site.address);
  get(one, "");
  get(two, "");
  put(sender, "v", "Content-Length: 50", "hello");
  CHECK(
      soon([&] { return site.router.limiter().counts().streams == 2 && site.router.limiter().counts().uploads == 1; }));
  RawClient next(site.address);
  for (int i = 0; i < 100; ++i) {
    get(next, "");
    const Reply reply = next.read();
    REQUIRE(reply.status == 429);
    REQUIRE(reply.has("Retry-After: "));
    REQUIRE(reply.has("X-Error-Code: 009"));
  }
  RawClient upload(site.address);
  put(upload, "v", "Content-Length: 5\r\nExpect: 100-continue", "");  // refused before the body
  CHECK(upload.read().status == 429);
  CHECK(site.router.limiter().counts().streamsRefused == 100);
  CHECK(site.router.limiter().counts().uploadsRefused == 1);
  LimiterOptions more = site.router.limiter().options();
  more.streams = more.streamsPerAddress = 3;
  site.router.limiter().setOptions(more);
  get(next, "Range: bytes=0-0\r\n");
  CHECK(next.read().status == 206);
  sender.send(std::string(45, 'x'));
  CHECK(sender.read().status == 201);
}

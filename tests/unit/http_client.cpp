#include "http/client/client.hpp"

#include <httplib.h>

#include <atomic>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "catch.hpp"
#include "comments/fields.hpp"
#include "comments/make.hpp"
#include "fault_of.hpp"
#include "http_client.hpp"
#include "os/descriptor.hpp"
#include "tokens/fields.hpp"
#include "tokens/make.hpp"
#include "videos/fields.hpp"
#include "videos/make.hpp"

using namespace video;
using namespace std::chrono_literals;

namespace http_client_test {

struct Ask {
  std::string id;
  std::optional<std::string> note;
};
struct Item {
  std::string said;
};

}  // namespace http_client_test

template <>
struct video::Fields<http_client_test::Ask> {
  using T = http_client_test::Ask;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"note", &T::note, ""}};
};
template <>
struct video::Fields<http_client_test::Item> {
  static constexpr std::tuple list{Field{"said", &http_client_test::Item::said, ""}};
};

namespace {

using http::Endpoint;
using http::Method;
using http_client_test::Ask;
using http_client_test::Item;
using test::errorOf;

constexpr Endpoint<Ask, Item> show{{.name = "things.show", .method = Method::get, .path = "/things/{id}"}};
constexpr Endpoint<Ask, Item> post{{.name = "things.post", .method = Method::post, .path = "/things/{id}"}};
constexpr Endpoint<Ask, void> remove_{{.name = "things.delete", .method = Method::delete_, .path = "/things/{id}"}};
constexpr Endpoint<Ask, void> putUpload{
    {.name = "uploads.put", .method = Method::put, .path = "/upload/{id}", .flags = {.takesLink = true}}};
constexpr Endpoint<Ask, Content> openVideo{
    {.name = "videos.open", .method = Method::get, .path = "/videos/{id}", .flags = {.takesLink = true}}};

/// A server that is not videod, on a free port.
struct Odd {
  httplib::Server server;
  int port = 0;
  std::jthread thread;

  void start() {
    server.set_tcp_nodelay(true);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::jthread([this] { server.listen_after_bind(); });
    REQUIRE(http_test::soon([this] { return server.is_running(); }));
  }
  ~Odd() { server.stop(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
  http::ClientOptions options() const { return {url(), {}, {}, 5s, false}; }
};

/// A server that passes each connection in turn to `talk`, which reads and writes raw bytes.
struct Raw {
  Descriptor listener{::socket(AF_INET, SOCK_STREAM, 0)};
  int port = 0;
  std::jthread thread;

  explicit Raw(std::function<void(int, int)> talk) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof name;
    REQUIRE(::bind(listener.number(), reinterpret_cast<sockaddr*>(&name), length) == 0);
    REQUIRE(::listen(listener.number(), 8) == 0);
    REQUIRE(::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    port = ntohs(name.sin_port);
    thread = std::jthread([this, talk = std::move(talk)] {
      for (int turn = 0;; ++turn) {
        const Descriptor peer(::accept(listener.number(), nullptr, nullptr));
        if (!peer) return;
        talk(peer.number(), turn);
      }
    });
  }
  ~Raw() { ::shutdown(listener.number(), SHUT_RDWR); }
  http::ClientOptions options() const { return {"http://127.0.0.1:" + std::to_string(port), {}, {}, 5s, false}; }

  /// Reads to the end of a head.
  static void readHead(int socket) {
    std::string head;
    char byte = 0;
    while (head.find("\r\n\r\n") == std::string::npos && ::recv(socket, &byte, 1, 0) == 1) head += byte;
  }
  static void say(int socket, std::string_view text) { ::send(socket, text.data(), text.size(), MSG_NOSIGNAL); }
  /// Reads until the other end closes.
  static void drain(int socket) {
    char bytes[65536];
    while (::recv(socket, bytes, sizeof bytes, 0) > 0) {
    }
  }
};

/// Returns the error of a call; fails the test if there is none.
void check(const Error& error, Fault fault, std::string_view detail) {
  INFO(error.what());
  CHECK(error.fault() == fault);
  CHECK(error.detail().find(detail) != std::string::npos);
}

ByteSource sourceOf(std::string text, std::size_t times, std::optional<std::uint64_t> size, int* pushes = nullptr) {
  return {[text = std::move(text), times, pushes](const ByteSink& sink) {
            if (pushes != nullptr) ++*pushes;
            for (std::size_t i = 0; i < times; ++i) sink(std::as_bytes(std::span(text)));
          },
          size, false};
}

}  // namespace

TEST_CASE("the client builds the path, query, body and credentials of a request from its fields") {
  Odd odd;
  const auto echo = [](const httplib::Request& request, httplib::Response& response) {
    std::string said = request.method + " " + request.target + " " + request.body;
    for (const char* name : {"Authorization", "X-Videod-As"}) said += " " + request.get_header_value(name);
    response.set_content(toJson(Item{said}), "application/json; charset=utf-8");
  };
  odd.server.Get(".*", echo);
  odd.server.Post(".*", echo);
  odd.server.Delete(".*", [](const httplib::Request&, httplib::Response& response) { response.status = 204; });
  odd.start();
  http::Client client(odd.options());
  CHECK(client.call(show, Anonymous{}, Ask{"a/b ..", {}}).said == "GET /things/a%2Fb%20..   ");
  CHECK(client.call(show, Anonymous{}, Ask{"..", {}}).said == "GET /things/%2E%2E   ");
  CHECK(client.call(show, Secret{"s"}, Ask{"7", "x&y"}).said == "GET /things/7?note=x%26y  Bearer s ");
  CHECK(client.call(show, SignedLink{"s", "9", "x="}, Ask{"7", {}}).said == "GET /things/7?share=s&exp=9&sig=x%3D   ");
  CHECK(client.call(post, Anonymous{}, Ask{"7", "\"n\""}).said == "POST /things/7 {\"note\":\"\\\"n\\\"\"}  ");
  CHECK(client.call(post, Anonymous{}, Ask{"7", {}}).said == "POST /things/7 {}  ");
  client.call(remove_, Anonymous{}, Ask{"7", {}});
  check(errorOf([&] { client.call(show, Operator{}, Ask{"7", {}}); }), Fault::forbidden, "operator");
  check(errorOf([&] { client.call(show, Secret{"s\r\nX: y"}, Ask{"7", {}}); }), Fault::unauthenticated, "character");

  http::ClientOptions behind = odd.options();
  behind.url += "/prefix/";
  CHECK(http::Client(behind).call(show, Anonymous{}, Ask{"7", {}}).said == "GET /prefix/things/7   ");
}

TEST_CASE("a secret is not sent over plain http except to this machine, and an invalid URL is refused") {
  for (const char* url : {"http://video.example", "http://127.0.0.1.evil.example", "http://127.evil.example",
                          "http://10.0.0.1:8000", "http://localhost.example"}) {
    INFO(url);
    http::Client client({url, {}, {}, 100ms, false});
    check(errorOf([&] { client.call(show, Secret{"s"}, Ask{"7", {}}); }), Fault::forbidden, "plain http");
  }
  for (const char* url : {"", "a", "ftp://a", "http://", "http://a:b", "http://a?x", "http://user@a", "http://a b:1"}) {
    INFO(url);
    check(errorOf([&] { http::Client client({url, {}, {}, 100ms, false}); }), Fault::malformed, "URL");
  }
}

TEST_CASE("a server that does not know a dry run is distinguished from a missing object") {
  constexpr Endpoint<Ask, Item> rehearse{
      {.name = "things.post.rehearse", .method = Method::post, .path = "/things/{id}/rehearse"}};
  const auto notFound = [](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_header("X-Error-Code", "006");
    response.set_header("X-Error-Reason", "no-such-video");
    response.set_content(R"({"detail":"not here"})", "application/json");
  };
  const bool hasPath = GENERATE(true, false);
  Odd odd;
  std::atomic<int> acts = 0;
  odd.server.Post("/things/[^/]+", [&](const httplib::Request&, httplib::Response&) { ++acts; });
  odd.server.Post("/things/[^/]+/rehearse", notFound);
  odd.server.Options("/things/[^/]+/rehearse", [&](const httplib::Request& request, httplib::Response& response) {
    if (!hasPath) return notFound(request, response);
    response.status = 204;
  });
  odd.start();
  http::Client client(odd.options());
  const Error error = errorOf([&] { client.rehearse(rehearse, Secret{"s"}, Ask{"7", {}}); });
  if (hasPath) {
    check(error, Fault::notFound, "not here");
    CHECK(error.reason() == Reason::noSuchVideo);
  } else {
    check(error, Fault::versionMismatch, "cannot do a dry run");
  }
  CHECK(acts == 0);
}

TEST_CASE("what an older server would take for more than it is, is not sent to it, or its reply is not used") {
  Odd odd;
  std::atomic<int> revoked = 0;
  const auto notFound = [](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_header("X-Error-Code", "006");
    response.set_content(R"({"detail":"not here"})", "application/json");
  };
  odd.server.Delete("/tokens", [&](const httplib::Request&, httplib::Response& response) {
    ++revoked;
    response.status = 204;
  });
  odd.server.Delete("/tokens/.+/.*", notFound);
  odd.server.Options("/tokens/.+/.*", notFound);
  bool knowsReverse = false;
  const auto listed = [&](const char* body) {
    return [&knowsReverse, body](const httplib::Request&, httplib::Response& response) {
      if (knowsReverse) response.set_header("X-List-Fields", "other, reverse");
      response.set_content(body, "application/json");
    };
  };
  odd.server.Get("/video", listed(R"({"videos":[],"next_cursor":null})"));
  odd.server.Get("/videos/v/comments", listed(R"({"comments":[],"next_cursor":null})"));
  odd.start();
  http::Client client(odd.options());

  const auto tokens = makeRemoteTokens(client);
  RevokeTokens labelled;
  labelled.label = "nightly";
  check(errorOf([&] { tokens->revokeAll(Secret{"s"}, labelled); }), Fault::versionMismatch, "by their label");
  labelled.label = "";
  errorOf([&] { tokens->revokeAll(Secret{"s"}, labelled); });
  CHECK(revoked == 0);

  const auto videos = makeRemoteVideos(client);
  const auto comments = makeRemoteComments(client);
  VideoQuery named;
  named.name = "x*";
  VideoQuery reversed;
  reversed.reverse = true;
  CommentQuery newest;
  newest.video.text = "v";
  newest.reverse = true;
  check(errorOf([&] { videos->list(Secret{"s"}, named); }), Fault::versionMismatch, "name: ");
  check(errorOf([&] { videos->list(Secret{"s"}, reversed); }), Fault::versionMismatch, "reverse: ");
  check(errorOf([&] { comments->list(Secret{"s"}, newest); }), Fault::versionMismatch, "reverse: ");
  CHECK_NOTHROW(videos->list(Secret{"s"}, {}));
  knowsReverse = true;
  CHECK_NOTHROW(videos->list(Secret{"s"}, reversed));
  CHECK_NOTHROW(comments->list(Secret{"s"}, newest));
  check(errorOf([&] { videos->list(Secret{"s"}, named); }), Fault::versionMismatch, "name: ");
}

TEST_CASE("a reply that is not from videod is reported as such") {
  Odd odd;
  odd.server.Get("/things/502", [](const httplib::Request&, httplib::Response& response) {
    response.status = 502;
    response.set_header("Server", "nginx/1.22.1");
    response.set_content("<html>Bad Gateway</html>", "text/html");
  });
  odd.server.Get("/things/413", [](const httplib::Request&, httplib::Response& response) { response.status = 413; });
  odd.server.Get("/things/html", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("<html>Hello</html>", "text/html");
  });
  odd.server.Get("/things/moved",
                 [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/things/html"); });
  odd.server.Get("/things/detail", [](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_header("X-Error-Code", "006");
    response.set_content(R"({"detail":{"no":"text"}})", "application/json");
  });
  odd.server.Get("/things/busy", [](const httplib::Request&, httplib::Response& response) {
    response.status = 503;
    response.set_header("X-Error-Code", "016");
    response.set_header("Retry-After", "7");
    response.set_content(R"({"detail":"held by pid 4"})", "application/json");
  });
  odd.server.Get("/videos/html", [](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/html", [](std::size_t, httplib::DataSink& sink) {
      sink.done();
      return true;
    });
  });
  odd.start();
  http::Client client(odd.options());
  const auto error = [&](const char* id) { return errorOf([&] { client.call(show, Anonymous{}, Ask{id, {}}); }); };
  check(error("502"), Fault::unreachable, "answered by nginx, not videod: 502");
  check(error("413"), Fault::tooLarge, "not videod: 413");
  check(error("html"), Fault::unreachable, "is not videod");
  check(error("moved"), Fault::unreachable, "not videod: 302");
  check(error("detail"), Fault::notFound, "");
  check(error("busy"), Fault::busy, "held by pid 4");
  CHECK(error("busy").retryAfter() == 7s);
  check(errorOf([&] { client.open(openVideo, Anonymous{}, Ask{"html", {}}); }), Fault::unreachable, "is not videod");
}

TEST_CASE("an error about an unreachable server names its address") {
  int port = 0;
  {
    port = Raw([](int, int) {}).port;
  }
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  http::Client client({url, {}, {}, 5s, false});
  check(errorOf([&] { client.call(show, Anonymous{}, Ask{"7", {}}); }), Fault::unreachable, url);
  int pushes = 0;
  check(errorOf([&] {
          client.send(putUpload, Anonymous{}, Ask{"7", {}}, sourceOf("x", 1, 1, &pushes));
        }),
        Fault::unreachable, url);
  CHECK(pushes == 0);
  http::Client local({"", "/tmp/http_client_test/no.socket", {}, 5s, false});
  check(errorOf([&] { local.call(show, Operator{}, Ask{"7", {}}); }), Fault::unreachable, "no.socket");
}

TEST_CASE("the client reconnects if the server closed an idle connection") {
  std::atomic<int> connections = 0;
  Raw raw([&](int socket, int) {
    ++connections;
    Raw::readHead(socket);
    Raw::say(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"said\":\"a\"}");
  });
  http::Client client(raw.options());
  // A GET may be repeated; a POST may not, because it could have arrived.
  for (int i = 0; i < 5; ++i) CHECK(client.call(show, Anonymous{}, Ask{"7", {}}).said == "a");
  CHECK(connections >= 5);
}

TEST_CASE("a server that does not answer in time is not asked again, on a connection that was idle either") {
  std::atomic<int> asked = 0;
  Raw raw([&](int socket, int) {
    Raw::readHead(socket);
    ++asked;
    Raw::say(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"said\":\"a\"}");
    Raw::readHead(socket);
    ++asked;
    Raw::drain(socket);  // until the client gives up
  });
  http::ClientOptions options = raw.options();
  options.timeout = 200ms;
  http::Client client(options);
  CHECK(client.call(show, Anonymous{}, Ask{"7", {}}).said == "a");
  check(errorOf([&] { client.call(show, Anonymous{}, Ask{"7", {}}); }), Fault::unreachable, "does not answer");
  CHECK(asked == 2);
}

TEST_CASE("a redirect in the middle of an upload is reported, and a reply that has no end is none") {
  const bool early = GENERATE(true, false);
  Raw raw([&](int socket, int) {
    Raw::readHead(socket);
    Raw::say(socket, early
                         ? "HTTP/1.1 301 Moved Permanently\r\nLocation: https://v.example/\r\nContent-Length: 0\r\n\r\n"
                         : "HTTP/1.1 200 OK\r\nContent-Length: 900000000000000000\r\n\r\n");
    ::shutdown(socket, SHUT_WR);
    Raw::drain(socket);
  });
  http::Client client(raw.options());
  int pushes = 0;
  const ByteSource bytes = sourceOf(std::string(1 << 16, 'x'), early ? 4096 : 1,
                                    static_cast<std::uint64_t>(early ? 4096 : 1) << 16, &pushes);
  const Error error = errorOf([&] { client.send(putUpload, Anonymous{}, Ask{"7", {}}, bytes); });
  check(error, Fault::unreachable, early ? "redirects to https://v.example/" : "");
  CHECK(pushes == 1);
}

TEST_CASE("a refusal that arrives in the middle of an upload is reported") {
  for (const bool sized : {true, false}) {
    Raw raw([](int socket, int) {
      Raw::readHead(socket);
      Raw::say(socket,
               "HTTP/1.1 507 Insufficient Storage\r\nX-Error-Code: 013\r\nX-Error-Detail:100%25 used\r\n"
               "Content-Length: 14\r\nConnection: close\r\n\r\nQuota exceeded");
      ::shutdown(socket, SHUT_WR);
      Raw::drain(socket);
    });
    http::Client client(raw.options());
    const std::size_t pieces = 4096;
    const auto size = sized ? std::optional<std::uint64_t>(pieces << 16) : std::nullopt;
    int pushes = 0;
    const ByteSource bytes = sourceOf(std::string(1 << 16, 'x'), pieces, size, &pushes);
    check(errorOf([&] { client.send(putUpload, Anonymous{}, Ask{"7", {}}, bytes); }), Fault::overQuota, "100% used");
    CHECK(pushes == 1);
  }
}

TEST_CASE("an upload reads its source once and passes on its errors") {
  Odd odd;
  std::string got;
  odd.server.Put(".*", [&](const httplib::Request& request, httplib::Response& response) {
    got = request.body;
    response.status = 201;
  });
  odd.start();
  http::Client client(odd.options());
  const auto send = [&](const ByteSource& bytes) { client.send(putUpload, Anonymous{}, Ask{"7", {}}, bytes); };
  send(sourceOf("movie", 2, 10));
  CHECK(got == "moviemovie");
  send(sourceOf("movie", 3, std::nullopt));
  CHECK(got == "moviemoviemovie");
  send(sourceOf("", 0, 0));
  CHECK(got.empty());
  for (const std::uint64_t size : {11U, 9U}) {
    int pushes = 0;
    check(errorOf([&] { send(sourceOf("movie", 2, size, &pushes)); }), Fault::conflict, "size changed");
    CHECK(pushes == 1);
  }
  const ByteSource broken{[](const ByteSink&) { throw Error(Fault::notFound, "file x: gone"); }, 10, false};
  check(errorOf([&] { send(broken); }), Fault::notFound, "file x: gone");
  send(sourceOf("movie", 1, 5));
  CHECK(got == "movie");
}

TEST_CASE("a content is read in ranges until it is replaced") {
  Odd odd;
  std::atomic<int> version = 1;
  const std::string whole(9U << 20, 'w');
  odd.server.Get("/videos/7", [&](const httplib::Request& request, httplib::Response& response) {
    const std::string etag = "\"" + std::to_string(version.load()) + "\"";
    response.set_header("ETag", etag);
    response.set_header("Content-Disposition", "inline; filename=\"a.mp4\"");
    response.set_header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    if (request.has_header("If-Match") && request.get_header_value("If-Match") != etag) {
      response.status = 412;
      response.set_header("X-Error-Code", "010");
      return;
    }
    response.set_content(whole, "video/mp4");
  });
  odd.start();
  http::Client client(odd.options());
  const Content content = client.open(openVideo, Anonymous{}, Ask{"7", {}});
  CHECK(content.meta.size == whole.size());
  CHECK(content.meta.type == "video/mp4");
  CHECK(content.meta.etag == "\"1\"");
  CHECK(content.meta.name == "a.mp4");
  std::string piece(1000, '\0');
  CHECK(content.reader->read(0, std::as_writable_bytes(std::span(piece))) == 1000);
  CHECK(content.reader->read((8U << 20) - 10, std::as_writable_bytes(std::span(piece))) == 10);
  version = 2;
  check(errorOf([&] { content.reader->read(8U << 20, std::as_writable_bytes(std::span(piece))); }), Fault::conflict,
        "replaced");
  CHECK(content.reader->read(whole.size(), std::as_writable_bytes(std::span(piece))) == 0);
}

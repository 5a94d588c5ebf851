#include "http/server/head_gate.hpp"

#include <deque>
#include <utility>

#include "catch.hpp"
#include "http/server/body_decoder.hpp"

using namespace video::http;

namespace {

/// Returns 0 if the head is valid, the status it is refused with, or -1 if it is incomplete.
int statusOf(const std::string& given, Head& head, const HeadLimits& limits = {}) {
  static std::string bytes;  // the head refers to them
  bytes = given;
  HeadEnd end;
  switch (end.look(bytes, limits)) {
    case HeadEnd::State::more: return -1;
    case HeadEnd::State::refused: return end.refusal().status;
    case HeadEnd::State::whole: break;
  }
  const auto refusal = readHead(std::string_view(bytes).substr(end.start(), end.end() - end.start()), limits, head);
  return refusal ? refusal->status : 0;
}

/// The same for a temporary, which is kept because the head refers to it.
int statusOf(std::string&& bytes, Head& head, const HeadLimits& limits = {}) {
  static std::deque<std::string> kept;
  return statusOf(std::as_const(kept.emplace_back(std::move(bytes))), head, limits);
}

int statusOf(const std::string& bytes) {
  Head head;
  return statusOf(bytes, head);
}

std::string with(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

/// Returns the body, followed by `!` if it is malformed or `?` if it is incomplete; `rest` gets the bytes after it.
std::string decoded(BodyDecoder decoder, std::string_view bytes, std::size_t step, std::string* rest = nullptr) {
  std::string body;
  std::string waiting;
  while (true) {
    const std::size_t count = std::min(step, bytes.size());
    waiting.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    std::string_view view = waiting;
    for (std::size_t before = view.size() + 1; view.size() < before && !decoder.done();) {
      before = view.size();
      body += decoder.take(view);
    }
    waiting.erase(0, waiting.size() - view.size());
    if (decoder.done() || decoder.broken() || bytes.empty()) break;
  }
  if (rest != nullptr) *rest = waiting + std::string(bytes);
  return body + (decoder.broken() ? "!" : decoder.done() ? "" : "?");
}

Head chunkedHead() {
  Head head;
  head.chunked = true;
  return head;
}

}  // namespace

TEST_CASE("a request head is parsed") {
  Head head;
  REQUIRE(statusOf("\r\nPOST /a%20b/c?x=1&y HTTP/1.1\r\nHost: h:80\r\nX-One:  two words \t\r\nx-one:\r\n"
                   "Content-Length: 12\r\nExpect: 100-Continue\r\n\r\nbody",
                   head) == 0);
  CHECK(head.method == Method::post);
  CHECK(head.path == "/a%20b/c");
  CHECK(head.query == "x=1&y");
  CHECK(head.header("x-ONE") == "two words");
  CHECK(head.headerValues("X-One").size() == 2);
  CHECK(head.contentLength == 12u);
  CHECK(head.hasBody());
  CHECK(head.expectContinue);
  CHECK(head.keepAlive);
}

TEST_CASE("a head refers to the bytes it was parsed from, and can be moved to a copy of them") {
  std::string bytes = "POST http://host HTTP/1.1\r\nHost: h\r\nX-One: two\r\nX-Empty:\r\nContent-Length: 1\r\n\r\n";
  Head head;
  REQUIRE_FALSE(readHead(bytes, {}, head));
  CHECK(head.methodName.data() == bytes.data());
  const std::string copy = bytes;
  head.rebase(bytes, copy);
  bytes.assign(bytes.size(), '#');
  CHECK(head.methodName == "POST");
  CHECK(head.path == "/");
  CHECK(head.query.empty());
  CHECK(head.header("Host") == "host");
  CHECK(head.header("X-One") == "two");
  CHECK(head.headerValues("X-Empty") == std::vector<std::string_view>{""});
}

TEST_CASE("nothing of an earlier head is left when another is parsed") {
  Head head;
  REQUIRE(statusOf(with("Content-Length: 3\r\nConnection: close\r\nExpect: 100-continue\r\n"), head) == 0);
  REQUIRE(statusOf(with(""), head) == 0);
  CHECK_FALSE(head.contentLength);
  CHECK(head.keepAlive);
  CHECK_FALSE(head.expectContinue);
  CHECK(head.headers.size() == 1);
  CHECK(head.query.empty());
}

TEST_CASE("request targets are split into path, query and host") {
  Head head;
  REQUIRE(statusOf("GET http://example.org:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n", head) == 0);
  CHECK(head.path == "/p");
  CHECK(head.query == "q");
  CHECK(head.header("Host") == "example.org:81");
  REQUIRE(statusOf("GET HTTP://example.org?q HTTP/1.0\r\n\r\n", head) == 0);
  CHECK(head.path == "/");
  CHECK(head.query == "q");
  CHECK(head.header("Host") == "example.org");
  REQUIRE(statusOf("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", head) == 0);
  CHECK(head.path == "*");
  for (const char* target : {"*", "x", "ftp://a/", "http:///x", "http://u@h/", "/a#b", "/%", "/%4", "/%zz", "/%00",
                             "/a\tb", "/\x7f", "/\xc3\xa4", "a.org:443"})
    CHECK(statusOf(std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("malformed request lines are refused") {
  const auto line = [](const std::string& text) { return statusOf(text + "\r\nHost: a\r\n\r\n"); };
  CHECK(line("GET / HTTP/1.2") == 0);
  CHECK(line("FROB / HTTP/1.1") == 0);
  CHECK(line("PRI * HTTP/2.0") == 505);
  CHECK(line("GET / HTTP/0.9") == 505);
  for (const char* text : {"GET /", "GET  / HTTP/1.1 ", "GET / http/1.1", "GET / HTTP/1.10", "GET / HTTP/1",
                           "G(T / HTTP/1.1", " GET / HTTP/1.1", "GET / / HTTP/1.1", "GET", "\x16\x03\x01"})
    CHECK(line(text) == 400);
  CHECK(statusOf("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
  CHECK(statusOf("\n") == 400);
  CHECK(statusOf("GET / HTTP/1.1\rXHost: a\r\n\r\n") == 400);
  CHECK(statusOf(std::string(10, '\r')) == -1);
  CHECK(statusOf("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n") == 400);
}

TEST_CASE("malformed header fields are refused") {
  CHECK(statusOf(with("A: b\r\n c\r\n")) == 400);
  CHECK(statusOf(with("A : b\r\n")) == 400);
  CHECK(statusOf(with(": b\r\n")) == 400);
  CHECK(statusOf(with("A\r\n")) == 400);
  CHECK(statusOf(with("A: b\rc\r\n")) == 400);
  CHECK(statusOf(with(std::string("A: b\0c\r\n", 8))) == 400);
  CHECK(statusOf(with("A: \x01\r\n")) == 400);
  CHECK(statusOf(with("A: \x7f\r\n")) == 400);
  CHECK(statusOf(with("A\xc3: b\r\n")) == 400);
  CHECK(statusOf(with("A: \xc3\xa4\r\n")) == 0);
  CHECK(statusOf(with("Host: b\r\n")) == 400);
  CHECK(statusOf("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(statusOf("GET / HTTP/1.0\r\n\r\n") == 0);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n") == 0);
  CHECK(statusOf(with("Expect: something\r\n")) == 417);
}

TEST_CASE("ambiguous or unsupported framing is refused") {
  for (const char* length :
       {"", "abc", "-1", "+1", "1 2", "0x10", "1,1", "1.0", "9223372036854775808", "99999999999999999999"})
    CHECK(statusOf(with(std::string("Content-Length: ") + length + "\r\n")) == 400);
  CHECK(statusOf(with("Content-Length: 9223372036854775807\r\n")) == 0);
  CHECK(statusOf(with("Content-Length: 1\r\nContent-Length: 1\r\n")) == 400);
  CHECK(statusOf(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")) == 400);
  CHECK(statusOf(with("transfer-encoding: Chunked\r\n")) == 0);
  CHECK(statusOf(with("Transfer-Encoding: gzip, chunked\r\n")) == 501);
  CHECK(statusOf(with("Transfer-Encoding: identity\r\n")) == 501);
  CHECK(statusOf(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 501);
  CHECK(statusOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("the version and the Connection field decide whether the connection is kept") {
  const auto stays = [](const std::string& version, const std::string& lines) {
    Head head;
    REQUIRE(statusOf("GET / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n", head) == 0);
    return head.keepAlive;
  };
  CHECK(stays("1.1", ""));
  CHECK_FALSE(stays("1.1", "Connection: x , Close\r\n"));
  CHECK_FALSE(stays("1.0", ""));
  CHECK(stays("1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(stays("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
}

TEST_CASE("a head over a size limit is refused") {
  const auto target = [](std::size_t size) {
    return "GET /" + std::string(size, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(statusOf(target(8 * 1024 - 14)) == 0);
  CHECK(statusOf(target(8 * 1024 - 13)) == 414);
  std::string cut = target(8 * 1024 - 14);
  cut.resize(cut.find('\r') + 1);
  CHECK(statusOf(cut) == -1);
  for (const std::size_t size : {8 * 1024 - 14, 8 * 1024 - 13}) {
    // Judged alike wherever it is cut.
    const std::string bytes = target(size);
    HeadEnd end;
    HeadEnd::State state = HeadEnd::State::more;
    for (std::size_t come = 8000; state == HeadEnd::State::more && come <= bytes.size(); ++come)
      state = end.look(std::string_view(bytes).substr(0, come), {});
    CHECK(state == (size == 8 * 1024 - 14 ? HeadEnd::State::whole : HeadEnd::State::refused));
  }
  CHECK(statusOf("GET /" + std::string(9000, 'a')) == 414);
  CHECK(statusOf(with("A: " + std::string(16 * 1024, 'a') + "\r\n")) == 431);
  CHECK(statusOf("GET / HTTP/1.1\r\nA: " + std::string(17 * 1024, 'a')) == 431);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "A: b\r\n";
  CHECK(statusOf(with(many)) == 431);
}

TEST_CASE("a head may arrive byte by byte") {
  const std::string bytes = "GET /x HTTP/1.1\r\nHost: a\r\n\r\nmore";
  HeadEnd end;
  for (std::size_t size = 1; size < bytes.size() - 4; ++size)
    REQUIRE(end.look(bytes.substr(0, size), {}) == HeadEnd::State::more);
  REQUIRE(end.look(bytes, {}) == HeadEnd::State::whole);
  CHECK(end.end() == bytes.size() - 4);
}

TEST_CASE("a body with a Content-Length ends after that many bytes") {
  Head head;
  head.contentLength = 5;
  std::string rest;
  for (const std::size_t step : {1u, 3u, 100u}) {
    CHECK(decoded(BodyDecoder(head), "helloGET", step, &rest) == "hello");
    CHECK(rest == "GET");
  }
  CHECK(decoded(BodyDecoder(head), "hell", 2) == "hell?");
  head.contentLength = 0;
  CHECK(BodyDecoder(head).done());
}

TEST_CASE("a chunked body is decoded, and a malformed one is refused") {
  std::string rest;
  for (const std::size_t step : {1u, 2u, 7u, 1000u}) {
    CHECK(decoded(BodyDecoder(chunkedHead()), "5\r\nhello\r\n00A ;x=\"y\"\r\n, world!!!\r\n0\r\nT: v\r\n\r\nGET", step,
                  &rest) == "hello, world!!!");
    CHECK(rest == "GET");
    for (const char* bad : {"x\r\n", "\r\n", ";a\r\n", "5\nhello", "5\r\nhelloX", "5\r\nhello\r5", "5\rhello", "-5\r\n",
                            "0x5\r\n", "FFFFFFFFFFFFFFFF\r\n", "0\r\nT\nv\r\n\r\n", "0\r\n\rX"})
      CHECK(decoded(BodyDecoder(chunkedHead()), bad, step).back() == '!');
  }
  CHECK(decoded(BodyDecoder(chunkedHead()), "5;" + std::string(10000, 'a'), 100) == "!");
  CHECK(decoded(BodyDecoder(chunkedHead()), "0\r\n" + std::string(10000, 'a'), 100) == "!");
  CHECK(decoded(BodyDecoder(chunkedHead()), "5\r\nhel", 100) == "hel?");
}

#include "http_client.hpp"
#include "quiet_log.hpp"

using namespace http_test;

TEST_CASE("a connection is kept and answers one request after the other") {
  Running server;
  RawClient client(server.address);
  for (int i = 0; i < 3; ++i) {
    client.get("/small");
    const Reply reply = client.read();
    CHECK(reply.status == 200);
    CHECK(reply.body == "hello");
    CHECK(reply.has("\r\nDate: "));
    CHECK_FALSE(reply.has("Connection"));
    CHECK_FALSE(reply.has("Keep-Alive"));
  }
  CHECK(server.transport.counters().accepted == 1);
  CHECK(server.transport.counters().requests == 3);
  CHECK(soon([&] { return server.service.holding == 0; }));
  client.get("/split");
  CHECK_FALSE(client.read().has("X-Injected"));
  client.get("/close");
  CHECK(client.read().has("Connection: close"));
  CHECK(client.closed());
  CHECK(server.service.peer.address == "127.0.0.1");
  CHECK_FALSE(server.service.peer.mayBeOperator);
}

TEST_CASE("pipelined requests are answered in order") {
  Running server;
  RawClient client(server.address);
  std::string all;
  for (int i = 0; i < 1000; ++i)
    all +=
        fmt::format("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", std::to_string(i).size(), i);
  std::thread sender([&] { client.send(all); });
  for (int i = 0; i < 1000; ++i) REQUIRE(client.read().body == std::to_string(i));
  sender.join();
}

TEST_CASE("HTTP/1.0, HEAD, 204 and 304 are answered as RFC 9112 requires") {
  Running server;
  {
    RawClient client(server.address);
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(client.read().has("Connection: close"));
    CHECK(client.closed());
  }
  RawClient client(server.address);
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.read().has("Connection: keep-alive"));
  client.send("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read(true).has(fmt::format("Content-Length: {}\r\n", bigSize)));
  for (const char* path : {"/204", "/304"}) {
    client.get(path);
    const Reply reply = client.read();
    CHECK(reply.status == std::stoi(path + 1));
    CHECK_FALSE(reply.has("Content-Length"));
  }
  client.get("/small");
  CHECK(client.read().body == "hello");
}

TEST_CASE("content may consist of bytes and parts of files") {
  Running server;
  RawClient client(server.address);
  client.get("/mixed");
  CHECK(client.read().body == "<a>234<b>78");
  client.get("/large");
  CHECK(client.read().body == std::string(4 << 20, 'L'));
  client.get("/big");
  CHECK(client.read().body.size() == bigSize);
  CHECK(soon([&] { return server.service.holding == 0; }));
  client.get("/short");
  CHECK(client.read().status == -1);
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("content may be read as the client takes it, and the connection ends where it cannot be read") {
  Running server;
  RawClient client(server.address);
  client.get("/read");
  const std::string body = client.read().body;
  REQUIRE(body.size() == 3'000'006);
  CHECK(body.starts_with("<a>5678901234"));
  CHECK(body.ends_with("234<b>"));
  bool isSame = true;
  for (std::size_t i = 0; i < 3'000'000; ++i) isSame = isSame && body[3 + i] == static_cast<char>('0' + (i + 5) % 10);
  CHECK(isSame);
  client.get("/small");
  CHECK(client.read().body == "hello");
  const video::test::QuietLog quiet;
  client.get("/unreadable");
  CHECK(client.read().status == -1);
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("a refused head is answered and the connection closed") {
  Running server;
  const auto statusOf = [&](const std::string& bytes) {
    RawClient client(server.address);
    client.send(bytes);
    const Reply reply = client.read();
    CHECK(reply.has("Connection: close"));
    CHECK(client.closed());
    return reply.status;
  };
  CHECK(statusOf("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(statusOf("nonsense\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(statusOf("GET /" + std::string(9000, 'a')) == 414);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(60000, 'a')) == 431);
  CHECK(statusOf("GET / HTTP/3.0\r\n\r\n") == 505);
  CHECK(statusOf("POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br\r\n\r\n") == 501);
  CHECK(soon([&] { return server.transport.counters().open == 0; }));
  CHECK(server.service.holding == 0);
}

TEST_CASE("an incomplete head occupies no worker") {
  Running server;
  const std::size_t before = server.transport.counters().workers;
  std::vector<RawClient> halves;
  for (int i = 0; i < 200; ++i) {
    halves.emplace_back(server.address);
    halves.back().send("GET / HTTP/1.1\r\nHo");
  }
  RawClient client(server.address);
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(soon([&] { return server.transport.counters().open == 201; }));
  CHECK(server.transport.counters().workers == before);
  halves[7].send("st: a\r\n\r\n");
  CHECK(halves[7].read().body == "hello");
}

TEST_CASE("a head that arrives slowly has one deadline") {
  TransportOptions options;
  options.headerTimeout = 150ms;
  Running server(options);
  RawClient silent(server.address);
  RawClient client(server.address);
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(1000, 'a');
  std::atomic<bool> answered = false;
  std::thread sender([&] {
    for (const char c : bytes) {
      if (answered || !client.send({&c, 1})) return;
      std::this_thread::sleep_for(5ms);  // not a wait: this makes the head slow
    }
  });
  CHECK(client.read().status == 408);
  answered = true;
  sender.join();
  silent.get("/small");
  CHECK(silent.read().body == "hello");
}

TEST_CASE("an idle connection is closed without a reply") {
  TransportOptions options;
  options.idleTimeout = 60ms;
  Running server(options);
  RawClient fresh(server.address);
  RawClient used(server.address);
  used.get("/small");
  CHECK(used.read().status == 200);
  CHECK(used.closed());
  CHECK(fresh.closed());
}

TEST_CASE("a body is collected before its handler runs") {
  Running server;
  RawClient client(server.address);
  const std::size_t before = server.transport.counters().workers;
  client.send("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  CHECK(soon([&] { return server.transport.counters().requests == 1; }));
  client.send("world");
  CHECK(client.read().body == "helloworld");
  CHECK(server.transport.counters().workers == before);
  client.send("POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r");
  client.send("\n0\r\n\r\n");
  CHECK(client.read().body == "abcde");
  client.send("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.read().body.empty());
  client.send("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" + std::string(65536, 'x'));
  CHECK(client.read().body.size() == 65536);
}

TEST_CASE("a body that is too large to collect is refused, and the connection is kept if little of it remains") {
  Running server;
  {
    RawClient client(server.address);
    client.send("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + std::string(70000, 'x'));
    CHECK(client.read().status == 413);
    client.get("/small");
    CHECK(client.read().body == "hello");
    client.send("POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n" +
                std::string(70000, 'x') + "\r\n0\r\n\r\n");
    CHECK(client.read().status == 413);
    client.get("/small");
    CHECK(client.read().body == "hello");
    client.send("POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
    CHECK(client.read().status == 400);
    CHECK(client.closed());
  }
  RawClient client(server.address);
  std::thread sender([&] {
    client.send("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + std::string(8000000, 'x'));
  });
  const Reply reply = client.read();
  sender.join();
  CHECK(reply.status == 413);
  CHECK(reply.has("Connection: close"));
}

TEST_CASE("a body is streamed to its handler") {
  Running server;
  RawClient client(server.address);
  client.send("PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(500000, 'x'));
  CHECK(soon([&] { return server.service.streamed == 500000; }));
  RawClient other(server.address);  // another worker replaces the waiting one
  other.get("/small");
  CHECK(other.read().body == "hello");
  client.send(std::string(500000, 'x'));
  CHECK(client.read().body == "1000000");
  client.send("PUT /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n");
  client.send("1\r\ne\r\n0\r\n\r\n");
  CHECK(client.read().body == "5");
  client.send("PUT /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read().body == "0");
  client.send("PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(client.read().body == "hello");
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("100 Continue is sent only when the body is wanted") {
  Running server;
  const auto ask = [](RawClient& client, const char* path) {
    client.send(fmt::format("PUT {} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", path));
  };
  RawClient client(server.address);
  for (const char* path : {"/collect", "/stream"}) {
    ask(client, path);
    CHECK(client.read().status == 100);
    client.send("hello");
    CHECK(client.read().status == 200);
  }
  for (const char* path : {"/refused", "/unread"}) {
    RawClient refused(server.address);
    ask(refused, path);
    const Reply reply = refused.read();
    CHECK(reply.status == (std::string(path) == "/refused" ? 403 : 200));
    CHECK(reply.has("Connection: close"));
    CHECK(refused.closed());
  }
}

TEST_CASE("a refusal before the body leaves the connection usable") {
  Running server;
  RawClient client(server.address);
  client.send("PUT /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  CHECK(client.read().status == 403);
  client.send("helloGET /small HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read().body == "hello");
  CHECK(soon([&] { return server.service.holding == 0; }));
}

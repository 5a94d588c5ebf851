#include "http_client.hpp"

using namespace http_test;

namespace {

/// Reads what has arrived, at most `most` bytes; returns how many.
std::size_t take(RawClient& client, std::size_t most) {
  std::string bytes(most, '\0');
  const ssize_t got = ::recv(client.number(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

}  // namespace

TEST_CASE("an answer is sent no faster than its rate, others are not slowed down") {
  Running server;
  server.service.rate = 4 << 20;
  RawClient paced(server.address);
  const auto began = std::chrono::steady_clock::now();
  paced.get("/large");  // 4 MiB, of which a quarter may go at once
  const Reply reply = paced.read();
  CHECK(reply.body == std::string(4 << 20, 'L'));
  CHECK(std::chrono::steady_clock::now() - began >= 500ms);  // sooner would exceed its rate
  server.service.rate = 0;
  RawClient free(server.address);
  free.get("/big");
  CHECK(free.read().body.size() == bigSize);
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("a delayed answer holds up no other request") {
  TransportOptions options;
  options.workers = 1;
  Running server(options);
  std::vector<std::unique_ptr<RawClient>> late;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    late.push_back(std::make_unique<RawClient>(server.address));
    late.back()->get("/late");
  }
  RawClient other(server.address);
  other.get("/other");
  CHECK(other.read().status == 200);
  for (const auto& client : late) CHECK(take(*client, 1) == 0);
  for (const auto& client : late) CHECK(client->read().status == 200);
  CHECK(std::chrono::steady_clock::now() - began >= 400ms);
  late.front()->get("/other");
  CHECK(late.front()->read().status == 200);
  other.get("/late");
  CHECK(soon([&] { return server.service.holding == 1; }));
  other.reset();
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("an answer with a rate is released when its connection closes") {
  Running server;
  server.service.rate = 1 << 20;
  {
    RawClient client(server.address);
    client.get("/big");
    CHECK(soon([&] { return server.service.holding == 1; }));
    client.reset();
  }
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("a slow reader gets its answer, a reader that stops does not") {
  TransportOptions options;
  options.progressTimeout = 200ms;
  Running server(options);
  RawClient slow(server.address, 4096);
  RawClient silent(server.address, 4096);
  slow.get("/big");
  silent.get("/big");
  CHECK(soon([&] { return server.service.holding == 2; }));
  auto next = std::chrono::steady_clock::now();
  const auto takeLittle = [&] {
    if (std::chrono::steady_clock::now() < next) return;
    take(slow, 2048);
    next = std::chrono::steady_clock::now() + 2ms;
  };
  // The socket's buffer is full all the time: only the amount left in it shows that the reader makes progress.
  CHECK(soon([&] {
    takeLittle();
    return server.service.holding == 1;
  }));
  const auto enough = std::chrono::steady_clock::now() + 3 * options.progressTimeout;
  CHECK(soon([&] {
    takeLittle();
    return std::chrono::steady_clock::now() > enough;
  }));
  CHECK(server.service.holding == 1);
  slow.leave();
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("2,000 incomplete heads occupy no worker") {
  TransportOptions options;
  options.maxConnections = 3000;
  Running server(options);
  const std::size_t before = server.transport.counters().workers;
  std::vector<RawClient> halves;
  halves.reserve(2000);
  for (int i = 0; i < 2000; ++i) {
    halves.emplace_back(server.address);
    halves.back().send("GET /small HTTP/1.1\r\nHo");
  }
  CHECK(soon([&] { return server.transport.counters().open == 2000; }));
  RawClient client(server.address);
  for (int i = 0; i < 10; ++i) {
    client.get("/small");
    CHECK(client.read().body == "hello");
  }
  CHECK(server.transport.counters().workers == before);
  for (RawClient& half : halves) half.send("st: a\r\n\r\n");
  for (RawClient& half : halves) REQUIRE(half.read().status == 200);
}

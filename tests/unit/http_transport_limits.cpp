#include <filesystem>
#include <optional>

#include "http_client.hpp"
#include "temp.hpp"

using namespace http_test;

TEST_CASE("a client that disconnects or stops sending in its body ends the request") {
  TransportOptions options;
  options.progressTimeout = 100ms;
  Running server(options);
  for (const char* path : {"/stream", "/collect"}) {
    RawClient gone(server.address);
    gone.send(fmt::format("PUT {} HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello", path));
    gone.leave();
    RawClient silent(server.address);
    silent.send(fmt::format("PUT {} HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello", path));
    CHECK(silent.read().status == 408);
    CHECK(silent.closed());
  }
  CHECK(soon([&] { return server.transport.counters().open == 0; }));
  CHECK(server.service.holding == 0);
  CHECK(server.service.faultCount() == 2);
  CHECK(server.service.faults[0] == video::Fault::malformed);
  CHECK(server.service.faults[1] == video::Fault::requestTimeout);
}

TEST_CASE("a body that trickles is ended, and what it holds goes with it") {
  TransportOptions options;
  options.progressTimeout = 100ms;
  options.minBodyRate = 100'000;  // a byte every 20 ms is below it, and always in time for progressTimeout
  Running server(options);
  const auto trickle = [](RawClient& client) {
    for (int i = 0; i < 2000; ++i) {
      pollfd answered{client.number(), POLLIN, 0};
      if (::poll(&answered, 1, 20) > 0 || !client.send("x")) return;
    }
  };
  for (const std::string path : {"/stream", "/collect"})
    for (const std::string framing : {"Content-Length: 60000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nea60\r\n"}) {
      INFO(path << " " << framing);
      RawClient client(server.address);
      client.send("PUT " + path + " HTTP/1.1\r\nHost: a\r\n" + framing);
      trickle(client);
      CHECK(client.read().status == 408);
      CHECK(soon([&] { return server.service.holding == 0; }));
    }
  CHECK(server.service.streamed > 0);
}

TEST_CASE("threads that received large bodies leave, and others take their place") {
  Running server;
  const std::size_t before = server.transport.counters().workers;
  const std::string part(1 << 20, 'x');
  constexpr int parts = 6;
  std::vector<RawClient> senders;
  for (int i = 0; i < 3; ++i) senders.emplace_back(server.address);
  for (int round = 0; round < 20; ++round) {
    for (RawClient& client : senders)
      client.send(fmt::format("PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", part.size() * parts));
    for (int i = 0; i < parts; ++i)
      for (RawClient& client : senders) REQUIRE(client.send(part));
    for (RawClient& client : senders) REQUIRE(client.read().body == std::to_string(part.size() * parts));
    RawClient small(server.address);
    small.get("/small");
    REQUIRE(small.read().body == "hello");
  }
  CHECK(soon([&] { return server.transport.counters().workers <= before + senders.size(); }));
}

TEST_CASE("without a least rate, or through the operator socket, a body may trickle") {
  TransportOptions options;
  options.progressTimeout = 500ms;
  options.minBodyRate = 100'000;
  Recorder service;
  Transport transport(service, options);
  const video::TempDirectory folder;
  const std::string path = (folder / "videod.sock").string();
  Listener operators = at("unix:" + path);
  operators.operatorSocket = true;
  transport.listen(operators);
  transport.start();
  options.minBodyRate = 0;
  Running patient(options);
  for (const std::string& address : {path, patient.address})
    for (const std::string to : {"/stream", "/collect"}) {
      INFO(address << to);
      RawClient client(address);
      client.send("PUT " + to + " HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n");
      for (int i = 0; i < 40; ++i) {
        pollfd answered{client.number(), POLLIN, 0};
        if (i < 39) REQUIRE(::poll(&answered, 1, 20) == 0);
        client.send("x");
      }
      CHECK(client.read().status == 200);
    }
}

TEST_CASE("slow readers occupy no worker, and what their answers hold is released when they disconnect") {
  TransportOptions options;
  Running server(options);
  const std::size_t before = server.transport.counters().workers;
  std::vector<RawClient> readers;
  for (int i = 0; i < 20; ++i) {
    readers.emplace_back(server.address, 4096);
    readers.back().get("/big");
  }
  CHECK(soon([&] { return server.transport.counters().requests == 20; }));
  RawClient client(server.address);
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(server.transport.counters().workers == before);
  CHECK(soon([&] { return server.service.holding == 20; }));
  for (int i = 0; i < 10; ++i) readers[static_cast<std::size_t>(i)].leave();
  for (int i = 10; i < 20; ++i) readers[static_cast<std::size_t>(i)].reset();
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("an answer that is not read is dropped after the progress timeout") {
  TransportOptions options;
  options.progressTimeout = 100ms;
  Running server(options);
  RawClient client(server.address, 4096);
  client.get("/big");
  CHECK(soon([&] { return server.service.holding == 1; }));
  CHECK(soon([&] { return server.service.holding == 0 && server.transport.counters().open == 0; }));
}

TEST_CASE("a connection above maxConnections gets 503") {
  TransportOptions options;
  options.maxConnections = 3;
  Running server(options);
  std::vector<RawClient> full;
  for (int i = 0; i < 3; ++i) {
    full.emplace_back(server.address);
    full.back().get("/small");
    CHECK(full.back().read().status == 200);
  }
  {
    RawClient surplus(server.address);
    surplus.get("/small");
    const Reply reply = surplus.read();
    CHECK(reply.status == 503);
    CHECK(reply.has("Connection: close"));
    CHECK(surplus.closed());
  }
  full.pop_back();
  CHECK(soon([&] { return server.transport.counters().open == 2; }));
  RawClient next(server.address);
  next.get("/small");
  CHECK(next.read().status == 200);
}

TEST_CASE("refused connections take no places of others, however many they are") {
  TransportOptions options;
  options.maxConnections = 300;
  Running server(options);
  std::vector<RawClient> held;
  for (int i = 0; i < 299; ++i) held.emplace_back(server.address);
  CHECK(soon([&] { return server.transport.counters().open == 299; }));
  {
    RawClient last(server.address);
    last.get("/small");
    CHECK(last.read().status == 200);
    std::vector<RawClient> surplus;
    for (int i = 0; i < 400; ++i) surplus.emplace_back(server.address);
    CHECK(soon([&] { return server.transport.counters().refused == 400; }));
    // Closed without a reply, which is no reason for the watchdog to end the daemon.
    CHECK(server.transport.answers(5s));
    CHECK(server.transport.counters().refused == 401);
  }
  // The refused ones linger until their clients have gone, and do not count.
  CHECK(soon([&] { return server.transport.counters().open == 299; }));
  std::vector<RawClient> lingering;
  held.pop_back();
  CHECK(soon([&] { return server.transport.counters().open == 298; }));
  lingering.emplace_back(server.address);
  lingering.emplace_back(server.address);
  lingering.emplace_back(server.address);  // refused, and not yet gone
  CHECK(soon([&] { return server.transport.counters().refused == 402; }));
  held.pop_back();
  CHECK(soon([&] { return server.transport.counters().open <= 300; }));
  RawClient next(server.address);
  next.get("/small");
  CHECK(next.read().status == 200);
}

TEST_CASE("the operator socket answers while others hold every connection and every worker") {
  const std::string path = "/tmp/http_transport_" + video::makeRandomHex(4) + ".sock";
  Recorder service;
  TransportOptions options;
  options.maxConnections = 20;
  options.workers = 1;
  Transport transport(service, options);
  const std::string address = transport.listen(at("127.0.0.1:0"));
  Listener own = at("unix:" + path);
  own.operatorSocket = true;
  transport.listen(own);
  transport.start();
  std::vector<RawClient> others;
  for (int i = 0; i < 20; ++i) {
    others.emplace_back(address);
    others.back().get("/gate");
  }
  const int workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  CHECK(soon([&] { return service.atGate == std::min(workers, 20); }));
  for (int i = 0; i < 300; ++i) others.emplace_back(address);
  for (int i = 0; i < 3; ++i) {
    RawClient client(path);
    client.get("/small");
    CHECK(client.read().body == "hello");
  }
  CHECK_FALSE(transport.answers(50ms));  // what the watchdog asks
  service.openGate();
  CHECK(others.front().read().body == "through");
  CHECK(soon([&] { return transport.answers(5s); }));
  transport.stop();
  CHECK_FALSE(transport.answers(5s));
}

TEST_CASE("more handlers may wait than there are cores") {
  Running server;
  std::vector<RawClient> waiting;
  for (int i = 0; i < 30; ++i) {
    waiting.emplace_back(server.address);
    waiting.back().get("/gate");
  }
  CHECK(soon([&] { return server.service.atGate == 30; }));
  RawClient client(server.address);
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(server.transport.counters().workers >= 30);
  server.service.openGate();
  for (RawClient& each : waiting) CHECK(each.read().body == "through");
}

TEST_CASE("stop lets a running request finish, answers new connections meanwhile, and closes idle ones") {
  Running server;
  RawClient idle(server.address);
  idle.get("/small");
  CHECK(idle.read().status == 200);
  RawClient half(server.address);
  half.send("GET /");
  RawClient running(server.address);
  running.get("/gate");
  CHECK(soon([&] { return server.service.atGate == 1; }));
  std::thread stopper([&] { server.transport.stop(); });
  CHECK(idle.closed());
  CHECK(half.closed());
  RawClient late(server.address);  // gets a reply, but nobody waits for it
  late.get("/small");
  const Reply last = late.read();
  CHECK(last.body == "hello");
  CHECK(last.has("Connection: close"));
  CHECK(late.closed());
  RawClient silent(server.address);
  CHECK(soon([&] { return server.transport.counters().open == 2; }));
  server.service.openGate();
  const Reply reply = running.read();
  CHECK(reply.body == "through");
  CHECK(reply.has("Connection: close"));
  CHECK(silent.closed());
  stopper.join();
  CHECK(server.transport.counters().open == 0);
  CHECK(server.transport.counters().workers == 0);
  CHECK(server.service.holding == 0);
}

TEST_CASE("stop closes connections that do not finish in time, stopNow does so at once") {
  TransportOptions options;
  const bool isHurried = GENERATE(false, true);
  options.shutdownTimeout = isHurried ? 60s : 50ms;
  Running server(options);
  RawClient reader(server.address, 4096);
  reader.get("/big");
  RawClient sender(server.address);
  sender.send("PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello");
  CHECK(soon([&] { return server.service.streamed == 5 && server.service.holding == 2; }));
  if (isHurried) server.transport.stopNow();
  server.transport.stop();
  CHECK(server.service.holding == 0);
  CHECK(server.service.faultCount() == 1);
  CHECK(reader.read().status <= 0);  // cut off, or not begun
}

TEST_CASE("Unix sockets are served, with paths of any length") {
  const std::string folder = "/tmp/http_transport_" + video::makeRandomHex(4);
  const std::string deep = folder + "/" + std::string(100, 'd');
  std::filesystem::create_directories(deep);
  {
    Recorder service;
    Transport transport(service, {});
    Listener own = at("unix:" + folder + "/own.sock");
    own.operatorSocket = true;
    transport.listen(own);
    transport.listen(at("unix:" + deep + "/far.sock"));
    CHECK_THROWS_AS(transport.listen(at("unix:" + folder)), video::Error);
    transport.start();
    struct stat info {};
    REQUIRE(::stat((folder + "/own.sock").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0660);
    REQUIRE(::stat((deep + "/far.sock").c_str(), &info) == 0);
    RawClient client(folder + "/own.sock");
    for (int i = 0; i < 3; ++i) {
      client.get("/large");
      CHECK(client.read().body.size() == 4 << 20);
    }
    CHECK(service.peer.mayBeOperator);
    CHECK(service.peer.address.empty());
    const std::string near = folder + "/near";
    std::filesystem::create_directory_symlink(deep, near);
    RawClient ordinary(near + "/far.sock");
    ordinary.get("/small");
    CHECK(ordinary.read().body == "hello");
    CHECK_FALSE(service.peer.mayBeOperator);
  }
  CHECK_FALSE(std::filesystem::exists(folder + "/own.sock"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a Unix socket that a living process listens on is refused, and only one's own is removed") {
  const video::TempDirectory folder;
  const std::string path = (folder / "web.sock").string();
  Recorder service;
  std::optional<Transport> first(std::in_place, service, TransportOptions{});
  first->listen(at("unix:" + path));
  first->start();
  const auto answers = [&] {
    RawClient client(path);
    client.get("/small");
    return client.read().body == "hello";
  };
  {
    Transport second(service, {});
    std::string refusal;
    try {
      second.listen(at("unix:" + path));
    } catch (const video::Error& error) {
      refusal = error.detail();
    }
    CHECK(refusal == "unix:" + path + ": another process listens there");
  }
  CHECK(answers());
  std::filesystem::remove(path);
  Transport third(service, {});
  third.listen(at("unix:" + path));
  third.start();
  first.reset();
  CHECK(answers());
}

TEST_CASE("an address that is malformed or in use is refused") {
  Recorder service;
  Transport transport(service, {});
  for (const char* address : {"", "8000", ":8000", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:80", "[::1]",
                              "unix:", "unix:/nowhere/at/all", "203.0.113.9:80"})
    CHECK_THROWS_AS(transport.listen(at(address)), video::Error);
  const std::string taken = transport.listen(at("127.0.0.1:0"));
  CHECK_THROWS_AS(transport.listen(at(taken)), video::Error);
}

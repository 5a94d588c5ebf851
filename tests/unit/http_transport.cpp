#include "http/transport.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/waiting.hpp"
#include "catch.hpp"

using namespace video::http;
using namespace std::chrono_literals;
using video::Descriptor;

namespace {

constexpr std::uint64_t bigSize = 64 << 20;

/// Waits for what another thread brings about; false after five seconds.
template <class Condition>
bool soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Recorder final : Service {
  Recorder() {
    char name[] = "/tmp/http_transport_XXXXXX";
    file = std::make_shared<Descriptor>(::mkstemp(name));
    ::unlink(name);
    REQUIRE(::ftruncate(file->number(), bigSize) == 0);
    REQUIRE(::pwrite(file->number(), "0123456789", 10, 0) == 10);
  }

  std::optional<BodyUse> begin(const Head& head, const Peer& who, const Listener&, Answer& answer) override {
    {
      const std::lock_guard lock(mutex);
      peer = who;
    }
    hold(answer);
    if (head.path == "/refused") {
      answer.status = 403;
      put(answer, "no");
      return std::nullopt;
    }
    answer.held.reset();
    if (head.path == "/collect") return BodyUse::collect;
    if (head.path == "/stream" || head.path == "/unread") return BodyUse::stream;
    return BodyUse::none;
  }

  void serve(const Request& request, Answer& answer) noexcept override {
    hold(answer);
    const std::string& path = request.head.path;
    if (path == "/collect") return put(answer, std::string(request.body));
    if (path == "/stream") return stream(request, answer);
    if (path == "/204" || path == "/304") answer.status = std::stoi(path.substr(1));
    if (path == "/204" || path == "/304") return;
    if (path == "/close") answer.close = true;
    if (path == "/split") answer.set("X-Bad", "a\r\nX-Injected: b");
    if (path == "/big") {
      answer.content.push_back({{}, file, 0, bigSize});
    } else if (path == "/short") {
      answer.content.push_back({{}, file, bigSize - 10, 20});
    } else if (path == "/mixed") {
      answer.content.push_back({"<a>", nullptr, 0, 0});
      answer.content.push_back({{}, file, 2, 3});
      answer.content.push_back({"<b>", nullptr, 0, 0});
      answer.content.push_back({{}, file, 7, 2});
    } else if (path == "/large") {
      put(answer, std::string(4 << 20, 'L'));
    } else if (path == "/gate") {
      const video::Waiting waiting;
      std::unique_lock lock(mutex);
      ++atGate;
      opened.wait(lock, [this] { return gateOpen; });
      put(answer, "through");
    } else {
      put(answer, "hello");
    }
  }

  void refuse(int status, std::string_view detail, Answer& answer) noexcept override {
    answer = {};
    hold(answer);
    answer.status = status;
    put(answer, std::string(detail));
  }

  void stream(const Request& request, Answer& answer) noexcept {
    std::uint64_t size = 0;
    try {
      request.bytes->push([&](std::span<const std::byte> piece) {
        size += piece.size();
        streamed += piece.size();
      });
      put(answer, std::to_string(size));
    } catch (const video::Error& error) {
      const std::lock_guard lock(mutex);
      faults.push_back(error.fault());
      answer.status = rowOf(error.fault()).httpStatus;
    }
  }

  static void put(Answer& answer, std::string bytes) { answer.content.push_back({std::move(bytes), nullptr, 0, 0}); }
  void hold(Answer& answer) {
    ++holding;
    answer.held = std::shared_ptr<void>(this, [this](void*) { --holding; });
  }
  void openGate() {
    const std::lock_guard lock(mutex);
    gateOpen = true;
    opened.notify_all();
  }
  std::size_t faultCount() {
    const std::lock_guard lock(mutex);
    return faults.size();
  }

  std::shared_ptr<Descriptor> file;
  std::mutex mutex;
  std::condition_variable opened;
  bool gateOpen = false;
  std::atomic<int> atGate = 0;
  std::atomic<int> holding = 0;  ///< answers whose `held` lives
  std::atomic<std::uint64_t> streamed = 0;
  std::vector<video::Fault> faults;
  Peer peer;
};

/// What came back; status 0: the connection was closed instead.
struct Reply {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class Client {
 public:
  explicit Client(const std::string& address, int receiveBuffer = 0) {
    if (address[0] == '/') {
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      address.copy(name.sun_path, sizeof name.sun_path - 1);
      socket_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
      REQUIRE(::connect(socket_.number(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
      return;
    }
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(static_cast<in_port_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    socket_ = Descriptor(::socket(AF_INET, SOCK_STREAM, 0));
    if (receiveBuffer > 0) ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    REQUIRE(::connect(socket_.number(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void get(std::string_view path) { send(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path)); }

  /// Reads one answer; `noBody` for HEAD.
  Reply read(bool noBody = false) {
    Reply reply;
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return reply;
    reply.head = in_.substr(0, end + 2);
    in_.erase(0, end + 4);
    reply.status = std::stoi(reply.head.substr(9, 3));
    const std::size_t length = reply.head.find("Content-Length: ");
    if (length == std::string::npos || noBody) return reply;
    const std::size_t size = std::stoul(reply.head.substr(length + 16));
    while (in_.size() < size)
      if (!more()) {
        reply.status = -1;
        return reply;
      }
    reply.body = in_.substr(0, size);
    in_.erase(0, size);
    return reply;
  }
  /// Whether the server closes without sending anything more.
  bool closed() { return in_.empty() && !more() && in_.empty(); }
  bool more() {
    pollfd wanted{socket_.number(), POLLIN, 0};
    if (::poll(&wanted, 1, 10'000) <= 0) throw std::runtime_error("the server says nothing");
    char bytes[65536];
    const ssize_t got = ::recv(socket_.number(), bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    in_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  void leave() { socket_.reset(); }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    leave();
  }
  int number() const { return socket_.number(); }

 private:
  Descriptor socket_;
  std::string in_;
};

struct Running {
  explicit Running(const TransportOptions& options = {}) : transport(service, options) {
    Listener listener;
    listener.address = "127.0.0.1:0";
    address = transport.listen(listener);
    transport.start();
  }
  Recorder service;
  Transport transport;
  std::string address;
};

}  // namespace

TEST_CASE("a connection stays and answers one request after the other") {
  Running server;
  Client client(server.address);
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
  Client client(server.address);
  std::string all;
  for (int i = 0; i < 1000; ++i)
    all +=
        fmt::format("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", std::to_string(i).size(), i);
  std::thread sender([&] { client.send(all); });
  for (int i = 0; i < 1000; ++i) REQUIRE(client.read().body == std::to_string(i));
  sender.join();
}

TEST_CASE("HTTP/1.0 and HEAD, 204 and 304") {
  Running server;
  {
    Client client(server.address);
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(client.read().has("Connection: close"));
    CHECK(client.closed());
  }
  Client client(server.address);
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

TEST_CASE("content of bytes and pieces of files") {
  Running server;
  Client client(server.address);
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

TEST_CASE("refused heads are answered and the connection closed") {
  Running server;
  const auto statusOf = [&](const std::string& bytes) {
    Client client(server.address);
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

TEST_CASE("half a head holds no worker") {
  Running server;
  const std::size_t before = server.transport.counters().workers;
  std::vector<Client> halves;
  for (int i = 0; i < 200; ++i) {
    halves.emplace_back(server.address);
    halves.back().send("GET / HTTP/1.1\r\nHo");
  }
  Client client(server.address);
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(soon([&] { return server.transport.counters().open == 201; }));
  CHECK(server.transport.counters().workers == before);
  halves[7].send("st: a\r\n\r\n");
  CHECK(halves[7].read().body == "hello");
}

TEST_CASE("a head that trickles has one deadline") {
  TransportOptions options;
  options.headerTimeout = 150ms;
  Running server(options);
  Client silent(server.address);
  Client client(server.address);
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(1000, 'a');
  std::atomic<bool> answered = false;
  std::thread sender([&] {
    for (const char c : bytes) {
      if (answered || !client.send({&c, 1})) return;
      std::this_thread::sleep_for(5ms);  // the trickle itself
    }
  });
  CHECK(client.read().status == 408);
  answered = true;
  sender.join();
  silent.get("/small");
  CHECK(silent.read().body == "hello");
}

TEST_CASE("an idle connection is closed in silence") {
  TransportOptions options;
  options.idleTimeout = 60ms;
  Running server(options);
  Client fresh(server.address);
  Client used(server.address);
  used.get("/small");
  CHECK(used.read().status == 200);
  CHECK(used.closed());
  CHECK(fresh.closed());
}

TEST_CASE("a body is collected") {
  Running server;
  Client client(server.address);
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

TEST_CASE("a body too large to collect is refused; a small rest is read, a large one closes") {
  Running server;
  {
    Client client(server.address);
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
  Client client(server.address);
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
  Client client(server.address);
  client.send("PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(500000, 'x'));
  CHECK(soon([&] { return server.service.streamed == 500000; }));
  Client other(server.address);  // the waiting one has been replaced
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

TEST_CASE("100 Continue comes when the body is wanted, and not before") {
  Running server;
  const auto ask = [](Client& client, const char* path) {
    client.send(fmt::format("PUT {} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", path));
  };
  Client client(server.address);
  for (const char* path : {"/collect", "/stream"}) {
    ask(client, path);
    CHECK(client.read().status == 100);
    client.send("hello");
    CHECK(client.read().status == 200);
  }
  for (const char* path : {"/refused", "/unread"}) {
    Client refused(server.address);
    ask(refused, path);
    const Reply reply = refused.read();
    CHECK(reply.status == (std::string(path) == "/refused" ? 403 : 200));
    CHECK(reply.has("Connection: close"));
    CHECK(refused.closed());
  }
}

TEST_CASE("a refusal before the body leaves the connection usable") {
  Running server;
  Client client(server.address);
  client.send("PUT /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  CHECK(client.read().status == 403);
  client.send("helloGET /small HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read().body == "hello");
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("a client that vanishes or goes silent in its body") {
  TransportOptions options;
  options.progressTimeout = 100ms;
  Running server(options);
  for (const char* path : {"/stream", "/collect"}) {
    Client gone(server.address);
    gone.send(fmt::format("PUT {} HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello", path));
    gone.leave();
    Client silent(server.address);
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

TEST_CASE("slow readers cost no worker, and what their answers hold goes with them") {
  TransportOptions options;
  Running server(options);
  const std::size_t before = server.transport.counters().workers;
  std::vector<Client> readers;
  for (int i = 0; i < 20; ++i) {
    readers.emplace_back(server.address, 4096);
    readers.back().get("/big");
  }
  CHECK(soon([&] { return server.transport.counters().requests == 20; }));
  Client client(server.address);
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(server.transport.counters().workers == before);
  CHECK(soon([&] { return server.service.holding == 20; }));
  for (int i = 0; i < 10; ++i) readers[static_cast<std::size_t>(i)].leave();
  for (int i = 10; i < 20; ++i) readers[static_cast<std::size_t>(i)].reset();
  CHECK(soon([&] { return server.service.holding == 0; }));
}

TEST_CASE("an answer that nobody takes is given up") {
  TransportOptions options;
  options.progressTimeout = 100ms;
  Running server(options);
  Client client(server.address, 4096);
  client.get("/big");
  CHECK(soon([&] { return server.service.holding == 1; }));
  CHECK(soon([&] { return server.service.holding == 0; }));
  CHECK(server.transport.counters().open == 0);
}

TEST_CASE("over maxConnections the next one gets 503") {
  TransportOptions options;
  options.maxConnections = 3;
  Running server(options);
  std::vector<Client> full;
  for (int i = 0; i < 3; ++i) {
    full.emplace_back(server.address);
    full.back().get("/small");
    CHECK(full.back().read().status == 200);
  }
  {
    Client surplus(server.address);
    surplus.get("/small");
    const Reply reply = surplus.read();
    CHECK(reply.status == 503);
    CHECK(reply.has("Connection: close"));
    CHECK(surplus.closed());
  }
  full.pop_back();
  CHECK(soon([&] { return server.transport.counters().open == 2; }));
  Client next(server.address);
  next.get("/small");
  CHECK(next.read().status == 200);
}

TEST_CASE("more handlers may wait than there are cores") {
  Running server;
  std::vector<Client> waiting;
  for (int i = 0; i < 30; ++i) {
    waiting.emplace_back(server.address);
    waiting.back().get("/gate");
  }
  CHECK(soon([&] { return server.service.atGate == 30; }));
  Client client(server.address);
  client.get("/small");
  CHECK(client.read().body == "hello");
  CHECK(server.transport.counters().workers >= 30);
  server.service.openGate();
  for (Client& each : waiting) CHECK(each.read().body == "through");
}

TEST_CASE("stop lets a running answer end, and closes idle connections") {
  Running server;
  Client idle(server.address);
  idle.get("/small");
  CHECK(idle.read().status == 200);
  Client half(server.address);
  half.send("GET /");
  Client running(server.address);
  running.get("/gate");
  CHECK(soon([&] { return server.service.atGate == 1; }));
  std::thread stopper([&] { server.transport.stop(); });
  CHECK(idle.closed());
  CHECK(half.closed());
  server.service.openGate();
  const Reply reply = running.read();
  CHECK(reply.body == "through");
  CHECK(reply.has("Connection: close"));
  stopper.join();
  CHECK(server.transport.counters().open == 0);
  CHECK(server.transport.counters().workers == 0);
  CHECK(server.service.holding == 0);
}

TEST_CASE("stop breaks what does not end in time, or at once when hurried") {
  TransportOptions options;
  const bool hurried = GENERATE(false, true);
  options.shutdownTimeout = hurried ? 60s : 50ms;
  Running server(options);
  Client reader(server.address, 4096);
  reader.get("/big");
  Client sender(server.address);
  sender.send("PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello");
  CHECK(soon([&] { return server.service.streamed == 5 && server.service.holding == 2; }));
  if (hurried) server.transport.hurry();
  server.transport.stop();
  CHECK(server.service.holding == 0);
  CHECK(server.service.faultCount() == 1);
  CHECK(reader.read().status == -1);
}

TEST_CASE("unix sockets") {
  const std::string folder = "/tmp/http_transport_" + video::makeRandomHex(4);
  const std::string deep = folder + "/" + std::string(100, 'd');
  std::filesystem::create_directories(deep);
  {
    Recorder service;
    Transport transport(service, {});
    Listener own;
    own.address = "unix:" + folder + "/own.sock";
    own.operatorSocket = true;
    Listener far;
    far.address = "unix:" + deep + "/far.sock";
    transport.listen(own);
    transport.listen(far);
    CHECK_THROWS_AS(transport.listen({"unix:" + folder}), video::Error);
    transport.start();
    struct stat info {};
    REQUIRE(::stat((folder + "/own.sock").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0660);
    REQUIRE(::stat((deep + "/far.sock").c_str(), &info) == 0);
    Client client(folder + "/own.sock");
    for (int i = 0; i < 3; ++i) {
      client.get("/large");
      CHECK(client.read().body.size() == 4 << 20);
    }
    CHECK(service.peer.mayBeOperator);
    CHECK(service.peer.address.empty());
    const std::string near = folder + "/near";
    std::filesystem::create_directory_symlink(deep, near);
    Client ordinary(near + "/far.sock");
    ordinary.get("/small");
    CHECK(ordinary.read().body == "hello");
    CHECK_FALSE(service.peer.mayBeOperator);
  }
  CHECK_FALSE(std::filesystem::exists(folder + "/own.sock"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("addresses that cannot be had") {
  Recorder service;
  Transport transport(service, {});
  for (const char* address : {"", "8000", ":8000", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:80", "[::1]",
                              "unix:", "unix:/nowhere/at/all", "203.0.113.9:80"})
    CHECK_THROWS_AS(transport.listen({address}), video::Error);
  const std::string taken = transport.listen({"127.0.0.1:0"});
  CHECK_THROWS_AS(transport.listen({taken}), video::Error);
}

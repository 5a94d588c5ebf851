#pragma once

#include "http/server/transport.hpp"

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
#include "os/descriptor.hpp"
#include "wait.hpp"

namespace http_test {

using namespace video::http;
using namespace std::chrono_literals;
using video::Descriptor;
using video::test::soon;

inline constexpr std::uint64_t bigSize = 64 << 20;

// A content whose byte at N is the last digit of N; without `whole`, one that ends in an error.
class Digits : public video::ContentReader {
 public:
  explicit Digits(bool whole) : whole_(whole) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    if (!whole_ && offset > 100'000) throw video::Error(video::Fault::contentUnavailable, "cannot be read");
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::byte>('0' + (offset + i) % 10);
    return to.size();
  }

 private:
  bool whole_;
};

struct Recorder final : Service {
  Recorder() {
    char name[] = "/tmp/http_transport_XXXXXX";
    file = std::make_shared<Descriptor>(::mkstemp(name));
    ::unlink(name);
    REQUIRE(::ftruncate(file->number(), bigSize) == 0);
    REQUIRE(::pwrite(file->number(), "0123456789", 10, 0) == 10);
  }

  std::unique_ptr<Admission> begin(const Head& head, const Peer& who, const Listener&, Answer& answer) override {
    {
      const std::lock_guard lock(mutex);
      peer = who;
    }
    hold(answer);
    if (head.path == "/refused") {
      answer.status = 403;
      put(answer, "no");
      return nullptr;
    }
    answer.held.reset();
    if (head.path == "/collect") return std::make_unique<Admission>(BodyUse::collect);
    if (head.path == "/stream" || head.path == "/unread") return std::make_unique<Admission>(BodyUse::stream);
    return std::make_unique<Admission>();
  }

  void serve(const Request& request, Admission&, Answer& answer) noexcept override {
    hold(answer);
    answer.rate = rate;
    const std::string path(request.head.path);
    if (path == "/collect") return put(answer, std::string(request.body));
    if (path == "/stream") return stream(request, answer);
    if (path == "/204" || path == "/304") answer.status = std::stoi(path.substr(1));
    if (path == "/204" || path == "/304") return;
    if (path == "/close") answer.close = true;
    if (path == "/late") answer.delay = 400ms;
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
    } else if (path == "/read" || path == "/unreadable") {
      answer.content.push_back({"<a>", nullptr, 0, 0});
      answer.content.push_back({{}, nullptr, 5, 3'000'000, {}, std::make_shared<Digits>(path == "/read")});
      answer.content.push_back({"<b>", nullptr, 0, 0});
    } else if (path == "/large") {
      put(answer, std::string(4 << 20, 'L'));
    } else if (path == "/gate") {
      const video::Waiting waiting;
      std::unique_lock lock(mutex);
      ++atGate;
      put(answer, opened.wait_for(lock, video::test::patience, [this] { return gateOpen; }) ? "through" : "closed");
    } else {
      put(answer, "hello");
    }
  }

  void refuse(int status, std::string_view detail, const Head*, const Peer&, const Listener&, const Admission*,
              Answer& answer) noexcept override {
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
  std::atomic<int> holding = 0;  ///< answers whose `held` is not released
  std::atomic<std::uint64_t> streamed = 0;
  std::atomic<std::uint64_t> rate = 0;
  std::vector<video::Fault> faults;
  Peer peer;
};

/// A reply; its status is 0 if the connection was closed instead, and -1 if it was closed in the content.
struct Reply {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class RawClient {
 public:
  explicit RawClient(const std::string& address, int receiveBuffer = 0) {
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

  /// Reads one reply; `noBody` for HEAD.
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
    if (::poll(&wanted, 1, 10'000) <= 0) throw std::runtime_error("no reply from the server");
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

inline Listener at(const std::string& address) {
  Listener listener;
  listener.address = address;
  return listener;
}

struct Running {
  explicit Running(const TransportOptions& options = {}) : transport(service, options) {
    address = transport.listen(at("127.0.0.1:0"));
    transport.start();
  }
  Recorder service;
  Transport transport;
  std::string address;
};

}  // namespace http_test

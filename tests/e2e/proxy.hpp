#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "os/descriptor.hpp"
#include "os/unix_address.hpp"
#include "wait.hpp"

namespace video::e2e {

/// Passes everything on to a server, and back.
class Proxy {
 public:
  /// `socket`: the path at which to listen; empty: a port.
  explicit Proxy(std::string server, const std::filesystem::path& socket = {})
      : server_(std::move(server)),
        listening_(::socket(socket.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // What is held back must not fit into the buffers of the kernel, which can grow to 32 MiB.
    const int buffer = 256 << 10;
    ::setsockopt(listening_.number(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (socket.empty()) {
      sockaddr_in own = addressOf("127.0.0.1:0");
      socklen_t size = sizeof own;
      REQUIRE(::bind(listening_.number(), reinterpret_cast<const sockaddr*>(&own), size) == 0);
      ::getsockname(listening_.number(), reinterpret_cast<sockaddr*>(&own), &size);
      url = "http://127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    } else {
      const os::UnixAddress own(socket);
      REQUIRE(::bind(listening_.number(), own.get(), own.size()) == 0);
    }
    ::listen(listening_.number(), 16);
    accepting_ = std::jthread([this] { accept(); });
  }
  ~Proxy() {
    release();
    ::shutdown(listening_.number(), SHUT_RDWR);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string url;
  std::atomic<std::uint64_t> cutEach = UINT64_MAX;  ///< bytes of a connection after which it breaks
  std::atomic<int> cuts = 0;                        ///< connections that broke so

  /// From now on new connections are to this server: an address with a port, or the path of a socket.
  void connectTo(const std::string& server) {
    const std::lock_guard lock(mutex_);
    server_ = server;
  }
  /// Passes on so many more bytes of clients, and then nothing more until `release`.
  void holdAfter(std::uint64_t bytes) { allowed_ = passed_ + bytes; }
  void release() { allowed_ = UINT64_MAX; }
  /// Waits until those bytes have been passed on.
  void waitUntilHeld() {
    test::waitFor("the proxy holds back", [&] { return passed_ >= allowed_; });
  }

 private:
  static sockaddr_in addressOf(const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(text.find(':') + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void accept() {
    std::list<std::jthread> connections;
    for (;;) {
      Descriptor client(::accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      connections.emplace_back([this, its = std::move(client)] { relay(its); });
    }
  }

  Descriptor connection() {
    const std::lock_guard lock(mutex_);
    const bool isPath = server_.starts_with('/');
    Descriptor server(::socket(isPath ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const os::UnixAddress path(isPath ? std::filesystem::path(server_) : std::filesystem::path("/none"));
    const sockaddr_in port = isPath ? sockaddr_in{} : addressOf(server_);
    const int failed = isPath ? ::connect(server.number(), path.get(), path.size())
                              : ::connect(server.number(), reinterpret_cast<const sockaddr*>(&port), sizeof port);
    return failed == 0 ? std::move(server) : Descriptor();
  }

  void relay(const Descriptor& client) {
    const Descriptor server = connection();
    if (!server) return;
    std::vector<char> piece(1 << 16);
    bool answered = false;
    for (std::uint64_t own = 0; own < cutEach;) {
      const bool isHeld = passed_ >= allowed_;
      std::array<pollfd, 2> ready{pollfd{client.number(), static_cast<short>(isHeld ? POLLRDHUP : POLLIN), 0},
                                  pollfd{server.number(), POLLIN, 0}};
      ::poll(ready.data(), ready.size(), isHeld ? 1 : -1);
      if (isHeld && ready[0].revents != 0) return;
      for (const std::size_t from : {0U, 1U}) {
        if (ready[from].revents == 0) continue;
        const ssize_t got = ::read(ready[from].fd, piece.data(), piece.size());
        if (got <= 0) {
          if (from == 1 && answered) finish(client);
          return;
        }
        answered = from == 1;
        if (::send(ready[1 - from].fd, piece.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) return;
        if (from == 0) {
          own += static_cast<std::uint64_t>(got);
          passed_ += static_cast<std::uint64_t>(got);
        }
      }
    }
    ++cuts;
  }

  // Lets the client read the answer of a server that has closed the connection.
  static void finish(const Descriptor& client) {
    ::shutdown(client.number(), SHUT_WR);
    std::array<char, 65536> rest;
    while (::read(client.number(), rest.data(), rest.size()) > 0) {
    }
  }

  std::mutex mutex_;
  std::string server_;
  Descriptor listening_;
  std::atomic<std::uint64_t> passed_ = 0;
  std::atomic<std::uint64_t> allowed_ = UINT64_MAX;
  std::jthread accepting_;
};

}  // namespace video::e2e

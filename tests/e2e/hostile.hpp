#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <list>
#include <string>
#include <thread>

#include "catch.hpp"
#include "os/descriptor.hpp"

namespace video::e2e {

/// A server that says what a test wants. Each request is answered on a thread of its own, and ends its connection.
class Hostile {
 public:
  /// Answers a request, given with its body as far as it has a Content-Length, on a socket.
  using Answer = std::function<void(const Hostile& server, int socket, const std::string& request)>;

  explicit Hostile(Answer answer)
      : answer_(std::move(answer)), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    REQUIRE(::bind(listening_.number(), reinterpret_cast<const sockaddr*>(&own), size) == 0);
    REQUIRE(::listen(listening_.number(), 16) == 0);
    ::getsockname(listening_.number(), reinterpret_cast<sockaddr*>(&own), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    accepting_ = std::jthread([this] { accept(); });
  }
  ~Hostile() {
    isOver_ = true;
    ::shutdown(listening_.number(), SHUT_RDWR);
  }
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

  std::string url;

  /// Sends bytes; returns false once the client has gone or the test is over.
  bool send(int socket, const std::string& bytes) const {
    std::size_t sent = 0;
    while (sent < bytes.size() && !isOver_) {
      pollfd ready{socket, POLLOUT, 0};
      if (::poll(&ready, 1, 50) == 0) continue;
      const ssize_t count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno != EAGAIN) return false;
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    return !isOver_;
  }
  /// Sends a whole reply with this JSON.
  void sendJson(int socket, const std::string& json, int status = 200) const {
    send(socket, "HTTP/1.1 " + std::to_string(status) +
                     " X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                     std::to_string(json.size()) + "\r\n\r\n" + json);
  }

 private:
  void accept() {
    std::list<std::jthread> connections;
    for (;;) {
      Descriptor client(::accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      connections.emplace_back([this, its = std::move(client)] { answerOne(its.number()); });
    }
  }

  void answerOne(int socket) const {
    std::string request;
    char piece[4096];
    for (;;) {
      const std::size_t end = request.find("\r\n\r\n");
      const std::size_t length = request.find("Content-Length: ");
      const std::size_t body = length < end ? std::stoul(request.substr(length + 16)) : 0;
      if (end != std::string::npos && request.size() >= end + 4 + body) break;
      pollfd ready{socket, POLLIN, 0};
      if (::poll(&ready, 1, 50) == 0 && !isOver_) continue;
      const ssize_t count = isOver_ ? 0 : ::recv(socket, piece, sizeof piece, 0);
      if (count <= 0) return;
      request.append(piece, static_cast<std::size_t>(count));
    }
    answer_(*this, socket, request);
    ::shutdown(socket, SHUT_WR);
    // The client reads to the end before the connection goes.
    pollfd ready{socket, POLLIN, 0};
    while (!isOver_ && ::poll(&ready, 1, 50) == 0) {
    }
  }

  const Answer answer_;
  Descriptor listening_;
  std::atomic<bool> isOver_ = false;
  std::jthread accepting_;
};

}  // namespace video::e2e

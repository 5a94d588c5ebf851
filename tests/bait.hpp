#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>

#include "catch.hpp"
#include "os/descriptor.hpp"
#include "wait.hpp"

namespace video::test {

/// A listener on loopback that nobody should connect to.
class Bait {
 public:
  Bait() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_.number(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_.number(), 5) == 0);
    REQUIRE(::getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  const std::string& port() const { return port_; }
  /// Returns whether somebody has connected, and closes that connection.
  bool taken() const {
    pollfd wanted{socket_.number(), POLLIN, 0};
    if (::poll(&wanted, 1, 0) <= 0) return false;
    Descriptor(::accept(socket_.number(), nullptr, nullptr)).reset();
    return true;
  }

 private:
  Descriptor socket_;
  std::string port_;
};

}  // namespace video::test

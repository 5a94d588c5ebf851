// The watch over requests whose server does not let them end.
#include "http/client/pace.hpp"

#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <string>

#include "catch.hpp"
#include "wait.hpp"

using namespace video;
using namespace std::chrono_literals;
using http::Pace;

namespace {

// A TCP connection to itself, of which a request is watched.
struct Connection {
  Connection() {
    const Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    auto* const address = reinterpret_cast<sockaddr*>(&own);
    REQUIRE(::bind(listening.number(), address, size) == 0);
    REQUIRE(::listen(listening.number(), 1) == 0);
    REQUIRE(::getsockname(listening.number(), address, &size) == 0);
    client = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.number(), address, size) == 0);
    server = Descriptor(::accept4(listening.number(), nullptr, nullptr, SOCK_CLOEXEC));
    line.connected(client.number());
  }
  // Sends bytes, and waits until the client's kernel has them.
  void send(std::size_t count) {
    const std::string bytes(count, 'x');
    REQUIRE(::send(server.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(count));
    test::waitFor("the bytes are there", [&] {
      int unread = 0;
      return ::ioctl(client.number(), FIONREAD, &unread) == 0 && static_cast<std::size_t>(unread) >= count;
    });
  }
  void read(std::size_t count) {
    std::string bytes(count, '\0');
    REQUIRE(::recv(client.number(), bytes.data(), count, MSG_WAITALL) == static_cast<ssize_t>(count));
  }

  Descriptor client;
  Descriptor server;
  Pace::Line line;
};

constexpr std::size_t piece = 32 * 1024;  // what every buffer takes

}  // namespace

TEST_CASE("header fields without end are those that were read, not those that wait", "[http]") {
  Pace pace(1h);
  Connection waiting;
  Connection reading;
  // In one look they are looked at in this order.
  const Pace::Watch waits(pace, waiting.line, 8 * Pace::mostHead);
  const Pace::Watch reads(pace, reading.line, 8 * Pace::mostHead);
  for (std::size_t sent = 0; sent < Pace::mostHead; sent += piece) {
    waiting.send(piece);
    waiting.read(piece);
  }
  waiting.send(piece);  // more than header fields may have, but it may be the body
  for (std::size_t sent = 0; sent <= Pace::mostHead; sent += piece) {
    reading.send(piece);
    reading.read(piece);
  }
  test::waitFor("the one that reads is ended", [&] { return !reads.reason().empty(); });
  CHECK(reads.reason() == "sends header fields without end");
  CHECK(waits.reason().empty());
}

TEST_CASE("what comes while a body is sent is no reply that trickles", "[http]") {
  Pace pace(100ms);
  Connection sending;
  Connection asking;
  Pace::Watch sends(pace, sending.line, Pace::mostHead);
  sends.sends(true);
  const Pace::Watch asks(pace, asking.line, Pace::mostHead);
  sending.send(500);  // such as tickets of TLS
  asking.send(500);
  test::waitFor("the reply that trickles is ended", [&] { return !asks.reason().empty(); });
  CHECK(asks.reason() == "sends its reply too slowly");
  CHECK(sends.reason().empty());
  sends.sends(false);
  sending.send(10);
  test::waitFor("its reply is one, too", [&] { return !sends.reason().empty(); });
}

TEST_CASE("what comes before the whole request has gone is no reply that trickles", "[http]") {
  Pace pace(300ms);
  Connection shaking;
  Connection asking;
  const Pace::Watch shakes(pace, shaking.line, Pace::mostHead);
  shaking.send(500);  // as the handshake of TLS
  REQUIRE(::send(shaking.client.number(), "x", 1, MSG_NOSIGNAL) == 1);
  const Pace::Watch asks(pace, asking.line, Pace::mostHead);
  asking.send(500);
  test::waitFor("the reply that trickles is ended", [&] { return !asks.reason().empty(); });
  CHECK(asks.reason() == "sends its reply too slowly");
  CHECK(shakes.reason().empty());
  shaking.send(10);
  test::waitFor("its reply is one, too", [&] { return !shakes.reason().empty(); });
}

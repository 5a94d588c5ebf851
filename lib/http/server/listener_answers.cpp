#include "http/server/listener_answers.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "os/descriptor.hpp"
#include "os/unix_address.hpp"

namespace video::http {

namespace {

constexpr std::string_view question = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr std::string_view replyStart = "HTTP/1.";

class Patience {
 public:
  Patience(std::chrono::milliseconds within, const std::atomic<bool>& stop)
      : stop_(stop), until_(std::chrono::steady_clock::now() + within) {}

  // In short turns: a connection to a socket of systemd is not closed when this process stops.
  bool waitFor(int socket, short events) const {
    constexpr int turn = 50;
    while (!stop_ && std::chrono::steady_clock::now() < until_) {
      pollfd wanted{socket, events, 0};
      const int ready = ::poll(&wanted, 1, turn);
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
    return false;
  }

 private:
  const std::atomic<bool>& stop_;
  const std::chrono::steady_clock::time_point until_;
};

// The address of a socket that is bound to the same host, at any port; nothing for one that listens on all of them.
std::optional<sockaddr_storage> sourceFor(const sockaddr_storage& bound) {
  sockaddr_storage source = bound;
  if (bound.ss_family == AF_INET) {
    auto& address = reinterpret_cast<sockaddr_in&>(source);
    address.sin_port = 0;
    if (address.sin_addr.s_addr == htonl(INADDR_ANY)) return {};
  } else {
    auto& address = reinterpret_cast<sockaddr_in6&>(source);
    address.sin6_port = 0;
    if (IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr)) return {};
  }
  return source;
}

bool isConnected(int socket, int failure, const Patience& patience) {
  if (failure == 0) return true;
  if (errno != EINPROGRESS || !patience.waitFor(socket, POLLOUT)) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

bool listenerAnswers(int listening, const std::string& unixPath, std::chrono::milliseconds within,
                     const std::atomic<bool>& stop) {
  const Patience patience(within, stop);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(listening, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return false;
  const Descriptor socket(::socket(bound.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  if (bound.ss_family == AF_UNIX) {
    const os::UnixAddress name(unixPath);
    if (name.error() != 0 ||
        !isConnected(socket.number(), ::connect(socket.number(), name.get(), name.size()), patience))
      return false;
  } else {
    // Without a source of its own a lost address would have the question leave this machine.
    const auto source = sourceFor(bound);
    if (source && ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&*source), size) != 0)
      return errno == EADDRNOTAVAIL;
    // The kernel takes an address of all zeros for this machine's own.
    if (!isConnected(socket.number(), ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&bound), size),
                     patience))
      return false;
  }
  if (::send(socket.number(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size()))
    return false;
  std::array<char, replyStart.size()> start{};
  for (std::size_t got = 0; got < start.size();) {
    if (!patience.waitFor(socket.number(), POLLIN)) return false;
    const ssize_t more = ::recv(socket.number(), start.data() + got, start.size() - got, 0);
    if (more > 0)
      got += static_cast<std::size_t>(more);
    else if (more == 0 || (errno != EAGAIN && errno != EINTR))
      return false;
  }
  return std::string_view(start.data(), start.size()) == replyStart;
}

}  // namespace video::http

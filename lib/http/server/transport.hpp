#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace video::observe {
class Metrics;
}

namespace video::http {

/// Limits and timeouts of a transport.
struct TransportOptions {
  std::size_t maxConnections = 10'000;  ///< open ones, idle included; the next gets 503
  std::size_t workers = 512;            ///< at most, counting those that wait; as many run as there are cores
  int backlog = 4096;
  std::chrono::milliseconds idleTimeout{60'000};
  std::chrono::milliseconds headerTimeout{10'000};    ///< for the whole head, however it trickles
  std::chrono::milliseconds progressTimeout{30'000};  ///< no byte moved either way
  std::size_t maxHeaderSize = 16 * 1024;
  std::chrono::milliseconds shutdownTimeout{30'000};
};

/// What the transport has done; for tests, benchmarks and metrics.
struct TransportCounters {
  std::uint64_t accepted = 0;
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;      ///< bytes
  std::uint64_t received = 0;  ///< bytes
  std::size_t open = 0;        ///< connections now
  std::size_t workers = 0;     ///< threads now
};

/// HTTP/1.1 over TCP and Unix sockets (RFC 9112) on cpp-httplib, with epoll and segments as measured in
/// transport_sketch.cpp: a connection costs no worker while it waits for its head, its reader or its next request.
class Transport {
 public:
  /// Binds nothing yet. `service` must outlive it. Throws Error (internal) where there is no descriptor for epoll.
  Transport(Service& service, const TransportOptions& options);
  ~Transport();  ///< stops, as `stop()`
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Takes over a socket that somebody else (systemd) has bound, for the listener whose address it is bound to.
  void inherit(int socket);
  /// Addresses of inherited sockets that no listener has taken.
  std::vector<std::string> unclaimed() const;
  /// Binds, or takes the socket inherited for this address, and listens. Returns the address with the port it got.
  /// Throws Error (unreachable: in use, malformed, forbidden).
  std::string listen(const Listener& listener);
  /// Begins to serve; returns at once.
  void start();
  /// Stops accepting, lets running answers end within shutdownTimeout, then closes what is left and joins every thread.
  void stop();
  /// Makes `stop` give up waiting at once; may be called from a signal-handling thread.
  void stopNow();
  /// As of now; from any thread.
  TransportCounters counters() const;
  /// Adds its counters.
  void addMetrics(observe::Metrics& metrics) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace video::http

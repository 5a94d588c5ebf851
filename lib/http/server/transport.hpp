#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "os/descriptor.hpp"

namespace video::observe {
class Metrics;
}

namespace video::http {

/// Limits and timeouts of a transport.
struct TransportOptions {
  std::size_t maxConnections = 10'000;  ///< open connections, including idle ones; more get 503
  std::size_t workers = 512;            ///< maximum, including waiting ones; as many run as there are cores
  int backlog = 4096;
  std::chrono::milliseconds idleTimeout{60'000};
  std::chrono::milliseconds headerTimeout{10'000};    ///< for the whole head, however slowly it arrives
  std::chrono::milliseconds progressTimeout{30'000};  ///< without a byte sent or received
  /// Bytes per second of a request body, on average while `progressTimeout` is spent waiting for it; a slower one gets
  /// 408. 0: no limit. Does not apply to the operator socket.
  std::uint64_t minBodyRate = 1024;
  std::size_t maxHeaderSize = 16 * 1024;
  std::chrono::milliseconds shutdownTimeout{30'000};
};

/// Counters of a transport, for tests, benchmarks and metrics.
struct TransportCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< connections refused because of `maxConnections`
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;      ///< bytes
  std::uint64_t received = 0;  ///< bytes
  std::size_t open = 0;        ///< open connections
  std::size_t workers = 0;     ///< current threads
};

/// Returns how many descriptors a process needs that serves this many connections, those that it refuses and its other
/// files included. Readers of the same content share its descriptor: one counts for four connections.
std::size_t descriptorsFor(std::size_t connections) noexcept;

/// Serves HTTP/1.1 over TCP and Unix sockets (RFC 9112), with cpp-httplib and epoll. A connection does not occupy a
/// worker while it waits for its head, its reader or its next request. The operator socket has connections and workers
/// of its own, so that others cannot take them all.
class Transport {
 public:
  /// Does not bind anything yet. `service` must outlive the transport. Throws Error (internal) if there is no
  /// descriptor for epoll.
  Transport(Service& service, const TransportOptions& options);
  /// Stops, like `stop()`.
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Takes over a socket that systemd has already bound; `listen` uses it for the listener with the same address. These
  /// two and `unclaimed` may only be called from one thread.
  void inherit(int socket);
  /// Returns the addresses of inherited sockets that no listener uses.
  std::vector<std::string> unclaimed() const;
  /// Binds a socket, or uses the one inherited for this address, and listens. Returns the address with the actual port.
  /// Throws Error (unreachable) if the address is in use, malformed or forbidden.
  std::string listen(const Listener& listener);
  /// Starts serving; returns at once.
  void start();
  /// Lets running replies finish within `shutdownTimeout`, then closes the remaining connections and joins every
  /// thread. Meanwhile new connections get one reply each, which is not waited for; on the operator socket and on
  /// inherited sockets none are accepted. What an inherited socket accepted before may send one more request for a
  /// second, so that no client of systemd's socket loses one.
  void stop();
  /// From now on every reply closes its connection, so that its client opens the next one elsewhere; everything is
  /// served as before. May be called from any thread.
  void closeAfterReplies();
  /// Makes `stop` stop waiting at once. May be called from any thread, for example the one that handles signals.
  void stopNow();
  /// Asks each listener for /healthz, as a client does. Returns whether all of them reply, with any status, within this
  /// time each; for the watchdog. May be called from any thread but a worker; returns false once the transport stops.
  bool answers(std::chrono::milliseconds within);
  /// Returns whether the thread that enforces timeouts has ended with an exception, which was logged. May be called
  /// from any thread.
  bool hasFailed() const;
  /// Returns the current counters. May be called from any thread.
  TransportCounters counters() const;
  /// Adds the counters to `metrics`.
  void addMetrics(observe::Metrics& metrics) const;

 private:
  struct Impl;
  std::vector<Descriptor> inherited_;
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<Impl> operator_;  ///< of the operator socket
};

}  // namespace video::http

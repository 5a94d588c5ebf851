#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "http/server/connection.hpp"
#include "http/server/listener_socket.hpp"
#include "http/server/transport.hpp"
#include "http/server/workers.hpp"
#include "os/descriptor.hpp"

namespace video::http {

/// Refused connections that get a reply; more are just closed.
inline constexpr std::size_t surplusConnections = 256;

/// Connections that share threads and a maximum: all but those of the operator socket, or these. transport.cpp has the
/// threads and epoll, connection_loop.cpp the handling of one connection.
struct Transport::Impl {
  static constexpr std::size_t surplus = surplusConnections;
  static constexpr std::chrono::milliseconds lingerTimeout{2000};
  /// How long a connection of an inherited socket may take for its last request once the transport stops.
  static constexpr std::chrono::milliseconds lastRequestTimeout{1000};
  static constexpr std::uint32_t whileOpen = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  enum class Step { again, wait, yield, close };
  class BodyReader;

  Impl(Service& behind, const TransportOptions& wanted);

  /// Returns the address with the actual port.
  std::string listen(const Listener& listener, std::vector<Descriptor>& inherited);
  /// Starts serving unless it has no listener or was started before.
  void start();
  /// From now on connections are closed after one reply, and new ones are not waited for. Returns false if that was
  /// done before.
  bool beginStop();
  /// See Transport::answers.
  bool answers(std::chrono::milliseconds within);
  void endAccepting();
  void waitForReplies(std::chrono::steady_clock::time_point deadline);
  void endStop();
  void stopNow();

  // ---- threads
  void work(Workers::WorkerSlot& slot);
  void sweepForever();
  void sweep(ReadBuffer& buffer);
  void expire(Connection& connection, ReadBuffer& buffer);
  /// Closes connections without a request. If `patient`, those of inherited sockets may send one yet.
  void closeIdle(bool patient);
  void endAll();

  // ---- epoll
  /// Returns the data of an epoll event: a connection's generation (from 1) and index, or 0 and a listener's index.
  static std::uint64_t packed(std::uint32_t generation, std::uint32_t index) {
    return std::uint64_t{generation} << 32 | index;
  }
  void arm(int operation, int descriptor, std::uint32_t events, std::uint64_t data) {
    epoll_event event{events, {.u64 = data}};
    ::epoll_ctl(epoll.number(), operation, descriptor, &event);
  }
  void arm(Connection& connection, std::uint32_t events) {
    arm(EPOLL_CTL_MOD, connection.descriptor(), events, packed(connection.generation(), connection.index));
  }
  void handle(const epoll_event& event, ReadBuffer& buffer);
  void rearm(const epoll_event& event);
  void rearm(Connection& connection);
  void leaveOrRearm(Connection& connection) {
    if (!connection.leave()) rearm(connection);
  }
  void listenTo(std::uint32_t index, int operation);
  /// Returns whether new connections are accepted. While stopping, those of systemd's sockets wait for the next
  /// process, and those of the operator's socket can do without a daemon.
  bool accepts(const ListenerSocket& listening) const {
    return !stopping || !(forced || listening.listener.inherited || listening.listener.operatorSocket);
  }

  // ---- connections
  /// Returns milliseconds of a monotonic clock.
  static std::int64_t now();
  void accept(std::uint32_t index, ReadBuffer& buffer);
  void adopt(Descriptor socket, const sockaddr_storage& address, ListenerSocket& listening, ReadBuffer& buffer);
  void run(Connection& connection, ReadBuffer& buffer);
  Step advance(Connection& connection, ReadBuffer& buffer);
  Step readHeadOf(Connection& connection, ReadBuffer& buffer);
  Step collect(Connection& connection, ReadBuffer& buffer);
  std::uint64_t minBodyRate(const Connection& connection) const {
    return connection.listening().listener.operatorSocket ? 0 : options.minBodyRate;
  }
  Step send(Connection& connection);
  Step discard(Connection& connection, ReadBuffer& buffer);
  Step beginLinger(Connection& connection);
  Step linger(Connection& connection, ReadBuffer& buffer);
  Step begin(Connection& connection, ReadBuffer& buffer);
  Step refuse(Connection& connection, ReadBuffer& buffer, const Refusal& refusal, const Head* head);
  void serve(Connection& connection, ReadBuffer& buffer, const Head& head, Admission& admission, std::string_view body);
  bool closesAfter(Connection& connection, const ReadBuffer& buffer, const Head* head) const;
  Step write(Connection& connection, ReadBuffer& buffer, const Head* head);
  void close(Connection& connection);
  void waitUntil(const Connection& connection, std::int64_t deadline) {
    deadlines[connection.index].store(deadline, std::memory_order_release);
  }
  /// Extends the deadline if `fresh`, or if a byte was sent or received since it was set.
  void waitForProgress(Connection& connection, bool fresh) {
    if (fresh || connection.moved) waitUntil(connection, now() + options.progressTimeout.count());
    connection.moved = false;
  }

  Service& service;
  const TransportOptions options;
  const HeadLimits headLimits;
  const std::size_t bufferSize;
  const Descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  const Descriptor wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  std::mutex mutex;  // guards free slots, listeners and paused listeners
  std::condition_variable changed;
  std::deque<ListenerSocket> listeners;
  std::vector<std::uint32_t> paused;  // listeners that ran out of descriptors
  std::vector<std::uint32_t> freeSlots;
  std::vector<std::unique_ptr<Connection>> slots;
  std::vector<std::atomic<std::int64_t>> deadlines;  // of each slot; 0: none. Kept apart for fast sweeps
  std::atomic<std::uint32_t> usedSlots = 0;
  std::atomic<std::size_t> open = 0;  // including refused ones
  std::size_t refusedOpen = 0;        // guarded by the mutex
  std::atomic<int> accepting = 0;     // workers that accept from inherited sockets
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> surplusRefused = 0;
  std::atomic<std::uint64_t> requests = 0;
  Traffic traffic;
  bool started = false;
  bool stopped = false;
  bool sweeping = true;
  std::atomic<bool> stopping = false;
  std::atomic<bool> stopsNow = false;
  std::atomic<bool> closesAfterReplies = false;
  std::atomic<bool> forced = false;
  std::atomic<bool> failed = false;
  Workers workers;
  std::jthread sweeper;
};

}  // namespace video::http

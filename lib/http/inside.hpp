#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "http/connection.hpp"
#include "http/listening.hpp"
#include "http/transport.hpp"
#include "http/workers.hpp"
#include "http/writer.hpp"

namespace video::http {

/// What a transport is made of. transport.cpp has its threads and epoll, turns.cpp what is done with one connection.
struct Transport::Inside {
  static constexpr std::size_t surplus = 256;  ///< connections over the maximum that are told so; more are just closed
  static constexpr std::chrono::milliseconds lingerTimeout{2000};
  static constexpr std::uint32_t whileOpen = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  enum class Step { again, wait, yield, close };
  class Handling;

  Inside(Service& behind, const TransportOptions& wanted);

  // ---- threads
  void work(Workers::Seat& seat);
  void sweepForever();
  void sweep(Scratch& scratch);
  void expire(Connection& connection, Scratch& scratch);
  void closeIdle();
  void endAll();

  // ---- epoll
  /// What epoll carries: a connection's generation (from 1) and place, or 0 and a listener's place.
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
  void handle(const epoll_event& event, Scratch& scratch);
  void giveBack(const epoll_event& event);
  void giveBack(Connection& connection);
  void letGo(Connection& connection) {
    if (!connection.leave()) giveBack(connection);
  }
  void listenTo(std::uint32_t index, int operation);

  // ---- connections
  /// Milliseconds of a clock that only goes forward.
  static std::int64_t now();
  void accept(std::uint32_t index, Scratch& scratch);
  void adopt(int socket, const sockaddr_storage& address, Listening& listening, Scratch& scratch);
  void run(Connection& connection, Scratch& scratch);
  Step advance(Connection& connection, Scratch& scratch);
  Step readHeadOf(Connection& connection, Scratch& scratch);
  Step collect(Connection& connection, Scratch& scratch);
  Step send(Connection& connection);
  Step discard(Connection& connection, Scratch& scratch);
  Step beginLinger(Connection& connection);
  Step linger(Connection& connection, Scratch& scratch);
  Step begin(Connection& connection, Scratch& scratch);
  Step refuse(Connection& connection, Scratch& scratch, const Refusal& refusal, const Head* head);
  Step write(Connection& connection, Scratch& scratch, Handling& handling);
  void close(Connection& connection);
  void waitUntil(const Connection& connection, std::int64_t deadline) {
    deadlines[connection.index].store(deadline, std::memory_order_release);
  }
  /// Puts the deadline off if something has moved since it was set.
  void waitForProgress(Connection& connection, bool fresh) {
    if (fresh || connection.moved) waitUntil(connection, now() + options.progressTimeout.count());
    connection.moved = false;
  }

  Service& service;
  const TransportOptions options;
  const std::size_t maxConnections;
  const HeadLimits headLimits;
  const std::size_t scratchSize;
  Writer writer;
  const Descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  const Descriptor wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  std::mutex mutex;  // slots that are free, listeners, sleepers
  std::condition_variable changed;
  std::deque<Listening> listeners;
  std::vector<Descriptor> handed;
  std::vector<std::uint32_t> paused;  // listeners that ran out of descriptors
  std::vector<std::uint32_t> freeSlots;
  std::vector<std::unique_ptr<Connection>> slots;
  std::vector<std::atomic<std::int64_t>> deadlines;  // of each slot; 0: nobody there. Apart, so that a sweep is quick
  std::atomic<std::uint32_t> usedSlots = 0;
  std::atomic<std::size_t> open = 0;
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> requests = 0;
  Traffic traffic;
  bool started = false;
  bool stopped = false;
  bool sweeping = true;
  std::atomic<bool> stopping = false;
  std::atomic<bool> hurried = false;
  std::atomic<bool> forced = false;
  Workers workers;
  std::jthread sweeper;
};

}  // namespace video::http

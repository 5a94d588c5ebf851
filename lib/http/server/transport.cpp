#include "http/server/transport.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "http/server/transport_impl.hpp"
#include "observe/guarded.hpp"
#include "observe/log.hpp"
#include "os/descriptor.hpp"

namespace video::http {

namespace {

constexpr std::size_t acceptTurn = 64;
constexpr int batchSize = 8;
constexpr std::chrono::milliseconds stopTick{10};
constexpr std::uint32_t wakeUp = UINT32_MAX;

/// Raises the descriptor limit so that it suffices for `connections`, plus `surplus` more that are refused with 503;
/// returns how many connections fit. Readers of the same content share its descriptor: counts one for four connections.
std::size_t fitDescriptors(std::size_t connections, std::size_t surplus) {
  constexpr rlim_t others = 256;
  const rlim_t fixed = others + surplus;
  const rlim_t wanted = fixed + connections + connections / 4;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return connections;
  const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return connections;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return connections;
  const std::size_t fitting = limit.rlim_cur > fixed + 5 ? (limit.rlim_cur - fixed) * 4 / 5 : 1;
  observe::warning("descriptor limit is too low for http.max_connections",
                   {{"limit", limit.rlim_cur}, {"max_connections", fitting}});
  return fitting;
}

}  // namespace

Transport::Impl::Impl(Service& behind, const TransportOptions& wanted)
    : service(behind),
      options(wanted),
      maxConnections(fitDescriptors(wanted.maxConnections, surplus)),
      headLimits{.whole = wanted.maxHeaderSize},
      bufferSize(std::max<std::size_t>(64 * 1024, 2 * wanted.maxHeaderSize + 1024)),
      slots(maxConnections + surplus),
      deadlines(maxConnections + surplus),
      workers(std::thread::hardware_concurrency(), wanted.workers, [this](Workers::WorkerSlot& slot) { work(slot); }) {
  if (!epoll || !wake) throw Error(Fault::internal, "epoll: no descriptor");
  arm(EPOLL_CTL_ADD, wake.number(), EPOLLIN, packed(0, wakeUp));
}

std::int64_t Transport::Impl::now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

// ---- threads

void Transport::Impl::work(Workers::WorkerSlot& slot) {
  ReadBuffer buffer(bufferSize);
  std::array<epoll_event, batchSize> events{};
  int at = 0;
  int count = 0;
  slot.beforeWait = [&] {
    while (at < count) rearm(events[static_cast<std::size_t>(at++)]);
  };
  while (slot.next()) {
    at = 0;
    count = ::epoll_wait(epoll.number(), events.data(), batchSize, -1);
    while (at < count) {
      const epoll_event event = events[static_cast<std::size_t>(at++)];
      observe::guarded("a worker", [&] { handle(event, buffer); });
    }
  }
  slot.beforeWait = nullptr;
}

void Transport::Impl::sweepForever() {
  ReadBuffer buffer(bufferSize);
  const auto least = std::min({options.idleTimeout, options.headerTimeout, options.progressTimeout, lingerTimeout});
  const auto tick = std::clamp(least / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
  std::unique_lock lock(mutex);
  while (sweeping) {
    changed.wait_for(lock, tick, [this] { return !sweeping; });
    if (!stopping)
      for (const std::uint32_t index : std::exchange(paused, {})) listenTo(index, EPOLL_CTL_MOD);
    lock.unlock();
    sweep(buffer);
    lock.lock();
  }
}

void Transport::Impl::sweep(ReadBuffer& buffer) {
  const std::int64_t moment = now();
  const auto late = [&](std::uint32_t index) {
    const std::int64_t deadline = deadlines[index].load(std::memory_order_acquire);
    return deadline != 0 && deadline <= moment;
  };
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (!late(index) || !slots[index]->enter()) continue;
    if (!late(index))
      leaveOrRearm(*slots[index]);
    else if (!observe::guarded("the sweeper", [&] { expire(*slots[index], buffer); }))
      close(*slots[index]);  // a failure costs this connection, but not the others
  }
}

void Transport::Impl::expire(Connection& connection, ReadBuffer& buffer) {
  using Phase = Connection::Phase;
  if (connection.resumeAt > 0) {  // the rate limit or a delay held the reply back
    connection.resumeAt = 0;
    waitForProgress(connection, true);
    return rearm(connection);
  }
  if (connection.phase == Phase::answer) {
    const int unsent = connection.unsent();
    if (unsent < std::exchange(connection.unsentBefore, unsent)) {
      waitForProgress(connection, true);
      return leaveOrRearm(connection);
    }
  }
  if (connection.phase != Phase::body && (connection.phase != Phase::head || connection.kept.empty()))
    return close(connection);
  connection.trustsShortRead = false;
  buffer.load(connection.kept);
  connection.kept.clear();
  const Head* head = connection.pending ? &connection.pending->head : nullptr;
  if (refuse(connection, buffer, {408, "request: did not arrive in time"}, head) == Step::close)
    return close(connection);
  connection.kept.assign(buffer.unread());
  run(connection, buffer);
}

void Transport::Impl::closeIdle() {
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (deadlines[index].load(std::memory_order_acquire) == 0 || !slots[index]->enter()) continue;
    if (slots[index]->phase == Connection::Phase::head)
      close(*slots[index]);
    else
      leaveOrRearm(*slots[index]);
  }
}

/// Shuts every connection down, and closes those that no worker serves.
void Transport::Impl::endAll() {
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (deadlines[index].load(std::memory_order_acquire) == 0) continue;
    slots[index]->interrupt();
    if (slots[index]->enter()) close(*slots[index]);
  }
}

// ---- epoll

void Transport::Impl::handle(const epoll_event& event, ReadBuffer& buffer) {
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  if (generation == 0) {
    if (index != wakeUp) accept(index, buffer);
    return;
  }
  Connection& connection = *slots[index];
  if (!connection.enter(generation)) return;
  connection.trustsShortRead =
      (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0 && connection.listening().unixPath.empty();
  run(connection, buffer);
}

void Transport::Impl::rearm(const epoll_event& event) {
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  if (generation == 0) {
    if (index == wakeUp) return;
    const std::lock_guard lock(mutex);
    listenTo(index, EPOLL_CTL_MOD);
  } else if (slots[index]->enter(generation)) {
    rearm(*slots[index]);
  }
}

/// Leaves a connection to the worker that gets its next event, which comes at once if there is something to do.
void Transport::Impl::rearm(Connection& connection) {
  do {
    arm(connection, whileOpen);
  } while (!connection.leave());
}

void Transport::Impl::listenTo(std::uint32_t index, int operation) {
  arm(operation, listeners[index].socket.number(), EPOLLIN | EPOLLONESHOT, packed(0, index));
}

// ---- connections

void Transport::Impl::accept(std::uint32_t index, ReadBuffer& buffer) {
  ListenerSocket* listening = nullptr;
  {
    const std::lock_guard lock(mutex);
    listening = &listeners[index];
  }
  for (std::size_t count = 0; count < acceptTurn && !stopping; ++count) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int socket = ::accept4(listening->socket.number(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      observe::guarded("a worker", [&] { adopt(Descriptor(socket), address, *listening, buffer); });
      continue;
    }
    if (errno == EAGAIN) break;
    if (stopping) return;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      const std::lock_guard lock(mutex);
      return paused.push_back(index);
    }
  }
  if (stopping) return;
  const std::lock_guard lock(mutex);
  listenTo(index, EPOLL_CTL_MOD);
}

void Transport::Impl::adopt(Descriptor socket, const sockaddr_storage& address, ListenerSocket& listening,
                            ReadBuffer& buffer) {
  std::uint32_t index = 0;
  bool full = false;
  {
    const std::lock_guard lock(mutex);
    if (freeSlots.empty() && usedSlots == slots.size()) return;
    if (freeSlots.empty()) {
      index = usedSlots;
      slots[index] = std::make_unique<Connection>(index, traffic);
      ++usedSlots;
    } else {
      index = freeSlots.back();
      freeSlots.pop_back();
    }
    full = ++open > maxConnections;
  }
  accepted.fetch_add(1, std::memory_order_relaxed);
  Connection& connection = *slots[index];
  bool refusable = true;
  const bool opened = observe::guarded("a worker", [&] {
    Peer peer = peerOf(socket.number(), address, listening);
    connection.open(socket.release(), std::move(peer), listening);
    if (full) refusable = refuse(connection, buffer, {503, "too many connections"}, nullptr) != Step::close;
  });
  if (!opened || !refusable) return close(connection);
  waitUntil(connection, now() + options.idleTimeout.count());
  arm(EPOLL_CTL_ADD, connection.descriptor(), whileOpen, packed(connection.generation(), index));
  if (full) return run(connection, buffer);
  leaveOrRearm(connection);  // not served from here: a handler that waits would delay the next accept
}

void Transport::Impl::close(Connection& connection) {
  deadlines[connection.index].store(0, std::memory_order_release);
  connection.retire();
  const std::lock_guard lock(mutex);
  freeSlots.push_back(connection.index);
  if (--open == 0) changed.notify_all();
}

// ---- public interface

Transport::Transport(Service& service, const TransportOptions& options)
    : impl_(std::make_unique<Impl>(service, options)) {}

Transport::~Transport() {
  stop();
}

void Transport::inherit(int socket) {
  const std::lock_guard lock(impl_->mutex);
  impl_->inherited.emplace_back(socket);
}

std::vector<std::string> Transport::unclaimed() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> addresses;
  for (const Descriptor& socket : impl_->inherited) addresses.push_back(boundAddress(socket.number()));
  return addresses;
}

std::string Transport::listen(const Listener& listener) {
  Impl& in = *impl_;
  const std::lock_guard lock(in.mutex);
  ListenerSocket& listening = in.listeners.emplace_back();
  try {
    openListenerSocket(listener, in.options.backlog, in.inherited, listening);
  } catch (const Error&) {
    in.listeners.pop_back();
    throw;
  }
  if (in.started) in.listenTo(static_cast<std::uint32_t>(in.listeners.size() - 1), EPOLL_CTL_ADD);
  return listening.address;
}

void Transport::start() {
  Impl& in = *impl_;
  {
    const std::lock_guard lock(in.mutex);
    if (std::exchange(in.started, true)) return;
    for (std::uint32_t index = 0; index < in.listeners.size(); ++index) in.listenTo(index, EPOLL_CTL_ADD);
  }
  in.workers.start();
  in.sweeper = std::jthread([&in] {
    if (!observe::guarded("the sweeper", [&in] { in.sweepForever(); })) in.failed = true;
  });
}

void Transport::stop() {
  Impl& in = *impl_;
  std::unique_lock lock(in.mutex);
  if (std::exchange(in.stopped, true)) return;
  in.stopping = true;
  // Do not close yet: a worker may be accepting, and the descriptor number could be reused for another socket.
  for (const ListenerSocket& listening : in.listeners) {
    if (listening.inherited)  // systemd keeps listening on it
      in.arm(EPOLL_CTL_DEL, listening.socket.number(), 0, 0);
    else
      ::shutdown(listening.socket.number(), SHUT_RDWR);
  }
  const bool started = in.started;
  const auto deadline = std::chrono::steady_clock::now() + in.options.shutdownTimeout;
  while (started && in.open > 0 && !in.stopsNow && std::chrono::steady_clock::now() < deadline) {
    lock.unlock();
    in.closeIdle();
    lock.lock();
    in.changed.wait_for(lock, stopTick, [&in] { return in.open == 0 || in.stopsNow; });
  }
  in.forced = true;
  in.sweeping = false;
  in.changed.notify_all();
  lock.unlock();
  in.endAll();
  in.workers.close();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(in.wake.number(), &one, sizeof one);
  in.workers.end();
  if (in.sweeper.joinable()) in.sweeper.join();
  in.endAll();
  lock.lock();
  in.listeners.clear();
}

void Transport::stopNow() {
  const std::lock_guard lock(impl_->mutex);
  impl_->stopsNow = true;
  impl_->changed.notify_all();
}

bool Transport::hasFailed() const {
  return impl_->failed;
}

TransportCounters Transport::counters() const {
  return {impl_->accepted,         impl_->requests, impl_->traffic.sent,
          impl_->traffic.received, impl_->open,     impl_->workers.count()};
}

}  // namespace video::http

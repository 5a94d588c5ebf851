#include "http/server/transport.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "http/server/listener_answers.hpp"
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
constexpr std::size_t operatorConnections = 128;
constexpr std::size_t operatorWorkers = operatorConnections + 64;  // no limiter counts its requests

/// Raises the descriptor limit so that it suffices for `connections`; returns how many connections fit.
std::size_t fitDescriptors(std::size_t connections) {
  const rlim_t fixed = descriptorsFor(0);
  const rlim_t wanted = descriptorsFor(connections);
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

TransportOptions fitted(TransportOptions options) {
  options.maxConnections = fitDescriptors(options.maxConnections);
  return options;
}

TransportOptions ofOperator(TransportOptions options) {
  options.maxConnections = operatorConnections;
  options.workers = operatorWorkers;
  return options;
}

bool hasUnread(int socket) {
  int bytes = 0;
  return ::ioctl(socket, FIONREAD, &bytes) == 0 && bytes > 0;
}

}  // namespace

std::size_t descriptorsFor(std::size_t connections) noexcept {
  constexpr std::size_t others = 256;
  return others + operatorConnections + surplusConnections + connections + connections / 4;
}

Transport::Impl::Impl(Service& behind, const TransportOptions& wanted)
    : service(behind),
      options(wanted),
      headLimits{.whole = wanted.maxHeaderSize},
      bufferSize(std::max<std::size_t>(64 * 1024, 2 * wanted.maxHeaderSize + 1024)),
      slots(options.maxConnections + surplus),
      deadlines(options.maxConnections + surplus),
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
    for (const std::uint32_t index : std::exchange(paused, {}))
      if (accepts(listeners[index])) listenTo(index, EPOLL_CTL_MOD);
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

void Transport::Impl::closeIdle(bool patient) {
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (deadlines[index].load(std::memory_order_acquire) == 0 || !slots[index]->enter()) continue;
    const Connection& one = *slots[index];
    const bool mayAsk = (patient && one.listening().listener.inherited) || hasUnread(one.descriptor());
    if (one.phase == Connection::Phase::head && !one.refused && !mayAsk)
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
    if (accepts(listeners[index])) listenTo(index, EPOLL_CTL_MOD);
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
  // Counted before `accepts` is asked: whoever stops the transport then waits for what was accepted here.
  std::unique_ptr<std::atomic<int>, decltype([](std::atomic<int>* count) { --*count; })> counted;
  if (listening->listener.inherited) {
    ++accepting;
    counted.reset(&accepting);
  }
  for (std::size_t count = 0; count < acceptTurn && accepts(*listening); ++count) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int socket = ::accept4(listening->socket.number(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      observe::guarded("a worker", [&] { adopt(Descriptor(socket), address, *listening, buffer); });
      continue;
    }
    if (errno == EAGAIN) break;
    if (!accepts(*listening)) return;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      const std::lock_guard lock(mutex);
      return paused.push_back(index);
    }
  }
  const std::lock_guard lock(mutex);
  if (accepts(*listening)) listenTo(index, EPOLL_CTL_MOD);
}

void Transport::Impl::adopt(Descriptor socket, const sockaddr_storage& address, ListenerSocket& listening,
                            ReadBuffer& buffer) {
  Peer peer = peerOf(socket.number(), address, listening);
  std::optional<Refusal> refusal;
  std::shared_ptr<void> share;
  if (!service.accept(peer, listening.listener, share)) refusal = {429, "connections: too many from this address"};
  std::uint32_t index = 0;
  {
    const std::lock_guard lock(mutex);
    if (!refusal && open - refusedOpen >= options.maxConnections) {
      surplusRefused.fetch_add(1, std::memory_order_relaxed);
      refusal = {503, "connections: too many"};
    }
    // Refused connections must not take the places of others, however many they are.
    const bool isRefused = refusal || (stopping && !listening.listener.inherited);
    if (isRefused && refusedOpen >= surplus) return;
    if (freeSlots.empty()) {
      index = usedSlots;
      slots[index] = std::make_unique<Connection>(index, traffic);
      ++usedSlots;
    } else {
      index = freeSlots.back();
      freeSlots.pop_back();
    }
    slots[index]->refused = isRefused;
    if (isRefused) ++refusedOpen;
    ++open;
  }
  accepted.fetch_add(1, std::memory_order_relaxed);
  Connection& connection = *slots[index];
  bool refusable = true;
  const bool opened = observe::guarded("a worker", [&] {
    connection.open(socket.release(), std::move(peer), listening);
    connection.share = std::move(share);
    if (refusal) refusable = refuse(connection, buffer, *refusal, nullptr) != Step::close;
  });
  if (!opened || !refusable) return close(connection);
  waitUntil(connection, now() + options.idleTimeout.count());
  arm(EPOLL_CTL_ADD, connection.descriptor(), whileOpen, packed(connection.generation(), index));
  if (refusal) return run(connection, buffer);
  leaveOrRearm(connection);  // not served from here: a handler that waits would delay the next accept
}

void Transport::Impl::close(Connection& connection) {
  deadlines[connection.index].store(0, std::memory_order_release);
  const bool wasRefused = connection.refused;
  connection.retire();
  const std::lock_guard lock(mutex);
  freeSlots.push_back(connection.index);
  if (wasRefused) --refusedOpen;
  if (--open == refusedOpen) changed.notify_all();
}

// ---- starting and stopping

std::string Transport::Impl::listen(const Listener& listener, std::vector<Descriptor>& inherited) {
  const std::lock_guard lock(mutex);
  ListenerSocket& listening = listeners.emplace_back();
  try {
    openListenerSocket(listener, options.backlog, inherited, listening);
  } catch (const Error&) {
    listeners.pop_back();
    throw;
  }
  if (started) listenTo(static_cast<std::uint32_t>(listeners.size() - 1), EPOLL_CTL_ADD);
  return listening.address;
}

void Transport::Impl::start() {
  {
    const std::lock_guard lock(mutex);
    if (listeners.empty() || std::exchange(started, true)) return;
    for (std::uint32_t index = 0; index < listeners.size(); ++index) listenTo(index, EPOLL_CTL_ADD);
  }
  workers.start();
  sweeper = std::jthread([this] {
    if (!observe::guarded("the sweeper", [this] { sweepForever(); })) failed = true;
  });
}

bool Transport::Impl::beginStop() {
  const std::lock_guard lock(mutex);
  if (std::exchange(stopped, true)) return false;
  stopping = true;
  endAccepting();
  return true;
}

/// Ends the listening of sockets on which no connections are accepted any more.
void Transport::Impl::endAccepting() {
  // Do not close yet: a worker may be accepting, and the descriptor number could be reused for another socket.
  for (const ListenerSocket& listening : listeners) {
    if (accepts(listening)) continue;
    if (listening.listener.inherited)  // systemd keeps listening on it
      arm(EPOLL_CTL_DEL, listening.socket.number(), 0, 0);
    else
      ::shutdown(listening.socket.number(), SHUT_RDWR);
  }
}

void Transport::Impl::waitForReplies(std::chrono::steady_clock::time_point deadline) {
  const auto patientUntil = std::chrono::steady_clock::now() + lastRequestTimeout;
  std::unique_lock lock(mutex);
  const auto isDone = [this] { return (open == refusedOpen && accepting == 0) || stopsNow; };
  while (started && !isDone() && std::chrono::steady_clock::now() < deadline) {
    lock.unlock();
    closeIdle(std::chrono::steady_clock::now() < patientUntil);
    lock.lock();
    changed.wait_for(lock, stopTick, isDone);
  }
}

void Transport::Impl::endStop() {
  {
    const std::lock_guard lock(mutex);
    forced = true;
    endAccepting();
    sweeping = false;
    changed.notify_all();
  }
  endAll();
  workers.close();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake.number(), &one, sizeof one);
  workers.end();
  if (sweeper.joinable()) sweeper.join();
  endAll();
  const std::lock_guard lock(mutex);
  listeners.clear();
}

bool Transport::Impl::answers(std::chrono::milliseconds within) {
  std::vector<int> sockets;
  std::vector<std::string> paths;
  {
    const std::lock_guard lock(mutex);
    for (const ListenerSocket& listening : listeners) {
      sockets.push_back(listening.socket.number());
      paths.push_back(listening.unixPath);
    }
  }
  for (std::size_t index = 0; index < sockets.size(); ++index)
    if (!listenerAnswers(sockets[index], paths[index], within, stopping)) return false;
  return !stopping;
}

void Transport::Impl::stopNow() {
  const std::lock_guard lock(mutex);
  stopsNow = true;
  changed.notify_all();
}

// ---- public interface

Transport::Transport(Service& service, const TransportOptions& options)
    : impl_(std::make_unique<Impl>(service, fitted(options))),
      operator_(std::make_unique<Impl>(service, ofOperator(options))) {}

Transport::~Transport() {
  stop();
}

void Transport::inherit(int socket) {
  inherited_.emplace_back(socket);
}

std::vector<std::string> Transport::unclaimed() const {
  std::vector<std::string> addresses;
  for (const Descriptor& socket : inherited_) addresses.push_back(boundAddress(socket.number()));
  return addresses;
}

std::string Transport::listen(const Listener& listener) {
  return (listener.operatorSocket ? operator_ : impl_)->listen(listener, inherited_);
}

void Transport::start() {
  impl_->start();
  operator_->start();
}

void Transport::stop() {
  if (!impl_->beginStop()) return;
  operator_->beginStop();
  const auto deadline = std::chrono::steady_clock::now() + impl_->options.shutdownTimeout;
  impl_->waitForReplies(deadline);
  operator_->waitForReplies(deadline);
  impl_->endStop();
  operator_->endStop();
}

void Transport::closeAfterReplies() {
  impl_->closesAfterReplies = true;
}

void Transport::stopNow() {
  impl_->stopNow();
  operator_->stopNow();
}

bool Transport::answers(std::chrono::milliseconds within) {
  return impl_->answers(within) && operator_->answers(within);
}

bool Transport::hasFailed() const {
  return impl_->failed || operator_->failed;
}

TransportCounters Transport::counters() const {
  TransportCounters all;
  for (const Impl* one : {impl_.get(), operator_.get()}) {
    all.accepted += one->accepted;
    all.refused += one->surplusRefused;
    all.requests += one->requests;
    all.sent += one->traffic.sent;
    all.received += one->traffic.received;
    all.open += one->open;
    all.workers += one->workers.count();
  }
  return all;
}

}  // namespace video::http

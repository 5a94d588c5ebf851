#include "http/transport.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/waiting.hpp"
#include "http/connection.hpp"
#include "http/listening.hpp"
#include "http/workers.hpp"
#include "http/writer.hpp"

namespace video::http {

namespace {

constexpr std::size_t maxCollected = 64 * 1024;
constexpr std::uint64_t maxDiscarded = 1 << 20;
constexpr std::size_t lingerTurn = 1 << 20;
constexpr std::size_t surplus = 256;  // connections over the maximum that are told so; more are just closed
constexpr std::size_t acceptTurn = 64;
constexpr int batchSize = 8;
constexpr int stepsPerTurn = 256;
constexpr std::chrono::milliseconds lingerTimeout{2000};
constexpr std::chrono::milliseconds stopTick{10};
constexpr std::uint32_t wakeUp = UINT32_MAX;
constexpr std::uint32_t whileOpen = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

// What epoll carries: a connection's generation (from 1) and place, or 0 and a listener's place.
std::uint64_t packed(std::uint32_t generation, std::uint32_t index) {
  return std::uint64_t{generation} << 32 | index;
}

/// Raises the descriptor limit to fit `connections`, each with a file; returns how many fit.
std::size_t fitDescriptors(std::size_t connections) {
  constexpr rlim_t others = 512;
  const rlim_t wanted = static_cast<rlim_t>(connections + surplus) * 2 + others;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return connections;
  const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return connections;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return connections;
  const std::size_t fitting = limit.rlim_cur > others + 4 * surplus ? (limit.rlim_cur - others) / 2 - surplus : surplus;
  return std::min(connections, fitting);
}

}  // namespace

struct Transport::Inside {
  enum class Step { again, wait, yield, close };
  class Handling;

  Inside(Service& behind, const TransportOptions& wanted)
      : service(behind),
        options(wanted),
        maxConnections(fitDescriptors(wanted.maxConnections)),
        headLimits{8 * 1024, wanted.maxHeaderSize, 128},
        scratchSize(std::max<std::size_t>(64 * 1024, 2 * wanted.maxHeaderSize + 1024)),
        slots(maxConnections + surplus),
        deadlines(maxConnections + surplus),
        workers(std::thread::hardware_concurrency(), wanted.workers, [this](Workers::Seat& seat) { work(seat); }) {
    if (!epoll || !wake) throw Error(Fault::internal, "epoll: no descriptor");
    arm(EPOLL_CTL_ADD, wake.number(), EPOLLIN, packed(0, wakeUp));
  }

  // ---- threads
  void work(Workers::Seat& seat);
  void sweepForever();
  void sweep(Scratch& scratch);
  void expire(Connection& connection, Scratch& scratch);
  void closeIdle();
  void endAll();

  // ---- epoll
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
  std::vector<std::uint32_t> paused;  // listeners that ran out of descriptors
  std::vector<std::uint32_t> freeSlots;
  std::vector<std::unique_ptr<Connection>> slots;
  std::vector<std::atomic<std::int64_t>> deadlines;  // of each slot; 0: nobody there. Apart, so that a sweep is quick
  std::atomic<std::uint32_t> usedSlots = 0;
  std::atomic<std::size_t> open = 0;
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> requests = 0;
  bool started = false;
  bool stopped = false;
  bool sweeping = true;
  std::atomic<bool> stopping = false;
  std::atomic<bool> hurried = false;
  std::atomic<bool> forced = false;
  Workers workers;
  std::jthread sweeper;
};

/// One request from its head to its answer, as httplib's writer and the service see it.
class Transport::Inside::Handling final : public Exchange {
 public:
  Handling(Inside& inside, Connection& connection, Scratch& scratch, const Head* head)
      : inside_(inside), connection_(connection), scratch_(scratch), head_(head) {}

  void serve(BodyUse use, std::string_view body) {
    serving_ = true;
    use_ = use;
    body_ = body;
  }

  void answer(Answer& to) noexcept override {
    if (!serving_) return;
    ByteSource source;
    if (use_ == BodyUse::stream) {
      source.push = [this](const ByteSink& sink) { pushBody(sink); };
      source.size = head_->chunked ? std::nullopt : std::optional(head_->contentLength.value_or(0));
    }
    const Request request{*head_, connection_.peer(), connection_.listening().listener, body_,
                          use_ == BodyUse::stream ? &source : nullptr};
    inside_.service.serve(request, to);
  }

  bool closes(const Answer& answer) override {
    const std::optional<std::uint64_t> left = connection_.body.left();
    const std::uint64_t here = scratch_.unread().size();
    // A client that waits for 100 Continue may send its body or not: what follows could be either.
    const bool unsure = connection_.continueWanted && here == 0;
    if (connection_.body.broken() || unsure || left.value_or(0) > here + maxDiscarded) connection_.lingering = true;
    return connection_.lingering || answer.close || head_ == nullptr || !head_->keepAlive || inside_.stopping;
  }

  const Head* head() const noexcept override { return head_; }

 private:
  void pushBody(const ByteSink& sink) {
    BodyDecoder& body = connection_.body;
    while (!body.done()) {
      std::string_view bytes = scratch_.unread();
      const std::size_t before = bytes.size();
      const std::string_view piece = body.take(bytes);
      scratch_.drop(before - bytes.size());
      if (body.broken()) throw Error(Fault::malformed, "body: its chunks are malformed");
      if (!piece.empty())
        sink(std::as_bytes(std::span(piece)));
      else if (!body.done())
        fetch();
    }
  }

  /// Waits until there is more of the body.
  void fetch() {
    connection_.sendContinue(scratch_);
    for (;;) {
      switch (connection_.receive(scratch_)) {
        case Connection::Received::some: return;
        case Connection::Received::ended: vanished();
        case Connection::Received::none: break;
      }
      // Each packet of the body would call another worker.
      if (!std::exchange(connection_.muted, true)) inside_.arm(connection_, EPOLLET);
      pollfd wanted{connection_.descriptor(), POLLIN, 0};
      int ready = 0;
      {
        const Waiting forTheClient;
        if (!inside_.forced) ready = ::poll(&wanted, 1, static_cast<int>(inside_.options.progressTimeout.count()));
      }
      if (ready == 0) {
        if (inside_.forced) vanished();
        connection_.lingering = true;
        throw Error(Fault::requestTimeout, "body: the client has stopped sending");
      }
      connection_.drained = false;
    }
  }

  [[noreturn]] void vanished() {
    connection_.lingering = true;
    throw Error(Fault::malformed, "body: the client went away before its end");
  }

  Inside& inside_;
  Connection& connection_;
  Scratch& scratch_;
  const Head* head_;
  bool serving_ = false;
  BodyUse use_ = BodyUse::none;
  std::string_view body_;
};

// ---- threads

void Transport::Inside::work(Workers::Seat& seat) {
  Scratch scratch(scratchSize);
  std::array<epoll_event, batchSize> events{};
  int at = 0;
  int count = 0;
  seat.beforeWait = [&] {
    while (at < count) giveBack(events[static_cast<std::size_t>(at++)]);
  };
  while (seat.next()) {
    at = 0;
    count = ::epoll_wait(epoll.number(), events.data(), batchSize, -1);
    while (at < count) {
      const epoll_event event = events[static_cast<std::size_t>(at++)];
      handle(event, scratch);
    }
  }
  seat.beforeWait = nullptr;
}

void Transport::Inside::sweepForever() {
  Scratch scratch(scratchSize);
  const auto least = std::min({options.idleTimeout, options.headerTimeout, options.progressTimeout, lingerTimeout});
  const auto tick = std::clamp(least / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
  std::unique_lock lock(mutex);
  while (sweeping) {
    changed.wait_for(lock, tick, [this] { return !sweeping; });
    if (!stopping)
      for (const std::uint32_t index : std::exchange(paused, {})) listenTo(index, EPOLL_CTL_MOD);
    lock.unlock();
    sweep(scratch);
    lock.lock();
  }
}

void Transport::Inside::sweep(Scratch& scratch) {
  const std::int64_t moment = now();
  const auto late = [&](std::uint32_t index) {
    const std::int64_t deadline = deadlines[index].load(std::memory_order_acquire);
    return deadline != 0 && deadline <= moment;
  };
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (!late(index) || !slots[index]->enter()) continue;
    if (late(index))
      expire(*slots[index], scratch);
    else
      letGo(*slots[index]);
  }
}

void Transport::Inside::expire(Connection& connection, Scratch& scratch) {
  using Phase = Connection::Phase;
  if (connection.phase != Phase::body && (connection.phase != Phase::head || connection.kept.empty()))
    return close(connection);
  connection.trustsShortRead = false;
  scratch.load(connection.kept);
  connection.kept.clear();
  const Head* head = connection.collected ? &connection.collected->head : nullptr;
  if (refuse(connection, scratch, {408, "the request did not arrive in time"}, head) == Step::close)
    return close(connection);
  connection.kept.assign(scratch.unread());
  run(connection, scratch);
}

void Transport::Inside::closeIdle() {
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (deadlines[index].load(std::memory_order_acquire) == 0 || !slots[index]->enter()) continue;
    if (slots[index]->phase == Connection::Phase::head)
      close(*slots[index]);
    else
      letGo(*slots[index]);
  }
}

/// Breaks every connection, and closes those that nobody serves.
void Transport::Inside::endAll() {
  for (std::uint32_t index = 0, end = usedSlots; index < end; ++index) {
    if (deadlines[index].load(std::memory_order_acquire) == 0) continue;
    slots[index]->interrupt();
    if (slots[index]->enter()) close(*slots[index]);
  }
}

// ---- epoll

void Transport::Inside::handle(const epoll_event& event, Scratch& scratch) {
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  if (generation == 0) {
    if (index != wakeUp) accept(index, scratch);
    return;
  }
  Connection& connection = *slots[index];
  if (!connection.enter(generation)) return;
  connection.trustsShortRead =
      (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0 && connection.listening().unixPath.empty();
  run(connection, scratch);
}

void Transport::Inside::giveBack(const epoll_event& event) {
  const auto index = static_cast<std::uint32_t>(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  if (generation == 0) {
    if (index == wakeUp) return;
    const std::lock_guard lock(mutex);
    listenTo(index, EPOLL_CTL_MOD);
  } else if (slots[index]->enter(generation)) {
    giveBack(*slots[index]);
  }
}

/// Leaves a connection to whoever gets its next event, which comes at once if there is something to do.
void Transport::Inside::giveBack(Connection& connection) {
  do {
    arm(connection, whileOpen);
  } while (!connection.leave());
}

void Transport::Inside::listenTo(std::uint32_t index, int operation) {
  arm(operation, listeners[index].socket.number(), EPOLLIN | EPOLLONESHOT, packed(0, index));
}

// ---- connections

void Transport::Inside::accept(std::uint32_t index, Scratch& scratch) {
  Listening* listening = nullptr;
  {
    const std::lock_guard lock(mutex);
    listening = &listeners[index];
  }
  for (std::size_t count = 0; count < acceptTurn; ++count) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int socket = ::accept4(listening->socket.number(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      adopt(socket, address, *listening, scratch);
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

void Transport::Inside::adopt(int socket, const sockaddr_storage& address, Listening& listening, Scratch& scratch) {
  std::uint32_t index = 0;
  bool full = false;
  {
    const std::lock_guard lock(mutex);
    if (freeSlots.empty() && usedSlots == slots.size()) {
      ::close(socket);
      return;
    }
    if (freeSlots.empty()) {
      index = usedSlots;
      slots[index] = std::make_unique<Connection>(index);
      ++usedSlots;
    } else {
      index = freeSlots.back();
      freeSlots.pop_back();
    }
    full = ++open > maxConnections;
  }
  accepted.fetch_add(1, std::memory_order_relaxed);
  Connection& connection = *slots[index];
  connection.open(socket, peerOf(socket, address, listening), listening);
  waitUntil(connection, now() + options.idleTimeout.count());
  arm(EPOLL_CTL_ADD, socket, whileOpen, packed(connection.generation(), index));
  if (full && refuse(connection, scratch, {503, "too many connections"}, nullptr) == Step::close)
    return close(connection);
  if (full || !connection.leave()) run(connection, scratch);
}

void Transport::Inside::close(Connection& connection) {
  deadlines[connection.index].store(0, std::memory_order_release);
  connection.retire();
  const std::lock_guard lock(mutex);
  freeSlots.push_back(connection.index);
  if (--open == 0) changed.notify_all();
}

/// Serves a connection, whose owner the caller is, until it has to wait; then nobody owns it, or it is closed.
void Transport::Inside::run(Connection& connection, Scratch& scratch) {
  try {
    for (;;) {
      scratch.load(connection.kept);
      connection.kept.clear();
      connection.drained = false;
      Step step = Step::again;
      for (int count = 0; step == Step::again; ++count)
        step = count < stepsPerTurn ? advance(connection, scratch) : Step::yield;
      if (step == Step::close) return close(connection);
      if (!scratch.unread().empty())
        connection.kept.assign(scratch.unread());
      else if (connection.kept.capacity() > 64)
        std::string().swap(connection.kept);
      if (step == Step::yield) return giveBack(connection);
      if (connection.leave()) return;
      connection.trustsShortRead = false;
    }
  } catch (...) {
    // Out of memory, most likely: this client pays, not the thread.
    close(connection);
  }
}

Transport::Inside::Step Transport::Inside::advance(Connection& connection, Scratch& scratch) {
  switch (connection.phase) {
    case Connection::Phase::head: return readHeadOf(connection, scratch);
    case Connection::Phase::body: return collect(connection, scratch);
    case Connection::Phase::answer: return send(connection);
    case Connection::Phase::discard: return discard(connection, scratch);
    case Connection::Phase::linger: break;
  }
  return linger(connection, scratch);
}

Transport::Inside::Step Transport::Inside::readHeadOf(Connection& connection, Scratch& scratch) {
  const std::string_view bytes = scratch.unread();
  if (!bytes.empty()) {
    switch (connection.headEnd.look(bytes, headLimits)) {
      case HeadEnd::State::refused: return refuse(connection, scratch, connection.headEnd.refusal(), nullptr);
      case HeadEnd::State::more: break;
      case HeadEnd::State::whole: {
        const std::size_t start = connection.headEnd.start();
        const std::size_t end = connection.headEnd.end();
        const auto refusal = readHead(bytes.substr(start, end - start), headLimits, scratch.head);
        scratch.drop(end);
        connection.headEnd.reset();
        connection.headDeadline = 0;
        if (refusal) return refuse(connection, scratch, *refusal, nullptr);
        return begin(connection, scratch);
      }
    }
  }
  switch (connection.receive(scratch)) {
    case Connection::Received::some: return Step::again;
    case Connection::Received::ended: return Step::close;
    case Connection::Received::none: break;
  }
  if (bytes.empty()) {
    waitUntil(connection, now() + options.idleTimeout.count());
  } else {
    if (connection.headDeadline == 0) connection.headDeadline = now() + options.headerTimeout.count();
    waitUntil(connection, connection.headDeadline);
  }
  return Step::wait;
}

/// The head is there: asks the service, and answers or goes on to the body.
Transport::Inside::Step Transport::Inside::begin(Connection& connection, Scratch& scratch) {
  requests.fetch_add(1, std::memory_order_relaxed);
  const Head& head = scratch.head;
  connection.body = BodyDecoder(head);
  connection.continueWanted = head.expectContinue;
  connection.lingering = false;
  scratch.answer = Answer{};
  Handling handling(*this, connection, scratch, &head);
  const auto use = service.begin(head, connection.peer(), connection.listening().listener, scratch.answer);
  if (use && *use == BodyUse::collect && !connection.body.done()) {
    if (head.contentLength.value_or(0) > maxCollected)
      return refuse(connection, scratch, {413, "body: more than 64 KiB"}, &head);
    connection.collected = std::make_unique<Connection::Collected>();
    connection.collected->head = std::move(scratch.head);
    connection.phase = Connection::Phase::body;
    connection.sendContinue(scratch);
    waitForProgress(connection, true);
    return Step::again;
  }
  if (use) handling.serve(*use, {});
  const Step step = write(connection, scratch, handling);
  if (std::exchange(connection.muted, false)) {
    arm(connection, whileOpen);
    connection.drained = false;
  }
  return step;
}

Transport::Inside::Step Transport::Inside::collect(Connection& connection, Scratch& scratch) {
  std::string& body = connection.collected->body;
  const Head& head = connection.collected->head;
  for (std::string_view piece = " "; !piece.empty() && !connection.body.done();) {
    std::string_view bytes = scratch.unread();
    const std::size_t before = bytes.size();
    piece = connection.body.take(bytes);
    scratch.drop(before - bytes.size());
    if (body.size() + piece.size() > maxCollected)
      return refuse(connection, scratch, {413, "body: more than 64 KiB"}, &head);
    body.append(piece);
  }
  if (connection.body.broken()) {
    connection.lingering = true;
    return refuse(connection, scratch, {400, "body: its chunks are malformed"}, &head);
  }
  if (connection.body.done()) {
    // The head and body stay where they are until they are answered.
    const auto collected = std::move(connection.collected);
    scratch.answer = Answer{};
    Handling handling(*this, connection, scratch, &collected->head);
    handling.serve(BodyUse::collect, collected->body);
    return write(connection, scratch, handling);
  }
  switch (connection.receive(scratch)) {
    case Connection::Received::some: return Step::again;
    case Connection::Received::ended: return Step::close;
    case Connection::Received::none: break;
  }
  waitForProgress(connection, false);
  return Step::wait;
}

Transport::Inside::Step Transport::Inside::refuse(Connection& connection, Scratch& scratch, const Refusal& refusal,
                                                  const Head* head) {
  scratch.answer = Answer{};
  service.refuse(refusal.status, refusal.detail, scratch.answer);
  // What else the client sends is no request of which the start is known, but for a body that is only too large.
  if (refusal.status != 413) connection.lingering = scratch.answer.close = true;
  const auto collected = std::move(connection.collected);
  Handling handling(*this, connection, scratch, head);
  return write(connection, scratch, handling);
}

Transport::Inside::Step Transport::Inside::write(Connection& connection, Scratch& scratch, Handling& handling) {
  if (!writer.write(connection, handling, scratch)) return Step::close;
  connection.phase = Connection::Phase::answer;
  connection.discarded = 0;
  connection.moved = true;
  return Step::again;
}

Transport::Inside::Step Transport::Inside::send(Connection& connection) {
  switch (connection.flush()) {
    case Connection::Sent::broken: return Step::close;
    case Connection::Sent::later: waitForProgress(connection, false); return Step::wait;
    case Connection::Sent::more: waitForProgress(connection, true); return Step::yield;
    case Connection::Sent::all: break;
  }
  connection.answered();
  if (connection.closing)
    return connection.lingering || !connection.body.done() ? beginLinger(connection) : Step::close;
  connection.phase = connection.body.done() ? Connection::Phase::head : Connection::Phase::discard;
  if (connection.phase == Connection::Phase::discard) waitForProgress(connection, true);
  return Step::again;
}

Transport::Inside::Step Transport::Inside::discard(Connection& connection, Scratch& scratch) {
  for (std::size_t size = 1; size > 0 && !connection.body.done();) {
    std::string_view bytes = scratch.unread();
    const std::size_t before = bytes.size();
    connection.body.take(bytes);
    size = before - bytes.size();
    scratch.drop(size);
    connection.discarded += size;
  }
  if (connection.body.done()) {
    connection.phase = Connection::Phase::head;
    return stopping ? Step::close : Step::again;
  }
  if (connection.body.broken() || connection.discarded > maxDiscarded) return beginLinger(connection);
  switch (connection.receive(scratch)) {
    case Connection::Received::some: return Step::again;
    case Connection::Received::ended: return Step::close;
    case Connection::Received::none: break;
  }
  waitForProgress(connection, false);
  return Step::wait;
}

/// Closing with bytes unread would break the connection before the client has read its answer (RFC 9112 §9.6).
Transport::Inside::Step Transport::Inside::beginLinger(Connection& connection) {
  ::shutdown(connection.descriptor(), SHUT_WR);
  connection.phase = Connection::Phase::linger;
  connection.drained = false;
  waitUntil(connection, now() + std::min(lingerTimeout, options.progressTimeout).count());
  return Step::again;
}

Transport::Inside::Step Transport::Inside::linger(Connection& connection, Scratch& scratch) {
  for (std::size_t taken = 0; taken < lingerTurn;) {
    taken += scratch.unread().size();
    scratch.drop(scratch.unread().size());
    switch (connection.receive(scratch)) {
      case Connection::Received::some: break;
      case Connection::Received::ended: return Step::close;
      case Connection::Received::none: return Step::wait;
    }
  }
  return Step::yield;
}

// ---- the outside

Transport::Transport(Service& service, const TransportOptions& options)
    : inside_(std::make_unique<Inside>(service, options)) {}

Transport::~Transport() {
  stop();
}

std::string Transport::listen(const Listener& listener) {
  Inside& in = *inside_;
  const std::lock_guard lock(in.mutex);
  Listening& listening = in.listeners.emplace_back();
  try {
    openListening(listener, in.options.backlog, listening);
  } catch (const Error&) {
    in.listeners.pop_back();
    throw;
  }
  if (in.started) in.listenTo(static_cast<std::uint32_t>(in.listeners.size() - 1), EPOLL_CTL_ADD);
  return listening.address;
}

void Transport::start() {
  Inside& in = *inside_;
  {
    const std::lock_guard lock(in.mutex);
    if (std::exchange(in.started, true)) return;
    for (std::uint32_t index = 0; index < in.listeners.size(); ++index) in.listenTo(index, EPOLL_CTL_ADD);
  }
  in.workers.start();
  in.sweeper = std::jthread([&in] { in.sweepForever(); });
}

void Transport::stop() {
  Inside& in = *inside_;
  std::unique_lock lock(in.mutex);
  if (std::exchange(in.stopped, true)) return;
  in.stopping = true;
  // Not closed yet: a worker may be accepting, and the number could come to mean another socket.
  for (const Listening& listening : in.listeners) ::shutdown(listening.socket.number(), SHUT_RDWR);
  const bool started = in.started;
  const auto deadline = std::chrono::steady_clock::now() + in.options.shutdownTimeout;
  while (started && in.open > 0 && !in.hurried && std::chrono::steady_clock::now() < deadline) {
    lock.unlock();
    in.closeIdle();
    lock.lock();
    in.changed.wait_for(lock, stopTick, [&in] { return in.open == 0 || in.hurried; });
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

void Transport::hurry() {
  const std::lock_guard lock(inside_->mutex);
  inside_->hurried = true;
  inside_->changed.notify_all();
}

TransportCounters Transport::counters() const {
  return {inside_->accepted, inside_->requests, inside_->open, inside_->workers.count()};
}

}  // namespace video::http

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "base/waiting.hpp"
#include "http/server/transport_impl.hpp"
#include "os/descriptor.hpp"

namespace video::http {

namespace {

constexpr std::uint64_t maxDiscarded = 1 << 20;
constexpr std::size_t lingerTurn = 128 << 10;
constexpr std::uint64_t longBody = 4 << 20;
constexpr int stepsPerTurn = 256;

}  // namespace

/// Reads a request body on behalf of its handler.
class Transport::Impl::BodyReader {
 public:
  BodyReader(Impl& impl, Connection& connection, ReadBuffer& buffer)
      : impl_(impl), connection_(connection), buffer_(buffer) {}

  /// Has `push` throw once it has to wait for the client. May be called from any thread. The socket is left as it is:
  /// the reply must reach a client that is still sending.
  void stop() { ::eventfd_write(stop_.number(), 1); }
  /// Passes the whole body to `sink`; waits for the client where necessary.
  void push(const ByteSink& sink) {
    // A client that sends as fast as it is read would otherwise occupy this worker.
    const Waiting outOfTurn;
    BodyDecoder& body = connection_.body;
    while (!body.done()) {
      if (body.left() && buffer_.unread().empty())
        if (const std::span<std::byte> room = sink.room(); !room.empty()) {
          pushThrough(room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), *body.left()))), sink);
          continue;
        }
      std::string_view bytes = buffer_.unread();
      const std::size_t before = bytes.size();
      const std::string_view piece = body.take(bytes);
      buffer_.drop(before - bytes.size());
      if (body.broken()) throw Error(Fault::malformed, "body: malformed chunked encoding");
      if (!piece.empty())
        give(piece, sink);
      else if (!body.done())
        fetch([this] { return connection_.receive(buffer_); });
    }
  }

 private:
  /// Receives part of an unchunked body straight into `room`.
  void pushThrough(std::span<std::byte> room, const ByteSink& sink) {
    char* const to = reinterpret_cast<char*>(room.data());
    std::size_t got = 0;
    fetch([&] { return connection_.receive(to, room.size(), got); });
    std::string_view bytes(to, got);
    give(connection_.body.take(bytes), sink);
  }

  void give(std::string_view piece, const ByteSink& sink) {
    got_ += piece.size();
    total_ += piece.size();
    if (total_ > longBody && WaitObserver::current() != nullptr) WaitObserver::current()->workIsLong();
    sink(std::as_bytes(std::span(piece)));
  }

  /// Calls `receive`, and waits for the client, until there is more of the body.
  template <typename Receive>
  void fetch(const Receive& receive) {
    connection_.sendContinue(buffer_);
    for (;;) {
      switch (receive()) {
        case Connection::Received::some: return;
        case Connection::Received::ended: vanished();
        case Connection::Received::none: break;
      }
      // Otherwise each packet of the body would wake another worker.
      if (!std::exchange(connection_.eventsOff, true)) impl_.arm(connection_, EPOLLET);
      std::array wanted{pollfd{connection_.descriptor(), POLLIN, 0}, pollfd{stop_.number(), POLLIN, 0}};
      int ready = 0;
      const auto began = std::chrono::steady_clock::now();
      if (!impl_.forced)
        ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(impl_.options.progressTimeout.count()));
      if (wanted[1].revents != 0 && wanted[0].revents == 0) stopped();
      if (ready == 0) {
        if (impl_.forced) vanished();
        tooSlow("body: the client stopped sending");
      }
      waited_ += std::chrono::steady_clock::now() - began;
      requireRate();
      connection_.drained = false;
    }
  }

  /// Only the time spent waiting for the client counts: a slow disk is not its fault.
  void requireRate() {
    const std::chrono::duration<double> window = impl_.options.progressTimeout;
    if (waited_ < window) return;
    if (static_cast<double>(got_) < static_cast<double>(impl_.minBodyRate(connection_)) * window.count())
      tooSlow("body: the client sends too slowly");
    waited_ = {};
    got_ = 0;
  }

  [[noreturn]] void tooSlow(const char* detail) {
    connection_.lingering = true;
    throw Error(Fault::requestTimeout, detail);
  }

  [[noreturn]] void stopped() {
    connection_.lingering = true;
    throw Error(Fault::locked, "body: nobody waits for the rest");
  }

  [[noreturn]] void vanished() {
    connection_.lingering = true;
    throw Error(Fault::malformed, "body: the client closed the connection before the end");
  }

  Impl& impl_;
  Connection& connection_;
  ReadBuffer& buffer_;
  const Descriptor stop_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // without it, waits end by themselves
  std::chrono::steady_clock::duration waited_{};                     // for the client, since the rate was last checked
  std::uint64_t got_ = 0;                                            // bytes of the body likewise
  std::uint64_t total_ = 0;
};

/// Serves a connection that the caller owns, until it has to wait. Afterwards it is closed, or no longer owned by the
/// caller.
void Transport::Impl::run(Connection& connection, ReadBuffer& buffer) {
  try {
    for (;;) {
      buffer.load(connection.kept);
      connection.kept.clear();
      connection.drained = false;
      Step step = Step::again;
      for (int count = 0; step == Step::again; ++count)
        step = count < stepsPerTurn ? advance(connection, buffer) : Step::yield;
      if (step == Step::close) return close(connection);
      if (!buffer.unread().empty())
        connection.kept.assign(buffer.unread());
      else if (connection.kept.capacity() > 64)
        std::string().swap(connection.kept);
      if (step == Step::yield) return rearm(connection);
      if (connection.leave()) return;
      connection.trustsShortRead = false;
    }
  } catch (...) {
    // Most likely out of memory: drop this client, but keep the thread.
    close(connection);
  }
}

Transport::Impl::Step Transport::Impl::advance(Connection& connection, ReadBuffer& buffer) {
  switch (connection.phase) {
    case Connection::Phase::head: return readHeadOf(connection, buffer);
    case Connection::Phase::body: return collect(connection, buffer);
    case Connection::Phase::answer: return send(connection);
    case Connection::Phase::discard: return discard(connection, buffer);
    case Connection::Phase::linger: break;
  }
  return linger(connection, buffer);
}

Transport::Impl::Step Transport::Impl::readHeadOf(Connection& connection, ReadBuffer& buffer) {
  const std::string_view bytes = buffer.unread();
  if (!bytes.empty()) {
    switch (connection.headEnd.look(bytes, headLimits)) {
      case HeadEnd::State::refused: return refuse(connection, buffer, connection.headEnd.refusal(), nullptr);
      case HeadEnd::State::more: break;
      case HeadEnd::State::whole: {
        const std::size_t start = connection.headEnd.start();
        const std::size_t end = connection.headEnd.end();
        const std::string_view head = bytes.substr(start, end - start);
        const auto refusal = readHead(head, headLimits, buffer.head);
        buffer.drop(end);
        connection.headEnd.reset();
        connection.headDeadline = 0;
        if (refusal) return refuse(connection, buffer, *refusal, nullptr);
        if (buffer.head.hasBody()) {
          // The body will overwrite the head in the buffer.
          auto pending = std::make_unique<Connection::Pending>();
          pending->bytes = head;
          pending->head = std::move(buffer.head);
          pending->head.rebase(head, pending->bytes);
          connection.pending = std::move(pending);
        }
        return begin(connection, buffer);
      }
    }
  }
  switch (connection.receive(buffer)) {
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

/// Handles a complete head: calls `begin` of the service, then replies or reads the body.
Transport::Impl::Step Transport::Impl::begin(Connection& connection, ReadBuffer& buffer) {
  requests.fetch_add(1, std::memory_order_relaxed);
  const Head& head = connection.pending ? connection.pending->head : buffer.head;
  connection.body = BodyDecoder(head);
  connection.continueWanted = head.expectContinue;
  connection.lingering = false;
  buffer.clearAnswer();
  auto admission = service.begin(head, connection.peer(), connection.listening().listener, buffer.answer);
  if (admission && admission->body == BodyUse::collect && !connection.body.done()) {
    if (head.contentLength.value_or(0) > largestCollected)
      return refuse(connection, buffer, {413, "body: more than 64 KiB"}, &head);
    connection.pending->admission = std::move(admission);
    connection.phase = Connection::Phase::body;
    connection.sendContinue(buffer);
    waitForProgress(connection, true);
    if (const std::uint64_t rate = minBodyRate(connection); rate > 0)
      connection.pending->deadline =
          now() + options.progressTimeout.count() +
          static_cast<std::int64_t>(head.contentLength.value_or(largestCollected) * 1000 / rate);
    return Step::again;
  }
  if (admission) serve(connection, buffer, head, *admission, {});
  const Step step = write(connection, buffer, &head);
  connection.pending.reset();
  if (std::exchange(connection.eventsOff, false)) {
    arm(connection, whileOpen);
    connection.drained = false;
  }
  return step;
}

/// Calls `serve` of the service, which makes the reply.
void Transport::Impl::serve(Connection& connection, ReadBuffer& buffer, const Head& head, Admission& admission,
                            std::string_view body) {
  ByteSource source;
  std::optional<BodyReader> reader;
  const bool streams = admission.body == BodyUse::stream;
  if (streams) {
    reader.emplace(*this, connection, buffer);
    source.push = [&reader](const ByteSink& sink) { reader->push(sink); };
    source.stop = [&reader] { reader->stop(); };
    source.size = head.chunked ? std::nullopt : std::optional(head.contentLength.value_or(0));
  }
  const Request request{head, connection.peer(), connection.listening().listener, body, streams ? &source : nullptr};
  service.serve(request, admission, buffer.answer);
}

Transport::Impl::Step Transport::Impl::collect(Connection& connection, ReadBuffer& buffer) {
  std::string& body = connection.pending->body;
  const Head& head = connection.pending->head;
  for (std::string_view piece = " "; !piece.empty() && !connection.body.done();) {
    std::string_view bytes = buffer.unread();
    const std::size_t before = bytes.size();
    piece = connection.body.take(bytes);
    buffer.drop(before - bytes.size());
    if (body.size() + piece.size() > largestCollected)
      return refuse(connection, buffer, {413, "body: more than 64 KiB"}, &head);
    body.append(piece);
  }
  if (connection.body.broken()) {
    connection.lingering = true;
    return refuse(connection, buffer, {400, "body: malformed chunked encoding"}, &head);
  }
  if (connection.body.done()) {
    // The head and body must stay where they are until the reply is made.
    const auto pending = std::move(connection.pending);
    buffer.clearAnswer();
    serve(connection, buffer, pending->head, *pending->admission, pending->body);
    return write(connection, buffer, &pending->head);
  }
  switch (connection.receive(buffer)) {
    case Connection::Received::some: return Step::again;
    case Connection::Received::ended: return Step::close;
    case Connection::Received::none: break;
  }
  waitForProgress(connection, false);
  if (const std::int64_t end = connection.pending->deadline; end > 0 && end < deadlines[connection.index])
    waitUntil(connection, end);
  return Step::wait;
}

Transport::Impl::Step Transport::Impl::refuse(Connection& connection, ReadBuffer& buffer, const Refusal& refusal,
                                              const Head* head) {
  buffer.clearAnswer();
  const Admission* const admission = connection.pending ? connection.pending->admission.get() : nullptr;
  service.refuse(refusal.status, refusal.detail, head, connection.peer(), connection.listening().listener, admission,
                 buffer.answer);
  // The start of the next request is unknown, unless the body was merely too large.
  if (refusal.status != 413) connection.lingering = buffer.answer.close = true;
  const auto pending = std::move(connection.pending);  // `head` may point into it
  return write(connection, buffer, head);
}

/// Returns whether to close the connection after this reply.
bool Transport::Impl::closesAfter(Connection& connection, const ReadBuffer& buffer, const Head* head) const {
  const std::optional<std::uint64_t> left = connection.body.left();
  const std::uint64_t here = buffer.unread().size();
  // A client that waits for 100 Continue may send the body or the next request: there is no way to tell them apart.
  const bool unsure = connection.continueWanted && here == 0;
  if (connection.body.broken() || unsure || left.value_or(0) > here + maxDiscarded) connection.lingering = true;
  return connection.lingering || buffer.answer.close || head == nullptr || !head->keepAlive || stopping ||
         closesAfterReplies;
}

Transport::Impl::Step Transport::Impl::write(Connection& connection, ReadBuffer& buffer, const Head* head) {
  connection.closing = closesAfter(connection, buffer, head);
  if (!buffer.writer.write(connection, buffer.answer, head, buffer.date())) return Step::close;
  connection.phase = Connection::Phase::answer;
  connection.discarded = 0;
  connection.moved = true;
  return Step::again;
}

Transport::Impl::Step Transport::Impl::send(Connection& connection) {
  switch (connection.flush(now())) {
    case Connection::Sent::broken: return Step::close;
    case Connection::Sent::later:
      if (connection.resumeAt > 0) {
        waitUntil(connection, connection.resumeAt);
      } else {
        if (connection.moved) connection.unsentBefore = connection.unsent();
        waitForProgress(connection, false);
      }
      return Step::wait;
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

Transport::Impl::Step Transport::Impl::discard(Connection& connection, ReadBuffer& buffer) {
  for (std::size_t size = 1; size > 0 && !connection.body.done();) {
    std::string_view bytes = buffer.unread();
    const std::size_t before = bytes.size();
    connection.body.take(bytes);
    size = before - bytes.size();
    buffer.drop(size);
    connection.discarded += size;
  }
  if (connection.body.done()) {
    connection.phase = Connection::Phase::head;
    return stopping ? Step::close : Step::again;
  }
  if (connection.body.broken() || connection.discarded > maxDiscarded) return beginLinger(connection);
  switch (connection.receive(buffer)) {
    case Connection::Received::some: return Step::again;
    case Connection::Received::ended: return Step::close;
    case Connection::Received::none: break;
  }
  waitForProgress(connection, false);
  return Step::wait;
}

/// Starts to close. Closing with unread bytes would reset the connection before the client has read its reply
/// (RFC 9112 §9.6).
Transport::Impl::Step Transport::Impl::beginLinger(Connection& connection) {
  ::shutdown(connection.descriptor(), SHUT_WR);
  connection.phase = Connection::Phase::linger;
  connection.drained = false;
  waitUntil(connection, now() + std::min(lingerTimeout, options.progressTimeout).count());
  return Step::again;
}

Transport::Impl::Step Transport::Impl::linger(Connection& connection, ReadBuffer& buffer) {
  for (std::size_t taken = 0; taken < lingerTurn;) {
    taken += buffer.unread().size();
    buffer.drop(buffer.unread().size());
    switch (connection.receive(buffer)) {
      case Connection::Received::some: break;
      case Connection::Received::ended: return Step::close;
      case Connection::Received::none: return Step::wait;
    }
  }
  return Step::yield;
}

}  // namespace video::http

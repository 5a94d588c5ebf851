#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <span>

#include "base/error.hpp"
#include "base/waiting.hpp"
#include "http/server/transport_impl.hpp"

namespace video::http {

namespace {

constexpr std::size_t maxCollected = 64 * 1024;
constexpr std::uint64_t maxDiscarded = 1 << 20;
constexpr std::size_t lingerTurn = 1 << 20;
constexpr int stepsPerTurn = 256;

}  // namespace

/// One request from its head to its answer, as httplib's writer and the service see it.
class Transport::Impl::Handling final : public Answering {
 public:
  Handling(Impl& inside, Connection& connection, ReadBuffer& buffer, const Head* head)
      : impl_(inside), connection_(connection), scratch_(buffer), head_(head) {}

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
    impl_.service.serve(request, to);
  }

  bool closes(const Answer& answer) override {
    const std::optional<std::uint64_t> left = connection_.body.left();
    const std::uint64_t here = scratch_.unread().size();
    // A client that waits for 100 Continue may send its body or not: what follows could be either.
    const bool unsure = connection_.continueWanted && here == 0;
    if (connection_.body.broken() || unsure || left.value_or(0) > here + maxDiscarded) connection_.lingering = true;
    return connection_.lingering || answer.close || head_ == nullptr || !head_->keepAlive || impl_.stopping;
  }

  const Head* head() const noexcept override { return head_; }

 private:
  void pushBody(const ByteSink& sink) {
    // A client that sends as fast as it is read would keep this worker from everybody else.
    const Waiting outOfTurn;
    BodyDecoder& body = connection_.body;
    while (!body.done()) {
      if (body.left() && scratch_.unread().empty())
        if (const std::span<std::byte> room = sink.room(); !room.empty()) {
          pushThrough(room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), *body.left()))), sink);
          continue;
        }
      std::string_view bytes = scratch_.unread();
      const std::size_t before = bytes.size();
      const std::string_view piece = body.take(bytes);
      scratch_.drop(before - bytes.size());
      if (body.broken()) throw Error(Fault::malformed, "body: its chunks are malformed");
      if (!piece.empty())
        sink(std::as_bytes(std::span(piece)));
      else if (!body.done())
        fetch([this] { return connection_.receive(scratch_); });
    }
  }

  /// Receives a part of a plain body to where it is wanted.
  void pushThrough(std::span<std::byte> room, const ByteSink& sink) {
    char* const to = reinterpret_cast<char*>(room.data());
    std::size_t got = 0;
    fetch([&] { return connection_.receive(to, room.size(), got); });
    std::string_view bytes(to, got);
    sink(std::as_bytes(std::span(connection_.body.take(bytes))));
  }

  /// Waits until there is more of the body, which `receive` takes.
  template <typename Receive>
  void fetch(const Receive& receive) {
    connection_.sendContinue(scratch_);
    for (;;) {
      switch (receive()) {
        case Connection::Received::some: return;
        case Connection::Received::ended: vanished();
        case Connection::Received::none: break;
      }
      // Each packet of the body would call another worker.
      if (!std::exchange(connection_.muted, true)) impl_.arm(connection_, EPOLLET);
      pollfd wanted{connection_.descriptor(), POLLIN, 0};
      int ready = 0;
      if (!impl_.forced) ready = ::poll(&wanted, 1, static_cast<int>(impl_.options.progressTimeout.count()));
      if (ready == 0) {
        if (impl_.forced) vanished();
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

  Impl& impl_;
  Connection& connection_;
  ReadBuffer& scratch_;
  const Head* head_;
  bool serving_ = false;
  BodyUse use_ = BodyUse::none;
  std::string_view body_;
};

/// Serves a connection, whose owner the caller is, until it has to wait; then nobody owns it, or it is closed.
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
      if (step == Step::yield) return giveBack(connection);
      if (connection.leave()) return;
      connection.trustsShortRead = false;
    }
  } catch (...) {
    // Out of memory, most likely: this client pays, not the thread.
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
        const auto refusal = readHead(bytes.substr(start, end - start), headLimits, buffer.head);
        buffer.drop(end);
        connection.headEnd.reset();
        connection.headDeadline = 0;
        if (refusal) return refuse(connection, buffer, *refusal, nullptr);
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

/// The head is there: asks the service, and answers or goes on to the body.
Transport::Impl::Step Transport::Impl::begin(Connection& connection, ReadBuffer& buffer) {
  requests.fetch_add(1, std::memory_order_relaxed);
  const Head& head = buffer.head;
  connection.body = BodyDecoder(head);
  connection.continueWanted = head.expectContinue;
  connection.lingering = false;
  buffer.clearAnswer();
  Handling handling(*this, connection, buffer, &head);
  const auto use = service.begin(head, connection.peer(), connection.listening().listener, buffer.answer);
  if (use && *use == BodyUse::collect && !connection.body.done()) {
    if (head.contentLength.value_or(0) > maxCollected)
      return refuse(connection, buffer, {413, "body: more than 64 KiB"}, &head);
    connection.collected = std::make_unique<Connection::Collected>();
    connection.collected->head = std::move(buffer.head);
    connection.phase = Connection::Phase::body;
    connection.sendContinue(buffer);
    waitForProgress(connection, true);
    return Step::again;
  }
  if (use) handling.serve(*use, {});
  const Step step = write(connection, buffer, handling);
  if (std::exchange(connection.muted, false)) {
    arm(connection, whileOpen);
    connection.drained = false;
  }
  return step;
}

Transport::Impl::Step Transport::Impl::collect(Connection& connection, ReadBuffer& buffer) {
  std::string& body = connection.collected->body;
  const Head& head = connection.collected->head;
  for (std::string_view piece = " "; !piece.empty() && !connection.body.done();) {
    std::string_view bytes = buffer.unread();
    const std::size_t before = bytes.size();
    piece = connection.body.take(bytes);
    buffer.drop(before - bytes.size());
    if (body.size() + piece.size() > maxCollected)
      return refuse(connection, buffer, {413, "body: more than 64 KiB"}, &head);
    body.append(piece);
  }
  if (connection.body.broken()) {
    connection.lingering = true;
    return refuse(connection, buffer, {400, "body: its chunks are malformed"}, &head);
  }
  if (connection.body.done()) {
    // The head and body stay where they are until they are answered.
    const auto collected = std::move(connection.collected);
    buffer.clearAnswer();
    Handling handling(*this, connection, buffer, &collected->head);
    handling.serve(BodyUse::collect, collected->body);
    return write(connection, buffer, handling);
  }
  switch (connection.receive(buffer)) {
    case Connection::Received::some: return Step::again;
    case Connection::Received::ended: return Step::close;
    case Connection::Received::none: break;
  }
  waitForProgress(connection, false);
  return Step::wait;
}

Transport::Impl::Step Transport::Impl::refuse(Connection& connection, ReadBuffer& buffer, const Refusal& refusal,
                                              const Head* head) {
  buffer.clearAnswer();
  service.refuse(refusal.status, refusal.detail, buffer.answer);
  // What else the client sends is no request of which the start is known, but for a body that is only too large.
  if (refusal.status != 413) connection.lingering = buffer.answer.close = true;
  const auto collected = std::move(connection.collected);
  Handling handling(*this, connection, buffer, head);
  return write(connection, buffer, handling);
}

Transport::Impl::Step Transport::Impl::write(Connection& connection, ReadBuffer& buffer, Handling& handling) {
  if (!writer.write(connection, handling, buffer)) return Step::close;
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

/// Closing with bytes unread would break the connection before the client has read its answer (RFC 9112 §9.6).
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

#include "http/server/connection.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/units.hpp"
#include "base/waiting.hpp"
#include "observe/log.hpp"
#include "os/descriptor.hpp"

namespace video::http {

namespace {

// httplib reads this instead of the client's request; see response_writer.hpp.
constexpr std::string_view request = "GET / HTTP/1.1\r\n\r\n";
constexpr std::size_t fileTurn = 4 << 20;  // the size to which Linux lets a socket's send buffer grow
constexpr std::size_t smallContent = 16 << 10;
constexpr std::uint64_t provenReader = 4 << 20;
constexpr std::size_t coldTurn = 512 << 10;
constexpr std::size_t readTurn = 64 << 10;  // of a reader: what a connection holds in memory
constexpr std::int64_t paceSteps = 4;       // per second; a connection saves up at most two of them

bool isCold(const Segment& segment, std::uint64_t at) {
  char byte = 0;
  iovec place{&byte, 1};
  return ::preadv2(segment.file->number(), &place, 1, static_cast<off_t>(at), RWF_NOWAIT) < 0 && errno == EAGAIN;
}

// Whether sendfile failed to read, and not to send.
bool isOfFile(int error) {
  return error == EIO || error == EUCLEAN || error == EBADMSG || error == ENODATA;
}

}  // namespace

void ReadBuffer::load(std::string_view kept) {
  begin_ = 0;
  end_ = kept.size();
  std::copy(kept.begin(), kept.end(), buffer_.get());
}

std::pair<char*, std::size_t> ReadBuffer::room() noexcept {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && end_ > size_ / 2) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, size_ - end_};
}

void ReadBuffer::clearAnswer() {
  std::vector headers = std::move(answer.headers);
  std::vector content = std::move(answer.content);
  headers.clear();
  content.clear();
  answer = Answer{};
  answer.headers = std::move(headers);
  answer.content = std::move(content);
}

const std::string& ReadBuffer::date() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (const std::chrono::seconds second{now.tv_sec}; second != dateSecond_ || date_.empty()) {
    dateSecond_ = second;
    date_ = formatHttpTime(Time(second));
  }
  return date_;
}

void Connection::open(int socket, Peer peer, const ListenerSocket& listening) {
  {
    const std::lock_guard lock(closing_);
    socket_ = Descriptor(socket);
  }
  peer_ = std::move(peer);
  listening_ = &listening;
  phase = Phase::head;
  closing = lingering = trustsShortRead = drained = eventsOff = continueWanted = moved = false;
  headEnd.reset();
  body = {};
  headDeadline = 0;
  discarded = 0;
  bytes_.clear();
  bytesAt_ = segment_ = segmentAt_ = 0;
  sentOfFiles_ = 0;
  trusted_ = false;
}

void Connection::hangUp() {
  const std::lock_guard lock(closing_);
  socket_.reset();
}

void Connection::retire() {
  hangUp();
  answered();
  share.reset();
  pending.reset();
  std::string().swap(kept);
  std::string().swap(bytes_);
  std::uint32_t next = generation() + 1;
  if (next == 0) next = 1;
  state_.store(static_cast<std::uint64_t>(next) << generationShift | busy, std::memory_order_release);
}

void Connection::interrupt() {
  const std::lock_guard lock(closing_);
  if (socket_) ::shutdown(socket_.number(), SHUT_RDWR);
}

bool Connection::enter(std::uint32_t wanted) noexcept {
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  for (;;) {
    if (static_cast<std::uint32_t>(state >> generationShift) != wanted) return false;
    const bool owned = (state & busy) != 0;
    if (state_.compare_exchange_weak(state, state | (owned ? again : busy), std::memory_order_acq_rel,
                                     std::memory_order_relaxed))
      return !owned;
  }
}

bool Connection::leave() noexcept {
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  while ((state & again) == 0)
    if (state_.compare_exchange_weak(state, state & ~busy, std::memory_order_acq_rel, std::memory_order_relaxed))
      return true;
  state_.fetch_and(~again, std::memory_order_acq_rel);
  return false;
}

Connection::Received Connection::receive(ReadBuffer& buffer) {
  const auto [to, size] = buffer.room();
  std::size_t got = 0;
  const Received received = receive(to, size, got);
  buffer.added(got);
  return received;
}

Connection::Received Connection::receive(char* to, std::size_t size, std::size_t& got) {
  if (drained) return Received::none;
  for (;;) {
    const ssize_t count = ::recv(socket_.number(), to, size, 0);
    if (count > 0) {
      got = static_cast<std::size_t>(count);
      drained = trustsShortRead && got < size;
      moved = true;
      traffic_.received.fetch_add(got, std::memory_order_relaxed);
      return Received::some;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      drained = true;
      return Received::none;
    }
    return Received::ended;
  }
}

void Connection::sendContinue(const ReadBuffer& buffer) {
  if (!std::exchange(continueWanted, false) || !buffer.unread().empty()) return;
  constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
  // If the send buffer is full, the client sends its body after a while without being asked (RFC 9110 §10.1.1).
  [[maybe_unused]] const ssize_t sent = ::send(socket_.number(), line.data(), line.size(), MSG_NOSIGNAL);
}

Connection::Sent Connection::sendPart(const char* from, std::size_t size, bool more, std::size_t& sent) {
  for (;;) {
    const ssize_t count = ::send(socket_.number(), from, size, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (count >= 0) {
      sent = static_cast<std::size_t>(count);
      moved = true;
      traffic_.sent.fetch_add(sent, std::memory_order_relaxed);
      return sent == size ? Sent::all : Sent::more;
    }
    if (errno == EINTR) continue;
    return errno == EAGAIN ? Sent::later : Sent::broken;
  }
}

/// Lifts the limit set by the listening socket (listener_socket.cpp): fewer and larger pieces cost less.
void Connection::trust() {
  trusted_ = true;
  const int most = INT_MAX;
  ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
}

Connection::Sent Connection::sendFile(const Segment& segment, std::size_t& budget) {
  auto at = static_cast<off_t>(segment.offset + segmentAt_);
  auto size = static_cast<std::size_t>(std::min<std::uint64_t>(segment.length - segmentAt_, budget));
  int failure = 0;
  const auto send = [&] {
    const ssize_t sent = ::sendfile(socket_.number(), segment.file->number(), &at, size);
    if (sent < 0) failure = errno;
    return sent;
  };
  if (!trusted_ && sentOfFiles_ >= provenReader) trust();
  ssize_t count = 0;
  if (isCold(segment, segment.offset + segmentAt_)) {
    size = std::min(size, coldTurn);
    const Waiting forTheDisk;
    count = send();
  } else {
    count = send();
  }
  if (count > 0) {
    segmentAt_ += static_cast<std::uint64_t>(count);
    budget -= static_cast<std::size_t>(count);
    sentOfFiles_ += static_cast<std::uint64_t>(count);
    moved = true;
    traffic_.sent.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
    return Sent::all;
  }
  if (failure == EINTR) return Sent::all;
  if (failure == EAGAIN) return Sent::later;
  // Nothing sent and no error: the file is shorter than the reply has promised.
  if (segment.reader && (count == 0 || isOfFile(failure))) segment.reader->readFailed(failure);
  return Sent::broken;
}

Connection::Sent Connection::sendRead(const Segment& segment, std::size_t& budget) {
  if (pieceAt_ == piece_.size()) {
    pieceAt_ = 0;
    piece_.resize(std::min<std::uint64_t>(segment.length - segmentAt_, readTurn));
    std::size_t got = 0;
    try {
      const Waiting forTheDisk;
      got = segment.reader->read(segment.offset + segmentAt_, std::as_writable_bytes(std::span(piece_)));
    } catch (const std::exception& error) {
      observe::error("a content could not be read completely", {{"error", error.what()}});
    }
    piece_.resize(got);
    if (got == 0) return Sent::broken;
  }
  std::size_t sent = 0;
  const std::size_t most = std::min(piece_.size() - pieceAt_, budget);
  const Sent result = sendPart(piece_.data() + pieceAt_, most, segmentAt_ + most < segment.length, sent);
  pieceAt_ += sent;
  segmentAt_ += sent;
  budget -= sent;
  return result;
}

/// Returns how many bytes a rate-limited reply may send now. If that is less than a step, returns 0 and sets
/// `resumeAt`.
std::size_t Connection::allowed(std::int64_t now) {
  const std::uint64_t step = std::max<std::uint64_t>(rate / paceSteps, 1);
  const auto passed = static_cast<std::uint64_t>(std::clamp<std::int64_t>(now - allowedAt_, 0, 1000));
  allowance_ = allowedAt_ == 0 ? step : std::min(allowance_ + rate * passed / 1000, 2 * step);
  allowedAt_ = now;
  resumeAt = allowance_ < step ? now + 1 + static_cast<std::int64_t>((step - allowance_) * 1000 / rate) : 0;
  return resumeAt > 0 ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(allowance_, fileTurn));
}

Connection::Sent Connection::flush(std::int64_t now) {
  if (delay > 0) notBefore_ = now + std::exchange(delay, 0);
  if (now < notBefore_) {
    resumeAt = notBefore_;
    return Sent::later;
  }
  while (bytesAt_ < bytes_.size()) {
    std::size_t sent = 0;
    const Sent result = sendPart(bytes_.data() + bytesAt_, bytes_.size() - bytesAt_, !content.empty(), sent);
    if (result == Sent::later || result == Sent::broken) return result;
    bytesAt_ += sent;
  }
  std::size_t budget = fileTurn;
  if (rate > 0 && segment_ < content.size()) {
    budget = allowed(now);
    if (budget == 0) return Sent::later;
  }
  const std::size_t most = budget;
  const Sent sent = flushContent(budget);
  if (rate > 0) allowance_ -= most - budget;
  return sent;
}

Connection::Sent Connection::flushContent(std::size_t& budget) {
  while (segment_ < content.size()) {
    Segment& segment = content[segment_];
    if (segmentAt_ == segment.size()) {
      segment = {};
      ++segment_;
      segmentAt_ = 0;
      continue;
    }
    if (budget == 0) return Sent::more;
    Sent result = Sent::all;
    if (segment.file) {
      result = sendFile(segment, budget);
    } else if (segment.reader) {
      result = sendRead(segment, budget);
    } else {
      std::size_t sent = 0;
      const std::string_view rest = segment.text().substr(segmentAt_, budget);
      result = sendPart(rest.data(), rest.size(), segment_ + 1 < content.size(), sent);
      segmentAt_ += sent;
      budget -= sent;
    }
    if (result == Sent::later || result == Sent::broken) return result;
  }
  return Sent::all;
}

int Connection::unsent() const noexcept {
  int count = 0;
  return ::ioctl(socket_.number(), SIOCOUTQ, &count) == 0 ? count : 0;
}

void Connection::answered() {
  bytes_.clear();
  bytesAt_ = 0;
  content.clear();
  std::string().swap(piece_);
  pieceAt_ = 0;
  segment_ = 0;
  segmentAt_ = 0;
  rate = 0;
  delay = notBefore_ = allowedAt_ = resumeAt = 0;
  held.reset();
}

ssize_t Connection::read(char* to, size_t size) {
  if (requestAt_ == request.size()) requestAt_ = 0;
  const std::size_t count = request.copy(to, size, requestAt_);
  requestAt_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* from, size_t size) {
  constexpr std::string_view lineEnd = "\r\n";
  bytes_.append(from, size - lineEnd.size()).append(*headerLines).append(lineEnd);
  // Small content is sent together with its head.
  if (content.size() == 1 && !content.front().file && !content.front().reader &&
      content.front().size() <= smallContent) {
    bytes_.append(content.front().text());
    content.clear();
  }
  return static_cast<ssize_t>(size);
}

}  // namespace video::http

#include "http/client/pace.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace video::http {
namespace {

// What the kernel counts for a TCP connection, in bytes. What waits in its buffer is received, but not read.
struct TcpCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;
  std::uint64_t read = 0;
};

// The C library's tcp_info ends before these counts; their places are part of the kernel's interface.
std::optional<TcpCounts> countsOf(int socket) {
  constexpr std::size_t acknowledgedAt = 120;
  constexpr std::size_t receivedAt = 128;
  std::array<char, 256> info{};
  socklen_t size = sizeof info;
  if (socket < 0 || ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0) return std::nullopt;
  if (size < receivedAt + sizeof(std::uint64_t)) return std::nullopt;
  TcpCounts counts;
  std::memcpy(&counts.acknowledged, info.data() + acknowledgedAt, sizeof counts.acknowledged);
  std::memcpy(&counts.received, info.data() + receivedAt, sizeof counts.received);
  int unread = 0;
  if (::ioctl(socket, FIONREAD, &unread) != 0 || unread < 0) return std::nullopt;
  counts.read = counts.received - std::min(counts.received, static_cast<std::uint64_t>(unread));
  return counts;
}

}  // namespace

void Pace::Line::connected(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = Descriptor(::fcntl(socket, F_DUPFD_CLOEXEC, 3));
  ++generation_;
}

Pace::Watch::Watch(Pace& pace, Line& line, std::uint64_t most) : pace_(pace), line_(line), most_(most) {
  if (pace_.window_.count() <= 0) return;
  {
    const std::lock_guard lock(line_.mutex_);
    generation_ = line_.generation_;
    if (const auto counts = countsOf(line_.socket_.number())) {
      before_ = received_.base = counts->received;
      sent_.base = acknowledged_ = counts->acknowledged;
    }
  }
  const std::lock_guard lock(pace_.mutex_);
  pace_.watches_.push_back(this);
  if (!pace_.thread_.joinable()) pace_.thread_ = std::thread([all = &pace] { all->run(); });
  if (pace_.isIdle_) pace_.changed_.notify_one();
}

Pace::Watch::~Watch() {
  if (pace_.window_.count() <= 0) return;
  const std::lock_guard lock(pace_.mutex_);
  pace_.watches_.remove(this);
}

std::string Pace::Watch::reason() const {
  const std::lock_guard lock(pace_.mutex_);
  return reason_;
}

Pace::~Pace() {
  {
    const std::lock_guard lock(mutex_);
    isOver_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::chrono::milliseconds Pace::tick() const {
  using namespace std::chrono_literals;
  return std::clamp(window_ / 4, std::chrono::milliseconds(5ms), std::chrono::milliseconds(50ms));
}

void Pace::run() {
  std::unique_lock lock(mutex_);
  while (!isOver_) {
    isIdle_ = watches_.empty();
    if (isIdle_)
      changed_.wait(lock, [&] { return isOver_ || !watches_.empty(); });
    else
      changed_.wait_for(lock, tick(), [&] { return isOver_; });
    for (Watch* const watch : watches_) look(*watch, std::chrono::steady_clock::now());
  }
}

void Pace::look(Watch& watch, std::chrono::steady_clock::time_point now) const {
  const std::lock_guard lock(watch.line_.mutex_);
  const int socket = watch.line_.socket_.number();
  const auto counts = countsOf(socket);
  if (!counts || !watch.reason_.empty()) return;
  if (std::exchange(watch.generation_, watch.line_.generation_) != watch.line_.generation_) {
    watch.before_ = 0;
    watch.received_ = watch.sent_ = {};
    watch.acknowledged_ = 0;
  }
  // A stretch begins anew with every `leastProgress` bytes. Returns whether one takes too long.
  const auto isSlow = [&](Watch::Stretch& stretch, std::uint64_t count, bool isMoving) {
    if (!isMoving || count - stretch.base >= leastProgress) {
      stretch = {count, now, false};
      return false;
    }
    if (!std::exchange(stretch.isOpen, true)) stretch.began = now;
    return now - stretch.began > window_;
  };
  const std::uint64_t got = counts->read - std::min(counts->read, watch.before_);
  const std::uint64_t writes = watch.writes_;
  const bool isSameWrite = std::exchange(watch.seenWrites_, writes) == writes;
  // What came while something was still sent is of the handshake of TLS. So it goes on only a few times: a server can
  // make TLS answer without end.
  const bool hasSent = std::exchange(watch.acknowledged_, counts->acknowledged) != counts->acknowledged;
  const bool isAsking = hasSent && watch.asked_ < mostAsked;
  if (isAsking) ++watch.asked_;
  const bool isReplied = !watch.isSending_ && !isAsking && counts->received > watch.received_.base;
  const bool isSlowReply = isSlow(watch.received_, counts->received, isReplied);
  const bool isSlowWrite = isSlow(watch.sent_, counts->acknowledged, writes % 2 == 1 && isSameWrite);
  if (got > watch.most_)
    watch.reason_ = "sends more than such a reply can have";
  else if (!watch.hasHead_ && got > mostHead)
    watch.reason_ = "sends header fields without end";
  else if (isSlowReply)
    watch.reason_ = "sends its reply too slowly";
  else if (isSlowWrite)
    watch.reason_ = "takes the request too slowly";
  if (!watch.reason_.empty()) ::shutdown(socket, SHUT_RDWR);
}

}  // namespace video::http

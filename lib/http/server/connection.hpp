#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "http/server/body_decoder.hpp"
#include "http/server/head_gate.hpp"
#include "http/server/listener_socket.hpp"
#include "http/server/response_writer.hpp"
#include "os/descriptor.hpp"

namespace video::http {

/// The read buffer of a serving thread, and the objects that the thread reuses for each request.
class ReadBuffer {
 public:
  /// Allocates a buffer of `size` bytes.
  explicit ReadBuffer(std::size_t size) : buffer_(std::make_unique<char[]>(size)), size_(size) {}

  /// Returns the bytes that were read and not yet used.
  std::string_view unread() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  /// Marks the first `count` unread bytes as used.
  void drop(std::size_t count) noexcept { begin_ += count; }
  /// Replaces the contents with the bytes that a connection has kept.
  void load(std::string_view kept);
  /// Returns the free space behind the unread bytes; moves them to the front first if there is little of it.
  std::pair<char*, std::size_t> room() noexcept;
  /// Appends the `count` bytes that were written to `room()`.
  void added(std::size_t count) noexcept { end_ += count; }
  /// Returns the Date header field for a reply sent now (RFC 9110 §6.6.1).
  const std::string& date();

  /// Resets `answer`, but keeps the memory of its lists.
  void clearAnswer();

  Head head;
  Answer answer;
  ResponseWriter writer;

 private:
  std::unique_ptr<char[]> buffer_;
  std::size_t size_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string date_;
  std::chrono::seconds dateSecond_{};
};

/// Bytes sent and received on all connections.
struct Traffic {
  std::atomic<std::uint64_t> sent = 0;
  std::atomic<std::uint64_t> received = 0;
};

/// One client's socket. The memory is reused for other clients and not freed while the transport lives; a late event
/// for a former client is recognized by its generation and ignored. At most one thread owns a connection at a time,
/// between `enter` and `leave`.
class Connection final : public httplib::Stream {
 public:
  /// The next thing to do with a connection.
  enum class Phase : std::uint8_t { head, body, answer, discard, linger };
  /// Result of a read.
  enum class Received { some, none, ended };
  /// Result of sending; `more`: the socket would accept more.
  enum class Sent { all, later, more, broken };

  /// Creates a connection without a client, at index `place` of the transport; its traffic is counted in `all`.
  Connection(std::uint32_t place, Traffic& all) : index(place), traffic_(all) {}
  ~Connection() override { hangUp(); }

  /// Starts serving a new client. The caller owns the connection from now on.
  void open(int socket, Peer peer, const ListenerSocket& listening);
  /// Closes the socket, releases everything that belongs to the client, and ends this generation. Only the owner may
  /// call it.
  void retire();
  /// Shuts the socket down, so that a thread waiting for the client wakes up. May be called from any thread.
  void interrupt();

  /// Tries to become the owner. Returns false if the generation is another one, or if another thread owns the
  /// connection; that thread then looks for new events before it leaves.
  bool enter(std::uint32_t generation) noexcept;
  /// Does the same for the current generation.
  bool enter() noexcept { return enter(generation()); }
  /// Gives up ownership. Returns false if another thread has tried to enter meanwhile: the caller then still owns the
  /// connection and must look again.
  bool leave() noexcept;
  /// Returns the current generation; never 0.
  std::uint32_t generation() const noexcept {
    return static_cast<std::uint32_t>(state_.load(std::memory_order_relaxed) >> generationShift);
  }

  /// Reads the available bytes into the buffer; never blocks.
  Received receive(ReadBuffer& buffer);
  /// Does the same into `size` bytes of memory at `to`; sets `got` to the number of bytes if there were any.
  Received receive(char* to, std::size_t size, std::size_t& got);
  /// Sends as much as the socket accepts, but at most 4 MiB of content and what `rate` allows; never waits for the
  /// client. `now` is in milliseconds. If it returns `later` and `resumeAt` is set, the rate or the delay holds the
  /// reply back, not the socket.
  Sent flush(std::int64_t now);
  /// Sends `100 Continue`, once, if the client waits for it and has not sent any of its body.
  void sendContinue(const ReadBuffer& buffer);
  /// Returns the bytes that the kernel still holds for the client. The progress of a slow reader shows here long before
  /// the socket is writable again.
  int unsent() const noexcept;
  /// Releases the reply: its files and everything it held.
  void answered();

  // The view that httplib gets: a request without header fields, and a place for the reply (see response_writer.hpp).
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  /// Returns 0 instead of the real descriptor: httplib refuses numbers above FD_SETSIZE.
  socket_t socket() const override { return 0; }

  const std::uint32_t index;
  int descriptor() const noexcept { return socket_.number(); }
  const Peer& peer() const noexcept { return peer_; }
  const ListenerSocket& listening() const noexcept { return *listening_; }

  // The members below may only be used by the owner.
  Phase phase = Phase::head;
  bool refused = false;          ///< gets an error reply only, or came while stopping; counts apart
  bool closing = false;          ///< close after this reply
  bool lingering = false;        ///< the client may still be sending: close so that it can read the answer
  bool trustsShortRead = false;  ///< a read that does not fill the buffer has read everything
  bool drained = false;          ///< nothing to read before the next event
  bool eventsOff = false;        ///< epoll reports no events for it
  bool continueWanted = false;
  bool moved = false;         ///< a byte was sent or received since the deadline was set
  int unsentBefore = 0;       ///< `unsent()` when the deadline was set, of a reply that waits for its reader
  std::uint64_t rate = 0;     ///< bytes per second of this reply's content; 0: no limit
  std::int64_t delay = 0;     ///< milliseconds before the reply's first byte
  std::int64_t resumeAt = 0;  ///< when the rate or the delay lets the reply go on; 0: not held back
  HeadEnd headEnd;
  BodyDecoder body;
  std::int64_t headDeadline = 0;
  std::uint64_t discarded = 0;
  std::string kept;  ///< read and not yet used, between two turns
  /// A request whose body is still to come; holds a copy of its head, because the body reuses the read buffer.
  struct Pending {
    std::string bytes;
    Head head;
    std::unique_ptr<Admission> admission;
    std::string body;           ///< collected so far
    std::int64_t deadline = 0;  ///< for the whole body that is collected; 0: none
  };
  std::unique_ptr<Pending> pending;
  std::vector<Segment> content;
  std::shared_ptr<void> held;
  std::shared_ptr<void> share;               ///< what the service holds for this connection
  const std::string* headerLines = nullptr;  ///< inserted into the head that httplib writes

 private:
  static constexpr unsigned generationShift = 8;
  static constexpr std::uint64_t busy = 1;
  static constexpr std::uint64_t again = 2;

  void hangUp();
  void trust();
  Sent sendPart(const char* from, std::size_t size, bool more, std::size_t& sent);
  std::size_t allowed(std::int64_t now);
  Sent flushContent(std::size_t& budget);
  Sent sendFile(const Segment& segment, std::size_t& budget);
  Sent sendRead(const Segment& segment, std::size_t& budget);

  std::atomic<std::uint64_t> state_ = std::uint64_t{1} << generationShift | busy;  ///< busy while there is no client
  Traffic& traffic_;
  std::mutex closing_;  ///< keeps `interrupt` from using a closed socket
  Descriptor socket_;
  Peer peer_;
  const ListenerSocket* listening_ = nullptr;
  std::size_t requestAt_ = 0;  ///< position in the request that httplib reads
  std::string bytes_;          ///< the reply's head, and small content
  std::size_t bytesAt_ = 0;
  std::size_t segment_ = 0;
  std::uint64_t segmentAt_ = 0;
  std::uint64_t sentOfFiles_ = 0;
  std::string piece_;  ///< of a segment with a reader: what was read and not yet sent
  std::size_t pieceAt_ = 0;
  bool trusted_ = false;         ///< the client has read enough to be given more kernel memory
  std::uint64_t allowance_ = 0;  ///< bytes that the rate allows, as of `allowedAt_`
  std::int64_t allowedAt_ = 0;
  std::int64_t notBefore_ = 0;
};

}  // namespace video::http

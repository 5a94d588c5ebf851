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

/// What a thread that serves brings along: its read buffer, and what it uses again for each request.
class ReadBuffer {
 public:
  /// Of `size` bytes.
  explicit ReadBuffer(std::size_t size) : buffer_(std::make_unique<char[]>(size)), size_(size) {}

  /// Bytes that were read and not yet used.
  std::string_view unread() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  /// The first `count` unread bytes are used.
  void drop(std::size_t count) noexcept { begin_ += count; }
  /// Starts over with bytes that were kept.
  void load(std::string_view kept);
  /// Room behind the unread bytes; they are moved to the front where there is little of it.
  std::pair<char*, std::size_t> room() noexcept;
  /// `count` bytes were put into `room`.
  void added(std::size_t count) noexcept { end_ += count; }
  /// The Date of an answer made now (RFC 9110 §6.6.1).
  const std::string& date();

  /// Makes `answer` as new, but for the memory of its lists.
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

/// Bytes of all connections.
struct Traffic {
  std::atomic<std::uint64_t> sent = 0;
  std::atomic<std::uint64_t> received = 0;
};

/// One client's socket. Its memory is used again for another client, never given back while the transport lives:
/// whoever comes late with an event of the former one finds another generation and goes away. Exactly one thread owns
/// it at a time, between `enter` and `leave`.
class Connection final : public httplib::Stream {
 public:
  /// What is done with a connection next.
  enum class Phase : std::uint8_t { head, body, answer, discard, linger };
  /// What a read came to.
  enum class Received { some, none, ended };
  /// What sending came to; `more`: the socket would take more.
  enum class Sent { all, later, more, broken };

  /// Without a client; `place` among the transport's, whose traffic is counted in `all`.
  Connection(std::uint32_t place, Traffic& all) : index(place), traffic_(all) {}
  ~Connection() override { hangUp(); }

  /// Takes a new client in. Nobody can enter a connection without a client; the caller owns it from now on.
  void open(int socket, Peer peer, const ListenerSocket& listening);
  /// Closes, lets everything of the client go, and ends this generation. Only by the owner.
  void retire();
  /// Wakes whoever waits for the client, from any thread.
  void interrupt();

  /// True: the caller owns it now. False: another generation, or another owner, who will look again before it leaves.
  bool enter(std::uint32_t generation) noexcept;
  /// The same for whichever generation is there.
  bool enter() noexcept { return enter(generation()); }
  /// False: something has happened meanwhile, the caller owns it still and must look again.
  bool leave() noexcept;
  std::uint32_t generation() const noexcept {
    return static_cast<std::uint32_t>(state_.load(std::memory_order_relaxed) >> generationShift);
  }

  /// Reads what is there into the buffer; never waits.
  Received receive(ReadBuffer& buffer);
  /// The same, to memory of `size` bytes; where there are some, `got` is how many.
  Received receive(char* to, std::size_t size, std::size_t& got);
  /// Sends what the socket takes, of the content at most 2 MiB and what `rate` allows; never waits for the client.
  /// `now` in milliseconds. `later` with `resumeAt` set: rate or delay say so, not the socket.
  Sent flush(std::int64_t now);
  /// Sends `100 Continue`, once, where the client waits for it and has sent nothing of its body.
  void sendContinue(const ReadBuffer& buffer);
  /// Bytes that the kernel holds for the client still; what a slow reader takes shows here long before there is room.
  int unsent() const noexcept;
  /// Lets the answer go: its files and what it held.
  void answered();

  // What httplib sees: a request without fields, and a place to put the answer (response_writer.hpp says why).
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  /// Not the real one: httplib refuses numbers over FD_SETSIZE.
  socket_t socket() const override { return 0; }

  const std::uint32_t index;
  int descriptor() const noexcept { return socket_.number(); }
  const Peer& peer() const noexcept { return peer_; }
  const ListenerSocket& listening() const noexcept { return *listening_; }

  // The owner's.
  Phase phase = Phase::head;
  bool closing = false;          ///< after this answer
  bool lingering = false;        ///< the client may still be sending: close so that it can read the answer
  bool trustsShortRead = false;  ///< a read that does not fill the buffer took all that was there
  bool drained = false;          ///< nothing to read before the next event
  bool eventsOff = false;        ///< epoll reports nothing of it
  bool continueWanted = false;
  bool moved = false;         ///< a byte was sent or received since the deadline was set
  int unsentBefore = 0;       ///< `unsent` when the deadline was set, of an answer that waits for its reader
  std::uint64_t rate = 0;     ///< bytes a second of this answer's content; 0: no limit
  std::int64_t delay = 0;     ///< milliseconds before the answer's first byte
  std::int64_t resumeAt = 0;  ///< when rate and delay let the answer go on; 0: they do not hold it back
  HeadEnd headEnd;
  BodyDecoder body;
  std::int64_t headDeadline = 0;
  std::uint64_t discarded = 0;
  std::string kept;  ///< read and not yet used, between two turns
  /// A request whose body is still to come: its head's bytes, out of the way of the body's.
  struct Pending {
    std::string bytes;
    Head head;
    std::unique_ptr<Admission> admission;
    std::string body;  ///< so far, where it is collected
  };
  std::unique_ptr<Pending> pending;
  std::vector<Segment> content;
  std::shared_ptr<void> held;
  const std::string* headerLines = nullptr;  ///< go into the head that httplib writes

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

  std::atomic<std::uint64_t> state_ = std::uint64_t{1} << generationShift | busy;  ///< without a client: busy
  Traffic& traffic_;
  std::mutex closing_;  ///< between closing the socket and `interrupt`
  Descriptor socket_;
  Peer peer_;
  const ListenerSocket* listening_ = nullptr;
  std::size_t requestAt_ = 0;  ///< in the request that httplib reads
  std::string bytes_;          ///< the answer's head, and a small body
  std::size_t bytesAt_ = 0;
  std::size_t segment_ = 0;
  std::uint64_t segmentAt_ = 0;
  std::uint64_t sentOfFiles_ = 0;
  bool trusted_ = false;         ///< has read enough to be given more of the kernel's memory
  std::uint64_t allowance_ = 0;  ///< bytes that the rate allows, as of `allowedAt_`
  std::int64_t allowedAt_ = 0;
  std::int64_t notBefore_ = 0;
};

}  // namespace video::http

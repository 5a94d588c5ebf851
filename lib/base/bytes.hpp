#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/clock.hpp"

namespace video {

class Descriptor;  // os/descriptor.hpp

/// Receives a stream of bytes in pieces; throws to stop it.
class ByteSink {
 public:
  using Take = std::function<void(std::span<const std::byte>)>;
  using Room = std::function<std::span<std::byte>()>;

  template <std::invocable<std::span<const std::byte>> Callable>
  ByteSink(Callable take, Room room = {}) : take_(std::move(take)), room_(std::move(room)) {}
  /// Passes the next piece to the receiver.
  void operator()(std::span<const std::byte> piece) const { take_(piece); }
  /// Returns memory for the next piece, which saves a copy if the piece is put at its front; empty if there is none.
  std::span<std::byte> room() const { return room_ ? room_() : std::span<std::byte>(); }

 private:
  Take take_;
  Room room_;
};

/// Incoming bytes. `push` passes all pieces to a sink, in order, or throws.
struct ByteSource {
  std::function<void(const ByteSink&)> push;
  std::optional<std::uint64_t> size;  ///< in bytes, if known before the first piece
  bool repeatable = false;            ///< whether `push` may be called again and yields the same bytes
  std::uint64_t least = 0;            ///< minimum number of bytes, if the size is unknown
  std::function<void()> start{};      ///< waits until the sender's turn has come; call it before `push`; may be null
  std::function<void()> stop{};       ///< makes both throw instead of waiting on; from any thread; may be null
};

/// Metadata of a content (RFC 9110 §8).
struct ContentMeta {
  std::uint64_t size = 0;  ///< bytes
  std::string type;        ///< media type
  std::string etag;        ///< strong, including the quotes
  Time modified{};
  std::string name;        ///< for Content-Disposition; UTF-8, no path
  bool noIndex = false;    ///< search engines must not list it
  bool immutable = false;  ///< the same request will always get these bytes
};

/// Reads a content at any offset. Use it from one thread at a time.
class ContentReader {
 public:
  virtual ~ContentReader() = default;
  /// Reads up to `to.size()` bytes at `offset` and returns how many; 0 only at the end. Throws Error.
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> to) = 0;
  /// Returns the open file behind it, whose offsets are the same, or null if there is none.
  virtual std::shared_ptr<const Descriptor> file() const { return nullptr; }
  /// Says that the file could not be read: errno, or 0 if it ended early. May be called from any thread, and may wait.
  virtual void readFailed(int /*error*/) noexcept {}
  /// Returns the path of that file below `blobs/` in the data directory; empty if there is none.
  virtual std::string path() const { return {}; }
};

/// Outgoing bytes as a value: their metadata and a reader.
struct Content {
  ContentMeta meta;
  std::shared_ptr<ContentReader> reader;
};

}  // namespace video

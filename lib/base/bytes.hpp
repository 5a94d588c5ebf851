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

/// Takes a stream of bytes piece by piece; throws to stop it.
class ByteSink {
 public:
  using Take = std::function<void(std::span<const std::byte>)>;
  using Room = std::function<std::span<std::byte>()>;

  template <std::invocable<std::span<const std::byte>> Callable>
  ByteSink(Callable take, Room room = {}) : take_(std::move(take)), room_(std::move(room)) {}
  void operator()(std::span<const std::byte> piece) const { take_(piece); }
  /// Memory for the next piece: who puts the piece there, at its front, spares a copy. Empty where there is none.
  std::span<std::byte> room() const { return room_ ? room_() : std::span<std::byte>(); }

 private:
  Take take_;
  Room room_;
};

/// Bytes on their way in: pushes its pieces, in order, into a sink until the end, or throws.
struct ByteSource {
  std::function<void(const ByteSink&)> push;
  std::optional<std::uint64_t> size;  ///< in bytes, where it is known before the first piece
  bool repeatable = false;            ///< whether `push` may be called again and gives the same bytes
  std::uint64_t least = 0;            ///< where the size is not known: how many bytes come at least
};

/// What is known of a content before its bytes (RFC 9110 §8).
struct ContentMeta {
  std::uint64_t size = 0;  ///< bytes
  std::string type;        ///< media type
  std::string etag;        ///< strong, with its quotes
  Time modified{};
  std::string name;  ///< for Content-Disposition; UTF-8, no path
};

/// Reads a content at any offset; from one thread at a time.
class ContentReader {
 public:
  virtual ~ContentReader() = default;
  /// Reads up to `to.size()` bytes from `offset`; 0 only at the end. Throws Error.
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> to) = 0;
  /// The open file behind it, where there is one (then offsets are the file's); else null.
  virtual std::shared_ptr<const Descriptor> file() const { return nullptr; }
  /// Where that file stands, below `blobs/` in the data directory; empty where there is none.
  virtual std::string path() const { return {}; }
};

/// Bytes on their way out, as a value: what they are, and how to read them.
struct Content {
  ContentMeta meta;
  std::shared_ptr<ContentReader> reader;
};

}  // namespace video

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

/// A file in a tar archive.
struct TarEntry {
  std::string path;        ///< UTF-8, relative, with `/`
  std::uint64_t size = 0;  ///< bytes
  Time modified{};
};

/// Archives consist of blocks of so many bytes.
inline constexpr std::size_t tarBlock = 512;

/// Returns the blocks before a file's bytes (ustar; with a pax header, POSIX.1-2001, for a path that is long or not
/// ASCII, or a size over 8 GiB). With `sizeUnknown` their length does not depend on the size, so that they can be
/// written again once it is known.
std::string tarHeader(const TarEntry& entry, bool sizeUnknown = false);

/// Returns how many zero bytes follow a file of `size` bytes.
constexpr std::size_t tarPadding(std::uint64_t size) noexcept {
  return static_cast<std::size_t>((tarBlock - size % tarBlock) % tarBlock);
}

/// Returns the end of an archive.
std::string tarEnd();

/// Reads an archive with nothing but files, as tarHeader makes them, from pieces of any size. For one thread.
class TarReader {
 public:
  /// What is called for each file: `begin` once, then `bytes` for each piece of it, then `end`.
  struct Receiver {
    std::function<void(const TarEntry&)> begin;
    std::function<void(std::span<const std::byte>)> bytes;
    std::function<void()> end;
  };
  explicit TarReader(Receiver receiver) : receiver_(std::move(receiver)) {}

  /// Takes the next piece of the archive. Throws malformed for anything that is not such an archive.
  void add(std::span<const std::byte> piece);
  /// Throws malformed unless the archive was complete.
  void finish() const;

 private:
  enum class Part { header, pax, file, padding, over };
  void readHeader();
  void readPax();
  void beginFile();
  void endPart();

  Receiver receiver_;
  Part part_ = Part::header;
  std::string block_;        // a header or a pax header, as far as it has come
  std::uint64_t left_ = 0;   // bytes of the part still to come, except of a header
  std::size_t padding_ = 0;  // after the part
  TarEntry entry_;
  bool hasPaxPath_ = false;
  bool hasPaxSize_ = false;
};

}  // namespace video

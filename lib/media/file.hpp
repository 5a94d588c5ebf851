#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "os/descriptor.hpp"

namespace video::media {

/// A file to look into. `read` reads at an offset and returns how many bytes came: fewer than asked for only at the end
/// of the file or if it cannot be read.
struct File {
  std::uint64_t size = 0;
  std::function<std::size_t(std::uint64_t offset, std::span<std::byte> to)> read;
};

/// Returns a view of an open file, which must stay open. Its size is 0 if it cannot be told.
File fileOf(const Descriptor& descriptor);

/// Thrown inside this library for bytes that are not there, or are not what their place in the file demands.
struct Malformed {};

/// Reads small pieces of a file: no more than `most` bytes of it in all, and no more than `mostSteps` times, because
/// what was just read is not read again and costs time too. Once it has come to one of these limits, every call throws.
class BoundedReader {
 public:
  static constexpr std::uint64_t most = 64ULL << 20;
  static constexpr std::uint64_t mostSteps = 1'000'000;

  /// The file must outlive this object.
  explicit BoundedReader(const File& file) : file_(file) {}
  std::uint64_t size() const noexcept { return file_.size; }
  /// Returns the bytes at `offset`, valid until the next call; reads at least `ahead` bytes of the file if it has to.
  /// Throws Malformed if they are not there, if `count` is over 1 MiB, or if a limit is reached.
  std::string_view at(std::uint64_t offset, std::uint64_t count, std::uint64_t ahead = 4096);
  /// Returns how often it was called.
  std::uint64_t steps() const noexcept { return steps_; }
  /// Returns whether a limit was reached.
  bool isSpent() const noexcept { return isSpent_; }

 private:
  const File& file_;
  std::string window_;
  std::uint64_t windowStart_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t steps_ = 0;
  bool isSpent_ = false;
};

/// Takes big-endian numbers from the front of some bytes. Every function throws Malformed if there are too few.
class Cut {
 public:
  explicit Cut(std::string_view bytes) noexcept : left_(bytes) {}
  std::uint64_t number(std::size_t bytes);
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t word() { return static_cast<std::uint32_t>(number(4)); }
  /// Returns and removes the next bytes.
  std::string_view take(std::uint64_t count);
  void skip(std::uint64_t count) { take(count); }
  std::string_view rest() const noexcept { return left_; }

 private:
  std::string_view left_;
};

}  // namespace video::media

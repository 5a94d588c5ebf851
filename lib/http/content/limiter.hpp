#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace video::http {

/// How many may stream and upload at once, and how fast.
struct LimiterOptions {
  std::size_t streams = 1000;   ///< answers being streamed at once
  std::size_t perAddress = 64;  ///< of them to one address (IPv6: one /64)
  std::size_t uploads = 64;     ///< uploads at once
  std::uint64_t rate = 0;       ///< bytes a second of one answer; 0: no limit
};

/// Tokens that are out, and how often there was none.
struct LimiterCounts {
  std::size_t streams = 0;
  std::size_t uploads = 0;
  std::size_t addresses = 0;  ///< with a stream
  std::size_t busiest = 0;    ///< the most tokens that one address has
  std::uint64_t streamsRefused = 0;
  std::uint64_t uploadsRefused = 0;
  std::uint64_t addressRefused = 0;
};

/// Buckets of tokens without a queue: who finds none gets Fault::tooMany at once. A token goes back when its last copy
/// is let go, on whichever thread; it may outlive the limiter. Memory is bounded by the tokens that are out.
/// Every function may be called from any thread.
class Limiter {
 public:
  /// Goes back with its last copy.
  using Token = std::shared_ptr<void>;

  explicit Limiter(const LimiterOptions& options);

  /// A token for one answer being streamed to `address`; the address is not counted where it is empty (a Unix socket).
  Token takeStream(std::string_view address);
  /// A token for one upload.
  Token takeUpload();
  /// As of now.
  LimiterCounts counts() const;
  /// The limits as they are now.
  LimiterOptions options() const;
  /// Bytes a second for an answer that begins now; 0: no limit.
  std::uint64_t rate() const noexcept;
  /// From now on other limits; tokens that are out stay out.
  void setOptions(const LimiterOptions& options);

 private:
  struct Buckets;
  std::shared_ptr<Buckets> buckets_;
};

}  // namespace video::http

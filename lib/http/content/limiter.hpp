#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace video::http {

/// Limits on concurrent streams, uploads and connections, on the rate of a stream, and on the memory of requests and
/// replies. An address is an IPv4 address, or an IPv6 /64.
struct LimiterOptions {
  std::size_t streams = 1000;               ///< concurrent streams
  std::size_t streamsPerAddress = 64;       ///< concurrent streams to one address
  std::size_t uploads = 64;                 ///< concurrent uploads
  std::uint64_t rate = 0;                   ///< bytes per second of one stream; 0: no limit
  std::size_t connectionsPerAddress = 256;  ///< open connections from one address; 0: no limit
  std::size_t uploadsPerAddress = 16;       ///< concurrent uploads from one address; 0: no limit
  /// Bytes of request bodies and replies in memory; a sixteenth for one address, but 1 MiB at least.
  std::size_t buffered = std::size_t{64} << 20;
};

/// Counts of tokens in use, and of requests refused for lack of one.
struct LimiterCounts {
  std::size_t streams = 0;
  std::size_t uploads = 0;
  std::size_t buffered = 0;            ///< bytes
  std::size_t addresses = 0;           ///< addresses with a stream, an upload or buffered bytes
  std::size_t busiestStreams = 0;      ///< the largest number of streams to one address
  std::size_t busiestUploads = 0;      ///< the largest number of uploads from one address
  std::size_t busiestConnections = 0;  ///< the largest number of connections from one address
  std::uint64_t streamsRefused = 0;
  std::uint64_t uploadsRefused = 0;
  std::uint64_t streamsOfAddressRefused = 0;
  std::uint64_t uploadsOfAddressRefused = 0;
  std::uint64_t connectionsOfAddressRefused = 0;
  std::uint64_t bufferedRefused = 0;
};

/// Limits concurrent streams, uploads and connections, and the memory of requests and replies, with tokens. Requests do
/// not wait for a token, except in `waitForUpload`: if there is none, Fault::tooMany (unavailable for memory) is thrown
/// at once. A token is returned when its last copy is released, on any thread; it may outlive the limiter. Memory use
/// is bounded by the tokens in use. All functions may be called from any thread.
class Limiter {
 public:
  /// Returned to the limiter when its last copy is released.
  using Token = std::shared_ptr<void>;

  /// Starts with no tokens in use.
  explicit Limiter(const LimiterOptions& options);

  /// Returns a token for one stream to `address`. An empty address (of a Unix socket) is not limited per address.
  /// Throws tooMany if a limit is reached.
  Token takeStream(std::string_view address);
  /// Returns a token for one upload from `address`, which may be empty likewise. Throws tooMany if a limit is reached.
  Token takeUpload(std::string_view address);
  /// Does the same, but waits for a token at most as long as `patience` and until `isStopped`, which may be null,
  /// returns true, if not too many requests wait already. Throws locked instead.
  Token waitForUpload(std::string_view address, std::chrono::milliseconds patience,
                      const std::function<bool()>& isStopped = {});
  /// Has those who wait ask whether they are stopped.
  void wake();
  /// Returns a token for one connection from `address`, or for one request that a trusted proxy forwards from it; null
  /// if they are not limited. Throws tooMany if the limit is reached.
  Token takeConnection(std::string_view address);
  /// Returns a token for `bytes` of memory that a request body or reply of `address`, which may be empty likewise,
  /// needs while it is received or sent. Throws unavailable if a limit is reached.
  Token takeBuffer(std::string_view address, std::size_t bytes);
  /// Does the same for the reply to a request that has changed something, which must not be refused any more: may
  /// exceed the limits.
  Token exceedBuffer(std::string_view address, std::size_t bytes);
  /// Does the same for `bytes` at `memory` that several replies have in common: counted once in total, and for each
  /// address in full. The token keeps `memory`.
  Token shareBuffer(std::string_view address, std::shared_ptr<const void> memory, std::size_t bytes);
  /// Returns the current counts.
  LimiterCounts counts() const;
  /// Returns the current limits.
  LimiterOptions options() const;
  /// Returns the rate for a stream that starts now, in bytes per second; 0: no limit.
  std::uint64_t rate() const noexcept;
  /// Changes the limits; tokens in use stay valid.
  void setOptions(const LimiterOptions& options);

 private:
  struct Buckets;
  std::shared_ptr<Buckets> buckets_;
};

}  // namespace video::http

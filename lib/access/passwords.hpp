#pragma once

#include <string>
#include <string_view>

#include "access/access.hpp"
#include "access/hash_threads.hpp"

namespace video::access {

/// Password hashes: argon2id (RFC 9106) by libsodium, computed on low-priority threads. May be used from any thread.
class Passwords {
 public:
  /// How many may wait for a hash; the next one is tooMany.
  static constexpr std::size_t mostWaiting = 64;
  static constexpr std::size_t longest = 1024;  ///< bytes

  explicit Passwords(const AccessOptions& options);

  /// The hash of a new password, with its salt and cost in it. Throws malformed (too short, too long, NUL), tooMany.
  std::string hash(std::string_view password);
  /// Whether `hash` was made of `password`; an empty hash is nobody's. Where it was, and cost less than new ones do,
  /// there is a new one too. What is wrong costs as much as a new hash at the least, whatever `hash` is. Throws
  /// malformed, tooMany.
  Verified verify(std::string_view hash, std::string_view password);

 private:
  std::string compute(std::string_view password, unsigned long long operations) const;

  const std::size_t shortest_;
  const unsigned long long operations_;
  const std::size_t memory_;
  HashThreads threads_;
};

}  // namespace video::access

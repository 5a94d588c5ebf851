#pragma once

#include <string>
#include <string_view>

#include "access/access.hpp"
#include "access/hash_threads.hpp"

namespace video::access {

/// Hashes passwords with argon2id (RFC 9106) from libsodium, on low-priority threads. May be used from any thread.
class Passwords {
 public:
  /// Maximum number of callers waiting for a hash; more get tooMany.
  static constexpr std::size_t mostWaiting = 64;
  static constexpr std::size_t longest = 1024;  ///< longest password, in bytes

  explicit Passwords(const AccessOptions& options);

  /// Returns the hash of a new password, which includes salt and cost. Throws malformed (too short, too long, contains
  /// NUL), tooMany.
  std::string hash(const Asker& asker, std::string_view password);
  /// Checks `password` against `hash`; an empty hash matches none. If it matches and the hash cost less than new ones
  /// do, the result has a new hash. A wrong password costs at least as much as a new hash, whatever `hash` is. Throws
  /// malformed (too long, contains NUL), tooMany.
  Verified verify(const Asker& asker, std::string_view hash, std::string_view password);

 private:
  std::string compute(std::string_view password, unsigned long long operations) const;

  const std::size_t shortest_;
  const unsigned long long operations_;
  const std::size_t memory_;
  HashThreads threads_;
};

}  // namespace video::access

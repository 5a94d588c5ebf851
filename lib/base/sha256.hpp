#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace video {

/// Computes SHA-256 (FIPS 180-4) of bytes that arrive in pieces. Use it from one thread at a time.
class Sha256 {
 public:
  /// Throws internal if libcrypto fails.
  Sha256();
  /// Adds bytes. Throws internal if libcrypto fails.
  void add(std::span<const std::byte> bytes);
  /// Returns the hash in lower-case hex; nothing may be added after it.
  std::string hex();

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

/// Throws malformed, naming `field`, unless `text` is a SHA-256 as 64 lower-case hex digits.
void checkSha256(std::string_view field, std::string_view text);

}  // namespace video

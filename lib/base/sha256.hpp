#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace video {

/// Hash functions of FIPS 180-4.
enum class HashFunction { sha1, sha256 };

/// Computes the hash of bytes that arrive in pieces. A copy goes on separately. Use it from one thread at a time.
class Hash {
 public:
  /// Throws internal if libcrypto fails.
  explicit Hash(HashFunction function);
  Hash(const Hash& other);
  Hash& operator=(const Hash& other);
  Hash(Hash&&) noexcept = default;
  Hash& operator=(Hash&&) noexcept = default;
  ~Hash() = default;
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

/// Computes SHA-256.
class Sha256 : public Hash {
 public:
  Sha256() : Hash(HashFunction::sha256) {}
};

/// Throws malformed, naming `field`, unless `text` is a SHA-256 as 64 lower-case hex digits.
void checkSha256(std::string_view field, std::string_view text);

}  // namespace video

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace video {

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece. One thread at a time.
class Sha256 {
 public:
  /// Throws internal where the library has none to give.
  Sha256();
  void add(std::span<const std::byte> bytes);
  /// Lower-case hex; ends it.
  std::string hex();

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace video

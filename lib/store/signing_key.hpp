#pragma once

#include <string>
#include <string_view>

#include "os/file_system.hpp"

namespace video::store {

/// The file `signing.key` of a data directory: 32 bytes, 0600, with which links are signed. It is read at every use,
/// since any process may put a new one in its place. May be used from any thread.
class SigningKey {
 public:
  /// `folder` is the open data directory, which outlives this.
  SigningKey(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}
  /// The key; made at the first call where none exists. Throws Error.
  std::string read();
  /// Puts a new key in its place, whole or not at all. Throws Error.
  void rotate();
  /// The same with a key that was given; leaves the file as it is where it holds this one. Throws malformed unless it
  /// has 32 bytes.
  void set(std::string_view key);

 private:
  os::FileSystem& files_;
  const int folder_;
};

}  // namespace video::store

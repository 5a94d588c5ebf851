#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "os/file_system.hpp"

namespace video::store {

/// The file `signing.key` of a data directory: the 32-byte key of signed links, with mode 0600. It is read on every
/// use, since any process may replace it. May be used from any thread.
class SigningKey {
 public:
  /// `folder` is the open data directory, which must outlive this object.
  SigningKey(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}
  /// Returns the key; creates it if there is none. Throws Error.
  std::string read();
  /// Replaces the key with a new one, atomically. Throws Error, whose detail says so if the key is new all the same,
  /// but not yet safe on disk.
  void rotate();
  /// Replaces the key with this one; does nothing if it is the same. Throws malformed unless it has 32 bytes.
  void set(std::string_view key);
  /// Removes the unfinished key of a process that was killed.
  void removeUnfinished();

 private:
  std::optional<std::string> find();

  os::FileSystem& files_;
  const int folder_;
};

}  // namespace video::store

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "os/descriptor.hpp"

namespace video::store {

class DataDirectory;
class Database;

/// Makes a file without a name in the data directory; closing its last descriptor removes it. Throws Error.
std::shared_ptr<const Descriptor> makeTemporaryFile(DataDirectory& directory);

/// Writes a temporary file through a buffer. Functions throw Error: diskFull (also if less than the floor would remain
/// free). For one thread.
class TemporaryWriter {
 public:
  /// `database` must outlive this object.
  explicit TemporaryWriter(Database& database);
  /// Returns the buffer, to append bytes to; call `flushSome` after each piece.
  std::string& buffer() { return buffer_; }
  /// Writes the buffer to the file if it has become large.
  void flushSome();
  /// Writes the rest and returns a reader of the file, which must not be written any more.
  std::shared_ptr<ContentReader> finish();
  /// Returns the bytes of the file, all of which `finish` has written.
  std::uint64_t size() const { return size_; }

 private:
  void flush();

  Database& database_;
  std::shared_ptr<const Descriptor> file_;
  std::string buffer_;
  std::uint64_t size_ = 0;
};

}  // namespace video::store

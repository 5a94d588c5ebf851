#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/sha256.hpp"
#include "os/descriptor.hpp"
#include "os/file_system.hpp"

namespace video::store {

/// A user's file that is to become a content itself. As long as this object exists, the file is locked (flock) and
/// leased (fcntl(2)): it can tell whether anybody else could write to it. One thread at a time.
class AdoptedFile {
 public:
  /// Takes a file for contents below `folder`, and gives it the group and mode that they have. Returns null, and
  /// changes nothing, unless it is a regular file on the same file system, belongs to this process's user, has no other
  /// name and no access list, and is open for writing nowhere.
  static std::unique_ptr<AdoptedFile> take(os::FileSystem& files, std::shared_ptr<const Descriptor> file, int folder);
  ~AdoptedFile();
  AdoptedFile(const AdoptedFile&) = delete;
  AdoptedFile& operator=(const AdoptedFile&) = delete;

  int number() const noexcept { return file_->number(); }
  /// Hashes bytes that were read from the file, all of them in order.
  void add(std::span<const std::byte> bytes);
  /// Returns how many bytes were hashed.
  std::uint64_t size() const noexcept { return size_; }
  /// Returns the SHA-256 in lower-case hex.
  std::string sha256() { return hash_.hex(); }
  /// Throws conflict unless the file is as it was taken, all of it was hashed, and nobody wants to write to it.
  void requireUnchanged() const;
  /// Returns whether it has one name left, and nobody has opened it, or waits to open it, for writing.
  bool isAlone() const noexcept;
  /// Copies it to an empty file, which is named `name` in errors. Throws diskFull; conflict if it has changed.
  void copyTo(int to, const std::string& name) const;
  /// Gives the file its group and mode back.
  void restoreRights() noexcept;

 private:
  AdoptedFile(os::FileSystem& files, std::shared_ptr<const Descriptor> file, const struct stat& was)
      : files_(files), file_(std::move(file)), was_(was) {}
  bool isAsItWas(std::uint64_t size) const noexcept;

  os::FileSystem& files_;
  const std::shared_ptr<const Descriptor> file_;
  const struct stat was_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

}  // namespace video::store

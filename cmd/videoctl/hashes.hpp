#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/sha256.hpp"
#include "os/descriptor.hpp"

namespace video::ctl {

/// A cache of file digests, keyed by device, inode, size and mtime, in `$XDG_CACHE_HOME/videoctl/hashes`. Failures to
/// read or write the cache file are ignored; the digests are computed again.
class HashCache {
 public:
  HashCache();
  /// Returns the SHA-256 of an open regular file as lower-case hex. Throws Error if the file cannot be read.
  std::string of(const Descriptor& file, const std::string& path);
  /// Writes new digests to the cache file, atomically.
  void save() const;

 private:
  std::filesystem::path path_;
  std::map<std::string, std::string> known_;
  bool changed_ = false;
};

}  // namespace video::ctl

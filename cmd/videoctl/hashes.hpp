#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/sha256.hpp"
#include "os/descriptor.hpp"

namespace video::ctl {

/// Digests of files that were read before, by device, inode, size and mtime, in `$XDG_CACHE_HOME/videoctl/hashes`. What
/// cannot be read or kept there is computed again: it is no more than a cache.
class HashCache {
 public:
  HashCache();
  /// The digest of an open regular file, lower-case hex. Throws Error.
  std::string of(const Descriptor& file, const std::string& path);
  /// Keeps what was met, whole or not at all.
  void save() const;

 private:
  std::filesystem::path path_;
  std::map<std::string, std::string> known_;
  bool changed_ = false;
};

}  // namespace video::ctl

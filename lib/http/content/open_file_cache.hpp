#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace video::http {

/// Cache of small contents with open files, shared by all callers. An entry is valid as long as the data version stays
/// the same. It pays because looking up and opening a small file costs as much as sending it. The cache is small,
/// because a removed file occupies disk space while it is open, which may be until the next request. May be used from
/// any thread.
class OpenFileCache {
 public:
  static constexpr std::uint64_t largest = 1 << 20;  ///< bytes; larger contents are not cached
  static constexpr std::size_t most = 64;

  /// Returns the cached content for `target` at this version, if any. Drops all entries of other versions.
  std::optional<Content> find(std::string_view target, std::uint64_t version);
  /// Caches a content that has a file; `version` must have been read before the content was looked up.
  void keep(std::string_view target, std::uint64_t version, const Content& content);

 private:
  std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::map<std::string, Content, std::less<>> contents_;
};

}  // namespace video::http

#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace video::http {

/// Small contents that visitors share, open, each good while the data have the version that it was looked up at: to
/// look it up and open it costs as much as to send it. Few, since an open file keeps its room on the disk until the
/// next request after its removal. May be used from any thread.
class OpenFileCache {
 public:
  static constexpr std::uint64_t largest = 1 << 20;  ///< bytes of one; what is larger is never kept
  static constexpr std::size_t most = 64;

  /// What is kept for `target` at this version; whatever is of another version goes.
  std::optional<Content> find(std::string_view target, std::uint64_t version);
  /// Keeps a content that has a file; `version` is from before it was looked up.
  void keep(std::string_view target, std::uint64_t version, const Content& content);

 private:
  std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::map<std::string, Content, std::less<>> contents_;
};

}  // namespace video::http

#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/message.hpp"

namespace video::http {

/// Replies that visitors share, each good while the data have the version that it was made from: what every
/// visitor's page asks for is made once per change. Bounded in bytes. May be used from any thread.
class ReplyCache {
 public:
  /// Fills `answer` from the reply to `target` where one of this version is kept.
  bool find(std::string_view target, std::uint64_t version, Answer& answer);
  /// Keeps a reply whose content is bytes and not large; `version` is from before it was made.
  void keep(std::string_view target, std::uint64_t version, const Answer& answer);

 private:
  struct Reply {
    std::uint64_t version = 0;
    Answer answer;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Reply, Hash, std::equal_to<>> replies_;
  std::size_t bytes_ = 0;
};

}  // namespace video::http

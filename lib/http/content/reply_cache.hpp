#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/message.hpp"

namespace video::http {

/// Cache of replies shared by all visitors, who also share the memory of the larger ones. An entry is valid as long as
/// the data version stays the same, so that a reply is made once per change. Bounded in bytes. May be used from any
/// thread.
class ReplyCache {
 public:
  /// Fills `answer` with the cached reply to `target` and returns true, if there is one of this version.
  bool find(std::string_view target, std::uint64_t version, Answer& answer);
  /// Caches a reply if its content is in memory and not large; `version` must have been read before the reply was made.
  /// `answer` stays the same reply, but may share its content with the cache afterwards.
  void keep(std::string_view target, std::uint64_t version, Answer& answer);

 private:
  struct Reply {
    std::uint64_t version = 0;
    std::size_t size = 0;
    Answer answer;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Reply, Hash, std::equal_to<>> replies_;
  std::size_t bytes_ = 0;
  std::uint64_t newest_ = 0;  // the version of the last reply that found no room
};

}  // namespace video::http

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// A content that nobody may upload.
struct BlockedContent {
  std::string sha256;             ///< 64 hex digits in lower case
  std::string reason;             ///< 1 to 500 characters
  std::optional<std::string> by;  ///< user who blocked it; none for the operator or a deleted account
  Time time{};                    ///< when it was blocked
};

/// A content that was just blocked, and the videos that have it already.
struct NewlyBlockedContent : BlockedContent {
  std::vector<VideoId> videos;  ///< those that are not blocked and that the caller may see, at most 500
  std::int64_t others = 0;      ///< how many others are not blocked: beyond 500, or not for the caller to see
};

/// A content to block.
struct BlockContent {
  std::string sha256;  ///< 64 hex digits in lower case
  std::string reason;  ///< 1 to 500 characters
};

/// Identifies a content.
struct ContentRef {
  std::string sha256;
};

/// Contents that nobody may upload. Every function may be called from any thread and throws Error. For moderators,
/// admins and the operator.
class Contents {
 public:
  virtual ~Contents() = default;
  /// Refuses a content from now on, whoever uploads it or restores a video that has it. Other videos that have it stay
  /// as they are, and are listed or counted in the reply unless they are blocked. A content that is blocked already
  /// gets the new reason. Faults: malformed, forbidden (a moderator has, or had, a video with this content), diskFull.
  virtual NewlyBlockedContent block(const Credential& by, const BlockContent& wanted) = 0;
  /// Accepts a content again. Faults: forbidden (a moderator has, or had, a video with it), notFound (it is not
  /// blocked).
  virtual void unblock(const Credential& by, const ContentRef& wanted) = 0;
  /// Lists the blocked contents, oldest first.
  virtual Page<BlockedContent> list(const Credential& by, const ListQuery& wanted) = 0;
};

}  // namespace video

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// A comment on a video.
struct Comment {
  CommentId id;
  VideoId video;
  std::string author;
  std::string content;
  Time time{};
  std::optional<std::int64_t> positionMs;  ///< position in the video, in milliseconds
};

/// A comment to post.
struct NewComment {
  VideoId video;
  std::string content;                     ///< 1 to 2000 characters
  std::optional<std::int64_t> positionMs;  ///< position in the video, in milliseconds, 0 or more
};

/// How a list of comments is sorted.
enum class CommentOrder { time, position };

/// Which comments to list.
struct CommentQuery : ListQuery {
  VideoId video;
  std::optional<Time> from;  ///< posted after; the original site's form of `since`
  std::optional<Time> to;    ///< posted at or before; the original site's form of `until`
  std::optional<CommentOrder> by;
  std::optional<std::int64_t> atFrom;  ///< with order `position`: at or after, in milliseconds
  std::optional<std::int64_t> atTo;    ///< with order `position`: before, in milliseconds
};

/// Names one comment.
struct CommentRef {
  VideoId video;
  CommentId id;
};

/// Comments on videos. Every function may be called from any thread and throws Error.
class Comments {
 public:
  virtual ~Comments() = default;
  /// Posts a comment on a ready video. Anyone signed in. Faults: malformed, unauthenticated, notFound, diskFull,
  /// tooMany (the user has posted too many in a minute; the operator has no limit).
  virtual Comment post(const Credential& by, const NewComment& wanted) = 0;
  /// Lists a video's comments, oldest first or by position, with `from < time <= to`. Anyone. Faults: malformed,
  /// notFound.
  virtual Page<Comment> list(const Credential& by, const CommentQuery& wanted) = 0;
  /// Removes a comment permanently. Its author, the video's owner, admin, operator. Faults: forbidden, notFound.
  virtual void remove(const Credential& by, const CommentRef& wanted) = 0;
};

}  // namespace video

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
}  // namespace video::http
namespace video::store {
class Database;
}

namespace video {

struct Comment {
  CommentId id;
  VideoId video;
  std::string author;
  std::string content;
  Time time{};
  std::optional<std::int64_t> positionMs;  ///< place on the video's timeline
};

struct NewComment {
  VideoId video;
  std::string content;                     ///< 1 to 2000 characters
  std::optional<std::int64_t> positionMs;  ///< 0 or more
};

enum class CommentOrder { time, position };

struct CommentQuery : ListQuery {
  VideoId video;
  std::optional<Time> from;  ///< after; the original's name for `since`
  std::optional<Time> to;    ///< up to; the original's name for `until`
  std::optional<CommentOrder> by;
  std::optional<std::int64_t> atFrom;  ///< by position: at or after, milliseconds
  std::optional<std::int64_t> atTo;    ///< by position: before, milliseconds
};

struct CommentRef {
  VideoId video;
  CommentId id;
};

/// What people say of a video. Every function may be called from any thread and throws Error.
class Comments {
 public:
  virtual ~Comments() = default;
  /// Adds a comment to a ready video: anyone signed in. Faults: malformed, unauthenticated, notFound, diskFull.
  virtual Comment post(const Credential& by, const NewComment& wanted) = 0;
  /// A video's comments, oldest first, or by position: anyone. `from < time <= to`.
  virtual Page<Comment> list(const Credential& by, const CommentQuery& wanted) = 0;
  /// Removes one for good: its author, the video's owner, admin, operator.
  virtual void remove(const Credential& by, const CommentRef& wanted) = 0;
};

/// On the data directory; what it is given must outlive it.
std::unique_ptr<Comments> makeLocalComments(store::Database& database, access::Access& access);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Comments> makeRemoteComments(http::Client& server);
/// Adds the routes; both must outlive the last request.
void serveComments(http::Router& router, Comments& comments);

}  // namespace video

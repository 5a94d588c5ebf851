#pragma once

#include <array>
#include <utility>

#include "comments/comments.hpp"

namespace video {

template <>
struct Names<CommentOrder> {
  static constexpr std::array list{std::pair{CommentOrder::time, "time"},
                                   std::pair{CommentOrder::position, "position"}};
};

template <>
struct Names<HeldFor> {
  static constexpr std::array list{std::pair{HeldFor::word, "word"}, std::pair{HeldFor::newAuthor, "new_author"},
                                   std::pair{HeldFor::hidden, "hidden"}};
};

template <>
struct Fields<Comment> {
  static constexpr std::string_view plural = "comments";
  static constexpr std::tuple list{
      Field{"id", &Comment::id, "the comment's id, a UUIDv7"},
      Field{"video_id", &Comment::video, "the video"},
      Field{"author", &Comment::author, "user name of the author; empty if deleted"},
      Field{"content", &Comment::content, "1 to 2000 characters; empty if deleted"},
      Field{"time", &Comment::time, "when it was posted"},
      Field{"position_ms", &Comment::positionMs, "position in the video, in milliseconds"},
      Field{"author_display_name", &Comment::authorDisplayName, "display name of the author, if there is one"},
      Field{"parent_id", &Comment::parent, "of a reply: the comment that it replies to"},
      Field{"deleted", &Comment::deleted, "true: deleted, and listed because it has replies; otherwise left out"},
      Field{"held", &Comment::held,
            "why only its author and moderators see it: word, new_author or hidden; otherwise left out"},
  };
};

template <>
struct Fields<NewComment> {
  static constexpr std::tuple list{
      Field{"video", &NewComment::video, "the video"},
      Field{"content", &NewComment::content, "1 to 2000 characters"},
      Field{"position_ms", &NewComment::positionMs, "position in the video, in milliseconds"},
      Field{"parent_id", &NewComment::parent,
            "comment to reply to; a reply to a reply is filed under the first comment of the thread"},
  };
};

template <>
struct Fields<CommentQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{
          Field{"video", &CommentQuery::video, "the video"},
          Field{"from", &CommentQuery::from, "posted after this time"},
          Field{"to", &CommentQuery::to, "posted at or before this time"},
          Field{"by", &CommentQuery::by, "sort by time or position"},
          Field{"at_from", &CommentQuery::atFrom, "at or after this position, in milliseconds"},
          Field{"at_to", &CommentQuery::atTo, "before this position, in milliseconds"},
          Field{"parent", &CommentQuery::parent, "only replies to this comment"},
      },
      Fields<ListQuery>::list);
};

template <>
struct Fields<CommentRef> {
  static constexpr std::tuple list{
      Field{"video", &CommentRef::video, "the video"},
      Field{"id", &CommentRef::id, "the comment"},
  };
};

template <>
struct Fields<HeldCommentQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{Field{"user", &HeldCommentQuery::user, "only comments by this user"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<ModerateComment> {
  static constexpr std::tuple list{Field{"id", &ModerateComment::id, "the comment"}};
};

template <>
struct Fields<RemoveCommentsBy> {
  static constexpr std::tuple list{
      Field{"user_name", &RemoveCommentsBy::user, "the author"},
      Field{"since", &RemoveCommentsBy::since, "posted at or after this time"},
      Field{"cursor", &RemoveCommentsBy::cursor, "next_cursor of the previous page"},
  };
};

template <>
struct Fields<RehearseRemoveCommentsBy> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<RemoveCommentsBy>::list,
                     std::tuple{
                         Field{"limit", &RehearseRemoveCommentsBy::limit, "comments on a page, 1 to 1000; default 500"},
                     });
};

template <>
struct Fields<RemovedComments> {
  static constexpr std::tuple list{
      Field{"deleted", &RemovedComments::deleted, "number of comments deleted by this request, at most 500"},
      Field{"next_cursor", &RemovedComments::nextCursor, "there may be more: repeat the request with this cursor"},
  };
};

}  // namespace video

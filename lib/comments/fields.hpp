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
struct Fields<Comment> {
  static constexpr std::string_view plural = "comments";
  static constexpr std::tuple list{
      Field{"id", &Comment::id, "the comment's id, a UUIDv7"},
      Field{"video_id", &Comment::video, "the video"},
      Field{"author", &Comment::author, "user name of the author"},
      Field{"content", &Comment::content, "1 to 2000 characters"},
      Field{"time", &Comment::time, "when it was posted"},
      Field{"position_ms", &Comment::positionMs, "position in the video, in milliseconds"},
  };
};

template <>
struct Fields<NewComment> {
  static constexpr std::tuple list{
      Field{"video", &NewComment::video, "the video"},
      Field{"content", &NewComment::content, "1 to 2000 characters"},
      Field{"position_ms", &NewComment::positionMs, "position in the video, in milliseconds"},
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

}  // namespace video

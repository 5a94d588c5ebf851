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
      Field{"id", &Comment::id, "UUIDv7"},
      Field{"video_id", &Comment::video, "the video"},
      Field{"author", &Comment::author, "who wrote it"},
      Field{"content", &Comment::content, "1 to 2000 characters"},
      Field{"time", &Comment::time, "when"},
      Field{"position_ms", &Comment::positionMs, "place on the video's timeline"},
  };
};

template <>
struct Fields<NewComment> {
  static constexpr std::tuple list{
      Field{"video", &NewComment::video, "the video"},
      Field{"content", &NewComment::content, "1 to 2000 characters"},
      Field{"position_ms", &NewComment::positionMs, "place on the video's timeline"},
  };
};

template <>
struct Fields<CommentQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{
          Field{"video", &CommentQuery::video, "the video"},
          Field{"from", &CommentQuery::from, "after this time"},
          Field{"to", &CommentQuery::to, "up to this time"},
          Field{"by", &CommentQuery::by, "time or position"},
          Field{"at_from", &CommentQuery::atFrom, "at or after this position, ms"},
          Field{"at_to", &CommentQuery::atTo, "before this position, ms"},
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

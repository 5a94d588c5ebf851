#pragma once

#include <array>
#include <utility>

#include "shares/shares.hpp"

namespace video {

template <>
struct Names<ShareWhat> {
  static constexpr std::array list{std::pair{ShareWhat::view, "view"}, std::pair{ShareWhat::upload, "upload"}};
};

template <>
struct Fields<NewShare> {
  static constexpr std::tuple list{
      Field{"video", &NewShare::video, "the video"},
      Field{"what", &NewShare::what, "view or upload"},
      Field{"expires", &NewShare::expires, "when the link expires"},
      Field{"label", &NewShare::label, "what the link is for, at most 100 characters"},
  };
};

template <>
struct Fields<Share> {
  static constexpr std::string_view plural = "shares";
  static constexpr std::tuple list{
      Field{"id", &Share::id, "the link's id, not a secret"},
      Field{"video_id", &Share::video, "the video"},
      Field{"what", &Share::what, "view or upload"},
      Field{"label", &Share::label, "what the link is for"},
      Field{"create_time", &Share::created, "when the link was created"},
      Field{"expires", &Share::expires, "when the link expires"},
  };
};

template <>
struct Fields<CreatedShare> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<Share>::list, std::tuple{Field{"url", &CreatedShare::url, "the link, shown only once"}});
};

template <>
struct Fields<ShareQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"video", &ShareQuery::video, "the video"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<ShareRef> {
  static constexpr std::tuple list{
      Field{"video", &ShareRef::video, "the video"},
      Field{"id", &ShareRef::id, "the link's id"},
  };
};

}  // namespace video

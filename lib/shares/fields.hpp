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
      Field{"expires", &NewShare::expires, "when the link ends"},
      Field{"label", &NewShare::label, "at most 100 characters"},
  };
};

template <>
struct Fields<Share> {
  static constexpr std::string_view plural = "shares";
  static constexpr std::tuple list{
      Field{"id", &Share::id, "names the link, is no secret"},
      Field{"video_id", &Share::video, "the video"},
      Field{"what", &Share::what, "view or upload"},
      Field{"label", &Share::label, "what it is for"},
      Field{"create_time", &Share::created, "when it was made"},
      Field{"expires", &Share::expires, "when it ends"},
  };
};

template <>
struct Fields<CreatedShare> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<Share>::list, std::tuple{Field{"url", &CreatedShare::url, "the link, shown this once"}});
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

#pragma once

#include <array>
#include <utility>

#include "shares/shares.hpp"

namespace video {

template <>
struct Names<ShareWhat> {
  static constexpr std::array list{std::pair{ShareWhat::view, "view"}, std::pair{ShareWhat::upload, "upload"},
                                   std::pair{ShareWhat::drop, "drop"}};
};

template <>
struct Fields<NewShare> {
  static constexpr std::tuple list{
      Field{"video", &NewShare::video, "the video"},
      Field{"what", &NewShare::what, "view, upload or drop"},
      Field{"expires", &NewShare::expires, "when the link expires"},
      Field{"expires_in_ms", &NewShare::expiresIn,
            "how long the link is valid, in milliseconds by the server's clock; takes precedence over expires"},
      Field{"label", &NewShare::label, "what the link is for, at most 100 characters"},
      Field{"user_name", &NewShare::user, "who gets the videos of a drop link"},
      Field{"max_files", &NewShare::maxFiles, "how many videos a drop link takes, 1 to 1000; default: 50"},
      Field{"max_bytes", &NewShare::maxBytes, "how many bytes they may have together; default: no limit"},
  };
};

template <>
struct Fields<Share> {
  static constexpr std::string_view plural = "shares";
  static constexpr std::tuple list{
      Field{"id", &Share::id, "the link's id, not a secret"},
      Field{"video_id", &Share::video, "the video"},
      Field{"what", &Share::what, "view, upload or drop"},
      Field{"label", &Share::label, "what the link is for"},
      Field{"create_time", &Share::created, "when the link was created"},
      Field{"expires", &Share::expires, "when the link expires"},
      Field{"user_name", &Share::user, "who gets the videos of a drop link"},
      Field{"max_files", &Share::maxFiles, "how many videos it takes"},
      Field{"max_bytes", &Share::maxBytes, "how many bytes they may have together, if there is a limit"},
      Field{"files", &Share::files, "how many videos were announced"},
      Field{"bytes", &Share::bytes, "how many bytes these have"},
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
      std::tuple_cat(std::tuple{Field{"video", &ShareQuery::video, "the video"},
                                Field{"user_name", &ShareQuery::user, "the user, for drop links"}},
                     Fields<ListQuery>::list);
};

template <>
struct Fields<ShareRef> {
  static constexpr std::tuple list{
      Field{"video", &ShareRef::video, "the video"},
      Field{"id", &ShareRef::id, "the link's id"},
      Field{"user_name", &ShareRef::user, "the user, for drop links"},
  };
};

}  // namespace video

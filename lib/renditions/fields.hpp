#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "renditions/renditions.hpp"

namespace video {

template <>
struct Names<RenditionForm> {
  static constexpr std::array list{std::pair{RenditionForm::thumbnail, "thumbnail"},
                                   std::pair{RenditionForm::play, "play"}};
};

template <>
struct Names<RenditionState> {
  static constexpr std::array list{
      std::pair{RenditionState::waiting, "waiting"}, std::pair{RenditionState::ready, "ready"},
      std::pair{RenditionState::transcode, "transcode"}, std::pair{RenditionState::dead, "dead"},
      std::pair{RenditionState::unneeded, "unneeded"}};
};

template <>
struct Fields<Rendition> {
  static constexpr std::string_view plural = "renditions";
  static constexpr std::tuple list{
      Field{"id", &Rendition::id, "ID of the video"},
      Field{"form", &Rendition::form, "thumbnail (a picture) or play (a form that every browser plays)"},
      Field{"state", &Rendition::state,
            "waiting, ready, transcode (media.transcode does not allow to encode it), dead (given up) or unneeded"},
      Field{"size", &Rendition::size, "size in bytes, if ready"},
      Field{"tries", &Rendition::tries, "how often its making has begun"},
      Field{"error", &Rendition::error, "why the last try failed"},
  };
};

template <>
struct Fields<RenditionsOf> {
  static constexpr std::tuple list{Field{"id", &RenditionsOf::id, "ID of the video"}};
};

template <>
struct Fields<ThumbnailQuery> {
  static constexpr std::tuple list{
      Field{"id", &ThumbnailQuery::id, "ID of the video"},
      Field{"v", &ThumbnailQuery::version, "version of the picture; clients may keep the reply"},
  };
};

template <>
struct Fields<RenderVideo> {
  static constexpr std::tuple list{
      Field{"id", &RenderVideo::id, "ID of the video"},
      Field{"force", &RenderVideo::force, "also if there is one, or if browsers play the content as it is"},
      Field{"form", &RenderVideo::form, "thumbnail or play; default: play"},
  };
};

template <>
struct Fields<RenditionQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{Field{"user", &RenditionQuery::user, "only videos of this user; default: your own, for admins all"},
                 Field{"state", &RenditionQuery::state, "waiting, transcode or dead; default: dead"}},
      Fields<ListQuery>::list);
};

}  // namespace video

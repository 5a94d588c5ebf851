#pragma once

#include <array>
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
      std::pair{RenditionState::transcode, "transcode"}, std::pair{RenditionState::dead, "dead"}};
};

template <>
struct Fields<Rendition> {
  static constexpr std::string_view plural = "renditions";
  static constexpr std::tuple list{
      Field{"id", &Rendition::id, "ID of the video"},
      Field{"form", &Rendition::form, "thumbnail (a picture) or play (a form that every browser plays)"},
      Field{"state", &Rendition::state,
            "waiting, ready, transcode (media.transcode does not allow to encode it) or dead (given up)"},
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
  };
};

}  // namespace video

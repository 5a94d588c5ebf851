#pragma once

#include "subtitles/subtitles.hpp"

namespace video {

template <>
struct Fields<Subtitle> {
  static constexpr std::string_view plural = "subtitles";
  static constexpr std::tuple list{
      Field{"lang", &Subtitle::lang, "language tag (BCP 47)"},
      Field{"label", &Subtitle::label, "what a player shows; may be empty"},
      Field{"size", &Subtitle::size, "size in bytes"},
      Field{"url", &Subtitle::url, "path of the WebVTT on the site"},
  };
};

template <>
struct Fields<StoredSubtitle> {
  static constexpr std::tuple list = std::tuple_cat(
      Fields<Subtitle>::list,
      std::tuple{Field{"replaced", &StoredSubtitle::replaced, "whether earlier ones in this language were replaced"}});
};

template <>
struct Fields<NewSubtitle> {
  static constexpr std::tuple list{
      Field{"video", &NewSubtitle::video, "the video"},
      Field{"lang", &NewSubtitle::lang, "language tag (BCP 47), such as en or zh-Hant"},
      Field{"label", &NewSubtitle::label, "what a player shows, at most 100 characters"},
  };
};

template <>
struct Fields<SubtitleQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"video", &SubtitleQuery::video, "the video"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<SubtitleRef> {
  static constexpr std::tuple list{
      Field{"video", &SubtitleRef::video, "the video"},
      Field{"lang", &SubtitleRef::lang, "language tag (BCP 47)"},
  };
};

}  // namespace video

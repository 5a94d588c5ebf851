#pragma once

#include <tuple>

#include "comments/fields.hpp"
#include "views/views.hpp"

namespace video {

template <>
struct Fields<WatchVideo> {
  static constexpr std::tuple list{
      Field{"video", &WatchVideo::video, "the video"},
      Field{"position_ms", &WatchVideo::positionMs, "position in the video, in milliseconds"},
      Field{"duration_ms", &WatchVideo::durationMs, "length of the video as the player sees it, in milliseconds"},
      Field{"ended", &WatchVideo::ended, "true: it has been watched to the end"},
      Field{"paused", &WatchVideo::paused, "true: it is paused or left"},
      Field{"cursor", &WatchVideo::cursor, "cursor of the previous reply"},
  };
};

template <>
struct Fields<Watching> {
  static constexpr std::tuple list{
      Field{"watching", &Watching::watching, "viewers of the last 45 seconds, this one included"},
      Field{"comments", &Watching::comments,
            "danmaku posted since the previous reply, at most 200, without imported ones; the same one may come again"},
      Field{"cursor", &Watching::cursor, "for the next request"},
  };
};

template <>
struct Fields<ResumeQuery> {
  static constexpr std::tuple list{Field{"video", &ResumeQuery::video, "the video"}};
};

template <>
struct Fields<ResumePoint> {
  static constexpr std::tuple list{
      Field{"position_ms", &ResumePoint::positionMs, "where you left off, in milliseconds; left out if not known"},
      Field{"ended", &ResumePoint::ended, "true: you have watched it to the end; otherwise left out"},
      Field{"watching", &ResumePoint::watching, "viewers of the last 45 seconds"},
  };
};

template <>
struct Fields<HistoryEntry> {
  static constexpr std::string_view plural = "history";
  static constexpr std::tuple list{
      Field{"video_id", &HistoryEntry::video, "the video"},
      Field{"name", &HistoryEntry::name, "its name; left out if you may no longer see the video"},
      Field{"author", &HistoryEntry::author, "its owner; left out if you may no longer see the video"},
      Field{"position_ms", &HistoryEntry::positionMs, "how far it was watched, in milliseconds"},
      Field{"duration_ms", &HistoryEntry::durationMs, "its length in milliseconds, if known"},
      Field{"ended", &HistoryEntry::ended, "whether it was watched to the end"},
      Field{"time", &HistoryEntry::time, "when it was watched last"},
  };
};

template <>
struct Fields<HistoryQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"user_name", &HistoryQuery::user, "the user"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<ClearHistory> {
  static constexpr std::tuple list{
      Field{"user_name", &ClearHistory::user, "the user"},
      Field{"video", &ClearHistory::video, "only this video"},
  };
};

}  // namespace video

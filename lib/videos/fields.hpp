#pragma once

#include <array>
#include <utility>

#include "videos/videos.hpp"

namespace video {

template <>
struct Names<VideoState> {
  static constexpr std::array list{std::pair{VideoState::pending, "pending"}, std::pair{VideoState::ready, "ready"},
                                   std::pair{VideoState::deleted, "deleted"},
                                   std::pair{VideoState::purging, "purging"}};
};

template <>
struct Names<VideoSort> {
  static constexpr std::array list{std::pair{VideoSort::created, "created"}, std::pair{VideoSort::name, "name"},
                                   std::pair{VideoSort::size, "size"}};
};

template <>
struct Names<ContentState> {
  static constexpr std::array list{std::pair{ContentState::absent, "absent"},
                                   std::pair{ContentState::present, "present"},
                                   std::pair{ContentState::deleted, "deleted"}};
};

template <>
struct Fields<Video> {
  static constexpr std::string_view plural = "videos";
  static constexpr std::tuple list{
      Field{"id", &Video::id, "UUIDv7, sorts by creation"},
      Field{"author_id", &Video::authorId, "the owner's id"},
      Field{"author", &Video::author, "the owner's name"},
      Field{"name", &Video::name, "1 to 200 characters"},
      Field{"state", &Video::state, "pending, ready, deleted or purging"},
      Field{"display_ctime", &Video::displayTime, "creation in the original site's form, UTC"},
      Field{"create_time", &Video::created, "when it was made"},
      Field{"size", &Video::size, "bytes"},
      Field{"content_type", &Video::contentType, "media type, found at upload"},
      Field{"sha256", &Video::sha256, "of the content, hex"},
      Field{"duration_ms", &Video::durationMs, "length, where known"},
      Field{"purge_time", &Video::purgeTime, "when a deleted video is due"},
      Field{"description", &Video::description, "at most 5000 characters, LF between lines"},
  };
};

template <>
struct Fields<NewVideo> {
  static constexpr std::tuple list{
      Field{"user_name", &NewVideo::user, "the owner"},
      Field{"name", &NewVideo::name, "1 to 200 characters"},
  };
};

template <>
struct Fields<AddedVideo> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<Video>::list, std::tuple{Field{"upload_url", &AddedVideo::uploadUrl, "signed, relative"}});
};

template <>
struct Fields<VideoRef> {
  static constexpr std::tuple list{
      Field{"id", &VideoRef::id, "the video's id"},
      Field{"user_name", &VideoRef::user, "whose it must be"},
  };
};

template <>
struct Fields<RemoveVideo> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<VideoRef>::list, std::tuple{Field{"now", &RemoveVideo::now, "without the usual delay"}});
};

template <>
struct Fields<ContentQuery> {
  static constexpr std::tuple list{
      Field{"user_name", &ContentQuery::user, "whose"},
      Field{"sha256", &ContentQuery::sha256, "of the content, 64 hex digits in lower case"},
  };
};

template <>
struct Fields<KnownContent> {
  static constexpr std::tuple list{
      Field{"state", &KnownContent::state, "absent, present or deleted"},
      Field{"video_id", &KnownContent::video, "one that has it; where it was deleted, as long as it is in the trash"},
      Field{"delete_time", &KnownContent::deleted, "when it was deleted"},
  };
};

template <>
struct Fields<SetVideo> {
  static constexpr std::tuple list{
      Field{"id", &SetVideo::id, "the video"},
      Field{"name", &SetVideo::name, "1 to 200 characters"},
      Field{"description", &SetVideo::description, "at most 5000 characters, LF between lines"},
  };
};

template <>
struct Fields<VerifiedVideo> {
  static constexpr std::tuple list{
      Field{"id", &VerifiedVideo::id, "the video"},
      Field{"sound", &VerifiedVideo::sound, "whether its content is there as it came"},
      Field{"size", &VerifiedVideo::size, "bytes that are there"},
      Field{"sha256", &VerifiedVideo::sha256, "of them, hex; empty where the content is missing"},
  };
};

template <>
struct Fields<VideoQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{
          Field{"user", &VideoQuery::user, "only this user's"},
          Field{"state", &VideoQuery::state, "only in this state"},
          Field{"sha256", &VideoQuery::sha256, "only with this content"},
          Field{"sort", &VideoQuery::sort, "created, name or size"},
      },
      Fields<ListQuery>::list);
};

template <>
struct Fields<UserVideosQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"user_name", &UserVideosQuery::user, "whose"},
                                Field{"state", &UserVideosQuery::state, "only in this state"}},
                     Fields<ListQuery>::list);
};

}  // namespace video

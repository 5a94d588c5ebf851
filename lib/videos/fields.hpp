#pragma once

#include <array>
#include <utility>

#include "subtitles/fields.hpp"
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
                                   std::pair{VideoSort::size, "size"}, std::pair{VideoSort::duration, "duration"}};
};

template <>
struct Names<VerifyState> {
  static constexpr std::array list{std::pair{VerifyState::queued, "queued"}, std::pair{VerifyState::running, "running"},
                                   std::pair{VerifyState::ok, "ok"}, std::pair{VerifyState::damaged, "damaged"}};
};

template <>
struct Names<ContentState> {
  static constexpr std::array list{std::pair{ContentState::absent, "absent"},
                                   std::pair{ContentState::present, "present"},
                                   std::pair{ContentState::deleted, "deleted"}};
};

template <>
struct Fields<Chapter> {
  static constexpr std::string_view plural = "chapters";
  static constexpr std::tuple list{
      Field{"time_ms", &Chapter::timeMs, "where it begins, in milliseconds"},
      Field{"title", &Chapter::title, "title"},
  };
};

template <>
struct Fields<Video> {
  static constexpr std::string_view plural = "videos";
  static constexpr std::tuple list{
      Field{"id", &Video::id, "UUIDv7, sorts by creation time"},
      Field{"author_id", &Video::authorId, "ID of the owner"},
      Field{"author", &Video::author, "name of the owner"},
      Field{"name", &Video::name, "1 to 200 characters"},
      Field{"state", &Video::state, "pending, ready, deleted or purging"},
      Field{"display_ctime", &Video::displayTime, "creation time in the format of the original site, UTC"},
      Field{"create_time", &Video::created, "creation time"},
      Field{"size", &Video::size, "size in bytes"},
      Field{"content_type", &Video::contentType, "media type, detected at upload"},
      Field{"sha256", &Video::sha256, "SHA-256 of the content, hex"},
      Field{"duration_ms", &Video::durationMs, "duration in milliseconds, if known"},
      Field{"purge_time", &Video::purgeTime, "when a deleted video is due to be purged"},
      Field{"description", &Video::description, "at most 5000 characters, lines separated by LF"},
      Field{"visibility", &Video::visibility, "public, unlisted or private"},
      Field{"blocked", &Video::blocked, "why it is blocked, if it is"},
      Field{"tags", &Video::tags, "at most 10, in lower case, sorted"},
      Field{"author_display_name", &Video::authorDisplayName, "display name of the owner, if there is one"},
      Field{"comments_off", &Video::commentsOff, "true: comments are switched off; otherwise left out"},
      Field{"width", &Video::width, "width in pixels, after rotation, if known"},
      Field{"height", &Video::height, "height in pixels, after rotation, if known"},
      Field{"video_codec", &Video::videoCodec, "codec of the first video track, as in RFC 6381 where it can be told"},
      Field{"audio_codec", &Video::audioCodec, "codec of the first audio track"},
      Field{"faststart", &Video::faststart, "whether the index comes before the media, in mp4 and mov"},
      Field{"fragmented", &Video::fragmented, "whether there is an index in every part, in mp4 and mov"},
      Field{"has_location", &Video::hasLocation,
            "whether the file says where it was taken; for the owner, admins and the operator"},
      Field{"original_sha256", &Video::originalSha256, "SHA-256 of the uploaded file, if its location was removed"},
      Field{"notes", &Video::notes, "why it does not play everywhere; shown for a single video only"},
      Field{"subtitles", &Video::subtitles, "subtitles; only of a single video that has some"},
      Field{"chapters", &Video::chapters, "chapters; only of a single video that has some"},
      Field{"thumbnail", &Video::thumbnail, "path of its picture, which changes with the picture, if there is one"},
      Field{"play", &Video::play, "path of a form that every browser plays, if there is one"},
      Field{"danmaku_off", &Video::danmakuOff,
            "true: danmaku (comments with a position) are switched off; otherwise left out"},
      Field{"views", &Video::views, "how often it was watched; a viewer counts once within 24 hours"},
  };
};

template <>
struct Fields<NewVideo> {
  static constexpr std::tuple list{
      Field{"user_name", &NewVideo::user, "the owner"},
      Field{"name", &NewVideo::name, "1 to 200 characters"},
      Field{"visibility", &NewVideo::visibility, "public, unlisted or private"},
  };
};

template <>
struct Fields<AddedVideo> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<Video>::list, std::tuple{Field{"upload_url", &AddedVideo::uploadUrl,
                                                           "signed link to upload the content, relative to the site"}});
};

template <>
struct Fields<DropVideo> {
  static constexpr std::tuple list{
      Field{"id", &DropVideo::drop, "ID of the drop link"},
      Field{"name", &DropVideo::name, "1 to 200 characters"},
      Field{"size", &DropVideo::size, "size of the file in bytes"},
  };
};

template <>
struct Fields<DroppedVideo> {
  static constexpr std::tuple list{
      Field{"id", &DroppedVideo::id, "ID of the video"},
      Field{"name", &DroppedVideo::name, "name of the video"},
      Field{"upload_url", &DroppedVideo::uploadUrl, "signed link to upload the content, relative to the site"},
  };
};

template <>
struct Fields<VideoRef> {
  static constexpr std::tuple list{
      Field{"id", &VideoRef::id, "ID of the video"},
      Field{"user_name", &VideoRef::user, "the owner, which must match"},
  };
};

template <>
struct Names<VideoForm> {
  static constexpr std::array list{std::pair{VideoForm::original, "original"}, std::pair{VideoForm::play, "play"}};
};

template <>
struct Fields<OpenVideo> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<VideoRef>::list,
                     std::tuple{Field{"form", &OpenVideo::form, "original, or play: a form that every browser plays"}});
};

template <>
struct Fields<RemoveVideo> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<VideoRef>::list, std::tuple{Field{"now", &RemoveVideo::now, "without the usual delay"}});
};

template <>
struct Fields<ContentQuery> {
  static constexpr std::tuple list{
      Field{"user_name", &ContentQuery::user, "the owner"},
      Field{"sha256", &ContentQuery::sha256, "SHA-256 of the content, 64 lower-case hex digits"},
  };
};

template <>
struct Fields<KnownContent> {
  static constexpr std::tuple list{
      Field{"state", &KnownContent::state, "absent, present or deleted"},
      Field{"video_id", &KnownContent::video, "a video with this content, if one exists or is in the trash"},
      Field{"delete_time", &KnownContent::deleted, "when it was deleted"},
  };
};

template <>
struct Fields<SetVideo> {
  static constexpr std::tuple list{
      Field{"id", &SetVideo::id, "ID of the video"},
      Field{"name", &SetVideo::name, "new name, 1 to 200 characters"},
      Field{"description", &SetVideo::description, "new description, at most 5000 characters, lines separated by LF"},
      Field{"visibility", &SetVideo::visibility, "public, unlisted or private"},
      Field{"tags", &SetVideo::tags, "new tags, at most 10 of 1 to 50 characters without commas"},
      Field{"comments_off", &SetVideo::commentsOff, "whether to switch comments off"},
      Field{"danmaku_off", &SetVideo::danmakuOff, "whether to switch danmaku (comments with a position) off"},
      Field{"user_name", &SetVideo::user,
            "user who gets the video; only for admins and the operator; can be repeated if it fails"},
  };
};

template <>
struct Fields<VerifiedVideo> {
  static constexpr std::tuple list{
      Field{"id", &VerifiedVideo::id, "ID of the video"},
      Field{"state", &VerifiedVideo::state, "queued, running, ok or damaged"},
      Field{"sound", &VerifiedVideo::sound, "whether the file matches its recorded size and SHA-256"},
      Field{"size", &VerifiedVideo::size, "size of the file in bytes; while running, bytes read so far"},
      Field{"sha256", &VerifiedVideo::sha256, "SHA-256 of the file, hex; empty until the end and if it is missing"},
      Field{"end_time", &VerifiedVideo::ended, "when the verification ended"},
  };
};

template <>
struct Fields<VideoQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{
          Field{"user", &VideoQuery::user, "only the videos of this user"},
          Field{"state", &VideoQuery::state, "only videos in this state"},
          Field{"sha256", &VideoQuery::sha256, "only videos with this SHA-256"},
          Field{"sort", &VideoQuery::sort, "sort by created (newest first), name, size or duration (ascending)"},
          Field{"tag", &VideoQuery::tag, "only videos with this tag"},
          Field{"reverse", &VideoQuery::reverse, "whether to reverse the order"},
          Field{"name", &VideoQuery::name,
                "only videos whose whole name matches this, in the same case, with *, ?, [a-z] and [!a-z]; "
                "at most 8 of * and ["},
      },
      Fields<ListQuery>::list);
};

template <>
struct Fields<NewestQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"tag", &NewestQuery::tag, "only videos with this tag"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<UserVideosQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"user_name", &UserVideosQuery::user, "the owner"},
                                Field{"state", &UserVideosQuery::state, "only videos in this state"}},
                     Fields<ListQuery>::list);
};

template <>
struct Fields<BlockVideo> {
  static constexpr std::tuple list{
      Field{"id", &BlockVideo::id, "ID of the video"},
      Field{"reason", &BlockVideo::reason, "why, for the owner, 1 to 500 characters"},
  };
};

}  // namespace video

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// Subtitles of a video in one language.
struct Subtitle {
  std::string lang;       ///< language tag (BCP 47)
  std::string label;      ///< what a player shows; may be empty
  std::int64_t size = 0;  ///< bytes of WebVTT
  std::string url;        ///< path of the WebVTT on the site
};

/// Subtitles that were stored.
struct StoredSubtitle : Subtitle {
  bool replaced = false;  ///< earlier ones in this language were replaced
};

/// The request to store subtitles.
struct NewSubtitle {
  VideoId video;
  std::string lang;                  ///< language tag (BCP 47)
  std::optional<std::string> label;  ///< at most 100 characters; default: that of earlier ones in this language
};

/// The request for a page of a video's subtitles.
struct SubtitleQuery : ListQuery {
  VideoId video;
};

/// Names the subtitles of a video in one language.
struct SubtitleRef {
  VideoId video;
  std::string lang;
};

/// Configuration of subtitles.
struct SubtitlesOptions {
  std::int64_t quota = 0;  ///< as UsersOptions::quota
};

/// Subtitles of videos, which those see who may see the video. Every function may be called from any thread and throws
/// Error, with notFound if the video does not exist.
class Subtitles {
 public:
  virtual ~Subtitles() = default;
  /// Stores subtitles, and replaces those in the same language. `bytes` are WebVTT or SubRip, at most 2 MiB, in UTF-8,
  /// UTF-16 or GB18030. For the owner, admins and the operator. Faults: malformed (also: nothing in it can be shown),
  /// unsupportedMediaType, tooLarge, forbidden, overQuota, diskFull, conflict (the video has subtitles in 32 languages,
  /// is deleted or blocked).
  virtual StoredSubtitle put(const Credential& by, const NewSubtitle& wanted, const ByteSource& bytes) = 0;
  /// Lists the subtitles of a video by language; `since` and `until` are about when they were stored.
  virtual Page<Subtitle> list(const Credential& by, const SubtitleQuery& wanted) = 0;
  /// Opens subtitles as WebVTT. A signed link must be valid even if the caller may watch without one.
  virtual Content open(const Credential& by, const SubtitleRef& wanted) = 0;
  /// Deletes subtitles. For the owner, admins and the operator.
  virtual void remove(const Credential& by, const SubtitleRef& wanted) = 0;
};

}  // namespace video

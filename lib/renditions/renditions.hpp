#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video::schedule {
struct Counts;
struct Task;
}  // namespace video::schedule

namespace video {

/// What is made of a content: a picture, or a form of the video that every browser plays.
enum class RenditionForm { thumbnail, play };

/// What has become of it.
enum class RenditionState {
  waiting,    ///< it will be made
  ready,      ///< it is there
  transcode,  ///< it would have to be encoded, which `media.transcode` does not allow
  dead,       ///< given up after several tries
  unneeded,   ///< browsers play the content as it is, or it has no pictures; in replies to `render` only
};

/// A picture or playable form of a video.
struct Rendition {
  VideoId id;  ///< the video
  RenditionForm form = RenditionForm::play;
  RenditionState state = RenditionState::waiting;
  std::optional<std::int64_t> size;  ///< bytes, if ready
  std::int64_t tries = 0;            ///< how often its making has begun
  std::optional<std::string> error;  ///< why the last try failed
};

/// Names a video.
struct RenditionsOf {
  VideoId id;
};

/// Which picture to open.
struct ThumbnailQuery {
  VideoId id;
  std::optional<std::string> version;  ///< the one in Video::thumbnail; clients may then keep the picture
};

/// The request to make a playable form, or a picture.
struct RenderVideo {
  VideoId id;
  std::optional<bool> force;            ///< also if there is one, or if browsers play the content as it is
  std::optional<RenditionForm> form{};  ///< default: play
};

/// The request for a page of renditions that are not there, by video.
struct RenditionQuery : ListQuery {
  std::optional<std::string> user;        ///< the videos' owner
  std::optional<RenditionState> state{};  ///< default: dead
};

/// Whether playable forms are made, and how.
enum class TranscodeMode {
  off,    ///< none are made
  remux,  ///< only those whose pictures and sound can be copied
  h264,   ///< others are encoded as H.264 and AAC
};

/// How renditions are made.
struct RenditionsOptions {
  TranscodeMode transcode = TranscodeMode::remux;
  int maxHeight = 720;     ///< most lines of encoded pictures
  std::int64_t quota = 0;  ///< bytes per user without an own quota; 0: no limit
  std::int64_t maxTries = 3;
  std::chrono::milliseconds retryDelay{10 * 60'000};  ///< before the second try; doubled each time
  std::chrono::seconds processor{0};                  ///< processor time of one program; 0: as much as usual
  std::optional<std::string> programs{};              ///< folder with ffmpeg and ffprobe; nothing: the usual folders
};

/// The pictures of videos and their playable forms. Every function may be called from any thread and throws Error. Who
/// may not see a video does not find its picture. Playable forms are opened with Videos::open.
class Renditions {
 public:
  virtual ~Renditions() = default;
  /// Lists the picture and the playable form of a video, as far as they are there or to be made. For the owner, admins
  /// and the operator. Faults: notFound.
  virtual Page<Rendition> list(const Credential& by, const RenditionsOf& wanted) = 0;
  /// Opens the picture of a video, for whoever may see the video. Faults: notFound (also if it has none), forbidden (a
  /// link that is not valid).
  virtual Content thumbnail(const Credential& by, const ThumbnailQuery& wanted) = 0;
  /// Sets the picture of a pending or ready video: JPEG, PNG or WebP, at most 512 KiB and 4096 by 4096 pixels. It
  /// counts towards the quota, and stays if the content is replaced. For the owner, admins and the operator. Faults:
  /// unsupportedMediaType (not such a picture), tooLarge, overQuota, diskFull, notFound, conflict (deleted, blocked).
  virtual void setThumbnail(const Credential& by, const RenditionsOf& wanted, const ByteSource& bytes) = 0;
  /// Removes the picture. One that was set gives way to one made of the content; otherwise there is none until the
  /// content is replaced. For the same callers. Faults: notFound (also if it has none).
  virtual void removeThumbnail(const Credential& by, const RenditionsOf& wanted) = 0;
  /// Queues the making of a playable form or picture of a ready video, again if it was given up. Returns it with its
  /// state: `waiting` if it is queued; `ready` if there is one already, or a picture was set; `unneeded` or `transcode`
  /// if none is made of this content. For the same callers. Faults: notFound, conflict (not ready; ffmpeg is not
  /// installed, or for a playable form `media.transcode` is off).
  virtual Rendition render(const Credential& by, const RenderVideo& wanted) = 0;
  /// Lists the renditions that wait, would have to be encoded, or were given up, by video; times are those of the
  /// videos. Of the caller's videos; admins and the operator see all, or those of one user. Faults: malformed (another
  /// state), forbidden, notFound (the user).
  virtual Page<Rendition> listQueued(const Credential& by, const RenditionQuery& wanted) = 0;
};

/// The renditions of a data directory, and the tasks that make them.
class LocalRenditions : public Renditions {
 public:
  /// Returns the task that makes pictures of videos without one, one at a time.
  virtual schedule::Task thumbnailsTask() = 0;
  /// Returns the task that makes playable forms of videos that browsers cannot play, one at a time.
  virtual schedule::Task renditionsTask() = 0;
  /// Returns the videos that have files in `derived/`; some may be gone.
  virtual std::vector<VideoId> listFolders() = 0;
  /// Removes the files in `derived/` that nobody is writing, and that belong to this video no longer. Returns how many.
  virtual schedule::Counts sweep(const VideoId& video) = 0;
  /// Sets how to wake a task. Call it before any operation.
  virtual void wakeBy(std::function<void(std::string_view task)> wake) = 0;
};

}  // namespace video

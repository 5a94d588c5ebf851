#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "comments/comments.hpp"

namespace video {

/// A heartbeat of somebody who watches a video: sent every 20 s while it plays, and when it starts, is paused or left.
struct WatchVideo {
  VideoId video;
  std::int64_t positionMs = 0;             ///< position in the video, in milliseconds, 0 or more
  std::optional<std::int64_t> durationMs;  ///< length of the video as the player sees it, in milliseconds
  std::optional<bool> ended;               ///< it has been watched to the end
  std::optional<bool> paused{};            ///< it is paused or left
  std::optional<std::string> cursor;       ///< `cursor` of the previous reply
  std::string address{};                   ///< client address, for counting; never sent over HTTP
  std::string agent{};                     ///< the client's User-Agent, likewise
};

/// The reply to WatchVideo.
struct Watching {
  std::int64_t watching = 0;  ///< viewers of the last 45 s, this one included
  /// Public danmaku posted since the previous reply, without imported ones; at most 200.
  std::vector<Comment> comments;
  std::string cursor;  ///< for the next request
};

/// Names the video to resume.
struct ResumeQuery {
  VideoId video;
};

/// Where a viewer left off.
struct ResumePoint {
  std::optional<std::int64_t> positionMs;  ///< nothing: the caller has not watched it, or keeps no history
  std::optional<bool> ended;               ///< true: the caller has watched it to the end; otherwise nothing
  std::int64_t watching = 0;               ///< viewers of the last 45 s
};

/// A video that a user has watched.
struct HistoryEntry {
  VideoId video;
  std::optional<std::string> name;    ///< nothing if the caller may no longer see the video
  std::optional<std::string> author;  ///< the same
  std::int64_t positionMs = 0;
  std::optional<std::int64_t> durationMs;  ///< the same, and if it is not known
  bool ended = false;                      ///< it was watched to the end
  Time time{};                             ///< when it was watched last
};

/// Which history to list.
struct HistoryQuery : ListQuery {
  std::string user;
};

/// Which history to clear.
struct ClearHistory {
  std::string user;
  std::optional<VideoId> video;  ///< only this video
};

/// Who is watching what, and how often videos were watched. Every function may be called from any thread and throws
/// Error.
class Views {
 public:
  virtual ~Views() = default;
  /// Records that somebody is watching a ready video. A viewer (an account, or an address with a browser) counts as a
  /// view once within 24 hours, after 30 s or half of the video. For a user who keeps a history, saves the position:
  /// once a minute, and at once if the video is paused or left or the call comes early, but every 5 s on average at
  /// most. If the disk is full, saves and counts nothing. For those who may see the video. Faults: malformed, notFound.
  virtual Watching watch(const Credential& by, const WatchVideo& wanted) = 0;
  /// Returns where the caller left off. For those who may see the video. Faults: notFound.
  virtual ResumePoint resume(const Credential& by, const ResumeQuery& wanted) = 0;
  /// Lists what a user has watched, latest first. For the user, admins and the operator. Faults: notFound.
  virtual Page<HistoryEntry> history(const Credential& by, const HistoryQuery& wanted) = 0;
  /// Removes a user's history, or one video from it. For the user, admins and the operator. Faults: notFound (the
  /// user).
  virtual void clear(const Credential& by, const ClearHistory& wanted) = 0;
};

}  // namespace video

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "renditions/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A picture or playable form to be made, and the content to make it of.
struct QueuedRendition {
  VideoId id;
  std::string blob;
  std::string contentType;
  std::int64_t size = 0;
  std::optional<std::int64_t> durationMs;
  std::int64_t tries = 0;
  bool forced = false;
  UserId owner;
};

/// The files of a video in `derived/`; empty for none.
struct DerivedNames {
  std::string thumbnail;
  std::int64_t thumbnailSize = 0;  ///< bytes of a picture that was set; 0 if it was made
  std::string play;
};

/// Returns the first rendition of this form that is due, of a ready video of the next user after `last` who has one.
std::optional<QueuedRendition> nextQueued(store::Reader& reader, RenditionForm form, Time now, UserId last);
/// Returns whether a rendition is queued or was given up, and how.
std::optional<RenditionState> stateOfQueued(store::Reader& reader, const VideoId& id, RenditionForm form);
/// Returns a page of what is in this state, of the videos of one user or of all.
Page<Rendition> listQueued(store::Reader& reader, std::optional<UserId> owner, RenditionState state,
                           const RenditionQuery& wanted);
/// Returns what is queued for a video.
std::vector<Rendition> listQueued(store::Reader& reader, const VideoId& id);
/// Returns whether something was not made because it would have to be encoded.
bool hasTranscodes(store::Reader& reader);
/// Returns a new name for the file of a picture. `sha256` is of the picture, in hexadecimal.
std::string thumbnailName(std::string_view sha256, std::string_view extension);
/// Returns the part of a picture's file name that clients get as its version.
std::string_view versionOf(std::string_view thumbnail);
/// Returns the names of a video's files; nothing if there is no such video.
std::optional<DerivedNames> findDerived(store::Reader& reader, const VideoId& id);

/// Returns whether a video is ready and has this content.
bool hasContent(store::Reader& reader, const VideoId& id, std::string_view blob);

/// Queues a rendition, in place of an earlier request. `forced`: also if browsers play the content as it is.
void queueRendition(store::Transaction& transaction, const VideoId& id, RenditionForm form, bool forced, Time now);
/// Removes a rendition from the queue.
void unqueueRendition(store::Transaction& transaction, const VideoId& id, RenditionForm form);
/// Forgets what was made of the content before, and queues both forms, but no picture if one was set. Call it when a
/// content is published.
void renewRenditions(store::Transaction& transaction, const VideoId& id, Time now);
/// Queues what was not made because it would have to be encoded, at most `limit`. Returns how many.
std::int64_t queueTranscodes(store::Transaction& transaction, Time now, std::int64_t limit);

/// Adds `tries` to the tries of a waiting rendition.
void countTries(store::Transaction& transaction, const VideoId& id, RenditionForm form, std::int64_t tries);

// These change nothing and return false if the video no longer has the content `blob`.

/// Removes a rendition that is made, or not needed, from the queue.
bool finishRendition(store::Transaction& transaction, const VideoId& id, RenditionForm form, std::string_view blob);
/// Records why a rendition was not made, and when to try again.
bool recordRenditionFailure(store::Transaction& transaction, const VideoId& id, RenditionForm form,
                            std::string_view blob, RenditionState state, Time due, std::string_view error);

/// Names the file of a form; empty: there is none.
void setDerived(store::Transaction& transaction, const VideoId& id, RenditionForm form, std::string_view file);
/// Names the picture that a client has set, of `size` bytes.
void setThumbnail(store::Transaction& transaction, const VideoId& id, std::string_view file, std::int64_t size);

}  // namespace video::rows

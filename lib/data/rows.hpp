#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A file that a row came to name.
struct ContentChange {
  std::int64_t number = 0;  ///< ascending
  std::string path;         ///< below the data directory
};

/// Returns the changes after `number`, oldest first, at most `limit`.
std::vector<ContentChange> listContentChanges(store::Reader& reader, std::int64_t number, std::int64_t limit);

/// What a row says about the files of a video.
struct KeptContent {
  VideoId id;
  std::string blob;  ///< empty for none
  std::int64_t size = 0;
  std::string sha256;     ///< empty if not known
  std::string thumbnail;  ///< in `derived/`; empty for none
  std::string play;       ///< the same
  bool isPurged = false;  ///< its files are being removed
};

/// Returns at most `limit` videos after `after`, by ID.
std::vector<KeptContent> listKept(store::Reader& reader, const VideoId& after, std::int64_t limit);
/// Returns one video; nothing if there is none.
std::optional<KeptContent> findKept(store::Reader& reader, const VideoId& id);
/// Returns at most `limit` ready videos of a user after `after`, by ID.
std::vector<VideoId> listReadyOf(store::Reader& reader, UserId author, const VideoId& after, std::int64_t limit);
/// Returns how many videos there are.
std::int64_t countVideos(store::Reader& reader);
/// Returns whether there is a video with this ID, in any state.
bool isVideo(store::Reader& reader, std::string_view id);

/// The bytes that are stored of an upload.
struct StoredBytes {
  std::string upload;
  std::int64_t bytes = 0;
};
/// Returns the partial uploads that have bytes.
std::vector<StoredBytes> listPartialUploads(store::Reader& reader);
/// Returns the stored bytes of a partial upload; nothing if it is no longer partial.
std::optional<std::int64_t> partialBytes(store::Reader& reader, std::string_view upload);
/// Records that fewer bytes of an upload are stored.
void setPartialBytes(store::Transaction& transaction, std::string_view upload, std::int64_t bytes);

/// A deletion that was given up, or a deleted video without a record of its deletion.
struct LostDeletion {
  VideoId id;
  std::string why;  ///< the last error
  bool hasRecord = false;
};
std::vector<LostDeletion> listLostDeletions(store::Reader& reader);
/// Queues the deletion of a deleted video that has no record.
void insertDeletion(store::Transaction& transaction, const VideoId& video, Time due, Time now);

/// What a user uses.
struct Sums {
  std::int64_t videos = 0;
  std::int64_t used = 0;
  std::int64_t trash = 0;
  bool operator==(const Sums&) const = default;
};
/// A user's sums as recorded, and as the rows have them.
struct WrongSums {
  UserId user;
  std::string name;
  Sums recorded;
  Sums counted;
};
/// Returns the users whose sums are wrong. Call it in a snapshot.
std::vector<WrongSums> listWrongSums(store::Reader& reader);
/// A video's bytes beside its content, as recorded and as the rows have them.
struct WrongBeside {
  VideoId id;
  std::int64_t recorded = 0;
  std::int64_t counted = 0;
};
std::vector<WrongBeside> listWrongBeside(store::Reader& reader);
void setBeside(store::Transaction& transaction, const VideoId& id, std::int64_t bytes);
/// Adds the difference between what was counted and recorded to the sums of a user.
void correctSums(store::Transaction& transaction, const WrongSums& wrong);

/// Returns the ID here of a thing of another site; nothing if it was not imported.
std::optional<std::string> findImported(store::Reader& reader, std::string_view site, std::string_view what,
                                        std::string_view oldId);
/// Records the ID here of a thing of another site.
void insertImported(store::Transaction& transaction, std::string_view site, std::string_view what,
                    std::string_view oldId, std::string_view newId);
/// Removes such a record.
void removeImported(store::Transaction& transaction, std::string_view site, std::string_view what,
                    std::string_view oldId);

}  // namespace video::rows

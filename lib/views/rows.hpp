#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/database.hpp"
#include "views/fields.hpp"

namespace video::rows {

/// Returns whether a viewer (a hash) was counted for a video after `since`.
bool wasCounted(store::Reader& reader, const VideoId& video, std::string_view viewer, Time since);
/// Counts a view, unless the viewer was counted after `since`.
void countView(store::Transaction& transaction, const VideoId& video, std::string_view viewer, Time since, Time now);
/// Returns whether a user keeps a history.
bool keepsHistory(store::Reader& reader, UserId user);
/// Saves how far a user has watched a video, unless the user keeps no history.
void savePosition(store::Transaction& transaction, UserId user, const HistoryEntry& entry);

/// Returns how far a user has watched a video.
std::optional<HistoryEntry> findHistory(store::Reader& reader, UserId user, const VideoId& video);
/// Returns a page of what a user has watched, latest first, without names.
Page<HistoryEntry> listHistory(store::Reader& reader, UserId user, const ListQuery& wanted);

/// Removes one entry of a user's history.
void removeHistory(store::Transaction& transaction, UserId user, const VideoId& video);
/// Removes at most `limit` entries of a user's history. Returns how many.
std::int64_t removeHistoryOf(store::Transaction& transaction, UserId user, std::int64_t limit);
/// Removes at most `limit` entries about a video, of histories and of counted viewers. Returns how many.
std::int64_t removeViewsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
/// Returns whether any history has an entry that was watched last before `until`.
bool hasOldHistory(store::Reader& reader, Time until);
/// Removes at most `limit` entries of histories that were watched last before `until`. Returns how many.
std::int64_t removeOldHistory(store::Transaction& transaction, Time until, std::int64_t limit);
/// Returns whether any view was counted before `until`.
bool hasOldViews(store::Reader& reader, Time until);
/// Removes at most `limit` viewers who were counted before `until`. Returns how many.
std::int64_t removeOldViews(store::Transaction& transaction, Time until, std::int64_t limit);

}  // namespace video::rows

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "subtitles/fields.hpp"

namespace video::rows {

/// Subtitles with their WebVTT.
struct SubtitleText : Subtitle {
  std::string text;
  std::string sha256;  ///< of the text, in hex
  Time modified{};     ///< when they were stored
};

/// Returns a page of a video's subtitles, by language.
Page<Subtitle> listSubtitles(store::Reader& reader, const SubtitleQuery& wanted);
/// Returns all subtitles of a video, by language.
std::vector<Subtitle> subtitlesOf(store::Reader& reader, const VideoId& video);
/// Returns the subtitles of a video in this language, if there are any.
std::optional<Subtitle> findSubtitle(store::Reader& reader, const SubtitleRef& wanted);
/// Does the same with their text.
std::optional<SubtitleText> findSubtitleText(store::Reader& reader, const SubtitleRef& wanted);

/// Stores subtitles, in place of those in the same language.
void putSubtitle(store::Transaction& transaction, const VideoId& video, const SubtitleText& subtitle);
/// Deletes subtitles. Returns whether there were any.
bool deleteSubtitle(store::Transaction& transaction, const SubtitleRef& wanted);
/// Deletes the subtitles of a video in at most `limit` languages. Returns in how many.
std::int64_t deleteSubtitlesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);

}  // namespace video::rows

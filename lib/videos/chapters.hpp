#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "videos/videos.hpp"

namespace video {

/// Returns the chapters in a description, by time: its lines that begin with a time and go on with a title, such as
/// `1:02 The cave`, `- [1:02:03] – The cave` or `2) 4:05: The lake`. Of those with the same time, the first; none at or
/// after `durationMs`; at most 500.
std::vector<Chapter> chaptersOf(std::string_view description, std::optional<std::int64_t> durationMs);

/// Returns chapters as a chapters track (WebVTT). Each ends where the next begins; the last one ends with the video, or
/// after an hour if the duration is not known.
std::string chaptersTrack(const std::vector<Chapter>& chapters, std::optional<std::int64_t> durationMs);

}  // namespace video

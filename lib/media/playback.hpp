#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "media/probe.hpp"

namespace video::media {

/// Returns in plain sentences why a file of this media type does not play in every browser or plays late, and that it
/// says where it was taken. Empty if nothing is known that speaks against it.
std::vector<std::string> playbackNotes(std::string_view type, const MediaInfo& info);

}  // namespace video::media

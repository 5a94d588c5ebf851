#pragma once

#include <string>

#include "base/forward.hpp"
#include "media/ffmpeg.hpp"
#include "renditions/renditions.hpp"
#include "schedule/schedule.hpp"
#include "store/derived_files.hpp"

namespace video {

/// Removes the files of a video that are not being written and that its row does not name. Returns how many.
std::size_t sweepDerived(store::Database& database, store::DerivedFiles& files, const VideoId& video);

/// Makes the task `name` that makes the renditions of one form, one at a time, with ffmpeg in a sandbox; without ffmpeg
/// it does nothing. It can be stopped at any time: what was begun is made again. The arguments must outlive it.
schedule::Task makeRenditionTask(std::string name, RenditionForm form, store::Database& database,
                                 const store::Blobs& blobs, const access::Access& access, const media::Ffmpeg& programs,
                                 const RenditionsOptions& options);

}  // namespace video

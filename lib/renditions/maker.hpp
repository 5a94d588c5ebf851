#pragma once

#include <string>

#include "base/forward.hpp"
#include "media/ffmpeg.hpp"
#include "renditions/renditions.hpp"
#include "schedule/schedule.hpp"

namespace video {

/// Makes the task `name` that makes the renditions of one form, one at a time, with ffmpeg in a sandbox; without ffmpeg
/// it does nothing. It can be stopped at any time: what was begun is made again. The arguments must outlive it.
schedule::Task makeRenditionTask(std::string name, RenditionForm form, store::Database& database,
                                 const store::Blobs& blobs, const access::Access& access, const media::Ffmpeg& programs,
                                 const RenditionsOptions& options);

}  // namespace video

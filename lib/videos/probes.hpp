#pragma once

#include "base/forward.hpp"
#include "schedule/schedule.hpp"
#include "videos/content_check.hpp"

namespace video {

/// Makes the task that looks into the contents of ready videos that were not looked into yet, and records what they say
/// about themselves. It has one low-priority executor and can be stopped between steps of some dozens of contents. One
/// that cannot be opened counts as failed, and is tried again by the next run; if its file is missing, that is recorded
/// as damage, and it is tried again once the task verify has found the content sound.
schedule::Task makeProbeTask(DamagedContents& damaged, store::Database& database, const store::Blobs& blobs);

}  // namespace video

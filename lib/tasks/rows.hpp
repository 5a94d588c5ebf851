#pragma once

#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "tasks/fields.hpp"

namespace video::rows {

/// How many runs of each task are kept.
inline constexpr std::int64_t runsKept = 100;

/// Returns a page of a task's runs, newest first.
Page<TaskRun> listRuns(store::Reader& reader, const TaskRunQuery& wanted);
/// Inserts a run, ignoring its id, and deletes all but the last `runsKept`.
void insertRun(store::Transaction& transaction, std::string_view task, const TaskRun& run);

/// Returns whether a video uses this blob, or the blob is waiting to be unlinked.
bool isBlobKnown(store::Reader& reader, std::string_view blob);
/// Returns at most `limit` videos that were added before `until` and are pending, with IDs after `after`. Those with a
/// link for uploading that has not expired are left out.
std::vector<VideoId> listPending(store::Reader& reader, const VideoId& after, Time until, Time now, std::int64_t limit);

}  // namespace video::rows

#pragma once

#include <string_view>

#include "store/database.hpp"
#include "tasks/fields.hpp"

namespace video::rows {

/// How many runs of a task are kept.
inline constexpr std::int64_t runsKept = 100;

Page<TaskRun> listRuns(store::Reader& reader, const TaskRunQuery& wanted);
/// Adds a run, whose id is ignored, and removes what is too many.
void insertRun(store::Transaction& transaction, std::string_view task, const TaskRun& run);

/// Whether a video points at this content, or it waits to be unlinked.
bool isBlobKnown(store::Reader& reader, std::string_view blob);

}  // namespace video::rows

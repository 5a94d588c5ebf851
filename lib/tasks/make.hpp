#pragma once

#include <memory>

#include "base/forward.hpp"
#include "deletions/deletions.hpp"
#include "exports/exports.hpp"
#include "renditions/renditions.hpp"
#include "tasks/tasks.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<LocalTasks> makeLocalTasks(store::Database& database, store::Blobs& blobs, access::Access& access,
                                           LocalDeletions& deletions, LocalVideos& videos, LocalExports& exports,
                                           LocalRenditions& renditions, const Clock& purgeClock,
                                           const TasksOptions& options);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Tasks> makeRemoteTasks(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveTasks(http::Router& router, Tasks& tasks);

}  // namespace video

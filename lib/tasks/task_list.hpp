#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/forward.hpp"
#include "deletions/deletions.hpp"
#include "exports/exports.hpp"
#include "renditions/renditions.hpp"
#include "schedule/schedule.hpp"
#include "tasks/tasks.hpp"

namespace video::tasks {

/// The objects that tasks work with.
struct Surroundings {
  store::Database& database;
  store::Blobs& blobs;
  access::Access& access;
  LocalDeletions& deletions;
  LocalVideos& videos;
  LocalExports& exports;
  LocalRenditions& renditions;
  const Clock& clock;  ///< by which deletions are due
  const std::atomic<std::chrono::milliseconds>& brokenUploadsAfter;
  const std::atomic<std::chrono::milliseconds>& keepReports;
  const std::atomic<std::int64_t>& verifyShare;
  const std::atomic<std::chrono::milliseconds>& keepLost;
  std::function<BackupPlan()> backupPlan;  ///< as it is now
};

/// The description of a task.
struct TaskKind {
  std::string_view name;
  TaskTiming timing{};
  bool shared = false;  ///< several processes may run the task at once
  schedule::Task (*make)(const Surroundings&) = nullptr;
  /// Returns why the task does nothing as this directory is configured; empty if it does. May be null.
  std::string (*refusal)(const Surroundings&) = nullptr;
};

/// Returns all tasks, by name.
const std::vector<TaskKind>& taskList();

}  // namespace video::tasks

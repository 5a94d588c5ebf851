#pragma once

#include <atomic>
#include <chrono>
#include <string_view>
#include <vector>

#include "schedule/schedule.hpp"
#include "tasks/tasks.hpp"

namespace video::tasks {

/// What tasks work on.
struct Surroundings {
  store::Database& database;
  store::Blobs& blobs;
  access::Access& access;
  LocalDeletions& deletions;
  const std::atomic<std::chrono::milliseconds>& brokenUploadsAfter;
};

/// One task that there is.
struct TaskKind {
  std::string_view name;
  TaskTiming timing{};
  bool shared = false;                                    ///< several processes may run it at once
  schedule::Task (*make)(const Surroundings&) = nullptr;  ///< null: its work is not in this version
};

/// All of them, by name.
const std::vector<TaskKind>& taskList();

}  // namespace video::tasks

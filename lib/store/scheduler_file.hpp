#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

namespace video::store {

class DataDirectory;

/// What a task has done so far, in whatever process.
struct TaskTally {
  Time began{};  ///< of its last run
  Time ended{};
  std::int64_t runs = 0;
  std::int64_t done = 0;
  std::int64_t failed = 0;
};

/// `scheduler.lock`: who runs the tasks by the clock, which of them run now, and how often they did, for every process
/// on the directory. Kept out of the database so that an idle tick commits nothing. May be used from any thread.
class SchedulerFile {
 public:
  /// The directory must outlive it.
  explicit SchedulerFile(const DataDirectory& directory) : directory_(directory) {}

  /// The lock of who runs tasks by the clock, for as long as it stays open; empty where another holds it.
  Descriptor lockClock() const;
  bool isClockLocked() const;
  /// The lock of a run, alone or beside others who share it; empty where it is held otherwise.
  Descriptor lockTask(std::string_view task, bool shared) const;
  bool isTaskLocked(std::string_view task) const;

  /// Adds a run to its tally. Survives a crash of this process, not of the machine.
  void add(std::string_view task, const TaskTally& run) const;
  /// Nothing where it never ran.
  std::optional<TaskTally> find(std::string_view task) const;

 private:
  Descriptor open() const;
  const DataDirectory& directory_;
};

}  // namespace video::store

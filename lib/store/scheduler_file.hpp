#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

namespace video::store {

class DataDirectory;

/// A task's last run and counts of its runs, over all processes.
struct TaskTally {
  Time began{};  ///< start of the last run
  Time ended{};
  std::int64_t runs = 0;
  std::int64_t done = 0;
  std::int64_t failed = 0;
};

/// What PurgeClock remembers of the system's clock. An offset is the difference between a time and the time since boot.
struct ClockState {
  std::int64_t boot = 0;  ///< identifies the boot
  std::chrono::milliseconds offset{0};
  std::chrono::milliseconds jumpedOffset{0};            ///< after a jump
  std::optional<std::chrono::milliseconds> jumpSeen{};  ///< time since boot; nothing if there was no jump
  Time lastSeen{};
};

/// The file `scheduler.lock`: which process runs tasks on schedule, which tasks are running, how often they ran, and
/// what PurgeClock remembers; shared by all processes that use the directory. Kept out of the database so that an idle
/// tick does not commit. May be used from any thread.
class SchedulerFile {
 public:
  /// The directory must outlive this object.
  explicit SchedulerFile(const DataDirectory& directory) : directory_(directory) {}

  /// Takes the lock of the process that runs tasks on schedule; closing the descriptor releases it. Empty if another
  /// process holds it.
  Descriptor lockSchedule() const;
  bool isScheduleLocked() const;
  /// Takes the lock of a run, exclusive or shared. Empty if it is not available.
  Descriptor lockTask(std::string_view task, bool shared) const;
  bool isTaskLocked(std::string_view task) const;

  /// Counts a run. Survives a crash of this process, but not of the machine.
  void add(std::string_view task, const TaskTally& run) const;
  /// Returns the counts of a task; nothing if it never ran.
  std::optional<TaskTally> find(std::string_view task) const;

  /// Returns the saved state of PurgeClock; nothing if there is none.
  std::optional<ClockState> purgeClock() const;
  /// Saves the state of PurgeClock, like `add`; if `synced`, it survives a crash of the machine too.
  void setPurgeClock(const ClockState& state, bool synced) const;

 private:
  Descriptor open() const;
  const DataDirectory& directory_;
};

}  // namespace video::store

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"

namespace video::schedule {
class AlarmClock;
class Scheduler;
}  // namespace video::schedule

namespace video {

/// What a task is doing; `off`: it runs only on request.
enum class TaskState { off, waiting, running };

/// The state of a task. The counts include runs of other processes and runs that found nothing to do.
struct TaskStatus {
  std::string name;
  TaskState state = TaskState::off;
  std::string plan;        ///< `every 3s`, or the five fields of a crontab line
  Nullable<Time> lastRun;  ///< when the last run began
  Nullable<Time> nextRun;  ///< null if no process runs tasks on schedule, or this task is off
  std::int64_t runs = 0;
  std::int64_t done = 0;    ///< items completed
  std::int64_t failed = 0;  ///< items that failed
};

/// How a run ended.
enum class TaskOutcome { done, stopped, timedOut, failed };

/// A recorded run. For tasks that run more than once an hour, runs that found nothing to do are not recorded.
struct TaskRun {
  std::int64_t id = 0;
  bool asked = false;  ///< started on request
  Time began{};
  Time ended{};
  TaskOutcome outcome = TaskOutcome::done;
  std::int64_t done = 0;
  std::int64_t failed = 0;
  std::optional<std::string> error;
};

/// Names a task.
struct TaskName {
  std::string name;
};

/// Which runs to list.
struct TaskRunQuery : ListQuery {
  std::string name;
};

/// A run that was requested. The request is fulfilled by the first run that begins at `asked` or later.
struct TaskAsked {
  std::string name;
  Time asked{};
};

/// When a task runs, and for how long at most.
struct TaskTiming {
  bool enabled = true;
  std::chrono::milliseconds every{0};            ///< 0 = use `cron`
  std::string cron{};                            ///< the five fields of a crontab line, local time
  std::chrono::milliseconds jitter{0};           ///< delays each run by up to this
  std::chrono::milliseconds timeout{3'600'000};  ///< a run that takes longer leaves the rest to the next; 0 = no limit
};

/// Returns all tasks with their default timing.
std::map<std::string, TaskTiming, std::less<>> knownTasks();

/// Where the task backup puts its sets, and how many it keeps.
struct BackupPlan {
  std::string to = "/var/backups/videod";  ///< the folder of the sets
  std::int64_t keep = 7;
};

/// Options of the scheduler's tasks.
struct TasksOptions {
  std::map<std::string, TaskTiming, std::less<>> timings = knownTasks();
  bool byClock = true;  ///< run tasks on schedule in this process
  std::chrono::milliseconds brokenUploadsAfter{
      86'400'000};  ///< when upload-sweep removes interrupted uploads and pending videos
  std::chrono::milliseconds keepReports{
      std::chrono::hours{24 * 365}};  ///< how long after the decision report-sweep removes a report
  BackupPlan backup{};
  std::chrono::milliseconds keepLost{
      std::chrono::hours{24 * 90}};  ///< how long orphan-sweep keeps what is in lost+found; 0 = for ever
  std::int64_t verifyShare = 30;     ///< each run of verify checks one in this many contents
};

/// The scheduler's tasks. Admin, operator. Every function may be called from any thread and throws Error.
class Tasks {
 public:
  virtual ~Tasks() = default;
  /// Lists all tasks, by name.
  virtual Page<TaskStatus> list(const Credential& by, const Nothing& wanted) = 0;
  /// Returns one task. Faults: notFound.
  virtual TaskStatus show(const Credential& by, const TaskName& wanted) = 0;
  /// Runs a task now, or once more if it is running. Returns at once in a daemon, and after the run in direct mode.
  /// Faults: notFound, conflict (it has nothing to do as
  /// this directory is configured), busy (another process is running it).
  virtual TaskAsked run(const Credential& by, const TaskName& wanted) = 0;
  /// Lists the last 100 recorded runs of a task, newest first. Faults: malformed, notFound.
  virtual Page<TaskRun> history(const Credential& by, const TaskRunQuery& wanted) = 0;
};

/// The tasks on a data directory.
class LocalTasks : public Tasks {
 public:
  /// Makes a scheduler for all tasks, which the caller starts. Requested runs are left to it from then on. The clock
  /// and this object must outlive it, and no request may come after its end.
  virtual std::unique_ptr<schedule::Scheduler> makeScheduler(const schedule::AlarmClock& clock) = 0;
  /// Changes timings and ages; `byClock` stays as it was, and a run in progress keeps its timing. May be called from
  /// any thread.
  virtual void setOptions(const TasksOptions& options) = 0;
  /// Returns how many runs in this process ended with an error, by the name of the task. May be called from any thread.
  virtual std::map<std::string, std::int64_t, std::less<>> failedRuns() const = 0;
};

}  // namespace video

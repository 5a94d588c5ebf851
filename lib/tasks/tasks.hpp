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

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
}  // namespace video::http
namespace video::schedule {
class AlarmClock;
class Scheduler;
}  // namespace video::schedule
namespace video::store {
class Blobs;
class Database;
}  // namespace video::store

namespace video {

class LocalDeletions;

enum class TaskState { off, waiting, running };

/// A task as it stands. Every run counts, also those of other processes and those that found nothing.
struct TaskStatus {
  std::string name;
  TaskState state = TaskState::off;
  std::string plan;        ///< `every 3s` or five fields of a crontab
  Nullable<Time> lastRun;  ///< when the last run began
  Nullable<Time> nextRun;  ///< null where no process runs tasks by the clock, or this one is off
  std::int64_t runs = 0;
  std::int64_t done = 0;    ///< things worked off
  std::int64_t failed = 0;  ///< things that failed
};

enum class TaskOutcome { done, stopped, timedOut, failed };

/// One run. Of tasks that are due more than once an hour, those that found nothing are not kept.
struct TaskRun {
  std::int64_t id = 0;
  bool asked = false;  ///< not by the clock
  Time began{};
  Time ended{};
  TaskOutcome outcome = TaskOutcome::done;
  std::int64_t done = 0;
  std::int64_t failed = 0;
  std::optional<std::string> error;
};

struct TaskName {
  std::string name;
};

struct TaskRunQuery : ListQuery {
  std::string name;
};

/// A run that was asked for: what is asked for is done with the first run that began at this time or later.
struct TaskAsked {
  std::string name;
  Time asked{};
};

/// When a task runs by itself.
struct TaskTiming {
  bool enabled = true;
  std::chrono::milliseconds every{0};            ///< 0 = by `cron`
  std::string cron{};                            ///< five fields, local time
  std::chrono::milliseconds jitter{0};           ///< each tick comes up to this much later
  std::chrono::milliseconds timeout{3'600'000};  ///< a run that goes on for longer leaves the rest to the next
};

/// The tasks that there are, with their usual timing.
std::map<std::string, TaskTiming, std::less<>> knownTasks();

struct TasksOptions {
  std::map<std::string, TaskTiming, std::less<>> timings = knownTasks();
  bool byClock = true;                                       ///< whether this process runs tasks by the clock
  std::chrono::milliseconds brokenUploadsAfter{86'400'000};  ///< age at which upload-sweep removes them
};

/// The scheduler's tasks: admin, operator. Every function may be called from any thread and throws Error.
class Tasks {
 public:
  virtual ~Tasks() = default;
  /// All of them, by name.
  virtual Page<TaskStatus> list(const Credential& by, const Nothing& wanted) = 0;
  virtual TaskStatus show(const Credential& by, const TaskName& wanted) = 0;
  /// Runs one now, or once more where it is running. In a daemon it returns at once, in direct mode when it is done.
  /// Faults: notFound, busy (another process runs it).
  virtual TaskAsked run(const Credential& by, const TaskName& wanted) = 0;
  /// The last 100 runs, newest first.
  virtual Page<TaskRun> history(const Credential& by, const TaskRunQuery& wanted) = 0;
};

/// The tasks of a data directory.
class LocalTasks : public Tasks {
 public:
  /// A scheduler of all tasks, to be started; what is asked for is left to it from now on. Both the clock and this must
  /// outlive it, and no request may come after it.
  virtual std::unique_ptr<schedule::Scheduler> makeScheduler(const schedule::AlarmClock& clock) = 0;
  /// Other timings and ages, from now on; `byClock` stays as it was. A run under way goes on as it began.
  virtual void setOptions(const TasksOptions& options) = 0;
};

/// On the data directory; what it is given must outlive it.
std::unique_ptr<LocalTasks> makeLocalTasks(store::Database& database, store::Blobs& blobs, access::Access& access,
                                           LocalDeletions& deletions, const TasksOptions& options);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Tasks> makeRemoteTasks(http::Client& server);
/// Adds the routes; both must outlive the last request.
void serveTasks(http::Router& router, Tasks& tasks);

}  // namespace video

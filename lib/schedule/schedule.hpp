#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "schedule/cron.hpp"

namespace video::schedule {

class AlarmClock;

/// How many items were completed, and how many failed.
struct Counts {
  std::size_t done = 0;
  std::size_t failed = 0;
};

/// A piece of work found by a dispatch and run by one executor. Returns its counts; if it throws, it counts as one
/// failure.
using Item = std::function<Counts()>;

/// Finds work: returns items of at most `batch` things each, as many as the executors can use soon, or none if there
/// is nothing to do.
using Dispatch = std::function<std::vector<Item>(std::size_t batch)>;

/// Returns the dispatch of a run that does one step after the other: calls `step`, on one thread at a time, until it
/// returns nothing or throws. What it throws fails the run.
Dispatch inSteps(std::function<std::optional<Counts>()> step);

/// Work that comes in batches. While there is work, the dispatcher puts batches on a queue, from which the executors
/// take items. The dispatch is called by one thread while executors run: it must not return work that is already in
/// progress, nor work that has failed in the same run.
struct Task {
  std::string name;                 ///< for example `session-sweep`
  std::size_t batch = 1;            ///< the batch size passed to the dispatch
  std::size_t workers = 1;          ///< number of executors
  std::function<Dispatch()> begin;  ///< makes the dispatch for one run
};

/// When a task runs, and for how long at most.
struct Timing {
  std::chrono::milliseconds every{0};  ///< ticks at multiples of this since 1970; 0 = use `cron`, or never
  std::optional<Cron> cron{};
  std::chrono::milliseconds jitter{0};   ///< delays each tick by up to this; less than the time between ticks
  std::chrono::milliseconds timeout{0};  ///< a run that takes longer leaves the rest to the next; 0 = no limit
  std::uint64_t seed = 0;                ///< seed of the jitter

  /// Returns the first tick after `now`, or Time::max() for never. Every process with the same timing gets the same.
  Time after(Time now) const;
};

/// How a run ended.
enum class RunEnd { done, stopped, timedOut, failed };

/// A run of a task.
struct Run {
  std::string_view task;
  bool asked = false;  ///< started on request, not by the clock
  Time began{};
  Time ended{};
  Counts counts;
  RunEnd end = RunEnd::done;
  std::optional<Error> error;  ///< the error of its dispatch
};

/// Decides whether a run may start, and records runs. Called from the threads of the tasks.
class History {
 public:
  virtual ~History() = default;
  /// Called before a run. Returns a permit, which is kept until the run has ended, or null if the run must not start,
  /// because another process runs the task.
  virtual std::shared_ptr<void> begin(const Task& task, bool asked) = 0;
  /// Records a run that has ended.
  virtual void ended(const Run& run) = 0;
};

/// Runs a task until a dispatch finds nothing while no item is in progress, or until `stop` returns true. The calling
/// thread dispatches; `workers` threads, started for this run, execute items from a queue of the same length. A failed
/// item is logged and does not stop the others. On `stop`, items in progress are finished and queued ones are dropped.
/// Rethrows what a dispatch throws, once the items before it are finished.
Counts runToEnd(const Task& task, const std::function<bool()>& stop);

/// Performs one run and reports it to `history`. Returns nothing if the history refused the run. If the run throws, it
/// has failed: the error is logged and returned, not thrown.
std::optional<Run> runOnce(const Task& task, const Timing& timing, bool asked, const Clock& clock, History& history,
                           const std::function<bool()>& stop);

/// Runs tasks on schedule, each on its own thread, until destroyed: items in progress are then finished and the rest
/// is left. Runs of one task never overlap. Ticks missed during a run, or because the clock was set forward, are made
/// up for by at most one run. If the clock is set back (for `cron`, by more than three hours), the next tick is
/// computed again, so that a task with `every` never waits longer than that.
class Scheduler {
 public:
  /// `clock` and `history` must outlive the scheduler.
  Scheduler(const AlarmClock& clock, History& history);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Adds a task; call it before `start`. A task without ticks runs only when woken.
  void add(Task task, Timing timing);
  /// Starts the threads; call it once.
  void start();
  /// Changes the timing of a task; a run in progress keeps its timeout. Unknown names are ignored. May be called from
  /// any thread.
  void setTiming(std::string_view name, Timing timing);
  /// Runs a task now, or once more if it is running; returns at once. Unknown names are ignored. May be called from
  /// any thread.
  void wake(std::string_view name);
  /// Stops all tasks and returns when their threads have ended. A stopped scheduler cannot be started again.
  void stop();
  /// Returns the name of a task that no longer runs because its thread ended with an exception, which was logged; empty
  /// if there is none.
  std::string failedTask() const;
  /// Returns how often a task's thread has woken; an idle task wakes once per tick.
  std::size_t wakeUps(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace video::schedule

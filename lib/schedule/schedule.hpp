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

/// How much was worked off.
struct Counts {
  std::size_t done = 0;
  std::size_t failed = 0;
};

/// A piece of work that a dispatch found, for one executor: says what it did; where it throws, one thing failed.
using Item = std::function<Counts()>;

/// Finds work: items of at most `batch` things each, as many as the executors have use for soon; none where there is
/// nothing to do.
using Dispatch = std::function<std::vector<Item>(std::size_t batch)>;

/// Work that comes in batches. While there is something to do, the dispatcher asks for a batch and puts it on a queue,
/// and the executors take from it. A dispatch is called by one thread, beside the executors: it must not offer what is
/// at hand already, nor once more in one run what has failed.
struct Task {
  std::string name;                 ///< `video-clear`
  std::size_t batch = 1;            ///< what a dispatch is asked for
  std::size_t workers = 1;          ///< executors
  std::function<Dispatch()> begin;  ///< makes the dispatch of one run
};

/// When a task runs by itself, and how long at most.
struct Timing {
  std::chrono::milliseconds every{0};  ///< ticks on a grid that begins at 1970; 0 = by `cron`, or never without it
  std::optional<Cron> cron{};
  std::chrono::milliseconds jitter{0};   ///< each tick comes up to this much later; less than the ticks are apart
  std::chrono::milliseconds timeout{0};  ///< a run that goes on for longer leaves the rest to the next one; 0 = none
  std::uint64_t seed = 0;                ///< of the jitter

  /// The first tick after `now`; Time::max() for never. The same in every process that is given the same timing.
  Time after(Time now) const;
};

enum class RunEnd { done, stopped, timedOut, failed };

/// One run of a task.
struct Run {
  std::string_view task;
  bool asked = false;  ///< not by the clock
  Time began{};
  Time ended{};
  Counts counts;
  RunEnd end = RunEnd::done;
  std::optional<Error> error;  ///< why its dispatch failed
};

/// Where runs are written down, and who says whether there may be one. Called from the threads of the tasks.
class History {
 public:
  virtual ~History() = default;
  /// A run is to begin; what is returned is kept until it ended. Null: not now, another process does it.
  virtual std::shared_ptr<void> begin(const Task& task, bool asked) = 0;
  virtual void ended(const Run& run) = 0;
};

/// Dispatches and executes until a dispatch finds nothing while nothing is at hand, or `stop` says so. The calling
/// thread dispatches; `workers` threads, made for this run, execute over a queue of as many items. One failed item
/// never stops the others; its failure goes to the log. When `stop` says so, the items at hand are finished and the
/// rest is dropped. What a dispatch throws comes out here, after the items before it.
Counts runToEnd(const Task& task, const std::function<bool()>& stop);

/// One run from `begin` to `ended`; nothing where the history refused it. A run that throws has failed, no more.
std::optional<Run> runOnce(const Task& task, const Timing& timing, bool asked, const Clock& clock, History& history,
                           const std::function<bool()>& stop);

/// Runs tasks by their timers, each on a thread of its own, until destroyed: then the items at hand are finished and
/// the rest is left. Runs of one task never overlap. A tick that passes during a run, or while the clock was set
/// forward, is not made up for more than once; after the clock was set back by over three hours, ticks are counted
/// anew, and `every` is never exceeded.
class Scheduler {
 public:
  /// What it is given must outlive it.
  Scheduler(const AlarmClock& clock, History& history);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Before `start`. A task that has no ticks runs when it is woken.
  void add(Task task, Timing timing);
  void start();
  /// Another timing from now on; a run under way keeps its timeout. Unknown names are no fault. From any thread.
  void setTiming(std::string_view name, Timing timing);
  /// Runs a task now, or once more where it is running; returns at once. Unknown names are no fault. From any thread.
  void wake(std::string_view name);
  /// Returns when every task's thread has ended. What was stopped is not started again.
  void stop();
  /// A task whose thread was ended by an exception, which the log has: it does not run any more. Empty where there is
  /// none.
  std::string failedTask() const;
  /// How often a task's thread has woken so far; idle tasks wake once a tick.
  std::size_t wakeUps(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace video::schedule

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace video::schedule {

/// A piece of work that a dispatch found: done by an executor, on its own; throws where it failed.
using Item = std::function<void()>;

/// Work that comes in batches. The dispatcher asks for a batch, hands it to the executors, and asks for the next when
/// all of it is done, until a dispatch finds nothing; then the task sleeps to its next tick. Runs of one task never
/// overlap. A dispatch must not offer at once again what has just failed: the run would never end.
struct Task {
  std::string name;                    ///< `video-clear`
  std::chrono::milliseconds every{0};  ///< between ticks; 0 = only when woken
  std::size_t batch = 1;               ///< items asked for at once
  std::size_t workers = 1;             ///< executors
  std::function<std::vector<Item>(std::size_t batch)> dispatch;
};

/// How a run went.
struct RunResult {
  std::size_t done = 0;
  std::size_t failed = 0;
};

/// Dispatches and executes until a dispatch finds nothing or `stop` says so; the calling
/// thread dispatches, `workers` threads, made for this run, execute over a queue of one batch. One failed item never
/// stops the others; its failure goes to the log. When `stop` says so, the items at hand are finished and the rest is
/// left. What a dispatch throws comes out here.
RunResult runToEnd(const Task& task, const std::function<bool()>& stop);

/// When a task whose last tick was `last` is due next, seen at `now`: on the grid of `every` that `last` lies on, after
/// `now`, and never more than `every` after it, even where the clock was set back.
Time tickAfter(Time last, std::chrono::milliseconds every, Time now) noexcept;

/// Runs tasks by their timers, each on a thread of its own, until destroyed: then the items at hand are finished and
/// the rest is left. The first tick comes one `every` after `start`. A run that throws is logged, and tried again at
/// the next tick.
class Scheduler {
 public:
  explicit Scheduler(const Clock& clock);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Before `start`.
  void add(Task task);
  void start();
  /// Runs a task now, or once more where it is running; returns at once. Unknown names are no fault. From any thread.
  void wake(std::string_view name);
  /// Returns when every task's thread has ended. What was stopped is not started again.
  void stop();
  /// How often a task's thread has woken so far; idle tasks wake once a tick.
  std::size_t wakeUps(std::string_view name) const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace video::schedule

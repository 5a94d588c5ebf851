#include "schedule/schedule.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "observe/guarded.hpp"
#include "observe/log.hpp"
#include "schedule/alarm.hpp"

namespace video::schedule {
namespace {

using std::chrono::milliseconds;

// A clock set back by less than this is being corrected: a task that has run today does not run again.
constexpr std::chrono::hours correction{3};

// The threads of one run and their bounded queue.
class Executors {
 public:
  Executors(const Task& task, const std::function<bool()>& stop)
      : task_(task), stop_(stop), count_(std::max<std::size_t>(task.workers, 1)) {
    for (std::size_t i = 0; i < count_; ++i)
      threads_.emplace_back([this](const std::stop_token& ended) { execute(ended); });
  }

  // Waits until the queue has room.
  void put(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < count_; });
    waiting_.push_back(std::move(item));
    filled_.notify_one();
  }

  bool isIdle() {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && running_ == 0;
  }

  // Waits until the queue is empty and no item is in progress.
  void waitUntilIdle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && running_ == 0; });
  }

  Counts counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void execute(const std::stop_token& ended) {
    std::unique_lock lock(mutex_);
    while (filled_.wait(lock, ended, [this] { return !waiting_.empty(); })) {
      if (isStopped()) {
        waiting_.clear();
      } else {
        Item item = std::move(waiting_.front());
        waiting_.pop_front();
        ++running_;
        lock.unlock();
        const Counts counts = execute(item);
        item = nullptr;  // release what it holds before signalling that it is done
        lock.lock();
        --running_;
        counts_.done += counts.done;
        counts_.failed += counts.failed;
      }
      changed_.notify_one();
    }
  }

  // A clock that fails ends the run: a thread fewer would leave the dispatcher waiting.
  bool isStopped() const noexcept {
    bool stopped = true;
    observe::guarded("an executor", [&] { stopped = stop_(); });
    return stopped;
  }

  Counts execute(const Item& item) noexcept {
    try {
      return item();
    } catch (const std::exception& failure) {
      observe::error("item failed", {{"task", task_.name}, {"error", failure.what()}});
    } catch (...) {
      observe::error("item failed", {{"task", task_.name}, {"error", "unknown"}});
    }
    return {0, 1};
  }

  const Task& task_;
  const std::function<bool()>& stop_;
  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable changed_;  // the dispatcher waits on this
  std::deque<Item> waiting_;
  std::size_t running_ = 0;
  Counts counts_;
  std::vector<std::jthread> threads_;
};

Error errorOf(const std::exception& failure) {
  const auto* const error = dynamic_cast<const Error*>(&failure);
  return error != nullptr ? *error : Error(Fault::internal, failure.what());
}

// A pseudo-random number that is the same on every machine (SplitMix64).
std::uint64_t mixed(std::uint64_t number) noexcept {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

// Like runToEnd, but sets `counts` even if a dispatch throws.
void runInto(Counts& counts, const Task& task, const std::function<bool()>& stop) {
  std::unique_ptr<Executors> executors;  // an idle tick starts no thread
  const Dispatch dispatch = task.begin();
  try {
    while (!stop()) {
      const bool idle = !executors || executors->isIdle();
      std::vector<Item> batch = dispatch(task.batch);
      if (batch.empty() && idle) break;
      if (!executors) executors = std::make_unique<Executors>(task, stop);
      for (Item& item : batch) executors->put(std::move(item));
      if (batch.empty()) executors->waitUntilIdle();
    }
  } catch (...) {
    if (executors) executors->waitUntilIdle();
    if (executors) counts = executors->counts();
    throw;
  }
  if (!executors) return;
  executors->waitUntilIdle();
  counts = executors->counts();
}

}  // namespace

Dispatch inSteps(std::function<std::optional<Counts>()> step) {
  struct Steps {
    std::function<std::optional<Counts>()> step;
    std::exception_ptr failure{};  // set before `isFinished`
    std::atomic<bool> isFinished = false;
  };
  auto steps = std::make_shared<Steps>();
  steps->step = std::move(step);
  return [steps](std::size_t) -> std::vector<Item> {
    if (steps->isFinished && steps->failure) std::rethrow_exception(steps->failure);
    if (steps->isFinished) return {};
    return {[steps]() -> Counts {
      if (steps->isFinished) return {};
      try {
        if (const auto counts = steps->step()) return *counts;
      } catch (...) {
        steps->failure = std::current_exception();
        steps->isFinished = true;  // the next step might meet the same
        throw;
      }
      steps->isFinished = true;
      return {};
    }};
  };
}

Counts runToEnd(const Task& task, const std::function<bool()>& stop) {
  Counts counts;
  runInto(counts, task, stop);
  return counts;
}

std::optional<Run> runOnce(const Task& task, const Timing& timing, bool asked, const Clock& clock, History& history,
                           const std::function<bool()>& stop) {
  Run run;
  run.task = task.name;
  run.asked = asked;
  try {
    const std::shared_ptr<void> permit = history.begin(task, asked);
    if (!permit) return std::nullopt;
    run.began = clock.now();
    std::atomic<RunEnd> end = RunEnd::done;
    const auto isOver = [&] {
      const bool isLate = timing.timeout.count() > 0 && clock.now() - run.began >= timing.timeout;
      if (isLate) end = RunEnd::timedOut;
      if (stop()) end = RunEnd::stopped;
      return end != RunEnd::done;
    };
    try {
      runInto(run.counts, task, isOver);
      run.end = end;
    } catch (const std::exception& failure) {
      run.end = RunEnd::failed;
      run.error = errorOf(failure);
    }
    run.ended = clock.now();
    history.ended(run);
  } catch (const std::exception& failure) {
    run.end = RunEnd::failed;
    if (!run.error) run.error = errorOf(failure);
  }
  if (run.error)
    observe::error("task failed", {{"task", task.name}, {"error", run.error->what()}});
  else if (run.counts.done + run.counts.failed > 0)
    observe::info("task run", {{"task", task.name}, {"done", run.counts.done}, {"failed", run.counts.failed}});
  else
    observe::debug("task run: nothing to do", {{"task", task.name}});
  return run;
}

Time Timing::after(Time now) const {
  if (every.count() <= 0 && !cron) return Time::max();
  Time next = Time::max();
  for (Time tick = now - jitter;;) {
    tick = every.count() > 0 ? tick - tick.time_since_epoch() % every + every : cron->after(tick);
    if (tick >= next) return next;  // with jitter, a tick may come after its successor
    const auto number = static_cast<std::uint64_t>(tick.time_since_epoch().count());
    const auto late = jitter.count() > 0 ? mixed(number ^ seed) % static_cast<std::uint64_t>(jitter.count() + 1) : 0;
    const Time due = tick + milliseconds{late};
    if (due > now) next = std::min(next, due);
  }
}

// A task and its thread.
struct Timer {
  Timer(Task itsTask, Timing itsTiming, const AlarmClock& clock)
      : task(std::move(itsTask)), wanted(std::move(itsTiming)), alarm(clock.makeAlarm()) {}

  void loop(const std::stop_token& stop, const AlarmClock& clock, History& history) {
    Timing timing = take();
    Time seen = clock.now();
    Time next = timing.after(seen);
    for (;;) {
      alarm->sleepUntil(next);
      ++wakeUps;
      if (stop.stop_requested()) return;
      Time now = clock.now();
      if (isRetimed.exchange(false)) {
        timing = take();
        next = timing.after(now);
      }
      const bool asked = woken.exchange(false);
      if (asked || now >= next) {
        runOnce(task, timing, asked, clock, history, [&stop] { return stop.stop_requested(); });
        now = clock.now();
        if (next <= now) next = timing.after(now);
      }
      const bool setBack = now < seen - (timing.every.count() > 0 ? milliseconds{0} : milliseconds{correction});
      if (setBack) next = timing.after(now);
      seen = now;
    }
  }

  Timing take() const {
    const std::lock_guard lock(mutex);
    return wanted;
  }

  const Task task;
  mutable std::mutex mutex;
  Timing wanted;
  const std::unique_ptr<Alarm> alarm;
  std::atomic<bool> isRetimed = false;
  std::atomic<bool> woken = false;
  std::atomic<bool> failed = false;
  std::atomic<std::size_t> wakeUps = 0;
  std::jthread thread;
};

struct Scheduler::Impl {
  const AlarmClock& clock;
  History& history;
  std::vector<std::unique_ptr<Timer>> timers{};  // not changed after `start`

  Timer* find(std::string_view name) {
    const auto found =
        std::find_if(timers.begin(), timers.end(), [&](const auto& timer) { return timer->task.name == name; });
    return found == timers.end() ? nullptr : found->get();
  }
};

Scheduler::Scheduler(const AlarmClock& clock, History& history) : impl_(new Impl{clock, history}) {}

Scheduler::~Scheduler() {
  stop();
}

void Scheduler::add(Task task, Timing timing) {
  impl_->timers.push_back(std::make_unique<Timer>(std::move(task), std::move(timing), impl_->clock));
}

void Scheduler::start() {
  for (const auto& timer : impl_->timers)
    timer->thread = std::jthread([&timer = *timer, &inside = *impl_](const std::stop_token& stop) {
      timer.failed = !observe::guarded(timer.task.name, [&] { timer.loop(stop, inside.clock, inside.history); });
    });
}

std::string Scheduler::failedTask() const {
  const auto& timers = impl_->timers;
  const auto found = std::find_if(timers.begin(), timers.end(), [](const auto& timer) { return timer->failed.load(); });
  return found == timers.end() ? std::string() : (*found)->task.name;
}

void Scheduler::setTiming(std::string_view name, Timing timing) {
  Timer* const timer = impl_->find(name);
  if (timer == nullptr) return;
  {
    const std::lock_guard lock(timer->mutex);
    timer->wanted = std::move(timing);
  }
  timer->isRetimed = true;
  timer->alarm->ring();
}

void Scheduler::wake(std::string_view name) {
  Timer* const timer = impl_->find(name);
  if (timer == nullptr) return;
  timer->woken = true;
  timer->alarm->ring();
}

void Scheduler::stop() {
  for (const auto& timer : impl_->timers) {
    timer->thread.request_stop();
    timer->alarm->ring();
  }
  for (const auto& timer : impl_->timers)
    if (timer->thread.joinable()) timer->thread.join();
}

std::size_t Scheduler::wakeUps(std::string_view name) const {
  Timer* const timer = impl_->find(name);
  return timer == nullptr ? 0 : timer->wakeUps.load();
}

}  // namespace video::schedule

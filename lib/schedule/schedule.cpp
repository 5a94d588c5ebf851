#include "schedule/schedule.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "observe/log.hpp"

namespace video::schedule {
namespace {

using std::chrono::milliseconds;

// The threads of one run, and the queue that feeds them.
class Executors {
 public:
  Executors(const Task& task, const std::function<bool()>& stop) : task_(task), stop_(stop) {
    const std::size_t count = std::max<std::size_t>(task.workers, 1);
    for (std::size_t i = 0; i < count; ++i)
      threads_.emplace_back([this](const std::stop_token& ended) { execute(ended); });
  }

  // Returns when every item was executed, or left because of a stop.
  void executeAll(std::vector<Item> items) {
    std::unique_lock lock(mutex_);
    waiting_ = {std::make_move_iterator(items.begin()), std::make_move_iterator(items.end())};
    filled_.notify_all();
    idle_.wait(lock, [this] { return waiting_.empty() && atHand_ == 0; });
  }

  RunResult result() {
    const std::lock_guard lock(mutex_);
    return result_;
  }

 private:
  void execute(const std::stop_token& ended) {
    std::unique_lock lock(mutex_);
    while (filled_.wait(lock, ended, [this] { return !waiting_.empty(); })) {
      if (stop_()) {
        waiting_.clear();
      } else {
        const Item item = std::move(waiting_.front());
        waiting_.pop_front();
        ++atHand_;
        lock.unlock();
        const bool done = execute(item);
        lock.lock();
        --atHand_;
        ++(done ? result_.done : result_.failed);
      }
      if (waiting_.empty() && atHand_ == 0) idle_.notify_one();
    }
  }

  bool execute(const Item& item) noexcept {
    try {
      item();
      return true;
    } catch (const std::exception& failure) {
      observe::error("item failed", {{"task", task_.name}, {"error", failure.what()}});
    } catch (...) {
      observe::error("item failed", {{"task", task_.name}, {"error", "unknown"}});
    }
    return false;
  }

  const Task& task_;
  const std::function<bool()>& stop_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable idle_;
  std::deque<Item> waiting_;
  std::size_t atHand_ = 0;
  RunResult result_;
  std::vector<std::jthread> threads_;
};

}  // namespace

RunResult runToEnd(const Task& task, const std::function<bool()>& stop) {
  std::unique_ptr<Executors> executors;  // an idle tick makes no thread
  while (!stop()) {
    std::vector<Item> batch = task.dispatch(task.batch);
    if (batch.empty()) break;
    if (!executors) executors = std::make_unique<Executors>(task, stop);
    executors->executeAll(std::move(batch));
  }
  return executors ? executors->result() : RunResult{};
}

Time tickAfter(Time last, milliseconds every, Time now) noexcept {
  if (now < last) return now + every;
  return last + every * ((now - last) / every + 1);
}

// A task with its thread. `mutex` guards what stands below it.
struct Timer {
  explicit Timer(Task itsTask) : task(std::move(itsTask)) {}

  void loop(const std::stop_token& stop, const Clock& clock) {
    const auto stopping = [&stop] { return stop.stop_requested(); };
    const bool ticks = task.every > milliseconds{0};
    Time next = ticks ? clock.now() + task.every : Time::max();
    std::unique_lock lock(mutex);
    while (!stopping()) {
      if (ticks)
        changed.wait_for(lock, stop, std::min(next - clock.now(), task.every), [this] { return woken; });
      else
        changed.wait(lock, stop, [this] { return woken; });
      ++wakeUps;
      if (stopping()) return;
      const Time now = clock.now();
      const bool due = std::exchange(woken, false) || now >= next;
      if (due) {
        lock.unlock();
        run(stopping);
        lock.lock();
      }
      if (ticks && (due || next - now > task.every)) next = tickAfter(next - task.every, task.every, clock.now());
    }
  }

  void run(const std::function<bool()>& stopping) noexcept {
    try {
      const RunResult result = runToEnd(task, stopping);
      if (result.done + result.failed > 0)
        observe::info("task run", {{"task", task.name}, {"done", result.done}, {"failed", result.failed}});
    } catch (const std::exception& failure) {
      observe::error("task failed", {{"task", task.name}, {"error", failure.what()}});
    } catch (...) {
      observe::error("task failed", {{"task", task.name}, {"error", "unknown"}});
    }
  }

  const Task task;
  std::mutex mutex;
  std::condition_variable_any changed;
  bool woken = false;
  std::size_t wakeUps = 0;
  std::jthread thread;
};

struct Scheduler::Inside {
  const Clock& clock;
  std::vector<std::unique_ptr<Timer>> timers;  // fixed from `start` on

  Timer* find(std::string_view name) {
    const auto found =
        std::find_if(timers.begin(), timers.end(), [&](const auto& timer) { return timer->task.name == name; });
    return found == timers.end() ? nullptr : found->get();
  }
};

Scheduler::Scheduler(const Clock& clock) : inside_(new Inside{clock, {}}) {}

Scheduler::~Scheduler() {
  stop();
}

void Scheduler::add(Task task) {
  inside_->timers.push_back(std::make_unique<Timer>(std::move(task)));
}

void Scheduler::start() {
  for (const auto& timer : inside_->timers)
    timer->thread = std::jthread(
        [&timer = *timer, &clock = inside_->clock](const std::stop_token& stop) { timer.loop(stop, clock); });
}

void Scheduler::wake(std::string_view name) {
  Timer* const timer = inside_->find(name);
  if (timer == nullptr) return;
  const std::lock_guard lock(timer->mutex);
  timer->woken = true;
  timer->changed.notify_one();
}

void Scheduler::stop() {
  for (const auto& timer : inside_->timers) timer->thread.request_stop();
  for (const auto& timer : inside_->timers)
    if (timer->thread.joinable()) timer->thread.join();
}

std::size_t Scheduler::wakeUps(std::string_view name) const {
  Timer* const timer = inside_->find(name);
  if (timer == nullptr) return 0;
  const std::lock_guard lock(timer->mutex);
  return timer->wakeUps;
}

}  // namespace video::schedule

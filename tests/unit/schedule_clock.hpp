#pragma once

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "schedule/alarm.hpp"
#include "wait.hpp"

namespace video::test {

/// A clock that only the test moves, and only while all its sleepers are asleep.
class TestClock : public schedule::AlarmClock {
 public:
  explicit TestClock(Time now) : now_(now) {}

  Time now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  std::unique_ptr<schedule::Alarm> makeAlarm() const override { return std::make_unique<Sleeper>(*this); }

  /// Lets the time pass until `end`; every sleeper wakes at its time.
  void passUntil(Time end) const {
    std::unique_lock lock(mutex_);
    for (;;) {
      waitUntilAllSleep(lock);
      Time next = Time::max();
      for (const Sleeper* sleeper : sleepers_) next = std::min(next, sleeper->until);
      if (next > end) break;
      now_ = std::max(now_, next);
      wake([&](const Sleeper& sleeper) { return sleeper.until <= now_; });
    }
    now_ = end;
  }

  /// Sets the time and wakes every sleeper.
  void set(Time to) const {
    std::unique_lock lock(mutex_);
    waitUntilAllSleep(lock);
    now_ = to;
    wake([](const Sleeper&) { return true; });
    waitUntilAllSleep(lock);
  }

  /// Waits until all sleepers are asleep.
  void settle() const {
    std::unique_lock lock(mutex_);
    waitUntilAllSleep(lock);
  }

 private:
  struct Sleeper : schedule::Alarm {
    explicit Sleeper(const TestClock& its) : clock(its) {
      const std::lock_guard lock(clock.mutex_);
      clock.sleepers_.push_back(this);
    }
    ~Sleeper() override {
      const std::lock_guard lock(clock.mutex_);
      std::erase(clock.sleepers_, this);
    }
    void sleepUntil(Time wanted) override {
      std::unique_lock lock(clock.mutex_);
      until = wanted;
      if (until <= clock.now_) rung = true;
      sleeps = true;
      clock.changed_.notify_all();
      clock.changed_.wait(lock, [this] { return rung; });
      rung = false;
      sleeps = false;
    }
    void ring() noexcept override {
      const std::lock_guard lock(clock.mutex_);
      rung = true;
      clock.changed_.notify_all();
    }
    const TestClock& clock;
    Time until = Time::max();
    bool sleeps = false;
    bool rung = false;
  };

  void waitUntilAllSleep(std::unique_lock<std::mutex>& lock) const {
    const bool asleep = changed_.wait_for(lock, patience, [this] {
      return std::all_of(sleepers_.begin(), sleepers_.end(),
                         [](const Sleeper* one) { return one->sleeps && !one->rung; });
    });
    if (!asleep) throw std::runtime_error("a sleeper is not asleep");
  }

  template <class Which>
  void wake(Which which) const {
    for (Sleeper* const sleeper : sleepers_) sleeper->rung = sleeper->rung || which(*sleeper);
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::vector<Sleeper*> sleepers_;
  mutable Time now_;
};

/// Keeps finished runs in memory.
class Notes : public schedule::History {
 public:
  std::shared_ptr<void> begin(const schedule::Task&, bool) override {
    return refuses ? nullptr : std::make_shared<int>(0);
  }
  void ended(const schedule::Run& run) override {
    const std::lock_guard lock(mutex_);
    runs_.push_back(run);
    changed_.notify_all();
  }
  std::vector<schedule::Run> runs() const {
    const std::lock_guard lock(mutex_);
    return runs_;
  }
  bool reaches(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return runs_.size() >= count; });
  }
  bool refuses = false;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<schedule::Run> runs_;
};

}  // namespace video::test

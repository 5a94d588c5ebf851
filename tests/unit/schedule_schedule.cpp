#include "schedule/schedule.hpp"

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "catch.hpp"
#include "observe/log.hpp"

using namespace video;
using namespace video::schedule;
using namespace std::chrono_literals;

namespace {

const auto never = [] { return false; };

struct QuietLog {
  QuietLog() { observe::setUpLog({observe::LogLevel::off, observe::LogFormat::logfmt, false}); }
  ~QuietLog() { observe::setUpLog({observe::LogLevel::warning, observe::LogFormat::logfmt, false}); }
};

// Counts up, and lets a thread wait for a number.
class Counter {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool reaches(int wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return count_ >= wanted; });
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// Gives out the numbers below `count` once each.
Task countingTask(int count, std::size_t batch, std::size_t workers, std::function<void(int)> work) {
  auto next = std::make_shared<int>(0);
  return {"counting", 1h, batch, workers, [=](std::size_t wanted) {
            std::vector<Item> items;
            while (items.size() < wanted && *next < count) items.push_back([work, i = (*next)++] { work(i); });
            return items;
          }};
}

}  // namespace

TEST_CASE("a run goes on until a dispatch finds nothing") {
  std::mutex mutex;
  std::multiset<int> seen;
  const auto [batch, workers] = GENERATE(table<std::size_t, std::size_t>({{1, 1}, {3, 2}, {10, 4}, {2, 8}, {3, 0}}));
  const RunResult result = runToEnd(countingTask(25, batch, workers,
                                                 [&](int i) {
                                                   const std::lock_guard lock(mutex);
                                                   seen.insert(i);
                                                 }),
                                    never);
  CHECK(result.done == 25);
  CHECK(result.failed == 0);
  CHECK(seen.size() == 25);
  CHECK(std::set<int>(seen.begin(), seen.end()).size() == 25);
}

TEST_CASE("one failed item never stops the others") {
  const QuietLog quiet;
  std::atomic<int> done = 0;
  const RunResult result = runToEnd(countingTask(20, 3, 2,
                                                 [&](int i) {
                                                   if (i < 6) throw std::runtime_error("no");
                                                   if (i == 7) throw 7;
                                                   ++done;
                                                 }),
                                    never);
  CHECK(result.done == 13);
  CHECK(result.failed == 7);
  CHECK(done == 13);
}

TEST_CASE("items run beside each other, as many as there are workers") {
  std::latch all(3);  // passed only if three are at hand at once
  const RunResult result = runToEnd(countingTask(3, 3, 3, [&](int) { all.arrive_and_wait(); }), never);
  CHECK(result.done == 3);
}

TEST_CASE("a batch is done before the next is asked for") {
  std::atomic<int> atHand = 0;
  std::atomic<bool> overlapped = false;
  int left = 5;
  const Task task{"batches", 1h, 4, 4, [&](std::size_t wanted) {
                    if (atHand != 0) overlapped = true;
                    std::vector<Item> items;
                    if (left-- > 0) {
                      atHand = static_cast<int>(wanted);
                      for (std::size_t i = 0; i < wanted; ++i) items.push_back([&] { --atHand; });
                    }
                    return items;
                  }};
  CHECK(runToEnd(task, never).done == 20);
  CHECK_FALSE(overlapped);
}

TEST_CASE("stop finishes the items at hand and leaves the rest") {
  std::atomic<bool> stop = false;
  std::atomic<int> done = 0;
  const RunResult result = runToEnd(countingTask(100, 10, 1,
                                                 [&](int i) {
                                                   if (i == 3) stop = true;
                                                   ++done;
                                                 }),
                                    [&] { return stop.load(); });
  CHECK(done == 4);
  CHECK(result.done == 4);
}

TEST_CASE("a dispatch that throws ends the run, after its items") {
  int dispatches = 0;
  std::atomic<int> done = 0;
  const Task task{"broken", 1h, 2, 2, [&](std::size_t) -> std::vector<Item> {
                    if (++dispatches == 2) throw std::runtime_error("no database");
                    return {[&] { ++done; }, [&] { ++done; }};
                  }};
  CHECK_THROWS_WITH(runToEnd(task, never), "no database");
  CHECK(done == 2);
}

TEST_CASE("ticks stand on a grid") {
  const Time start{1'000'000ms};
  CHECK(tickAfter(start, 3s, start) == start + 3s);
  CHECK(tickAfter(start, 3s, start + 2999ms) == start + 3s);
  CHECK(tickAfter(start, 3s, start + 3s) == start + 6s);
  CHECK(tickAfter(start, 3s, start + 10s) == start + 12s);  // what was missed is not made up for
  CHECK(tickAfter(start, 3s, start + 24h * 365) > start + 24h * 365);
  CHECK(tickAfter(start, 3s, start - 24h) == start - 24h + 3s);  // the clock was set back
}

TEST_CASE("a task runs at its ticks, and an idle one wakes once a tick") {
  Counter runs;
  const auto begun = std::chrono::steady_clock::now();
  Scheduler scheduler(systemClock());
  scheduler.add({"ticking", 20ms, 1, 1, [&](std::size_t) {
                   runs.add();
                   return std::vector<Item>{};
                 }});
  scheduler.start();
  REQUIRE(runs.reaches(5));
  scheduler.stop();
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(took >= 80ms);
  CHECK(scheduler.wakeUps("ticking") <= static_cast<std::size_t>(took / 20ms) + 2);
  CHECK(scheduler.wakeUps("no such task") == 0);
}

TEST_CASE("a woken task runs at once, and once more where it is running") {
  Counter runs;
  std::latch go(1);
  Scheduler scheduler(systemClock());
  scheduler.add({"waiting", 1h, 1, 1, [&](std::size_t) {
                   runs.add();
                   if (runs.count() == 1) go.wait();
                   return std::vector<Item>{};
                 }});
  scheduler.add({"other", 0ms, 1, 1, [&](std::size_t) {
                   runs.add();
                   return std::vector<Item>{};
                 }});
  scheduler.start();
  scheduler.wake("unknown");
  scheduler.wake("waiting");
  REQUIRE(runs.reaches(1));
  scheduler.wake("waiting");
  scheduler.wake("waiting");
  go.count_down();
  REQUIRE(runs.reaches(2));
  scheduler.stop();
  scheduler.wake("waiting");
  CHECK(runs.count() == 2);
  CHECK(scheduler.wakeUps("waiting") <= 3);
}

TEST_CASE("a run that throws is tried again") {
  const QuietLog quiet;
  Counter runs;
  Scheduler scheduler(systemClock());
  scheduler.add({"broken", 5ms, 1, 1, [&](std::size_t) -> std::vector<Item> {
                   runs.add();
                   throw std::runtime_error("no database");
                 }});
  scheduler.start();
  CHECK(runs.reaches(3));
}

TEST_CASE("stop waits for the item at hand") {
  const QuietLog quiet;
  Counter begun;
  Counter finished;
  std::latch go(1);
  Scheduler scheduler(systemClock());
  scheduler.add({"slow", 1h, 5, 1, [&](std::size_t wanted) {
                   return std::vector<Item>(wanted, [&] {
                     begun.add();
                     go.wait();
                     finished.add();
                   });
                 }});
  scheduler.start();
  scheduler.wake("slow");
  REQUIRE(begun.reaches(1));
  std::jthread opener([&] { go.count_down(); });
  scheduler.stop();
  CHECK(finished.count() >= 1);
  CHECK(finished.count() == begun.count());
}

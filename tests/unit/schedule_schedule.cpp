#include "schedule/schedule.hpp"

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "catch.hpp"
#include "quiet_log.hpp"
#include "schedule_clock.hpp"

using namespace video;
using namespace video::schedule;
using namespace video::test;
using namespace std::chrono_literals;

namespace {

const auto never = [] { return false; };
const Time start{1'795'219'200s};  // a full hour

// A task whose every run starts with a fresh `dispatch`.
Task taskOf(Dispatch dispatch, std::size_t batch = 1, std::size_t workers = 1) {
  return {"task", batch, workers, [dispatch] { return dispatch; }};
}

// Yields each number below `count` once.
Task countingTask(int count, std::size_t batch, std::size_t workers, std::function<void(int)> work) {
  auto next = std::make_shared<int>(0);
  return taskOf(
      [=](std::size_t wanted) {
        std::vector<Item> items;
        while (items.size() < wanted && *next < count)
          items.push_back([work, i = (*next)++] {
            work(i);
            return Counts{1, 0};
          });
        return items;
      },
      batch, workers);
}

// Finds nothing, and counts its calls.
Task idleTask(std::string name, std::atomic<std::size_t>& looks) {
  Task task = taskOf([&looks](std::size_t) {
    ++looks;
    return std::vector<Item>{};
  });
  task.name = std::move(name);
  return task;
}

}  // namespace

TEST_CASE("a run continues until a dispatch finds nothing") {
  std::mutex mutex;
  std::multiset<int> seen;
  const auto [batch, workers] = GENERATE(table<std::size_t, std::size_t>({{1, 1}, {3, 2}, {10, 4}, {2, 8}, {3, 0}}));
  const Counts counts = runToEnd(countingTask(25, batch, workers,
                                              [&](int i) {
                                                const std::lock_guard lock(mutex);
                                                seen.insert(i);
                                              }),
                                 never);
  CHECK(counts.done == 25);
  CHECK(counts.failed == 0);
  CHECK(seen.size() == 25);
  CHECK(std::set<int>(seen.begin(), seen.end()).size() == 25);
}

TEST_CASE("work created by items is found before the run ends") {
  std::atomic<int> made = 0;
  int given = 0;
  const Task task = taskOf([&](std::size_t) {
    std::vector<Item> items;
    if (given < 5 && given == made)
      items.push_back([&made, i = ++given] {
        made = i;  // only now does the next one exist
        return Counts{2, 1};
      });
    return items;
  });
  const Counts counts = runToEnd(task, never);
  CHECK(counts.done == 10);
  CHECK(counts.failed == 5);
}

TEST_CASE("a failed item does not stop the others") {
  const QuietLog quiet;
  std::atomic<int> done = 0;
  const Counts counts = runToEnd(countingTask(20, 3, 2,
                                              [&](int i) {
                                                if (i < 6) throw std::runtime_error("no");
                                                if (i == 7) throw 7;
                                                ++done;
                                              }),
                                 never);
  CHECK(counts.done == 13);
  CHECK(counts.failed == 7);
  CHECK(done == 13);
}

TEST_CASE("a run in steps ends when a step has nothing to do, or fails") {
  const QuietLog quiet;
  int calls = 0;
  const auto run = [&](int last, bool fails) {
    calls = 0;
    Task task = taskOf({});
    task.begin = [&, last, fails] {
      return inSteps([&, last, fails]() -> std::optional<Counts> {
        if (++calls < last) return Counts{2, 0};
        if (fails) throw std::runtime_error("no");
        return std::nullopt;
      });
    };
    return runToEnd(task, never);
  };
  const Counts counts = run(4, false);
  CHECK(calls == 4);
  CHECK(counts.done == 6);
  CHECK(counts.failed == 0);
  CHECK_THROWS_WITH(run(3, true), "no");  // which fails the run
  CHECK(calls == 3);
}

TEST_CASE("as many items run in parallel as there are workers") {
  std::latch all(3);
  const auto work = [&](int) {
    all.count_down();
    waitFor("three items run at once", all);
  };
  CHECK(runToEnd(countingTask(3, 3, 3, work), never).done == 3);
}

TEST_CASE("the queue is bounded, and the dispatcher runs while executors work") {
  std::atomic<int> given = 0;
  std::atomic<int> done = 0;
  std::atomic<int> most = 0;
  std::latch ahead(1);
  const Task task = taskOf(
      [&](std::size_t) {
        most = std::max(most.load(), given - done);
        if (given == 1) ahead.count_down();
        std::vector<Item> items;
        if (given < 100) {
          items.push_back([&, isFirst = ++given == 1] {
            if (isFirst) waitFor("the next batch is dispatched while an item runs", ahead);
            ++done;
            return Counts{1, 0};
          });
        }
        return items;
      },
      1, 2);
  CHECK(runToEnd(task, never).done == 100);
  CHECK(most <= 4);  // two running, two queued
}

TEST_CASE("stop finishes the items in progress and drops the rest") {
  std::atomic<bool> stop = false;
  std::atomic<int> done = 0;
  const Counts counts = runToEnd(countingTask(100, 10, 1,
                                              [&](int i) {
                                                if (i == 3) stop = true;
                                                ++done;
                                              }),
                                 [&] { return stop.load(); });
  CHECK(done == 4);
  CHECK(counts.done == 4);
}

TEST_CASE("a dispatch that throws ends the run once its items are finished") {
  int dispatches = 0;
  std::atomic<int> done = 0;
  const Item item = [&] {
    ++done;
    return Counts{1, 0};
  };
  const Task task = taskOf([&](std::size_t) -> std::vector<Item> {
    if (++dispatches == 2) throw Error(Fault::busy, "no turn");
    return {item, item};
  });
  CHECK_THROWS_WITH(runToEnd(task, never), "no turn");
  CHECK(done == 2);

  dispatches = 0;
  const QuietLog quiet;
  const TestClock clock(start);
  Notes notes;
  const auto run = runOnce(task, {}, true, clock, notes, never);
  REQUIRE(run);
  CHECK(run->end == RunEnd::failed);
  CHECK(run->error->fault() == Fault::busy);
  CHECK(run->counts.done == 2);
  CHECK(notes.runs().size() == 1);
  notes.refuses = true;
  CHECK_FALSE(runOnce(task, {}, true, clock, notes, never));
}

TEST_CASE("a run that exceeds its timeout leaves the rest to the next run") {
  const TestClock clock(start);
  Notes notes;
  int given = 0;
  std::atomic<int> done = 0;
  const Dispatch dispatch = [&](std::size_t) {
    std::vector<Item> items;
    if (given < 10) {
      ++given;
      items.push_back([&] {
        clock.set(clock.now() + 10s);
        ++done;
        return Counts{1, 0};
      });
    }
    return items;
  };
  const Task task{"task", 1, 1, [&] {
                    given = done;  // dropped items are offered again
                    return dispatch;
                  }};
  const Timing timing{.timeout = 25s};
  CHECK(runOnce(task, timing, false, clock, notes, never)->end == RunEnd::timedOut);
  CHECK(runOnce(task, timing, false, clock, notes, never)->counts.done == 3);
  CHECK(runOnce(task, timing, false, clock, notes, never)->counts.done == 3);
  const auto last = runOnce(task, timing, false, clock, notes, never);
  CHECK(last->counts.done == 1);
  CHECK(last->end == RunEnd::done);
  CHECK(last->ended - last->began == 10s);
}

TEST_CASE("in a week each task runs as often as it should, without extra wake-ups") {
  const TestClock clock(start);
  Notes notes;
  std::atomic<std::size_t> minutes = 0;
  std::atomic<std::size_t> hours = 0;
  std::atomic<std::size_t> days = 0;
  std::atomic<std::size_t> unasked = 0;
  {
    Scheduler scheduler(clock, notes);
    scheduler.add(idleTask("minutes", minutes), {.every = 1min, .jitter = 20s, .seed = 3});
    scheduler.add(idleTask("hours", hours), {.every = 1h});
    Timing daily;
    daily.cron.emplace("15 3 * * *");
    scheduler.add(idleTask("days", days), daily);
    scheduler.add(idleTask("unasked", unasked), {});
    scheduler.start();
    clock.passUntil(start + 7 * 24h + 30s);
    CHECK(scheduler.wakeUps("minutes") == 7 * 24 * 60 + 1);  // the first tick is delayed too
    CHECK(scheduler.wakeUps("hours") == 7 * 24);
    CHECK(scheduler.wakeUps("days") == 7);
    CHECK(scheduler.wakeUps("unasked") == 0);
    CHECK(scheduler.wakeUps("no such task") == 0);
  }
  CHECK(minutes == 7 * 24 * 60 + 1);
  CHECK(hours == 7 * 24);
  CHECK(days == 7);
  CHECK(unasked == 0);
}

TEST_CASE("a new timing takes effect at once") {
  const TestClock clock(start);
  Notes notes;
  std::atomic<std::size_t> runs = 0;
  Scheduler scheduler(clock, notes);
  scheduler.add(idleTask("task", runs), {.every = 24h});
  scheduler.start();
  clock.settle();
  scheduler.setTiming("task", {.every = 1min});
  clock.settle();
  CHECK(runs == 0);
  clock.passUntil(start + 10min + 30s);
  clock.settle();
  CHECK(runs == 10);
  scheduler.setTiming("task", {});
  clock.passUntil(start + 48h);
  CHECK(runs == 10);
  scheduler.setTiming("no such task", {});
}

TEST_CASE("a clock that jumps does not skip or repeat tasks") {
  const TestClock clock(start);
  Notes notes;
  std::atomic<std::size_t> everySo = 0;
  std::atomic<std::size_t> daily = 0;
  Scheduler scheduler(clock, notes);
  scheduler.add(idleTask("every", everySo), {.every = 10min});
  Timing timing;
  timing.cron.emplace("0 * * * *");
  scheduler.add(idleTask("cron", daily), timing);
  scheduler.start();
  clock.passUntil(start + 65min);
  CHECK(everySo == 6);
  CHECK(daily == 1);
  clock.set(start + 24h + 5min);  // forward: missed ticks run once
  CHECK(everySo == 7);
  CHECK(daily == 2);
  clock.passUntil(start + 25h + 5min);
  CHECK(everySo == 13);
  CHECK(daily == 3);
  clock.set(start + 24h +
            35min);  // back by half an hour: the interval of ten minutes still counts, the hourly task has run
  clock.passUntil(start + 25h + 5min);
  CHECK(everySo == 16);
  CHECK(daily == 3);
  clock.passUntil(start + 26h + 5min);
  CHECK(daily == 4);
  clock.set(start + 1h + 30min);  // back by a day: it was wrong before
  clock.passUntil(start + 3h + 1min);
  CHECK(daily == 6);
}

TEST_CASE("an alarm of the system clock wakes at its time and when it is rung") {
  const auto alarm = schedule::systemAlarmClock().makeAlarm();
  const Time until = schedule::systemAlarmClock().now() + 30ms;
  while (schedule::systemAlarmClock().now() < until) alarm->sleepUntil(until);
  alarm->sleepUntil(Time{});
  alarm->ring();
  alarm->sleepUntil(Time::max());
  std::jthread ringer([&] { alarm->ring(); });
  alarm->sleepUntil(Time::max());
}

TEST_CASE("a woken task runs at once, or once more if it is running") {
  Notes notes;
  std::latch go(1);
  std::latch begun(1);
  std::atomic<std::size_t> runs = 0;
  const TestClock clock(start);
  Scheduler scheduler(clock, notes);
  scheduler.add(taskOf([&](std::size_t) {
                  if (++runs == 1) {
                    begun.count_down();
                    waitFor("the first run may go on", go);
                  }
                  return std::vector<Item>{};
                }),
                {});
  scheduler.start();
  scheduler.wake("unknown");
  scheduler.wake("task");
  waitFor("the first run begins", begun);
  scheduler.wake("task");
  scheduler.wake("task");
  go.count_down();
  REQUIRE(notes.reaches(2));
  for (const Run& run : notes.runs()) CHECK(run.asked);
  clock.settle();
  scheduler.stop();
  scheduler.wake("task");
  CHECK(runs == 2);
}

TEST_CASE("a failed run is retried at the next tick") {
  const QuietLog quiet;
  Notes notes;
  const TestClock clock(start);
  Scheduler scheduler(clock, notes);
  scheduler.add(taskOf([&](std::size_t) -> std::vector<Item> { throw std::runtime_error("no database"); }),
                {.every = 5s});
  scheduler.start();
  clock.passUntil(start + 15s);
  REQUIRE(notes.runs().size() == 3);
  CHECK(notes.runs()[0].error->detail() == "no database");
}

TEST_CASE("stop waits for the item in progress") {
  std::latch begun(1);
  std::latch go(1);
  std::atomic<int> finished = 0;
  Notes notes;
  const TestClock clock(start);
  Scheduler scheduler(clock, notes);
  scheduler.add(taskOf(
                    [&](std::size_t wanted) {
                      return std::vector<Item>(wanted, [&] {
                        if (finished == 0) begun.count_down();
                        waitFor("the item may go on", go);
                        ++finished;
                        return Counts{1, 0};
                      });
                    },
                    5, 1),
                {});
  scheduler.start();
  scheduler.wake("task");
  waitFor("the item begins", begun);
  std::jthread opener([&] { go.count_down(); });
  scheduler.stop();
  REQUIRE(notes.runs().size() == 1);
  CHECK(notes.runs()[0].end == RunEnd::stopped);
  CHECK(notes.runs()[0].counts.done == static_cast<std::size_t>(finished));
  CHECK(finished >= 1);
}

TEST_CASE("what fails on a thread of a task ends no process, and is known") {
  const QuietLog quiet;
  std::atomic<int> done = 0;
  const auto dispatcher = std::this_thread::get_id();
  const auto stop = [&] {
    if (std::this_thread::get_id() != dispatcher) throw std::runtime_error("no clock");
    return false;
  };
  CHECK(runToEnd(countingTask(20, 3, 2, [&](int) { ++done; }), stop).done == 0);
  CHECK(done == 0);

  struct : TestClock {
    using TestClock::TestClock;
    Time now() const override {
      if (broken) throw std::runtime_error("no clock");
      return TestClock::now();
    }
    std::atomic<bool> broken = false;
  } clock{start};
  Notes notes;
  std::atomic<std::size_t> looks = 0;
  Scheduler scheduler(clock, notes);
  scheduler.add(idleTask("breaks", looks), {.every = 1h});
  scheduler.start();
  clock.settle();
  CHECK(scheduler.failedTask().empty());
  clock.broken = true;
  scheduler.wake("breaks");
  waitFor("the scheduler reports a failed task", [&] { return !scheduler.failedTask().empty(); });
  CHECK(scheduler.failedTask() == "breaks");
}

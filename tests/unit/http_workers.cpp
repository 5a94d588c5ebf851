// The threads that serve requests, without a transport.
#include "http/server/workers.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <functional>
#include <latch>
#include <mutex>
#include <vector>

#include "base/waiting.hpp"
#include "catch.hpp"
#include "wait.hpp"

using namespace video;
using http::Workers;

namespace {

int niceOfThisThread() {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
}

/// Workers that take jobs from a queue, and the nice value of the thread that took each.
class Crew {
 public:
  using Job = std::function<void(Workers::WorkerSlot&)>;

  explicit Crew(std::size_t cores) : workers_(cores, 16, [this](Workers::WorkerSlot& slot) { work(slot); }) {
    workers_.start();
  }
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    workers_.end();
  }

  void add(Job job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  /// Waits until every job is done.
  void drain() {
    test::waitFor("all jobs are done", [&] {
      const std::lock_guard lock(mutex_);
      return jobs_.empty() && busy_ == 0;
    });
  }
  std::vector<int> nices() const {
    const std::lock_guard lock(mutex_);
    return nices_;
  }

 private:
  void work(Workers::WorkerSlot& slot) {
    while (slot.next()) {
      Job job;
      if (!test::soon([&] { return take(job); }) || !job) return;
      job(slot);
      job = nullptr;
      const std::lock_guard lock(mutex_);
      --busy_;
    }
  }
  bool take(Job& job) {
    const std::lock_guard lock(mutex_);
    if (ended_) return true;
    if (jobs_.empty()) return false;
    job = std::move(jobs_.front());
    jobs_.pop_front();
    nices_.push_back(niceOfThisThread());
    ++busy_;
    return true;
  }

  mutable std::mutex mutex_;
  std::deque<Job> jobs_;
  std::vector<int> nices_;
  std::size_t busy_ = 0;
  bool ended_ = false;
  Workers workers_;
};

}  // namespace

TEST_CASE("a worker whose work was long neither keeps others from running nor passes its low priority on") {
  const int usual = niceOfThisThread();
  std::atomic<int> niceOfLong = usual;
  std::latch isLong(1);
  std::latch longEnds(1);
  std::latch othersWait(1);
  std::latch otherEnds(1);
  Crew crew(2);
  crew.add([&](Workers::WorkerSlot& slot) {
    {
      const Waiting reading;
      slot.workIsLong();
    }
    niceOfLong = niceOfThisThread();
    isLong.count_down();
    test::soon([&] { return longEnds.try_wait(); });
  });
  test::waitFor("the long work is past its wait", isLong);
  // Both others run beside it, although it works too.
  std::latch bothRun(2);
  const auto meet = [](std::latch& others) {
    others.count_down();
    test::soon([&] { return others.try_wait(); });
  };
  crew.add([&](Workers::WorkerSlot&) {
    meet(bothRun);
    const Waiting meanwhile;
    othersWait.count_down();
    test::soon([&] { return otherEnds.try_wait(); });
  });
  crew.add([&](Workers::WorkerSlot&) { meet(bothRun); });
  test::waitFor("two others run", bothRun);
  test::waitFor("one of them waits", othersWait);
  longEnds.count_down();
  // Pairs that meet are on two threads, so that one made by the thread that leaves would be among them.
  std::deque<std::latch> pairs;  // outlives the jobs
  for (int pair = 0; pair < 4; ++pair) {
    std::latch& met = pairs.emplace_back(2);
    for (int i = 0; i < 2; ++i) crew.add([&](Workers::WorkerSlot&) { meet(met); });
    test::waitFor("two workers meet", met);
  }
  otherEnds.count_down();
  crew.drain();
  CHECK(niceOfLong > usual);
  CHECK(crew.nices() == std::vector<int>(11, usual));
}

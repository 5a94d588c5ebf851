// Jobs in the background: whose turn it is, and how many may wait.
#include "schedule/background.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
using schedule::Background;

namespace {

/// Lets jobs begin, and end when told.
struct Gate {
  Background::Job job(const std::string& name) {
    return [this, name](const std::stop_token& stop) {
      {
        const std::lock_guard lock(mutex);
        began += name;
      }
      ++running;
      waitFor("the gate", [&] { return opened.load() || stop.stop_requested(); });
      --running;
      ++ended;
    };
  }
  std::string order() {
    const std::lock_guard lock(mutex);
    return began;
  }
  std::mutex mutex;
  std::string began;
  std::atomic<bool> opened = false;
  std::atomic<int> running = 0;
  std::atomic<int> ended = 0;
};

}  // namespace

TEST_CASE("accounts take turns, each with one job at a time") {
  Gate gate;
  Background background({.threads = 2});
  background.add(1, gate.job("a"));
  REQUIRE(soon([&] { return gate.running == 1; }));
  for (const char* name : {"a", "a", "a"}) background.add(1, gate.job(name));
  background.add(2, gate.job("b"));
  REQUIRE(soon([&] { return gate.running == 2; }));
  CHECK(gate.order() == "ab");
  background.add(2, gate.job("b"));
  background.add(3, gate.job("c"));
  CHECK(background.waiting() == 5);
  gate.opened = true;
  CHECK(soon([&] { return gate.ended == 7; }));
  const std::string order = gate.order();
  CHECK(order.substr(0, 3) == "abc");  // not the one of the others' jobs that came first
  CHECK(background.waiting() == 0);
}

TEST_CASE(
    "too many waiting jobs are refused, of one account and in all, but never the operator's for those of others") {
  Gate gate;
  Background background({.threads = 1, .perAccount = 2, .all = 3});
  background.add(1, gate.job("a"));
  REQUIRE(soon([&] { return gate.running == 1; }));
  const auto add = [&](std::int64_t account) { return faultOf([&] { background.add(account, gate.job("x")); }); };
  CHECK(add(1) == std::nullopt);
  CHECK(add(1) == std::nullopt);
  CHECK(add(1) == Fault::tooMany);
  CHECK(add(2) == std::nullopt);
  CHECK(add(3) == Fault::tooMany);
  CHECK(add(0) == std::nullopt);
  CHECK(add(0) == std::nullopt);
  CHECK(add(0) == Fault::tooMany);
  gate.opened = true;
  CHECK(soon([&] { return gate.ended == 6; }));
  CHECK(add(3) == std::nullopt);
  CHECK(soon([&] { return gate.ended == 7; }));
}

TEST_CASE("jobs run at the lowest priority") {
  std::atomic<int> nice = -1;
  std::atomic<long> disk = -1;
  Background background;
  background.add(1, [&](const std::stop_token&) {
    disk = ::syscall(SYS_ioprio_get, 1, 0);
    nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  });
  CHECK(soon([&] { return nice != -1; }));
  CHECK(nice == 19);
  CHECK(disk >> 13 == 3);  // IOPRIO_CLASS_IDLE
}

TEST_CASE("the end stops running jobs and drops those that wait") {
  Gate gate;
  {
    Background background({.threads = 1});
    background.add(1, gate.job("a"));
    background.add(1, gate.job("b"));
    REQUIRE(soon([&] { return gate.running == 1; }));
  }
  CHECK(gate.order() == "a");
  CHECK(gate.ended == 1);
}

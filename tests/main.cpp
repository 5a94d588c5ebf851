#define CATCH_CONFIG_MAIN
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace {

// What an operation does to the priority of its thread would slow down all tests after it. Only root can undo it.
struct PriorityListener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo& test) override {
    TestEventListenerBase::testCaseStarting(test);
    if (::getpriority(PRIO_PROCESS, 0) > before_ && ::setpriority(PRIO_PROCESS, 0, before_) == 0)
      ::syscall(SYS_ioprio_set, 1, 0, 0);  // of this thread: none of its own
  }

 private:
  int before_ = ::getpriority(PRIO_PROCESS, 0);
};

}  // namespace

CATCH_REGISTER_LISTENER(PriorityListener)

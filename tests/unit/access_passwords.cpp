#include "access/passwords.hpp"

#include <atomic>
#include <fstream>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include "access/hash_threads.hpp"
#include "base/error.hpp"
#include "base/waiting.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "wait.hpp"

using namespace video;
using access::HashThreads;
using access::Passwords;

namespace {

access::AccessOptions cheap() {
  access::AccessOptions options;
  options.passwordOpslimit = 1;
  options.passwordMemlimit = 8192;
  return options;
}

using test::faultOf;

std::size_t threadsOfThisProcess() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Threads:")) return std::stoul(line.substr(8));
  return 0;
}

class Counter : public WaitObserver {
 public:
  void waitBegins() noexcept override { ++begun; }
  void waitEnds() noexcept override { ++ended; }
  int begun = 0;
  int ended = 0;
};

}  // namespace

TEST_CASE("a password is verified against its hash alone", "[access]") {
  Passwords passwords(cheap());
  const std::string hash = passwords.hash({}, "correct horse");
  CHECK(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  CHECK(passwords.hash({}, "correct horse") != hash);
  CHECK(passwords.verify({}, hash, "correct horse").right);
  CHECK_FALSE(passwords.verify({}, hash, "correct horsf").right);
  CHECK_FALSE(passwords.verify({}, hash, "").right);
  CHECK_FALSE(passwords.verify({}, "", "correct horse").right);
  CHECK_FALSE(passwords.verify({}, "", "").right);
  CHECK_FALSE(passwords.verify({}, "no hash at all", "correct horse").right);
  access::AccessOptions dearer = cheap();
  dearer.passwordOpslimit = 2;
  CHECK(Passwords(dearer).verify({}, hash, "correct horse").right);
}

TEST_CASE("checking a wrong password costs as much as a new hash, and not more", "[access]") {
  const std::string old = Passwords(cheap()).hash({}, "correct horse");
  access::AccessOptions dear = cheap();
  dear.passwordOpslimit = 3;
  Passwords passwords(dear);
  CHECK(passwords.hash({}, "correct horse").starts_with("$argon2id$v=19$m=8,t=3,p=1$"));
  CHECK_FALSE(passwords.verify({}, old, "wrong").right);
  const access::Verified verified = passwords.verify({}, old, "correct horse");
  CHECK(verified.right);
  CHECK(verified.newHash.starts_with("$argon2id$v=19$m=8,t=3,p=1$"));
  CHECK_FALSE(passwords.verify({}, "", "correct horse").right);
}

TEST_CASE("passwords that are too short, too long or contain NUL are refused", "[access]") {
  Passwords passwords(cheap());
  CHECK_THROWS_WITH(passwords.hash({}, "1234567"), "pwd: must have at least 8 bytes");
  CHECK(faultOf([&] { passwords.hash({}, "1234567"); }) == Fault::malformed);
  CHECK_NOTHROW(passwords.hash({}, "12345678"));
  CHECK_NOTHROW(passwords.hash({}, "\x01\xff tab\t."));
  const std::string longest(1024, 'x');
  CHECK(passwords.verify({}, passwords.hash({}, longest), longest).right);
  CHECK(faultOf([&] { passwords.hash({}, longest + "x"); }) == Fault::malformed);
  CHECK(faultOf([&] { passwords.verify({}, "", longest + "x"); }) == Fault::malformed);
  CHECK(faultOf([&] { passwords.hash({}, std::string("12345678\0", 9)); }) == Fault::malformed);
  CHECK(faultOf([&] { passwords.verify({}, "", std::string("\0", 1)); }) == Fault::malformed);
}

TEST_CASE("hashing reports the caller as waiting, even for an unknown name", "[access]") {
  Passwords passwords(cheap());
  const std::string hash = passwords.hash({}, "correct horse");
  Counter counter;
  WaitObserver::current() = &counter;
  passwords.verify({}, hash, "wrong");
  passwords.verify({}, "", "wrong");
  WaitObserver::current() = nullptr;
  CHECK(counter.begun == 2);
  CHECK(counter.ended == 2);
}

TEST_CASE("no thread is started before the first hash", "[access]") {
  // May be fewer, if a joined thread had not yet disappeared from /proc.
  const std::size_t before = threadsOfThisProcess();
  Passwords passwords(cheap());
  CHECK(threadsOfThisProcess() <= before);
  passwords.hash({}, "correct horse");
  passwords.hash({}, "correct horse");
  CHECK(threadsOfThisProcess() <= before + 1);
}

TEST_CASE("64 callers may wait for the hash threads, and the next is refused", "[access]") {
  HashThreads threads(1, 64);
  std::latch begun(1);
  std::latch release(1);
  std::atomic<int> done = 0;
  std::vector<std::jthread> callers;
  callers.emplace_back([&] {
    threads.run({}, [&] {
      begun.count_down();
      if (test::soon([&] { return release.try_wait(); })) ++done;
    });
  });
  test::waitFor("a hash thread works for the first caller", begun);
  for (int i = 0; i < 64; ++i) callers.emplace_back([&] { threads.run({}, [&] { ++done; }); });
  test::waitFor("64 callers wait", [&] { return threads.waiting() == 64; });
  try {
    threads.run({}, [&] { ++done; });
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    CHECK(error.retryAfter() == std::chrono::seconds{1});
  }
  release.count_down();
  callers.clear();
  CHECK(done == 65);
  threads.run({}, [&] { ++done; });
  CHECK(done == 66);
}

namespace {

// One hash thread that is kept busy until `finish`, and what it did then, in order.
class Queue {
 public:
  Queue() {
    callers_.emplace_back([this] {
      threads_.run({}, [this] {
        begun_.count_down();
        release_.wait();
      });
    });
    begun_.wait();
  }
  ~Queue() { finish(); }

  // Adds a job named `name`; returns once it waits.
  void add(const std::string& name, const access::Asker& asker) {
    const std::size_t before = threads_.waiting();
    callers_.emplace_back(
        [this, name, address = std::string(asker.address), account = std::string(asker.account), known = asker.known] {
          try {
            threads_.run({address, account, known}, [&] { order_.push_back(name); });
          } catch (const Error& error) {
            if (error.fault() == Fault::tooMany) ++refused_;
          }
        });
    test::waitFor("the job waits, or another is refused for it",
                  [&] { return threads_.waiting() > before || refused_ > refusedBefore_; });
    refusedBefore_ = refused_;
  }
  int refused() const { return refused_; }
  const std::vector<std::string>& finish() {
    if (!callers_.empty()) release_.count_down();
    callers_.clear();
    return order_;
  }

 private:
  HashThreads threads_{1, 64};
  std::latch begun_{1};
  std::latch release_{1};
  std::vector<std::string> order_;  // written by the one hash thread
  std::atomic<int> refused_ = 0;
  int refusedBefore_ = 0;
  std::vector<std::jthread> callers_;
};

}  // namespace

TEST_CASE("the callers of one address wait for each other, not those of other addresses for them", "[access]") {
  Queue queue;
  for (int i = 0; i < 32; ++i) queue.add("storm", {.address = "203.0.113.1"});
  queue.add("one too many", {.address = "203.0.113.1"});
  CHECK(queue.refused() == 1);
  queue.add("stranger", {.address = "192.0.2.1"});
  queue.add("known", {.address = "192.0.2.2", .account = "anna", .known = true});
  queue.add("same network", {.address = "2001:db8::1"});
  queue.add("same network", {.address = "2001:db8::2"});
  const std::vector<std::string>& order = queue.finish();
  REQUIRE(order.size() == 36);
  CHECK(order[0] == "known");
  CHECK(std::vector(order.begin() + 1, order.begin() + 4) ==
        std::vector<std::string>{"storm", "stranger", "same network"});
  CHECK(std::find(order.begin() + 4, order.begin() + 8, "same network") != order.begin() + 8);
}

TEST_CASE("the callers of one account wait for each other, strangers apart from those who know it", "[access]") {
  Queue queue;
  for (int i = 0; i < 20; ++i) queue.add("storm", {.address = "203.0.113." + std::to_string(i), .account = "anna"});
  CHECK(queue.refused() == 4);
  queue.add("other", {.address = "192.0.2.1", .account = "bert"});
  queue.add("owner", {.address = "192.0.2.2", .account = "Anna", .known = true});
  const std::vector<std::string>& order = queue.finish();
  REQUIRE(order.size() == 18);
  CHECK(std::vector(order.begin(), order.begin() + 3) == std::vector<std::string>{"owner", "storm", "other"});
}

TEST_CASE("who has waited least often takes the place of the last in a full queue", "[access]") {
  Queue queue;
  for (int i = 0; i < 64; ++i) queue.add("storm", {.address = i % 2 == 0 ? "203.0.113.1" : "203.0.113.2"});
  queue.add("newcomer", {.address = "192.0.2.1"});
  CHECK(queue.refused() == 1);
  const std::vector<std::string>& order = queue.finish();
  REQUIRE(order.size() == 64);
  CHECK(order[2] == "newcomer");
}

TEST_CASE("newcomers without end do not keep a second request waiting for ever", "[access]") {
  HashThreads threads(1, 64);
  std::vector<std::jthread> callers;
  std::latch begun(1);
  std::latch release(1);
  callers.emplace_back([&] {
    threads.run({.address = "192.0.2.1"}, [&] {
      begun.count_down();
      release.wait();
    });
  });
  begun.wait();
  std::atomic<bool> served = false;
  callers.emplace_back([&] { threads.run({.address = "192.0.2.1"}, [&] { served = true; }); });
  test::waitFor("it waits", [&] { return threads.waiting() == 1; });
  // Each of 30 newcomers is followed by another from an address that was never seen, and never do none wait.
  constexpr int most = 2000;
  std::atomic<int> count = 0;
  for (int i = 0; i < 30; ++i)
    callers.emplace_back([&] {
      const auto isOver = [&] { return served || count >= most; };
      while (!isOver())
        threads.run({.address = "2001:db8:" + std::to_string(count++) + "::1"},
                    [&] { test::waitFor("another waits", [&] { return isOver() || threads.waiting() >= 2; }); });
    });
  test::waitFor("30 newcomers wait", [&] { return threads.waiting() == 31; });
  release.count_down();
  callers.clear();
  CHECK(served);
  CHECK(count < most);
}

TEST_CASE("an exception in a hash thread reaches its caller, and the thread goes on", "[access]") {
  HashThreads threads(2, 4);
  CHECK_THROWS_AS(threads.run({}, [] { throw std::runtime_error("no"); }), std::runtime_error);
  bool ran = false;
  threads.run({}, [&] { ran = true; });
  CHECK(ran);
}

TEST_CASE("the configured number of hash threads work in parallel", "[access]") {
  HashThreads threads(2, 4);
  std::latch both(2);
  std::atomic<int> met = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 2; ++i)
    callers.emplace_back([&] {
      threads.run({}, [&] {
        both.count_down();
        if (test::soon([&] { return both.try_wait(); })) ++met;
      });
    });
  callers.clear();
  CHECK(met == 2);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("the memory of a hash is released", "[access]") {
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t pages = 0;
    statm >> size >> pages;
    return pages * 4096;
  };
  access::AccessOptions dear;
  dear.passwordOpslimit = 1;
  dear.passwordMemlimit = 64ULL << 20;
  Passwords passwords(dear);
  const std::size_t before = resident();
  for (int i = 0; i < 3; ++i) passwords.hash({}, "correct horse");
  CHECK(resident() < before + (8ULL << 20));
}
#endif

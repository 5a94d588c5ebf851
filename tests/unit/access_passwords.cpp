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
  const std::string hash = passwords.hash("correct horse");
  CHECK(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  CHECK(passwords.hash("correct horse") != hash);
  CHECK(passwords.verify(hash, "correct horse").right);
  CHECK_FALSE(passwords.verify(hash, "correct horsf").right);
  CHECK_FALSE(passwords.verify(hash, "").right);
  CHECK_FALSE(passwords.verify("", "correct horse").right);
  CHECK_FALSE(passwords.verify("", "").right);
  CHECK_FALSE(passwords.verify("no hash at all", "correct horse").right);
  access::AccessOptions dearer = cheap();
  dearer.passwordOpslimit = 2;
  CHECK(Passwords(dearer).verify(hash, "correct horse").right);
}

TEST_CASE("checking a wrong password costs as much as a new hash, and not more", "[access]") {
  const std::string old = Passwords(cheap()).hash("correct horse");
  access::AccessOptions dear = cheap();
  dear.passwordOpslimit = 3;
  Passwords passwords(dear);
  CHECK(passwords.hash("correct horse").starts_with("$argon2id$v=19$m=8,t=3,p=1$"));
  CHECK_FALSE(passwords.verify(old, "wrong").right);
  const access::Verified verified = passwords.verify(old, "correct horse");
  CHECK(verified.right);
  CHECK(verified.newHash.starts_with("$argon2id$v=19$m=8,t=3,p=1$"));
  CHECK_FALSE(passwords.verify("", "correct horse").right);
}

TEST_CASE("passwords that are too short, too long or contain NUL are refused", "[access]") {
  Passwords passwords(cheap());
  CHECK_THROWS_WITH(passwords.hash("1234567"), "pwd: must have at least 8 bytes");
  CHECK(faultOf([&] { passwords.hash("1234567"); }) == Fault::malformed);
  CHECK_NOTHROW(passwords.hash("12345678"));
  CHECK_NOTHROW(passwords.hash("\x01\xff tab\t."));
  const std::string longest(1024, 'x');
  CHECK(passwords.verify(passwords.hash(longest), longest).right);
  CHECK(faultOf([&] { passwords.hash(longest + "x"); }) == Fault::malformed);
  CHECK(faultOf([&] { passwords.verify("", longest + "x"); }) == Fault::malformed);
  CHECK(faultOf([&] { passwords.hash(std::string("12345678\0", 9)); }) == Fault::malformed);
  CHECK(faultOf([&] { passwords.verify("", std::string("\0", 1)); }) == Fault::malformed);
}

TEST_CASE("hashing reports the caller as waiting, even for an unknown name", "[access]") {
  Passwords passwords(cheap());
  const std::string hash = passwords.hash("correct horse");
  Counter counter;
  WaitObserver::current() = &counter;
  passwords.verify(hash, "wrong");
  passwords.verify("", "wrong");
  WaitObserver::current() = nullptr;
  CHECK(counter.begun == 2);
  CHECK(counter.ended == 2);
}

TEST_CASE("no thread is started before the first hash", "[access]") {
  // May be fewer, if a joined thread had not yet disappeared from /proc.
  const std::size_t before = threadsOfThisProcess();
  Passwords passwords(cheap());
  CHECK(threadsOfThisProcess() <= before);
  passwords.hash("correct horse");
  passwords.hash("correct horse");
  CHECK(threadsOfThisProcess() <= before + 1);
}

TEST_CASE("64 callers may wait for the hash threads, and the next is refused", "[access]") {
  HashThreads threads(1, 64);
  std::latch begun(1);
  std::latch release(1);
  std::atomic<int> done = 0;
  std::vector<std::jthread> callers;
  callers.emplace_back([&] {
    threads.run([&] {
      begun.count_down();
      if (test::soon([&] { return release.try_wait(); })) ++done;
    });
  });
  test::waitFor("a hash thread works for the first caller", begun);
  for (int i = 0; i < 64; ++i) callers.emplace_back([&] { threads.run([&] { ++done; }); });
  test::waitFor("64 callers wait", [&] { return threads.waiting() == 64; });
  try {
    threads.run([&] { ++done; });
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    CHECK(error.retryAfter() == std::chrono::seconds{1});
  }
  release.count_down();
  callers.clear();
  CHECK(done == 65);
  threads.run([&] { ++done; });
  CHECK(done == 66);
}

TEST_CASE("an exception in a hash thread reaches its caller, and the thread goes on", "[access]") {
  HashThreads threads(2, 4);
  CHECK_THROWS_AS(threads.run([] { throw std::runtime_error("no"); }), std::runtime_error);
  bool ran = false;
  threads.run([&] { ran = true; });
  CHECK(ran);
}

TEST_CASE("the configured number of hash threads work in parallel", "[access]") {
  HashThreads threads(2, 4);
  std::latch both(2);
  std::atomic<int> met = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 2; ++i)
    callers.emplace_back([&] {
      threads.run([&] {
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
  for (int i = 0; i < 3; ++i) passwords.hash("correct horse");
  CHECK(resident() < before + (8ULL << 20));
}
#endif

#include "observe/watchdog.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "catch.hpp"
#include "quiet_log.hpp"
#include "wait.hpp"

using namespace video;

TEST_CASE("the watchdog is fed only while every part answers") {
  const test::QuietLog quiet;
  std::atomic<int> fed = 0;
  std::atomic<int> asked = 0;
  enum class Mood { answers, refuses, throws };
  std::atomic<Mood> mood = Mood::answers;
  std::mutex hanging;
  std::atomic<bool> hangs = false;
  const auto other = [&] {
    ++asked;
    if (mood == Mood::throws) throw std::runtime_error("broken");
    return mood == Mood::answers;
  };
  const auto writer = [&] {
    hangs = true;
    const std::lock_guard wait(hanging);
    hangs = false;
    return true;
  };
  observe::Watchdog dog({{"writer", writer}, {"transport", other}}, std::chrono::milliseconds{40}, [&] { ++fed; });
  // Whether it is fed no more: not while the silent part is asked many times again.
  const auto starves = [&] {
    int before = -1;
    return test::soon([&] {
      const int count = fed;
      const int rounds = asked;
      if (!test::soon([&] { return asked >= rounds + 5; })) return false;
      return std::exchange(before, fed.load()) == count && fed == count;
    });
  };
  const auto eats = [&] {
    const int before = fed;
    return test::soon([&] { return fed >= before + 3; });
  };
  CHECK(eats());
  {
    const std::lock_guard hold(hanging);
    REQUIRE(test::soon([&] { return hangs.load(); }));
    CHECK(starves());
  }
  CHECK(eats());
  for (const Mood bad : {Mood::refuses, Mood::throws}) {
    mood = bad;
    CHECK(starves());
    mood = Mood::answers;
    CHECK(eats());
  }
  dog.stop();
}

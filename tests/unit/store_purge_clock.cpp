#include "store/purge_clock.hpp"

#include "quiet_log.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;
using namespace std::chrono_literals;

namespace {

// A machine: its wall clock, which may jump, and the time since it started.
struct Machine : Clock {
  struct SinceBoot : Clock {
    explicit SinceBoot(const Machine& machine) : machine_(machine) {}
    Time now() const override { return Time{machine_.boot}; }
    const Machine& machine_;
  };
  Time now() const override { return wall; }
  void pass(std::chrono::milliseconds time) {
    wall += time;
    boot += time;
  }
  PurgeClock clockOn(const DataDirectory& directory) const { return {directory, *this, sinceBoot}; }
  Time wall{std::chrono::milliseconds{1'800'000'000'000}};
  std::chrono::milliseconds boot = 100h;
  SinceBoot sinceBoot{*this};
};

// Counts syncs; fails to open anything in a way that is no Error.
struct OddFiles : os::FileSystem {
  int syncs = 0;
  bool fails = false;
  int fsync(int file) override {
    ++syncs;
    return FileSystem::fsync(file);
  }
  int openat(int folder, const char* name, int flags, mode_t mode) override {
    if (fails) throw std::runtime_error("out of something");
    return FileSystem::openat(folder, name, flags, mode);
  }
};

}  // namespace

TEST_CASE("what a clock has seen of a jump is synced, and what cannot be saved ends nothing", "[store]") {
  const test::QuietLog quiet;
  const Scratch scratch;
  OddFiles files;
  DataDirectory::create(scratch.data());
  const auto directory = DataDirectory::open(scratch.data(), Hold::shared, {}, 1s, files);
  Machine machine;
  const PurgeClock clock = machine.clockOn(*directory);
  clock.now();
  machine.pass(5min);
  clock.now();
  CHECK(files.syncs == 0);
  machine.wall += 2h;
  clock.now();
  CHECK(files.syncs == 1);
  machine.pass(1min);
  clock.now();
  CHECK(files.syncs == 1);
  machine.pass(9min);
  CHECK_FALSE(clock.isHeld());
  CHECK(files.syncs == 2);
  machine.wall += 2h;
  clock.now();
  machine.wall -= 2h;
  clock.now();
  CHECK(files.syncs == 4);
  files.fails = true;
  machine.pass(5min);
  CHECK(clock.now() == machine.wall);
}

TEST_CASE("a clock that jumps is not believed until it has been so for ten minutes", "[store]") {
  const test::QuietLog quiet;
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  Machine machine;
  const PurgeClock clock = machine.clockOn(*directory);
  CHECK(clock.now() == machine.wall);
  machine.pass(5h);
  CHECK(clock.now() == machine.wall);
  machine.wall += 59min;  // set right
  CHECK(clock.now() == machine.wall);

  const auto jump = GENERATE(2h, -2h, 24h * 365 * 20);
  machine.wall += jump;  // for five seconds
  CHECK(clock.now() == machine.wall - jump);
  CHECK(clock.isHeld());
  machine.pass(5s);
  CHECK(clock.now() == machine.wall - jump);
  machine.wall -= jump;
  CHECK(clock.now() == machine.wall);
  CHECK_FALSE(clock.isHeld());

  machine.wall += jump;  // for good
  CHECK(clock.now() == machine.wall - jump);
  machine.pass(9min);
  CHECK(clock.now() == machine.wall - jump);
  const PurgeClock other = machine.clockOn(*directory);  // another process, or a restart of this one
  CHECK(other.now() == machine.wall - jump);
  machine.pass(1min);
  CHECK(other.now() == machine.wall);
  CHECK(clock.now() == machine.wall);
  CHECK_FALSE(clock.isHeld());
}

TEST_CASE("a clock that was set while nothing ran is not believed at once", "[store]") {
  const test::QuietLog quiet;
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  Machine machine;
  CHECK(machine.clockOn(*directory).now() == machine.wall);
  machine.pass(24h * 30);  // stopped, while the machine ran
  CHECK(machine.clockOn(*directory).now() == machine.wall);
  machine.wall += 3h;
  CHECK(machine.clockOn(*directory).now() == machine.wall - 3h);
  machine.pass(10min);
  CHECK(machine.clockOn(*directory).now() == machine.wall);
  CHECK_FALSE(machine.clockOn(*directory).isHeld());
}

// Every operation that changes a data directory, with one file-system call failing, written short, or the last of its
// process: what was acknowledged stands, nothing is half done, and the next run succeeds.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "catch.hpp"
#include "faults/site.hpp"

using namespace video;
using namespace video::faults;

namespace {

constexpr int killed = 128 + SIGKILL;
// With sanitizers a process takes several times as long, and a fault does not depend on them.
#ifdef __SANITIZE_ADDRESS__
constexpr bool isSlow = true;
#else
constexpr bool isSlow = false;
#endif
constexpr std::uint32_t pointsInSample = isSlow ? 2 : 6;

constexpr std::array kinds{
    Kind{"EIO", Action::fail, EIO, fileCalls},
    Kind{"ENOSPC", Action::fail, ENOSPC, growing},
    Kind{"ENOSPC from there on", Action::fail, ENOSPC, growing, true},
    Kind{"EDQUOT", Action::fail, EDQUOT, growing},
    Kind{"EIO at a sync", Action::fail, EIO, syncs},
    Kind{"ENOSPC at a sync", Action::fail, ENOSPC, syncs, true},
    Kind{"short write", Action::shorten, 0, writes},
    Kind{"kill", Action::killBefore, 0, fileCalls | answers},
    Kind{"kill in a write", Action::tear, 0, writes},
    Kind{"kill after the response", Action::killAfter, 0, answers},
};

constexpr const char* settings =
    "[storage]\nfree_space_floor = 0\n[deletion]\nbatch = 1\nworkers = 1\nretry_delay = \"1ms\"\n";

constexpr std::array allFolders{"blobs", "incoming", "lost+found"};

// What is wrong in a directory, looked at in a copy, so that the next program finds it as the last one left it.
std::string faultsOf(const Scenario& scenario, const FaultySite& site, const std::set<State>& wanted, bool isClean) {
  FaultySite copy{site.folder.string() + "-copy"};
  for (const char* const left : {"reserve", "videod.sock"}) fs::remove(site.data() / left);
  fs::copy(site.folder, copy.folder, fs::copy_options::recursive);
  std::string wrong;
  try {
    const State found = scenario.state(copy);
    if (!wanted.contains(found))
      wrong += fmt::format("it is {}\n", found == State::before  ? "not done"
                                         : found == State::after ? "done"
                                                                 : "half done");
    if (fs::exists(copy.data() / "video.db"))
      wrong += Opened(copy.data()).faults(std::span(allFolders).first(isClean ? allFolders.size() : 0));
  } catch (const std::exception& failure) {
    wrong += fmt::format("{}\n", failure.what());
  }
  if (isClean)
    for (const auto& entry : fs::directory_iterator(site.data()))
      if (entry.path().native().find(".new") != std::string::npos)
        wrong += "left over: " + entry.path().filename().string() + '\n';
  fs::remove_all(copy.folder);
  return wrong;
}

// What is left in a directory that is used again, when the sweeps and a drain have run, with all files old enough.
std::string leftoversOf(const FaultySite& site) {
  for (const char* const folder : {"blobs", "incoming"})
    for (const auto& entry : fs::recursive_directory_iterator(site.data() / folder))
      if (entry.is_regular_file())
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours{48});
  for (const Words& words : {Words{"task", "run", "upload-sweep"}, Words{"task", "run", "orphan-sweep"},
                             Words{"queue", "drain", "-q", "--include-not-due", "--yes"}})
    if (const Ended ended = site.command(words); ended.status != 0)
      return fmt::format("{}: status {}: {}{}\n", fmt::join(words, " "), ended.status, ended.out, ended.err);
  return Opened(site.data()).faults(std::span(allFolders).first(2));
}

// Whether an operation that such a call failed may end so.
bool isFitting(const Scenario& scenario, const Kind& kind, std::string_view hit, int status) {
  if (scenario.failures.contains(status)) return true;
  if (kind.isNoSpace()) return status == 11;
  return status == 1 || status == 8 || (status == 9 && (hit.starts_with("fcntl") || hit.starts_with("flock")));
}

struct Tally {
  std::map<std::string, int> outcomes;  // how often the operation ended so
  std::string wrong;
};

// Runs the operation once with call `point` hit.
void tryAt(const Scenario& scenario, const Kind& kind, std::uint32_t point, const fs::path& home, std::mutex& mutex,
           Tally& tally) {
  FaultySite site{home / fmt::format("{}-{}", point, static_cast<const void*>(&kind))};
  fs::copy(home / "filled", site.folder, fs::copy_options::recursive);
  Injector injector(home / fmt::format("control-{}", point));
  injector.set(kind, point, site.disk());
  site.injector = &injector;
  std::string wrong;
  Ended ended;
  std::string outcome;
  try {
    ended = scenario.operation(site);
    site.injector = nullptr;
    const bool wasHit = injector.wasHit();
    const bool wasKilled = kind.kills() && ended.status == killed;
    outcome = !wasHit ? "not met" : wasKilled ? "killed" : fmt::format("status {}", ended.status);
    std::set<State> wanted{State::after};
    if (wasKilled) {
      wanted = {State::before, State::after};
      if (scenario.mayStop) wanted.insert(State::between);
      if (ended.out == "response 201" || ended.out == "response 204") wanted = {State::after};
    } else if (ended.status != 0) {
      wanted = {State::before};
      if (scenario.mayStop) wanted.insert(State::between);
      // A commit that could neither be synced nor overwritten stands in the log.
      if (scenario.mayStand || kind.goesOn) wanted.insert(State::after);
      if (!wasHit || (kind.action != Action::fail && !scenario.hasChild)) wrong += "it failed without cause\n";
      if (!isFitting(scenario, kind, injector.hit(), ended.status)) wrong += "the status is another one\n";
    }
    // What could not be removed when it was no longer needed is swept later.
    const bool isClean = ended.status == 0 && !injector.hit().starts_with("unlink");
    wrong += faultsOf(scenario, site, wanted, isClean);
    const Ended next = scenario.again(site);
    if (next.status != 0) wrong += fmt::format("then status {}: {}{}\n", next.status, next.out, next.err);
    std::string finally = faultsOf(scenario, site, {State::after}, false);
    finally += leftoversOf(site);
    if (!finally.empty()) wrong += "then " + finally;
  } catch (const std::exception& failure) {
    wrong += fmt::format("{}\n", failure.what());
  }
  if (!wrong.empty())
    wrong = fmt::format("{}, {} {} ({}), {} {}{}:\n{}\n", scenario.name, kind.name, point, injector.hit(), outcome,
                        ended.out, ended.err, wrong);
  fs::remove_all(site.folder);
  const std::lock_guard lock(mutex);
  ++tally.outcomes[outcome];
  tally.wrong += wrong;
}

// How many calls there are.
std::uint32_t countCalls(const Scenario& scenario, const Kind& kind, const fs::path& home) {
  FaultySite site{home / "counted"};
  fs::copy(home / "filled", site.folder, fs::copy_options::recursive);
  Injector injector(home / "control");
  injector.set(kind, 0, site.disk());
  site.injector = &injector;
  const Ended ended = scenario.operation(site);
  INFO(scenario.name << ": " << ended.out << ended.err);
  CHECK(ended.status == 0);
  fs::remove_all(site.folder);
  return injector.seen();
}

// What VIDEO_FAULTS asks for: nothing, "every" call, every one of a scenario ("upload, every"), or one alone, named as
// a failure names it ("upload, kill 12").
struct Asked {
  std::string text;

  bool isEvery() const { return text == "every" || text.ends_with(", every"); }
  bool takes(const Scenario& scenario) const {
    return text.empty() || text == "every" || text.starts_with(fmt::format("{}, ", scenario.name));
  }
  bool takes(const Scenario& scenario, const Kind& kind) const {
    return text.empty() || isEvery() || text.starts_with(fmt::format("{}, {} ", scenario.name, kind.name));
  }
};

// Which calls are tried: every sync (with sanitizers, a sample) and a sample of the others, or those that are asked
// for.
std::vector<std::uint32_t> pointsOf(const Kind& kind, std::uint32_t count, const Asked& asked) {
  if (!asked.text.empty() && !asked.isEvery())
    return {static_cast<std::uint32_t>(std::atoi(asked.text.c_str() + asked.text.rfind(' ') + 1))};
  std::set<std::uint32_t> points;
  const std::uint32_t wanted =
      asked.isEvery() || (kind.calls == syncs && !isSlow) ? count : std::min(count, pointsInSample);
  for (std::uint32_t i = 0; i < wanted; ++i) points.insert(1 + (2 * i + 1) * count / (2 * wanted));
  return {points.begin(), points.end()};
}

}  // namespace

TEST_CASE("an operation that a file-system call fails, or whose process is killed there, is done or not done") {
  const char* const variable = std::getenv("VIDEO_FAULTS");
  const Asked asked{variable != nullptr ? variable : ""};
  static const std::vector<Scenario> all = scenarios();
  if (std::none_of(all.begin(), all.end(), [&](const Scenario& one) { return asked.takes(one); }))
    FAIL("VIDEO_FAULTS: no such scenario: " << asked.text);
  const Scenario& scenario = all[GENERATE(range(std::size_t{0}, all.size()))];
  if (!asked.takes(scenario)) return;
  REQUIRE(std::any_of(kinds.begin(), kinds.end(), [&](const Kind& kind) { return asked.takes(scenario, kind); }));
  // In memory where that is permitted: a sync costs nothing there, and counts all the same.
  const TempDirectory folder;
  const SmallDisk disk("96m");
  const fs::path home = disk.isMounted() ? disk / "" : folder.path();
  FaultySite filled{home / "filled"};
  fs::create_directories(filled.disk());
  write(filled.config(), settings);
  scenario.prepare(filled);
  std::string said;
  std::map<std::uint32_t, std::uint32_t> counts;
  for (const Kind& kind : kinds) {
    if (!asked.takes(scenario, kind)) continue;
    if (!counts.contains(kind.calls)) counts[kind.calls] = countCalls(scenario, kind, home);
    INFO(scenario.name << ", " << kind.name);
    CHECK((counts[kind.calls] > 0) == (kind.calls != answers || scenario.responds));  // the injector is loaded
    const std::vector<std::uint32_t> points = pointsOf(kind, counts[kind.calls], asked);
    std::mutex mutex;
    Tally tally;
    std::atomic<std::size_t> next = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
          for (std::size_t at = next++; at < points.size(); at = next++)
            tryAt(scenario, kind, points[at], home, mutex, tally);
        });
    }
    CHECK(tally.wrong == "");
    CHECK((points.empty() || tally.outcomes.size() > tally.outcomes.count("not met")));
    said += fmt::format("{}, {}: {} of {} calls;", scenario.name, kind.name, points.size(), counts[kind.calls]);
    for (const auto& [outcome, times] : tally.outcomes) said += fmt::format(" {} {}", outcome, times);
    said += '\n';
  }
  if (!asked.text.empty()) std::fputs(said.c_str(), stderr);
}

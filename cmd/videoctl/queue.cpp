#include <chrono>
#include <thread>

#include "command.hpp"
#include "deletions/fields.hpp"
#include "prompt.hpp"

namespace video::ctl {
namespace {

struct ListQueue : DeletionQuery {
  bool dead = false;
};

struct DrainQueue : Drain {
  bool noWait = false;
};

DeletionPage countsOf(Caller& caller) {
  DeletionQuery query;
  query.limit = 1;
  return caller.toolkit().deletions().list(caller.by(), query);
}

// Until nothing is due or being worked on; throws busy where that gets no smaller for the lock timeout.
DeletionPage waitUntilDrained(Caller& caller) {
  using std::chrono::steady_clock;
  const auto patience = caller.flags.lockTimeout.value_or(std::chrono::seconds{10});
  auto moved = steady_clock::now();
  auto asked = moved;
  DeletionPage counts = countsOf(caller);
  while (counts.due > 0 || counts.leased > 0) {
    if (steady_clock::now() - moved > patience)
      throw Error(Fault::busy, fmt::format("queue: {} due and {} held by others after {} ms without a change",
                                           counts.due, counts.leased, patience.count()));
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    // The videos of users who are gone come into the queue while it is drained.
    if (steady_clock::now() - asked > std::chrono::seconds{1}) {
      caller.toolkit().deletions().drain(caller.by(), {});
      asked = steady_clock::now();
    }
    const DeletionPage now = countsOf(caller);
    if (now.due != counts.due || now.leased != counts.leased) moved = steady_clock::now();
    counts = now;
  }
  return counts;
}

int drain(Caller& caller, DrainQueue& wanted) {
  if (wanted.includeNotDue)
    confirm(caller.flags, "queue drain --include-not-due",
            fmt::format("Clear every deleted video on {} for good, due or not?", caller.way().address));
  const DeletionPage before = countsOf(caller);
  const DrainStarted started = caller.toolkit().deletions().drain(caller.by(), wanted);
  if (wanted.noWait) {
    caller.report(fmt::format("queue: {} due, {} being worked on", started.due, started.leased));
    return 0;
  }
  const DeletionPage after = waitUntilDrained(caller);
  const std::int64_t failed = after.failed + after.dead - before.failed - before.dead;
  caller.report(fmt::format("queue: drained, {} waiting for another try, {} given up", after.failed, after.dead));
  return failed > 0 ? 3 : 0;
}

}  // namespace

void addQueue(Commands& commands) {
  CLI::App& noun = commands.noun("queue", "The deletion queue");

  auto list = commands.verb<ListQueue>(noun, "list", "What waits to be cleared, by due time");
  list.flag("--dead", &ListQueue::dead, "only what was given up");
  list.lists();
  list.runs([](Caller& caller, ListQueue& wanted) {
    if (wanted.dead) wanted.state = DeletionState::dead;
    Deletions& deletions = caller.toolkit().deletions();
    caller.out.list(static_cast<const DeletionQuery&>(wanted), "",
                    [&](const DeletionQuery& query) { return deletions.list(caller.by(), query); });
    return 0;
  });

  auto drained = commands.verb<DrainQueue>(noun, "drain", "Clears what is due, and waits until it is done");
  drained.flag("--include-not-due", &Drain::includeNotDue, "all that waits, for good");
  drained.flag("--no-wait", &DrainQueue::noWait, "do not wait for a daemon's work");
  drained.runs(drain);
}

}  // namespace video::ctl

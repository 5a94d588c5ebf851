#include <chrono>
#include <future>
#include <thread>

#include "deletions/fields.hpp"
#include "frame/command.hpp"
#include "frame/progress.hpp"
#include "frame/prompt.hpp"

namespace video::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct ListQueue : DeletionQuery {
  bool dead = false;
};

struct DrainQueue : Drain {
  bool noWait = false;
};

struct RetryQueue {
  std::vector<std::string> ids;
  bool dead = false;
};

DeletionPage countsOf(Caller& caller) {
  DeletionQuery query;
  query.limit = 1;
  return caller.toolkit().deletions().list(caller.by(), query);
}

// Until the drain has ended and nothing is due or held; throws busy where that got no less for the lock timeout, be it
// that the drain waited for others itself.
DeletionPage waitUntilDrained(Caller& caller, const DeletionPage& before, steady_clock::time_point moved,
                              std::future<DrainStarted> drain) {
  const auto patience = caller.flags.lockTimeout.value_or(std::chrono::seconds{10});
  Progress progress(caller.flags, "queue");
  progress.show(0, before.due + before.leased);
  auto asked = steady_clock::now();
  for (DeletionPage last = before;;) {
    if (drain.valid()) {
      if (drain.wait_for(betweenLooks) == std::future_status::ready) drain.get();
    } else {
      std::this_thread::sleep_for(betweenLooks);
    }
    const DeletionPage now = countsOf(caller);
    const std::int64_t left = now.due + now.leased;
    if (!drain.valid() && left == 0) return now;
    const std::int64_t done = now.purged - before.purged;
    progress.show(done, done + left);
    if (now.due != last.due || now.leased != last.leased || now.purged != last.purged) moved = steady_clock::now();
    last = now;
    if (!drain.valid() && steady_clock::now() - moved > patience)
      throw Error(Fault::busy, fmt::format("queue: {} due and {} held by others after {} ms without a change", now.due,
                                           now.leased, patience.count()));
    // What others have left behind, and what users who are gone have, comes into the queue meanwhile.
    if (!drain.valid() && steady_clock::now() - asked > std::chrono::seconds{1}) {
      caller.toolkit().deletions().drain(caller.by(), {});
      asked = steady_clock::now();
    }
  }
}

// What a drain would purge now, record by record.
int rehearseDrain(Caller& caller, const DrainQueue& wanted) {
  RehearseDrain page{wanted, {}, {}};
  caller.out.beginResults();
  do {
    const Page<Deletion> due = caller.toolkit().deletions().rehearseDrain(caller.by(), page);
    for (const Deletion& one : due.items) caller.out.result({"would-purge", one.video.text, {}, one.lastError});
    page.cursor = due.nextCursor;
  } while (page.cursor && caller.out.isOpen());
  caller.out.endResults();
  return 0;
}

int drain(Caller& caller, DrainQueue& wanted) {
  if (caller.flags.dryRun) return rehearseDrain(caller, wanted);
  if (wanted.includeNotDue)
    confirm(caller.flags, "queue drain --include-not-due",
            fmt::format("Purge every deleted video on {} for good, due or not?", caller.target().address));
  const auto began = steady_clock::now();
  const DeletionPage before = countsOf(caller);
  // In direct mode it returns when all is done: somebody else watches it.
  auto started =
      std::async(std::launch::async, [&] { return caller.toolkit().deletions().drain(caller.by(), wanted); });
  if (wanted.noWait) {
    const DrainStarted ahead = started.get();
    caller.report(fmt::format("queue: {} due, {} being worked on", ahead.due, ahead.leased));
    return 0;
  }
  const DeletionPage after = waitUntilDrained(caller, before, began, std::move(started));
  caller.report(fmt::format("queue: drained, {} waiting for another try, {} given up", after.failed, after.dead));
  if (after.failures == before.failures) return 0;
  say(fmt::format("queue: {} tries failed; `videoctl queue list` says why", after.failures - before.failures));
  return 3;
}

std::vector<std::string> deadOnes(Caller& caller) {
  std::vector<std::string> ids;
  DeletionQuery query;
  query.limit = 500;
  query.state = DeletionState::dead;
  for (;;) {
    const DeletionPage page = caller.toolkit().deletions().list(caller.by(), query);
    for (const Deletion& one : page.items) ids.push_back(one.video.text);
    if (!page.nextCursor) return ids;
    query.cursor = *page.nextCursor;
  }
}

int retry(Caller& caller, const RetryQueue& wanted) {
  if (wanted.dead == !wanted.ids.empty()) throw Usage("queue retry: name videos, or say --dead");
  const Items items = wanted.dead ? Items(deadOnes(caller)) : Items(wanted.ids, caller.flags);
  return runBatch(caller, items, [&](const std::string& id) -> Result {
    caller.toolkit().deletions().retry(caller.by(), {VideoId{id}});
    return {"due", id, {}, {}};
  });
}

}  // namespace

void addQueue(Commands& commands) {
  CLI::App& noun = commands.noun("queue", "The deletion queue",
                                 {{"What waits to be purged", "videoctl queue list"},
                                  {"From cron: silent, unless something failed", "videoctl -q queue drain"}});

  auto list = commands.verb<ListQueue>(noun, "list", "What waits to be purged, by due time");
  list.flag("--dead", &ListQueue::dead, "only what was given up");
  list.lists();
  list.givesList<DeletionPage>();
  list.runs([](Caller& caller, ListQueue& wanted) {
    if (wanted.dead) wanted.state = DeletionState::dead;
    Deletions& deletions = caller.toolkit().deletions();
    caller.out.list(static_cast<const DeletionQuery&>(wanted), "",
                    [&](const DeletionQuery& query) { return deletions.list(caller.by(), query); });
    return 0;
  });

  auto drained = commands.verb<DrainQueue>(noun, "drain", "Purges what is due, and waits until it is done");
  drained.flag("--include-not-due", &Drain::includeNotDue, "all that waits, for good");
  drained.flag("--no-wait", &DrainQueue::noWait, "do not wait for a daemon's work");
  drained.rehearses();
  drained.runs(drain);

  auto retried = commands.verb<RetryQueue>(noun, "retry", "Makes failed ones due again, with all their tries");
  retried.several("VIDEO", &RetryQueue::ids, "videos, or - for one a line on stdin")->required(false);
  retried.flag("--dead", &RetryQueue::dead, "all that was given up");
  retried.givesResults();
  retried.runs(retry);
}

}  // namespace video::ctl

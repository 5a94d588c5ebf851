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

// Waits until the drain has returned and nothing is due or leased. Throws busy if the drain
// has returned and nothing has changed for the lock timeout.
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
      throw Error(Fault::busy, fmt::format("queue: no progress for {2} ms: {0} due, {1} leased by other processes",
                                           now.due, now.leased, patience.count()));
    // Work that other processes left behind and videos of deleted users may enter the queue meanwhile.
    if (!drain.valid() && steady_clock::now() - asked > std::chrono::seconds{1}) {
      caller.toolkit().deletions().drain(caller.by(), {});
      asked = steady_clock::now();
    }
  }
}

// Prints each record that a drain would purge now.
int rehearseDrain(Caller& caller, const DrainQueue& wanted) {
  RehearseDrain page{wanted, {}, {}};
  caller.out.beginResults();
  CursorCheck check;
  do {
    const Page<Deletion> due = caller.toolkit().deletions().rehearseDrain(caller.by(), page);
    for (const Deletion& one : due.items) caller.out.result({"would-purge", one.video.text, {}, one.lastError});
    page.cursor = due.nextCursor;
    check.next(page.cursor, !due.items.empty());
  } while (page.cursor && caller.out.isOpen());
  caller.out.endResults();
  return 0;
}

int drain(Caller& caller, DrainQueue& wanted) {
  if (caller.flags.dryRun) return rehearseDrain(caller, wanted);
  if (wanted.includeNotDue)
    confirm(caller.flags, "queue drain --include-not-due",
            fmt::format("Purge every deleted video on {}, even those not due yet?", caller.target().address));
  const auto began = steady_clock::now();
  const DeletionPage before = countsOf(caller);
  // In direct mode this returns only when all work is done, so it runs on a thread of its own.
  auto started =
      std::async(std::launch::async, [&] { return caller.toolkit().deletions().drain(caller.by(), wanted); });
  if (wanted.noWait) {
    const DrainStarted ahead = started.get();
    caller.report(fmt::format("queue: {} due, {} in progress", ahead.due, ahead.leased));
    return 0;
  }
  const DeletionPage after = waitUntilDrained(caller, before, began, std::move(started));
  caller.report(fmt::format("queue: drained; {} waiting for a retry, {} given up", after.failed, after.dead));
  if (after.failures == before.failures) return 0;
  say(fmt::format("queue: {} tries failed; run `videoctl queue list` to see why", after.failures - before.failures));
  return 3;
}

std::vector<std::string> deadOnes(Caller& caller) {
  std::vector<std::string> ids;
  DeletionQuery query;
  query.limit = 500;
  query.state = DeletionState::dead;
  CursorCheck check;
  for (;;) {
    const DeletionPage page = caller.toolkit().deletions().list(caller.by(), query);
    for (const Deletion& one : page.items) ids.push_back(one.video.text);
    if (!page.nextCursor) return ids;
    check.next(page.nextCursor, !page.items.empty());
    query.cursor = *page.nextCursor;
  }
}

int retry(Caller& caller, const RetryQueue& wanted) {
  if (wanted.dead == !wanted.ids.empty()) throw Usage("queue retry: give video IDs, or --dead");
  const Items items = wanted.dead ? Items(deadOnes(caller)) : Items(wanted.ids, caller.flags);
  return runBatch(caller, items, [&](const std::string& id) -> Result {
    caller.toolkit().deletions().retry(caller.by(), {VideoId{id}});
    return {"due", id, {}, {}};
  });
}

}  // namespace

void addQueue(Commands& commands) {
  CLI::App& noun =
      commands.noun("queue", "The deletion queue: deleted videos waiting to be purged",
                    {{"See what is waiting to be purged", "videoctl queue list"},
                     {"Purge what is due from cron, silent unless something failed", "videoctl -q queue drain"}});

  auto list = commands.verb<ListQueue>(noun, "list", "List the deleted videos waiting to be purged, by due time");
  list.flag("--dead", &ListQueue::dead, "only videos that were given up");
  list.lists();
  list.givesList<DeletionPage>();
  list.runs([](Caller& caller, ListQueue& wanted) {
    if (wanted.dead) wanted.state = DeletionState::dead;
    Deletions& deletions = caller.toolkit().deletions();
    caller.out.list(static_cast<const DeletionQuery&>(wanted), "video_id,due,state,tries,last_error+",
                    [&](const DeletionQuery& query) { return deletions.list(caller.by(), query); });
    return 0;
  });

  auto drained = commands.verb<DrainQueue>(noun, "drain", "Purge the videos that are due, and wait until it is done");
  drained.flag("--include-not-due", &Drain::includeNotDue, "also purge videos that could still be restored");
  drained.flag("--no-wait", &DrainQueue::noWait, "do not wait for the daemon to finish");
  drained.rehearses();
  drained.runs(drain);

  auto retried = commands.verb<RetryQueue>(noun, "retry", "Retry failed purges, with a fresh count of tries");
  retried.several("VIDEO", &RetryQueue::ids, "videos to retry; - reads one ID per line from standard input")
      ->required(false);
  retried.flag("--dead", &RetryQueue::dead, "retry all videos that were given up");
  retried.givesResults();
  retried.runs(retry);
}

}  // namespace video::ctl

#include <chrono>
#include <future>
#include <thread>

#include "frame/command.hpp"
#include "frame/progress.hpp"
#include "tasks/fields.hpp"

namespace video::ctl {
namespace {

using std::chrono::steady_clock;

struct RunTask : TaskName {
  bool wait = false;
};

// The requested run, once it has ended. A run that found nothing to do is not recorded.
std::optional<TaskRun> findRun(Caller& caller, const TaskAsked& asked) {
  Tasks& tasks = caller.toolkit().tasks();
  const TaskStatus status = tasks.show(caller.by(), {asked.name});
  if (!status.lastRun || *status.lastRun < asked.asked || status.state == TaskState::running) return std::nullopt;
  TaskRunQuery query;
  query.name = asked.name;
  query.since = asked.asked;
  const Page<TaskRun> page = tasks.history(caller.by(), query);
  return page.items.empty() ? TaskRun{} : page.items.back();
}

// Waits for the run to end. Throws busy if it does not start within the lock timeout.
TaskRun waitUntilRun(Caller& caller, std::future<TaskAsked> asking) {
  const auto patience = caller.flags.lockTimeout.value_or(std::chrono::seconds{10});
  std::optional<Progress> progress;
  std::optional<TaskAsked> asked;
  for (auto moved = steady_clock::now();;) {
    if (!asked) {
      if (asking.wait_for(betweenLooks) == std::future_status::ready) asked = asking.get();
    } else {
      std::this_thread::sleep_for(betweenLooks);
    }
    if (asked)
      if (const auto run = findRun(caller, *asked)) return *run;
    if (!progress) progress.emplace(caller.flags, "task");
    progress->show(0, 0);
    if (!asked || caller.toolkit().tasks().show(caller.by(), {asked->name}).state == TaskState::running)
      moved = steady_clock::now();
    if (steady_clock::now() - moved > patience)
      throw Error(Fault::busy, fmt::format("task {}: did not start within {} ms", asked->name, patience.count()));
  }
}

int run(Caller& caller, RunTask& wanted) {
  Tasks& tasks = caller.toolkit().tasks();
  // In direct mode this returns only when the task has run, so it runs on a thread of its own.
  auto asking = std::async(std::launch::async, [&] { return tasks.run(caller.by(), wanted); });
  if (!wanted.wait) {
    asking.get();
    caller.report(fmt::format("task {}: run requested", wanted.name));
    return 0;
  }
  const TaskRun ran = waitUntilRun(caller, std::move(asking));
  caller.report(fmt::format("task {}: {}, {} done, {} failed", wanted.name, nameOf(ran.outcome), ran.done, ran.failed));
  switch (ran.outcome) {
    case TaskOutcome::done: return ran.failed > 0 ? 3 : 0;
    case TaskOutcome::failed:
      throw Error(Fault::internal, fmt::format("task {}: {}", wanted.name, ran.error.value_or("failed")));
    case TaskOutcome::stopped: throw Error(Fault::unavailable, fmt::format("task {}: stopped", wanted.name));
    case TaskOutcome::timedOut: break;
  }
  throw Error(Fault::busy, fmt::format("task {}: timed out; the next run continues", wanted.name));
}

}  // namespace

void addTask(Commands& commands) {
  CLI::App& noun = commands.noun("task", "Scheduled maintenance tasks",
                                 {{"Run a task and wait for it", "videoctl task run session-sweep --wait"},
                                  {"Show its last run", "videoctl task history session-sweep --limit 1"}});

  auto list = commands.verb<Nothing>(noun, "list", "List all tasks with their last and next run");
  list.givesList<Page<TaskStatus>>();
  list.runs([](Caller& caller, Nothing& wanted) {
    caller.out.all(caller.toolkit().tasks().list(caller.by(), wanted).items,
                   "name,state,last_run,next_run,failed,plan+,runs,done");
    return 0;
  });

  auto show = commands.verb<TaskName>(noun, "show", "Show a task");
  show.option("NAME", &TaskName::name)->required();
  show.givesOne<TaskStatus>();
  show.runs([](Caller& caller, TaskName& wanted) {
    caller.out.one([&] { return caller.toolkit().tasks().show(caller.by(), wanted); });
    return 0;
  });

  auto started = commands.verb<RunTask>(noun, "run", "Run a task now");
  started.option("NAME", &TaskName::name)->required();
  started.flag("--wait", &RunTask::wait, "wait until it is done, and report the result");
  started.runs(run);

  auto history = commands.verb<TaskRunQuery>(noun, "history", "List the last 100 runs of a task, newest first");
  history.option("NAME", &TaskRunQuery::name)->required();
  history.lists();
  history.givesList<Page<TaskRun>>();
  history.runs([](Caller& caller, TaskRunQuery& wanted) {
    Tasks& tasks = caller.toolkit().tasks();
    caller.out.list(wanted, "began,ended,outcome,done,failed,error+20,asked,id",
                    [&](const TaskRunQuery& query) { return tasks.history(caller.by(), query); });
    return 0;
  });
}

}  // namespace video::ctl

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/units.hpp"
#include "deletions/deletions.hpp"
#include "os/descriptor.hpp"
#include "schedule/alarm.hpp"
#include "schedule/schedule.hpp"
#include "store/directory.hpp"
#include "store/scheduler_file.hpp"
#include "tasks/make.hpp"
#include "tasks/rows.hpp"
#include "tasks/task_list.hpp"

namespace video {
namespace {

namespace rights = access::rights;

// The same in all processes of a machine, different on other machines.
std::uint64_t seedOf(std::string_view task) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::hash<std::string_view>{}(task) ^ std::hash<std::string_view>{}(host.data());
}

schedule::Timing scheduleOf(std::string_view task, const TaskTiming& timing) {
  schedule::Timing made;
  made.timeout = timing.timeout;
  if (!timing.enabled) return made;
  made.every = timing.every;
  if (!timing.cron.empty()) made.cron.emplace(timing.cron);
  made.jitter = timing.jitter;
  made.seed = seedOf(task);
  return made;
}

TaskOutcome outcomeOf(schedule::RunEnd end) {
  switch (end) {
    case schedule::RunEnd::done: return TaskOutcome::done;
    case schedule::RunEnd::stopped: return TaskOutcome::stopped;
    case schedule::RunEnd::timedOut: return TaskOutcome::timedOut;
    case schedule::RunEnd::failed: break;
  }
  return TaskOutcome::failed;
}

class DirectoryTasks : public LocalTasks, public schedule::History {
 public:
  DirectoryTasks(store::Database& database, store::Blobs& blobs, access::Access& access, LocalDeletions& deletions,
                 LocalVideos& videos, LocalExports& exports, LocalRenditions& renditions, const Clock& purgeClock,
                 const TasksOptions& options)
      : database_(database),
        access_(access),
        byClock_(options.byClock),
        timings_(options.timings),
        brokenUploadsAfter_(options.brokenUploadsAfter),
        keepReports_(options.keepReports),
        verifyShare_(options.verifyShare),
        keepLost_(options.keepLost),
        backupPlan_(options.backup),
        surroundings_{database,
                      blobs,
                      access,
                      deletions,
                      videos,
                      exports,
                      renditions,
                      purgeClock,
                      brokenUploadsAfter_,
                      keepReports_,
                      verifyShare_,
                      keepLost_,
                      [this] {
                        const std::lock_guard lock(mutex_);
                        return backupPlan_;
                      }},
        file_(database.directory()) {
    deletions.workBy({[this](std::string_view task) {
                        if (scheduler_ != nullptr) scheduler_->wake(task);
                      },
                      [this](std::string_view task) { return start(find(task)).done; }});
    renditions.wakeBy([this](std::string_view task) {
      if (scheduler_ != nullptr) scheduler_->wake(task);
    });
  }

  Page<TaskStatus> list(const Credential& by, const Nothing&) override {
    access::require(access_.identify(by), rights::tasksList);
    Page<TaskStatus> page;
    for (const tasks::TaskKind& kind : tasks::taskList()) page.items.push_back(statusOf(kind));
    return page;
  }

  TaskStatus show(const Credential& by, const TaskName& wanted) override {
    access::require(access_.identify(by), rights::tasksShow);
    return statusOf(find(wanted.name));
  }

  TaskAsked run(const Credential& by, const TaskName& wanted) override {
    access::require(access_.identify(by), rights::tasksRun);
    const tasks::TaskKind& kind = find(wanted.name);
    if (kind.refusal != nullptr)
      if (const std::string why = kind.refusal(surroundings_); !why.empty())
        throw Error(Fault::conflict, fmt::format("task {}: {}", kind.name, why));
    const TaskAsked asked{wanted.name, access_.now()};
    start(kind);
    return asked;
  }

  Page<TaskRun> history(const Credential& by, const TaskRunQuery& wanted) override {
    access::require(access_.identify(by), rights::tasksHistory);
    checkLimit(wanted.limit);
    find(wanted.name);
    return database_.read([&](store::Reader& reader) { return rows::listRuns(reader, wanted); });
  }

  std::unique_ptr<schedule::Scheduler> makeScheduler(const schedule::AlarmClock& clock) override {
    auto made = std::make_unique<schedule::Scheduler>(clock, *this);
    for (const tasks::TaskKind& kind : tasks::taskList())
      made->add(kind.make(surroundings_), byClock_ ? scheduleOf(kind) : schedule::Timing{});
    if (byClock_) isFirst();
    scheduler_ = made.get();
    return made;
  }

  void setOptions(const TasksOptions& options) override {
    {
      const std::lock_guard lock(mutex_);
      timings_ = options.timings;
      backupPlan_ = options.backup;
    }
    brokenUploadsAfter_ = options.brokenUploadsAfter;
    keepReports_ = options.keepReports;
    verifyShare_ = options.verifyShare;
    keepLost_ = options.keepLost;
    if (scheduler_ == nullptr || !byClock_) return;
    for (const tasks::TaskKind& kind : tasks::taskList()) scheduler_->setTiming(kind.name, scheduleOf(kind));
  }

  std::map<std::string, std::int64_t, std::less<>> failedRuns() const override {
    const std::lock_guard lock(mutex_);
    return failedRuns_;
  }

 private:
  static const tasks::TaskKind& find(std::string_view name) {
    for (const tasks::TaskKind& kind : tasks::taskList())
      if (kind.name == name) return kind;
    throw Error(Fault::notFound, fmt::format("task {}: not found", name)).because(Reason::noSuchTask);
  }

  TaskTiming timingOf(std::string_view task) const {
    const std::lock_guard lock(mutex_);
    return timings_.find(task)->second;
  }

  schedule::Timing scheduleOf(const tasks::TaskKind& kind) const {
    return video::scheduleOf(kind.name, timingOf(kind.name));
  }

  TaskStatus statusOf(const tasks::TaskKind& kind) const {
    const TaskTiming timing = timingOf(kind.name);
    TaskStatus status;
    status.name = kind.name;
    const bool isOff = !timing.enabled;
    status.state = file_.isTaskLocked(kind.name) ? TaskState::running : isOff ? TaskState::off : TaskState::waiting;
    status.plan = timing.cron.empty() ? fmt::format("every {}", formatDuration(timing.every)) : timing.cron;
    if (const auto tally = file_.find(kind.name)) {
      status.lastRun = tally->began;
      status.runs = tally->runs;
      status.done = tally->done;
      status.failed = tally->failed;
    }
    if (!isOff && file_.isScheduleLocked()) status.nextRun = scheduleOf(kind).after(access_.now());
    return status;
  }

  // Leaves the run to the scheduler if there is one; returns what was done here.
  schedule::Counts start(const tasks::TaskKind& kind) {
    if (scheduler_ != nullptr) {
      scheduler_->wake(kind.name);
      return {};
    }
    const std::lock_guard lock(here_);
    const auto run = schedule::runOnce(kind.make(surroundings_), scheduleOf(kind), true, schedule::systemAlarmClock(),
                                       *this, [] { return false; });
    if (!run) throw Error(Fault::busy, fmt::format("task {}: another process is running it", kind.name));
    if (run->error) throw Error(*run->error);
    return run->counts;
  }

  // Of several daemons on one data directory, the first runs tasks on schedule until it ends.
  bool isFirst() {
    const std::lock_guard lock(mutex_);
    if (!schedule_) schedule_ = file_.lockSchedule();
    return static_cast<bool>(schedule_);
  }

  std::shared_ptr<void> begin(const schedule::Task& task, bool asked) override {
    if (!asked && !isFirst()) return nullptr;
    Descriptor lock = file_.lockTask(task.name, find(task.name).shared);
    return lock ? std::make_shared<Descriptor>(std::move(lock)) : nullptr;
  }

  void ended(const schedule::Run& run) override {
    TaskRun kept;
    kept.asked = run.asked;
    kept.began = run.began;
    kept.ended = run.ended;
    kept.outcome = outcomeOf(run.end);
    kept.done = static_cast<std::int64_t>(run.counts.done);
    kept.failed = static_cast<std::int64_t>(run.counts.failed);
    if (run.error) {
      kept.error = run.error->what();
      const std::lock_guard lock(mutex_);
      ++failedRuns_[std::string(run.task)];
    }
    file_.add(run.task, {kept.began, kept.ended, 1, kept.done, kept.failed});
    // An idle run every few seconds must not cost a commit.
    const TaskTiming timing = timingOf(run.task);
    const bool isRare = !timing.cron.empty() || timing.every >= std::chrono::hours{1};
    if (!isRare && kept.done + kept.failed == 0 && !kept.error) return;
    if (run.error && run.error->fault() == Fault::busy) return;  // recording it would wait for the same lock again
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { rows::insertRun(transaction, run.task, kept); });
  }

  store::Database& database_;
  access::Access& access_;
  const bool byClock_;
  mutable std::mutex mutex_;
  decltype(TasksOptions::timings) timings_;
  std::map<std::string, std::int64_t, std::less<>> failedRuns_;
  std::atomic<std::chrono::milliseconds> brokenUploadsAfter_;
  std::atomic<std::chrono::milliseconds> keepReports_;
  std::atomic<std::int64_t> verifyShare_;
  std::atomic<std::chrono::milliseconds> keepLost_;
  BackupPlan backupPlan_;
  const tasks::Surroundings surroundings_;
  store::SchedulerFile file_;
  Descriptor schedule_;
  std::mutex here_;  // keeps runs without a scheduler from overlapping
  schedule::Scheduler* scheduler_ = nullptr;
};

}  // namespace

std::map<std::string, TaskTiming, std::less<>> knownTasks() {
  std::map<std::string, TaskTiming, std::less<>> known;
  for (const tasks::TaskKind& kind : tasks::taskList()) known.emplace(kind.name, kind.timing);
  return known;
}

std::unique_ptr<LocalTasks> makeLocalTasks(store::Database& database, store::Blobs& blobs, access::Access& access,
                                           LocalDeletions& deletions, LocalVideos& videos, LocalExports& exports,
                                           LocalRenditions& renditions, const Clock& purgeClock,
                                           const TasksOptions& options) {
  return std::make_unique<DirectoryTasks>(database, blobs, access, deletions, videos, exports, renditions, purgeClock,
                                          options);
}

}  // namespace video

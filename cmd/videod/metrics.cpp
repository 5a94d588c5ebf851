#include "metrics.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "http/client/sentry.hpp"
#include "http/routing/router.hpp"
#include "http/server/transport.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "toolkit/toolkit.hpp"

namespace video::daemon {
namespace {

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

double number(std::int64_t value) {
  return static_cast<double>(value);
}

double secondsSince1970(Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void measureQueue(observe::Metrics& metrics, Deletions& deletions) {
  DeletionQuery query;
  query.limit = 1;
  query.state = DeletionState::waiting;
  const DeletionPage queue = deletions.list(Operator{}, query);
  const std::pair<const char*, std::int64_t> states[] = {
      {"due", queue.due}, {"leased", queue.leased}, {"failed", queue.failed}, {"dead", queue.dead}};
  for (const auto& [state, count] : states)
    metrics.gauge("videod_deletions", "Queued deletions by state: due, leased, failed (will be retried), dead.",
                  number(count), {{"state", state}});
  const auto late =
      queue.items.empty() ? 0.0 : secondsSince1970(systemClock().now()) - secondsSince1970(queue.items.front().due);
  metrics.gauge("videod_deletions_oldest_due_seconds", "How long ago the deletion that has waited longest was due.",
                std::max(late, 0.0));
  metrics.counter("videod_deletions_cleared_total", "Deletions purged in total.", number(queue.purged));
  metrics.counter("videod_deletions_failures_total", "Failed attempts to purge a deletion, in total.",
                  number(queue.failures));
}

void measureTasks(observe::Metrics& metrics, LocalTasks& tasks) {
  const auto failed = tasks.failedRuns();
  for (const TaskStatus& task : tasks.list(Operator{}, {}).items) {
    const observe::Metrics::Labels labels{{"task", task.name}};
    const auto add = [&](const char* name, const char* help, std::int64_t count) {
      metrics.counter(name, help, number(count), labels);
    };
    add("videod_task_runs_total", "Runs of a task, in any process.", task.runs);
    add("videod_task_done_total", "Items that a task completed.", task.done);
    add("videod_task_failed_total", "Items that failed in a task.", task.failed);
    const auto its = failed.find(task.name);
    add("videod_task_runs_failed_total", "Runs of a task in this process that ended with an error.",
        its == failed.end() ? 0 : its->second);
    metrics.gauge("videod_task_running", "Whether a task is running: 1 or 0.", task.state == TaskState::running ? 1 : 0,
                  labels);
    metrics.gauge("videod_task_enabled", "Whether a task is to run on schedule: 1 or 0.",
                  task.state == TaskState::off ? 0 : 1, labels);
    if (task.lastRun)
      metrics.gauge("videod_task_last_run_timestamp_seconds", "Start time of a task's last run, in seconds since 1970.",
                    secondsSince1970(*task.lastRun), labels);
  }
}

void measureData(observe::Metrics& metrics, const DataFigures& data) {
  metrics.counter("videod_writes_total", "Operations written to the database.", number(data.writer.operations));
  metrics.counter("videod_write_batches_failed_total", "Transactions that could not be committed.",
                  number(data.writer.failedBatches));
  metrics.histogram("videod_commit_writes", "Operations written by one commit.", store::WriterCounters::batchSizes,
                    data.writer.batches, number(data.writer.operations));
  metrics.gauge("videod_wal_bytes", "Size of the database's write-ahead log.", number(data.logBytes));
  metrics.gauge("videod_disk_free_bytes", "Free space on the data directory's file system.", number(data.freeBytes));
  metrics.gauge("videod_disk_floor_bytes", "Below this much free space, writes that need more are refused.",
                number(data.floorBytes));
  metrics.gauge("videod_session_cache_entries", "Sessions and tokens in the cache.",
                number(std::uint64_t{data.cache.entries}));
  metrics.counter("videod_session_cache_hits_total", "Sessions and tokens found in the cache.",
                  number(data.cache.hits));
  metrics.counter("videod_session_cache_misses_total", "Sessions and tokens looked up in the database.",
                  number(data.cache.misses));
}

/// Returns the numbers of /proc/self/stat from its third field on; empty if it cannot be read.
std::vector<double> readProcessStat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::vector<double> fields;
  std::istringstream rest(text.substr(std::min(text.rfind(')') + 3, text.size())));  // the name may hold anything
  for (double value = 0; rest >> value;) fields.push_back(value);
  return fields;
}

std::size_t countDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  std::size_t count = 0;
  while (folder && ::readdir(folder.get()) != nullptr) ++count;
  return count < 3 ? 0 : count - 3;  // `.`, `..` and the folder itself
}

/// Start of the process in seconds since 1970, from its age in clock ticks since the boot.
double startOf(double ticksAfterBoot) {
  const double bootAge = std::chrono::duration<double>(bootClock().now().time_since_epoch()).count();
  const double now = secondsSince1970(systemClock().now());
  return now - bootAge + ticksAfterBoot / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// The names are those of Prometheus's client libraries.
void measureProcess(observe::Metrics& metrics) {
  // Positions in /proc/PID/stat (proc(5)), counted from `ppid`, the fourth field.
  constexpr std::size_t userTime = 10;
  constexpr std::size_t systemTime = 11;
  constexpr std::size_t threads = 16;
  constexpr std::size_t start = 18;
  constexpr std::size_t virtualSize = 19;
  constexpr std::size_t residentPages = 20;
  if (const std::vector<double> stat = readProcessStat(); stat.size() > residentPages) {
    metrics.counter("process_cpu_seconds_total", "Time on a processor, in user and system mode.",
                    (stat[userTime] + stat[systemTime]) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
    metrics.gauge("process_resident_memory_bytes", "Resident memory.",
                  stat[residentPages] * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    metrics.gauge("process_virtual_memory_bytes", "Virtual memory.", stat[virtualSize]);
    metrics.gauge("process_threads", "Threads.", stat[threads]);
    metrics.gauge("process_start_time_seconds", "Start time of the process, in seconds since 1970.",
                  startOf(stat[start]));
  }
  metrics.gauge("process_open_fds", "Open file descriptors.", number(std::uint64_t{countDescriptors()}));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    metrics.gauge("process_max_fds", "Limit on open file descriptors.", number(std::uint64_t{limit.rlim_cur}));
}

}  // namespace

std::string collectMetrics(const Measured& measured) {
  observe::Metrics metrics;
  metrics.gauge("videod_build_info", "Version of videod, in the label; the value is always 1.", 1,
                {{"version", VIDEO_VERSION}});
  measured.router.addMetrics(metrics);
  measured.transport.addMetrics(metrics);
  metrics.counter("videod_log_lines_dropped_total",
                  "Log lines dropped because nobody read them in time, or the file could not be written.",
                  number(observe::droppedLogLines()));
  metrics.counter("videod_errors_total", "Lines at level error, whether the log has them or not.",
                  number(observe::loggedErrors()));
  const http::SentryCounts sentry = measured.sentry == nullptr ? http::SentryCounts{} : measured.sentry->counts();
  metrics.counter("videod_sentry_events_total", "Errors for log.sentry_dsn, by what became of them.",
                  number(sentry.sent), {{"result", "sent"}});
  metrics.counter("videod_sentry_events_total", "", number(sentry.dropped), {{"result", "dropped"}});
  metrics.gauge("videod_damaged_contents", "Videos whose content is missing or damaged, at most 1000.",
                number(std::uint64_t{measured.toolkit.damagedContents()}));
  measureData(metrics, measured.toolkit.figures());
  measureQueue(metrics, measured.toolkit.deletions());
  measureTasks(metrics, measured.toolkit.tasks());
  measureProcess(metrics);
  return metrics.text();
}

}  // namespace video::daemon

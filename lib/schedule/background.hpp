#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace video::schedule {

/// Limits of Background.
struct BackgroundOptions {
  std::size_t threads = 2;
  std::size_t perAccount = 16;  ///< jobs of one account that wait
  std::size_t all = 256;        ///< jobs of all accounts that wait
};

/// Runs jobs on threads of the lowest priority for processor and disk. Accounts take turns, and one account runs one
/// job at a time. Threads are started when needed. May be used from any thread.
class Background {
 public:
  /// A job; it should end soon when a stop is requested. Must not throw.
  using Job = std::function<void(const std::stop_token& stop)>;

  explicit Background(const BackgroundOptions& options = {});
  /// Requests a stop of the running jobs, waits for them and drops the waiting ones.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Queues a job. Throws tooMany if too many jobs wait, of this account or in all. Account 0 is the operator, to whom
  /// the jobs of others do not count.
  void add(std::int64_t account, Job job);
  /// Returns the number of jobs that wait.
  std::size_t waiting() const;

 private:
  struct Account {
    std::deque<Job> jobs;
    bool runs = false;
  };
  void serve(const std::stop_token& stop);

  const BackgroundOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::int64_t, Account> accounts_;  // those with a job that waits or runs
  std::deque<std::int64_t> turns_;            // those with a job that waits and none that runs
  std::size_t waiting_ = 0;
  std::size_t idle_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace video::schedule

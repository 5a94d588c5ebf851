#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "access/access.hpp"

namespace video::access {

/// Runs expensive computations on low-priority threads, so that they do not slow down other work. Waiting callers take
/// turns by address and by account, known ones first (start-time fair queueing), so that many requests from one of them
/// do not delay the others. The number of waiting callers is limited in total, per address and per account. Threads are
/// started when needed. May be used from any thread.
class HashThreads {
 public:
  static constexpr std::size_t mostOfAddress = 32;  ///< waiting callers of one address
  static constexpr std::size_t mostOfAccount = 16;  ///< waiting callers of one account

  HashThreads(std::size_t threads, std::size_t waiting);
  /// Ends the threads once the queue is empty.
  ~HashThreads();

  /// Runs `work` on one of the threads and returns when it is done. Rethrows what `work` throws, and throws tooMany if
  /// too many callers are waiting, or if one whose turn is earlier takes the last place.
  void run(const Asker& asker, const std::function<void()>& work);

  /// Returns the number of calls of `run` whose work has not been started.
  std::size_t waiting() const;

 private:
  struct Job {
    double turn = 0;
    std::vector<std::string> flows;
    std::packaged_task<void(bool)> task;  // false: refuses instead
  };
  // An address or an account.
  struct Flow {
    double next = 0;  // the turn that its next job has
    std::size_t waiting = 0;
  };
  using Jobs = std::list<Job>;

  void serve(const std::stop_token& stop);
  double turnOf(const Asker& asker, const std::vector<std::string>& flows);
  Jobs::iterator latest();
  Job take(Jobs::iterator job);
  void forgetFlows();

  const std::size_t most_;
  const std::size_t mostWaiting_;
  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  Jobs jobs_;  // in the order of arrival
  std::unordered_map<std::string, Flow> flows_;
  double turn_ = 0;       // of the job that was started last
  std::size_t idle_ = 0;  // threads without work, or that have not yet taken the work queued for them
  std::vector<std::jthread> threads_;
};

}  // namespace video::access

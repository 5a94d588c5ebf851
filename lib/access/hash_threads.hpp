#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace video::access {

/// Runs expensive computations on low-priority threads, so that they do not slow down other work. Limits the number of
/// waiting callers. Threads are started when needed. May be used from any thread.
class HashThreads {
 public:
  HashThreads(std::size_t threads, std::size_t waiting);
  /// Ends the threads once the queue is empty.
  ~HashThreads();

  /// Runs `work` on one of the threads and returns when it is done. Rethrows what `work` throws, and throws tooMany if
  /// too many callers are waiting.
  void run(const std::function<void()>& work);

  /// Returns the number of calls of `run` whose work has not been started.
  std::size_t waiting() const;

 private:
  void serve(const std::stop_token& stop);

  const std::size_t most_;
  const std::size_t mostWaiting_;
  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<std::packaged_task<void()>> queue_;
  std::size_t idle_ = 0;  // threads without work, or that have not yet taken the work queued for them
  std::vector<std::jthread> threads_;
};

}  // namespace video::access

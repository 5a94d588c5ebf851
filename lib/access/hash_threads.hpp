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

/// Threads for work that costs much processor time and must not hold up the rest: they run at low priority, and a
/// bounded number of callers may wait. No thread is made before it is needed. May be used from any thread.
class HashThreads {
 public:
  HashThreads(std::size_t threads, std::size_t waiting);
  /// Does what still waits, then ends the threads.
  ~HashThreads();

  /// Runs `work` on one of the threads and returns when it is done; what it throws comes out here.
  /// Throws tooMany where the full number waits already.
  void run(const std::function<void()>& work);

  /// Calls of `run` whose work no thread has begun.
  std::size_t waiting() const;

 private:
  void serve(const std::stop_token& stop);

  const std::size_t most_;
  const std::size_t mostWaiting_;
  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<std::packaged_task<void()>> queue_;
  std::size_t idle_ = 0;  // threads that have no work, or have not yet taken what was queued for them
  std::vector<std::jthread> threads_;
};

}  // namespace video::access

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/waiting.hpp"

namespace video::http {

/// Threads of which as many run as there are cores. One that says it waits (base/waiting.hpp) is replaced by a spare,
/// or by a new one up to the maximum.
class Workers {
 public:
  /// One thread's place.
  class WorkerSlot final : public WaitObserver {
   public:
    /// Of a thread that is counted as running.
    explicit WorkerSlot(Workers& workers) : workers_(workers) {}
    /// Parks the thread while enough others run. False once the workers are ended.
    bool next();
    /// The thread is about to wait: another takes its place.
    void waitBegins() noexcept override;
    /// It runs again; parks at `next` where too many do.
    void waitEnds() noexcept override;
    /// Called before this thread is counted as waiting; must not wait itself.
    std::function<void()> beforeWait;

   private:
    Workers& workers_;
    int depth_ = 0;
  };

  /// Runs `body` in `cores` threads at once and has at most `most`; none before `start`.
  Workers(std::size_t cores, std::size_t most, std::function<void(WorkerSlot&)> body);
  ~Workers() { end(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Starts the first threads.
  void start();
  /// Lets every thread leave at its next `WorkerSlot::next` and joins it. Whoever calls wakes those that wait
  /// elsewhere.
  void end();
  /// What `end` begins with: no thread passes `WorkerSlot::next` any more.
  void close();
  /// Threads now, running, waiting and spare.
  std::size_t count() const;

 private:
  void spawn();
  void park(std::unique_lock<std::mutex>& lock);

  const std::size_t cores_;
  const std::size_t most_;
  const std::function<void(WorkerSlot&)> body_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::size_t> running_ = 0;  ///< changed under the mutex
  std::size_t spare_ = 0;
  std::size_t called_ = 0;           ///< spares that were woken and have not got up yet
  std::atomic<bool> ended_ = false;  ///< changed under the mutex
  std::vector<std::jthread> threads_;
};

}  // namespace video::http

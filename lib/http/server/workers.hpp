#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "base/waiting.hpp"

namespace video::http {

/// A thread pool that keeps as many threads running as there are cores. A thread that announces a wait
/// (base/waiting.hpp) is replaced by a spare one, or by a new one up to the maximum.
class Workers {
 public:
  /// The state of one thread.
  class WorkerSlot final : public WaitObserver {
   public:
    /// Creates the slot of a thread that counts as running.
    explicit WorkerSlot(Workers& workers) : workers_(workers) {}
    /// Parks the thread while enough others run. Returns false once `close` was called, or after `workIsLong`.
    bool next();
    /// Announces that the thread is about to wait; another one takes its place.
    void waitBegins() noexcept override;
    /// Announces that the thread runs again; `next` parks it if too many run.
    void waitEnds() noexcept override;
    /// Lowers the priority of the thread, which `next` then ends, since it cannot be raised again. Called while waiting.
    void workIsLong() noexcept override;
    /// Called before this thread counts as waiting; must not wait itself.
    std::function<void()> beforeWait;

   private:
    friend class Workers;
    Workers& workers_;
    int depth_ = 0;
    bool isSpent_ = false;
    bool hasLeft_ = false;  ///< no longer counted as running
  };

  /// Runs `body` in `cores` threads at a time, with at most `most` threads in all; starts none before `start`.
  Workers(std::size_t cores, std::size_t most, std::function<void(WorkerSlot&)> body);
  ~Workers() { end(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Starts the first threads.
  void start();
  /// Makes every thread leave at its next `WorkerSlot::next`, and joins it. The caller must wake threads that wait
  /// elsewhere.
  void end();
  /// Makes `WorkerSlot::next` return false in every thread, without joining them.
  void close();
  /// Returns the number of threads: running, waiting and spare.
  std::size_t count() const;

 private:
  /// Decrements the number of running threads and lets another thread run instead. Returns false if there is none.
  /// With `maySpawn` a new one may be made, which inherits the priority of the calling thread.
  bool replaceOne(bool maySpawn) noexcept;
  void spawn();
  void serve(std::list<std::jthread>::iterator self);
  void park(std::unique_lock<std::mutex>& lock);

  const std::size_t cores_;
  const std::size_t most_;
  const std::function<void(WorkerSlot&)> body_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::size_t> running_ = 0;  ///< changed under the mutex
  std::size_t spare_ = 0;
  std::size_t called_ = 0;           ///< spare threads notified that have not woken up yet
  std::atomic<bool> ended_ = false;  ///< changed under the mutex
  std::list<std::jthread> threads_;
  std::jthread left_;  ///< the last thread that left by itself; the next one joins it
};

}  // namespace video::http

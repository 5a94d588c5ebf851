#pragma once

namespace video {

/// Notified when its thread is about to wait, so that another thread may run in its place. An HTTP worker sets one for
/// its thread; code that waits (for a commit, for a body) reports it with `Waiting` and need not know the observer.
class WaitObserver {
 public:
  virtual ~WaitObserver() = default;
  /// The thread is about to wait.
  virtual void waitBegins() noexcept = 0;
  /// The thread goes on.
  virtual void waitEnds() noexcept = 0;
  /// The rest of the thread's current work takes much processor time and should have a low priority.
  virtual void workIsLong() noexcept {}
  /// Returns the observer of this thread, which may be set; null if there is none.
  static WaitObserver*& current() noexcept {
    static thread_local WaitObserver* observer = nullptr;
    return observer;
  }
};

/// Is in scope while this thread waits for anything but the processor, or works so long that others must not wait for
/// it. May be nested.
class Waiting {
 public:
  Waiting() noexcept : observer_(WaitObserver::current()) {
    if (observer_ != nullptr) observer_->waitBegins();
  }
  ~Waiting() {
    if (observer_ != nullptr) observer_->waitEnds();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  WaitObserver* observer_;
};

}  // namespace video

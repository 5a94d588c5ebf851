#pragma once

namespace video {

/// Told by a thread that it is about to wait, so that another may run in its place. A worker of the transport
/// sets one for its thread; whoever waits (for a commit, for a body) says so with `Waiting` and needs not know whom.
class WaitObserver {
 public:
  virtual ~WaitObserver() = default;
  virtual void waitBegins() noexcept = 0;
  virtual void waitEnds() noexcept = 0;
  /// The observer of this thread; null where nobody needs to know.
  static WaitObserver*& current() noexcept {
    static thread_local WaitObserver* observer = nullptr;
    return observer;
  }
};

/// In scope while this thread waits for something that is not the processor, or works for so long that others must not
/// wait for it. One within another counts as one.
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

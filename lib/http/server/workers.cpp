#include "http/server/workers.hpp"

#include <exception>
#include <utility>

#include "observe/guarded.hpp"
#include "os/priority.hpp"

namespace video::http {

Workers::Workers(std::size_t cores, std::size_t most, std::function<void(WorkerSlot&)> body)
    : cores_(cores > 0 ? cores : 1), most_(most > cores_ ? most : cores_), body_(std::move(body)) {}

void Workers::start() {
  const std::lock_guard lock(mutex_);
  while (threads_.size() < cores_) spawn();
}

void Workers::close() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  wake_.notify_all();
}

void Workers::end() {
  close();
  std::list<std::jthread> leaving;
  std::jthread left;
  const std::lock_guard lock(mutex_);
  leaving.swap(threads_);
  left.swap(left_);
}

std::size_t Workers::count() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void Workers::spawn() {
  const auto self = threads_.emplace(threads_.end());
  try {
    *self = std::jthread([this, self] { serve(self); });
  } catch (...) {
    threads_.erase(self);
    throw;
  }
  ++running_;  // at once, so that nobody starts another in its place
}

void Workers::serve(std::list<std::jthread>::iterator self) {
  WorkerSlot slot(*this);
  WaitObserver::current() = &slot;
  observe::guarded("a worker", [&] { body_(slot); });
  WaitObserver::current() = nullptr;
  std::jthread before;  // joined at the end, without the mutex: a thread of low priority may need long to leave
  const std::lock_guard lock(mutex_);
  if (!slot.hasLeft_) --running_;
  if (ended_) return;
  before = std::exchange(left_, std::move(*self));
  threads_.erase(self);
}

void Workers::park(std::unique_lock<std::mutex>& lock) {
  while (running_ >= cores_ && !ended_) {
    ++spare_;
    wake_.wait(lock, [this] { return called_ > 0 || ended_; });
    --spare_;
    if (called_ > 0) --called_;
  }
  ++running_;
}

bool Workers::replaceOne(bool maySpawn) noexcept {
  if (--running_ >= cores_ || ended_) return true;
  if (spare_ > called_) {
    ++called_;
    wake_.notify_one();
    return true;
  }
  if (!maySpawn || threads_.size() >= most_) return false;
  try {
    spawn();
    return true;
  } catch (const std::exception&) {
    return false;  // no more threads or memory available: carry on with the existing ones
  }
}

bool Workers::WorkerSlot::next() {
  if (isSpent_) {
    const std::lock_guard lock(workers_.mutex_);
    if (hasLeft_) ++workers_.running_;
    hasLeft_ = workers_.replaceOne(false);
    if (hasLeft_) return false;
    ++workers_.running_;  // a thread of low priority is better than none
  }
  if (workers_.running_.load(std::memory_order_relaxed) > workers_.cores_) {
    std::unique_lock lock(workers_.mutex_);
    if (workers_.running_ > workers_.cores_) {
      --workers_.running_;
      workers_.park(lock);
    }
  }
  return !workers_.ended_.load(std::memory_order_relaxed);
}

void Workers::WorkerSlot::waitBegins() noexcept {
  if (depth_++ > 0) return;
  if (beforeWait) beforeWait();
  if (hasLeft_) return;
  const std::lock_guard lock(workers_.mutex_);
  workers_.replaceOne(!isSpent_);
}

void Workers::WorkerSlot::workIsLong() noexcept {
  if (!std::exchange(isSpent_, true)) os::lowerPriority(os::longWork);
}

void Workers::WorkerSlot::waitEnds() noexcept {
  if (--depth_ > 0) return;
  // A thread that is rarely scheduled must not count as running: others would be parked for it.
  hasLeft_ = isSpent_;
  if (hasLeft_) return;
  const std::lock_guard lock(workers_.mutex_);
  ++workers_.running_;
}

}  // namespace video::http

#include "http/server/workers.hpp"

#include <system_error>
#include <utility>

#include "observe/guarded.hpp"

namespace video::http {

Workers::Workers(std::size_t cores, std::size_t most, std::function<void(WorkerSlot&)> body)
    : cores_(cores > 0 ? cores : 1), most_(most > cores_ ? most : cores_), body_(std::move(body)) {}

void Workers::start() {
  const std::lock_guard lock(mutex_);
  threads_.reserve(most_);
  while (threads_.size() < cores_) spawn();
}

void Workers::close() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  wake_.notify_all();
}

void Workers::end() {
  close();
  std::vector<std::jthread> leaving;
  {
    const std::lock_guard lock(mutex_);
    leaving.swap(threads_);
  }
}

std::size_t Workers::count() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void Workers::spawn() {
  threads_.emplace_back([this] {
    WorkerSlot slot(*this);
    WaitObserver::current() = &slot;
    {
      std::unique_lock lock(mutex_);
      park(lock);
    }
    observe::guarded("a worker", [&] { body_(slot); });
    WaitObserver::current() = nullptr;
    const std::lock_guard lock(mutex_);
    --running_;
  });
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

bool Workers::WorkerSlot::next() {
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
  const std::lock_guard lock(workers_.mutex_);
  if (--workers_.running_ >= workers_.cores_ || workers_.ended_) return;
  if (workers_.spare_ > workers_.called_) {
    ++workers_.called_;
    workers_.wake_.notify_one();
  } else if (workers_.threads_.size() < workers_.most_) {
    try {
      workers_.spawn();
    } catch (const std::system_error&) {
      // No more threads available: carry on with the existing ones.
    }
  }
}

void Workers::WorkerSlot::waitEnds() noexcept {
  if (--depth_ > 0) return;
  const std::lock_guard lock(workers_.mutex_);
  ++workers_.running_;
}

}  // namespace video::http

#include "access/hash_threads.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/waiting.hpp"
#include "observe/guarded.hpp"
#include "os/priority.hpp"

namespace video::access {

HashThreads::HashThreads(std::size_t threads, std::size_t waiting)
    : most_(std::max<std::size_t>(threads, 1)), mostWaiting_(waiting) {}

HashThreads::~HashThreads() = default;

void HashThreads::run(const std::function<void()>& work) {
  std::packaged_task<void()> task(std::cref(work));
  std::future<void> done = task.get_future();
  {
    const std::scoped_lock lock(mutex_);
    // Work that an idle or not yet started thread takes at once does not count as waiting.
    const std::size_t free = idle_ + (most_ - threads_.size());
    if (queue_.size() >= mostWaiting_ + free)
      throw Error(Fault::tooMany, "passwords: too many are waiting to be hashed", std::chrono::seconds{1});
    if (queue_.size() >= idle_ && threads_.size() < most_) {
      threads_.emplace_back(
          [this](const std::stop_token& stop) { observe::guarded("a hash thread", [&] { serve(stop); }); });
      ++idle_;
    }
    queue_.push_back(std::move(task));
  }
  arrived_.notify_one();
  const Waiting waiting;
  done.get();
}

std::size_t HashThreads::waiting() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

void HashThreads::serve(const std::stop_token& stop) {
  os::lowerPriority(os::longWork);
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, stop, [this] { return !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    std::packaged_task<void()> task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    lock.lock();
    ++idle_;
  }
}

}  // namespace video::access

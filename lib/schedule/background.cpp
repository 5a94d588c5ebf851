#include "schedule/background.hpp"

#include <chrono>
#include <utility>

#include "base/error.hpp"
#include "observe/guarded.hpp"
#include "os/priority.hpp"

namespace video::schedule {

Background::Background(const BackgroundOptions& options) : options_(options) {}

Background::~Background() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Background::add(std::int64_t account, Job job) {
  const std::lock_guard lock(mutex_);
  const auto known = accounts_.find(account);
  const std::size_t own = known == accounts_.end() ? 0 : known->second.jobs.size();
  if (own >= options_.perAccount || (account != 0 && waiting_ >= options_.all))
    throw Error(Fault::tooMany, "background jobs: too many are waiting", std::chrono::seconds{10});
  if (turns_.size() >= idle_ && threads_.size() < options_.threads)
    observe::startThread(threads_, "a background thread", [this](const std::stop_token& stop) { serve(stop); });
  Account& of = accounts_[account];
  of.jobs.push_back(std::move(job));
  if (!of.runs && of.jobs.size() == 1) turns_.push_back(account);
  ++waiting_;
  changed_.notify_one();
}

std::size_t Background::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

void Background::serve(const std::stop_token& stop) {
  os::lowerPriority(os::lowest, true);
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    const bool isWork = changed_.wait(lock, stop, [this] { return !turns_.empty(); });
    --idle_;
    if (!isWork || stop.stop_requested()) return;
    const std::int64_t account = turns_.front();
    turns_.pop_front();
    Account& of = accounts_[account];
    Job job = std::move(of.jobs.front());
    of.jobs.pop_front();
    of.runs = true;
    --waiting_;
    lock.unlock();
    job(stop);
    job = nullptr;  // releases what it holds
    lock.lock();
    of.runs = false;
    if (of.jobs.empty())
      accounts_.erase(account);
    else
      turns_.push_back(account);
  }
}

}  // namespace video::schedule

#include "access/hash_threads.hpp"

#include <algorithm>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/waiting.hpp"
#include "observe/guarded.hpp"
#include "os/priority.hpp"

namespace video::access {
namespace {

constexpr std::size_t manyFlows = 1024;

Error tooManyWait() {
  return Error(Fault::tooMany, "passwords: too many are waiting to be hashed", std::chrono::seconds{1});
}

// Guesses at an account must not delay callers known to it.
std::vector<std::string> flowsOf(const Asker& asker) {
  std::vector<std::string> flows;
  if (!asker.address.empty()) flows.push_back("a" + addressKey(asker.address));
  if (!asker.account.empty()) {
    std::string& account = flows.emplace_back(asker.known ? "k" : "s");
    for (const char c : asker.account) account += toLower(c);
  }
  return flows;
}

}  // namespace

HashThreads::HashThreads(std::size_t threads, std::size_t waiting)
    : most_(std::max<std::size_t>(threads, 1)), mostWaiting_(waiting) {}

HashThreads::~HashThreads() = default;

void HashThreads::run(const Asker& asker, const std::function<void()>& work) {
  Job job;
  job.task = std::packaged_task<void(bool)>([&work](bool admitted) {
    if (!admitted) throw tooManyWait();
    work();
  });
  job.flows = flowsOf(asker);
  std::future<void> done = job.task.get_future();
  {
    const std::scoped_lock lock(mutex_);
    job.turn = turnOf(asker, job.flows);
    if (jobs_.size() >= idle_ && threads_.size() < most_ &&
        observe::startThread(threads_, "a hash thread", [this](const std::stop_token& stop) { serve(stop); }))
      ++idle_;
    // Work that an idle thread takes at once does not count as waiting.
    if (jobs_.size() >= mostWaiting_ + idle_) {
      const auto last = latest();
      if (last == jobs_.end() || last->turn <= job.turn) throw tooManyWait();
      Job refused = take(last);
      for (const std::string& flow : refused.flows) flows_.at(flow).next -= 1;  // it had no turn
      refused.task(false);
    }
    for (const std::string& flow : job.flows) {
      Flow& of = flows_[flow];
      of.next = job.turn + 1;
      ++of.waiting;
    }
    jobs_.push_back(std::move(job));
  }
  arrived_.notify_one();
  const Waiting waiting;
  done.get();
}

std::size_t HashThreads::waiting() const {
  const std::scoped_lock lock(mutex_);
  return jobs_.size();
}

double HashThreads::turnOf(const Asker& asker, const std::vector<std::string>& flows) {
  double turn = asker.known ? turn_ - 1 : turn_;
  for (const std::string& flow : flows) {
    const auto found = flows_.find(flow);
    if (found == flows_.end()) continue;
    if (found->second.waiting >= (flow.front() == 'a' ? mostOfAddress : mostOfAccount)) throw tooManyWait();
    turn = std::max(turn, found->second.next);
  }
  return turn;
}

HashThreads::Jobs::iterator HashThreads::latest() {
  // Of those with the same turn the last to come.
  auto last = jobs_.begin();
  for (auto job = jobs_.begin(); job != jobs_.end(); ++job)
    if (job->turn >= last->turn) last = job;
  return last;
}

HashThreads::Job HashThreads::take(Jobs::iterator job) {
  Job taken = std::move(*job);
  jobs_.erase(job);
  for (const std::string& flow : taken.flows) --flows_.at(flow).waiting;
  return taken;
}

void HashThreads::forgetFlows() {
  if (flows_.size() < manyFlows) return;
  std::erase_if(flows_, [this](const auto& flow) { return flow.second.waiting == 0 && flow.second.next <= turn_; });
}

void HashThreads::serve(const std::stop_token& stop) {
  os::lowerPriority(os::shortWork);
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, stop, [this] { return !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    const auto next =
        std::min_element(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.turn < b.turn; });
    // Virtual time advances with each job, more slowly the more jobs wait, so that an endless stream of newcomers
    // cannot starve a waiting job.
    turn_ = std::max(turn_, next->turn) + 1.0 / static_cast<double>(jobs_.size() + 1);
    Job job = take(next);
    forgetFlows();
    lock.unlock();
    job.task(true);
    lock.lock();
    ++idle_;
  }
}

}  // namespace video::access

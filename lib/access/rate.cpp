#include "access/rate.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace video::access {
namespace {

constexpr std::size_t mostKeys = 65536;

}  // namespace

Rate::Rate(std::size_t most, std::chrono::milliseconds period)
    : period_(period),
      interval_(most == 0 ? std::chrono::microseconds{0}
                          : std::chrono::microseconds(period) / static_cast<std::int64_t>(most)) {}

void Rate::take(std::string_view key, Time now, std::string_view refusal) {
  if (interval_.count() == 0) return;
  const std::scoped_lock lock(mutex_);
  auto found = full_.find(std::string(key));
  if (found == full_.end()) {
    makeRoom(now);
    found = full_.emplace(key, now).first;
  }
  const auto next = std::max<std::chrono::sys_time<std::chrono::microseconds>>(found->second, now) + interval_;
  if (next > now + period_)
    throw Error(Fault::tooMany, std::string(refusal), std::chrono::ceil<std::chrono::seconds>(next - now - period_));
  found->second = next;
}

void Rate::giveBack(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  const auto found = full_.find(std::string(key));
  if (found != full_.end()) found->second -= interval_;
}

void Rate::makeRoom(Time now) {
  if (full_.size() < mostKeys) return;
  std::erase_if(full_, [&](const auto& one) { return one.second <= now; });
  if (full_.size() < mostKeys) return;
  full_.erase(
      std::min_element(full_.begin(), full_.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
}

}  // namespace video::access

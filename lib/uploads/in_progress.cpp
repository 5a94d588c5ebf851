#include "uploads/in_progress.hpp"

#include <functional>

#include "base/error.hpp"
#include "base/waiting.hpp"

namespace video {

UserId guestsOf(const ShareId& drop) {
  // A number that no user has; two links with the same one have one limit.
  constexpr std::uint64_t sign = 1ULL << 63;
  return UserId{static_cast<std::int64_t>(std::hash<std::string>{}(drop.text) | sign)};
}

bool UploadsInProgress::fits(UserId owner, std::uint64_t size, std::uint64_t most) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(owner.value);
  const std::uint64_t others = found == users_.end() ? 0 : found->second.bytes;
  return others <= most && size <= most - others;
}

void UploadsInProgress::wake() {
  const std::lock_guard lock(mutex_);
  ended_.notify_all();
}

void UploadsInProgress::take(std::int64_t user, std::size_t sent, std::uint64_t bytes) noexcept {
  const auto found = users_.find(user);
  if (found == users_.end()) return;
  found->second.sent -= sent;
  found->second.bytes -= bytes;
  if (found->second.sent == 0 && found->second.bytes == 0) users_.erase(found);
}

UploadInProgress::UploadInProgress(UploadsInProgress& all, UserId sender, UserId owner, std::size_t most,
                                   std::chrono::milliseconds patience, const std::function<bool()>& isStopped)
    : all_(all), sender_(sender.value), owner_(owner.value) {
  if (sender_ == 0) return;
  std::unique_lock lock(all_.mutex_);
  const auto isFree = [&] {
    const auto found = all_.users_.find(sender_);
    return most == 0 || found == all_.users_.end() || found->second.sent < most;
  };
  if (!isFree() && patience.count() > 0) {
    const Waiting forAnother;
    all_.ended_.wait_for(lock, patience, [&] { return isFree() || (isStopped && isStopped()); });
  }
  if (!isFree()) throw Error(Fault::tooMany, "uploads: too many of this user at the moment", std::chrono::seconds{1});
  ++all_.users_[sender_].sent;
}

UploadInProgress::~UploadInProgress() {
  const std::lock_guard lock(all_.mutex_);
  all_.take(owner_, 0, size_);
  all_.take(sender_, sender_ != 0 ? 1 : 0, 0);
  if (sender_ != 0) all_.ended_.notify_all();
}

bool UploadInProgress::grow(std::uint64_t size, std::uint64_t most) {
  const std::lock_guard lock(all_.mutex_);
  std::uint64_t& sum = all_.users_[owner_].bytes;
  const std::uint64_t others = sum - size_;
  const bool fits = others <= most && size <= most - others;
  if (fits) sum = others + (size_ = size);
  return fits;
}

}  // namespace video

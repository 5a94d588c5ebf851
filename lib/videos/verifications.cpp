#include "videos/verifications.hpp"

#include <utility>

namespace video {

VerifiedVideo Verifications::start(std::int64_t account, const VideoId& video, Check check) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[video.text];
  const bool isNew = entry.found.id.text.empty();
  if (!isNew && entry.ended == 0) return entry.found;
  try {
    background_.add(account,
                    [this, video, check = std::move(check)](const std::stop_token& stop) { run(video, check, stop); });
  } catch (...) {
    if (isNew) entries_.erase(video.text);
    throw;
  }
  entry = {};
  entry.found.id = video;
  return entry.found;
}

std::optional<VerifiedVideo> Verifications::find(const VideoId& video) const {
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(video.text);
  if (known == entries_.end()) return std::nullopt;
  if (known->second.failure) throw Error(*known->second.failure);
  return known->second.found;
}

void Verifications::run(const VideoId& video, const Check& check, const std::stop_token& stop) {
  const auto progress = [&](std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    VerifiedVideo& found = entries_[video.text].found;
    found.state = VerifyState::running;
    found.size = static_cast<std::int64_t>(size);
    return !stop.stop_requested();
  };
  try {
    progress(0);
    const VerifiedVideo found = check(progress);
    if (!stop.stop_requested()) end(video, found, std::nullopt);
  } catch (const Error& error) {
    end(video, {}, error);
  } catch (const std::exception& error) {
    end(video, {}, Error(Fault::internal, error.what()));
  }
}

void Verifications::end(const VideoId& video, const VerifiedVideo& found, std::optional<Error> failure) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[video.text];
  entry.found = found;
  entry.found.id = video;
  entry.found.ended = clock_.now();
  entry.failure = std::move(failure);
  entry.ended = ++lastEnded_;
  ended_.emplace_back(entry.ended, video.text);
  if (ended_.size() <= most) return;
  const auto oldest = entries_.find(ended_.front().second);
  if (oldest != entries_.end() && oldest->second.ended == ended_.front().first) entries_.erase(oldest);
  ended_.pop_front();
}

}  // namespace video

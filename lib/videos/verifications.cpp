#include "videos/verifications.hpp"

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/sha256.hpp"

namespace video {
namespace {

// Calls `progress(size)` after each piece, with the number of bytes read so far; stops where it returns false.
VerifiedVideo compare(const RecordedContent& recorded, const std::function<bool(std::int64_t)>& progress) {
  VerifiedVideo found;
  found.id = recorded.video;
  found.state = VerifyState::damaged;
  if (!recorded.reader) return found;
  Sha256 hash;
  std::vector<std::byte> piece(1 << 20);
  while (const std::size_t got = recorded.reader->read(static_cast<std::uint64_t>(found.size), piece)) {
    hash.add(std::span(piece).first(got));
    found.size += static_cast<std::int64_t>(got);
    if (!progress(found.size)) return found;
  }
  found.sha256 = hash.hex();
  found.sound = found.size == recorded.size && found.sha256 == recorded.sha256;
  if (found.sound) found.state = VerifyState::ok;
  return found;
}

}  // namespace

VerifiedVideo Verifications::verify(const RecordedContent& recorded) {
  VerifiedVideo found = compare(recorded, [](std::int64_t) { return true; });
  found.ended = clock_.now();
  return found;
}

VerifiedVideo Verifications::start(std::int64_t account, RecordedContent recorded) {
  const VideoId video = recorded.video;
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[video.text];
  const bool isNew = entry.found.id.text.empty();
  if (!isNew && entry.ended == 0) return entry.found;
  try {
    background_.add(account,
                    [this, recorded = std::move(recorded)](const std::stop_token& stop) { run(recorded, stop); });
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

void Verifications::run(const RecordedContent& recorded, const std::stop_token& stop) {
  const auto progress = [&](std::int64_t size) {
    const std::lock_guard lock(mutex_);
    VerifiedVideo& found = entries_[recorded.video.text].found;
    found.state = VerifyState::running;
    found.size = size;
    return !stop.stop_requested();
  };
  try {
    progress(0);
    const VerifiedVideo found = compare(recorded, progress);
    if (!stop.stop_requested()) end(recorded.video, found, std::nullopt);
  } catch (const Error& error) {
    end(recorded.video, {}, error);
  } catch (const std::exception& error) {
    end(recorded.video, {}, Error(Fault::internal, error.what()));
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

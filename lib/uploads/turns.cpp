#include "uploads/turns.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/waiting.hpp"

namespace video {
namespace {

Error isStopping() {
  return Error(Fault::locked, "videod is stopping", std::chrono::seconds{5});
}

Error isOvertaken(const std::string& upload) {
  return Error(Fault::locked, fmt::format("upload {}: a newer request continues it", upload))
      .because(Reason::newerRequest);
}

}  // namespace

UploadTurns::Turn::Turn(UploadTurns& all, const std::string& upload, std::function<void()> stop,
                        std::chrono::milliseconds patience)
    : all_(all), upload_(upload), stop_(std::move(stop)) {
  std::unique_lock lock(all_.mutex_);
  all_.requireOpen(lock);
  Upload& mine = all_.uploads_[upload_];
  const std::uint64_t ticket = ++mine.newest;
  if (mine.holder != nullptr) {
    mine.holder->end();
    ++mine.waiting;
    const Waiting forTheOther;
    all_.changed_.wait_for(lock, patience,
                           [&] { return mine.holder == nullptr || mine.newest != ticket || all_.draining_; });
    --mine.waiting;
  }
  if (mine.holder == nullptr && mine.newest == ticket && !all_.draining_) {
    mine.holder = this;
    return;
  }
  const bool isNewest = mine.newest == ticket;
  all_.removeIfIdle(upload_);
  all_.requireOpen(lock);
  if (!isNewest) throw isOvertaken(upload_);
  throw Error(Fault::locked, fmt::format("upload {}: another request is working on it", upload_));
}

UploadTurns::Turn::~Turn() {
  const std::lock_guard lock(all_.mutex_);
  all_.uploads_[upload_].holder = nullptr;
  all_.removeIfIdle(upload_);
  all_.changed_.notify_all();
}

Error UploadTurns::Turn::whyOver() const {
  const std::lock_guard lock(all_.mutex_);
  if (all_.draining_) return isStopping();
  return isOvertaken(upload_);
}

void UploadTurns::Turn::end() {
  over_ = true;
  if (stop_) stop_();
}

void UploadTurns::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  for (const auto& [id, upload] : uploads_)
    if (upload.holder != nullptr) upload.holder->end();
  changed_.notify_all();
}

void UploadTurns::requireOpen() const {
  requireOpen(std::unique_lock(mutex_));
}

void UploadTurns::requireOpen(const std::unique_lock<std::mutex>& /*locked*/) const {
  if (draining_) throw isStopping();
}

void UploadTurns::removeIfIdle(const std::string& upload) {
  const auto found = uploads_.find(upload);
  if (found->second.holder == nullptr && found->second.waiting == 0) uploads_.erase(found);
}

}  // namespace video

#include "videos/content_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "access/access.hpp"
#include "base/error.hpp"
#include "observe/log.hpp"
#include "os/priority.hpp"
#include "store/blobs.hpp"

namespace video {
namespace {

constexpr std::size_t pieceSize = 1U << 20;
constexpr std::uint64_t stepSize = 64U << 20;  // between two looks whether the task is to stop
constexpr std::int64_t mostDamaged = 1000;

constexpr std::size_t mostUnrecorded = 1000;

std::optional<rows::StoredVideo> findReady(store::Reader& reader, const VideoId& id) {
  auto video = rows::findVideo(reader, id);
  if (video && video->state != VideoState::ready) video.reset();
  return video;
}

// One run of the task, a step at a time.
class VerifyRun {
 public:
  VerifyRun(DamagedContents& damaged, store::Database& database, const store::Blobs& blobs,
            const access::Access& access, std::int64_t share)
      : damagedContents_(damaged), database_(database), blobs_(blobs), access_(access) {
    database_.read([&](store::Reader& reader) {
      damaged_ = rows::listDamaged(reader, mostDamaged);
      left_ = (rows::countReady(reader) + share - 1) / share;
      position_ = rows::verifyPosition(reader);
    });
  }

  std::optional<schedule::Counts> step() {
    os::lowerPriority(os::lowest, true);
    if (!check_) {
      const auto next = database_.read([&](store::Reader& reader) { return findNext(reader); });
      if (!next) return std::nullopt;
      if (auto opened = ContentCheck::open(damagedContents_, database_, blobs_, *next))
        check_.emplace(*std::move(opened));
      return schedule::Counts{};
    }
    if (!check_->read(stepSize)) return schedule::Counts{};
    ContentCheck whole = *std::move(check_);
    check_.reset();
    const VerifiedVideo found = whole.finish(access_.now());
    if (found.id == position_)
      database_.write(store::Purpose::keep,
                      [&](store::Transaction& transaction) { rows::setVerifyPosition(transaction, position_); });
    return found.sound ? schedule::Counts{1, 0} : schedule::Counts{0, 1};
  }

 private:
  std::optional<VideoId> findNext(store::Reader& reader) {
    for (;;) {
      VideoId id;
      if (!damaged_.empty()) {
        id = damaged_.back();
        damaged_.pop_back();
      } else if (left_-- > 0) {
        auto next = rows::nextReady(reader, position_);
        if (!next) next = rows::nextReady(reader, {});  // from the beginning again
        if (!next) return std::nullopt;
        id = position_ = *next;
      } else {
        return std::nullopt;
      }
      if (findReady(reader, id)) return id;
    }
  }

  DamagedContents& damagedContents_;
  store::Database& database_;
  const store::Blobs& blobs_;
  const access::Access& access_;
  std::vector<VideoId> damaged_;
  std::int64_t left_ = 0;
  VideoId position_;
  std::optional<ContentCheck> check_;
};

}  // namespace

StoredContent openContent(const store::Blobs& blobs, const rows::StoredVideo& video) {
  StoredContent content;
  try {
    content.file = blobs.open(video.blob.value_or(""));
  } catch (const Error& error) {
    if (error.fault() == Fault::unavailable) throw;
    content.damage = error.what();
    return content;
  }
  struct stat is {};
  if (!content.file)
    content.damage = "there is no such file";
  else if (::fstat(content.file->number(), &is) != 0)
    content.damage = std::generic_category().message(errno);
  else if (is.st_size != video.size)
    content.damage = fmt::format("it has {} bytes instead of {}", is.st_size, video.size);
  return content;
}

void DamagedContents::note(const VideoId& video, const std::string& blob, std::string_view why) noexcept try {
  std::string failure;
  try {
    if (database_.read([&](store::Reader& reader) { return rows::isDamageNoted(reader, video, blob); })) return;
    // It is no reason to give the reserve up.
    if (!database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
          return rows::noteDamage(transaction, video, blob, why, access_.now());
        }))
      return;
  } catch (const std::exception& error) {
    failure = error.what();
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure.empty()) {
      if (unrecorded_.erase(blob) > 0) return;
    } else {
      if (unrecorded_.size() >= mostUnrecorded) unrecorded_.clear();
      if (!unrecorded_.insert(blob).second) return;
    }
  }
  observe::error("a content is missing or damaged",
                 {{"video", video.text}, {"file", "blobs/" + store::Blobs::pathOf(blob)}, {"error", why}});
  if (!failure.empty()) observe::warning("the damage of a content could not be recorded", {{"error", failure}});
} catch (...) {
  // Whoever reads it next notes it.
}

void DamagedContents::clear(const VideoId& video, const std::string& blob) {
  if (database_.read([&](store::Reader& reader) { return rows::isDamageNoted(reader, video, blob); }))
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { rows::clearDamage(transaction, video); });
}

std::optional<ContentCheck> ContentCheck::open(DamagedContents& damaged, store::Database& database,
                                               const store::Blobs& blobs, const VideoId& id) {
  const auto find = [&](store::Reader& reader) { return findReady(reader, id); };
  for (;;) {
    auto video = database.read(find);
    if (!video) return std::nullopt;
    ContentCheck check(damaged, blobs, *video);
    if (check.content_.file) return check;
    // The content may be replaced after its row was read and before the file is opened.
    const auto again = database.read(find);
    if (again && again->blob == video->blob) return check;
  }
}

ContentCheck::ContentCheck(DamagedContents& damaged, const store::Blobs& blobs, rows::StoredVideo video)
    : damaged_(damaged), video_(std::move(video)), content_(openContent(blobs, video_)) {}

bool ContentCheck::read(std::uint64_t most) {
  if (!content_.file) return true;
  piece_.resize(pieceSize);  // not before: a check may wait for long
  const int file = content_.file->number();
  for (std::uint64_t end = size_ + most; size_ < end;) {
    const ssize_t got = ::pread(file, piece_.data(), piece_.size(), static_cast<off_t>(size_));
    if (got < 0) content_.damage = std::generic_category().message(errno);
    if (got <= 0) return true;
    hash_.add(std::span(piece_).first(static_cast<std::size_t>(got)));
    // Keep contents that are being streamed in the page cache.
    ::posix_fadvise(file, static_cast<off_t>(size_), got, POSIX_FADV_DONTNEED);
    size_ += static_cast<std::uint64_t>(got);
  }
  return false;
}

VerifiedVideo ContentCheck::finish(Time now) {
  VerifiedVideo found;
  found.id = video_.id;
  found.size = static_cast<std::int64_t>(size_);
  found.ended = now;
  if (content_.file) found.sha256 = hash_.hex();
  if (content_.damage.empty() && found.sha256 != video_.sha256) content_.damage = "its bytes have another SHA-256";
  found.sound = content_.damage.empty();
  found.state = found.sound ? VerifyState::ok : VerifyState::damaged;
  const std::string blob = video_.blob.value_or("");
  if (found.sound)
    damaged_.clear(video_.id, blob);
  else
    damaged_.note(video_.id, blob, content_.damage);
  return found;
}

schedule::Task makeVerifyTask(DamagedContents& damaged, store::Database& database, const store::Blobs& blobs,
                              const access::Access& access, const std::atomic<std::int64_t>& share) {
  return {"verify", 1, 1, [&] {
            auto run = std::make_shared<VerifyRun>(damaged, database, blobs, access, share.load());
            return schedule::inSteps([run] { return run->step(); });
          }};
}

}  // namespace video

#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "deletions/make.hpp"
#include "deletions/purge.hpp"
#include "deletions/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class DirectoryDeletions : public LocalDeletions {
 public:
  DirectoryDeletions(store::Database& database, store::Blobs& blobs, access::Access& access,
                     const DeletionsOptions& options)
      : database_(database), access_(access), options_(options), clearing_(database, blobs, access, options) {}

  void remove(const Credential& by, const RemoveVideo& wanted) override {
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { removeInside(transaction, by, wanted); });
    wakeNow(delayOf(wanted));
  }

  Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) override {
    return database_.rehearse(store::Purpose::keep, [&](store::Transaction& transaction) {
      removeInside(transaction, by, wanted);
      return static_cast<Video>(rows::requireVideo(transaction, wanted));
    });
  }

  Video restore(const Credential& by, const VideoRef& wanted) override {
    return database_.write(store::Purpose::keep,
                           [&](store::Transaction& transaction) { return restoreInside(transaction, by, wanted); });
  }

  Video rehearseRestore(const Credential& by, const VideoRef& wanted) override {
    return database_.rehearse(store::Purpose::keep,
                              [&](store::Transaction& transaction) { return restoreInside(transaction, by, wanted); });
  }

  void enqueue(const Credential& by, const VideoRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      access::require(access_.identify(transaction, by), rights::deletionsEnqueue);
      const auto video = rows::requireVideo(transaction, wanted);
      // Queued already is what was asked for: the original's clients ask again.
      if (video.state == VideoState::pending || video.state == VideoState::ready)
        queue(transaction, video.id, options_.delay);
    });
    wakeNow(options_.delay);
  }

  DeletionPage list(const Credential& by, const DeletionQuery& wanted) override {
    access::require(access_.identify(by), rights::deletionsList);
    checkLimit(wanted.limit);
    return database_.snapshot(
        [&](store::Reader& reader) { return rows::listDeletions(reader, wanted, access_.now()); });
  }

  DrainStarted drain(const Credential& by, const Drain& wanted) override {
    access::require(access_.identify(by), rights::deletionsDrain);
    const auto makeDue = [&](store::Transaction& transaction) {
      return rows::makeSomeDue(transaction, access_.now(), 500);
    };
    while (wanted.includeNotDue.value_or(false) && database_.write(store::Purpose::keep, makeDue) > 0) {
    }
    DeletionQuery counts;
    counts.limit = 1;
    const DeletionPage page = list(by, counts);
    // user-clear queues videos, and is done with a user only when video-clear has worked them off.
    while (runner_.run("user-clear") + runner_.run("video-clear") > 0) {
    }
    return {page.due, page.leased};
  }

  Page<Deletion> rehearseDrain(const Credential& by, const RehearseDrain& wanted) override {
    access::require(access_.identify(by), rights::deletionsDrain);
    const std::int64_t limit = wanted.limit.value_or(500);
    checkLimit(limit);
    const Time until = wanted.includeNotDue.value_or(false) ? Time::max() : access_.now();
    return database_.read([&](store::Reader& reader) { return rows::listDue(reader, until, limit, wanted.cursor); });
  }

  Deletion retry(const Credential& by, const DeletionRef& wanted) override {
    access::require(access_.identify(by), rights::deletionsRetry);
    const Deletion revived = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      access::require(access_.identify(transaction, by), rights::deletionsRetry);
      const auto found = rows::findDeletion(transaction, wanted.video);
      if (!found) throw Error(Fault::notFound, fmt::format("video {}: is not in the queue", wanted.video.text));
      if (found->state == DeletionState::leased || found->tries == 0)
        throw Error(Fault::conflict,
                    fmt::format("video {}: is {} and has not failed", wanted.video.text, nameOf(found->state)));
      rows::revive(transaction, wanted.video, access_.now());
      return rows::findDeletion(transaction, wanted.video).value();
    });
    runner_.wake("video-clear");
    return revived;
  }

  schedule::Task videoClear() override { return clearing_.videoClear(); }
  schedule::Task userClear() override { return clearing_.userClear(); }
  std::vector<schedule::Item> forgetting() override {
    const Time until = access_.now() - options_.remember;
    if (!database_.read([&](store::Reader& reader) { return rows::hasDeletedContents(reader, until); })) return {};
    return {[this, until] {
      constexpr std::int64_t most = 500;
      schedule::Counts counts;
      for (std::int64_t some = most; some == most; counts.done += static_cast<std::size_t>(some))
        some = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
          return rows::forgetContents(transaction, until, most);
        });
      return counts;
    }};
  }
  void workBy(DeletionRunner runner) override { runner_ = std::move(runner); }

 private:
  std::chrono::milliseconds delayOf(const RemoveVideo& wanted) const {
    return wanted.now.value_or(false) ? std::chrono::milliseconds{0} : options_.delay;
  }

  void removeInside(store::Transaction& transaction, const Credential& by, const RemoveVideo& wanted) {
    // Who may upload takes away what a broken upload leaves.
    const auto found = rows::findVideo(transaction, wanted.id);
    const bool isPending = found && found->state == VideoState::pending;
    const auto video =
        requireOwn(transaction, by, isPending ? rights::videosDeletePending : rights::videosDelete, wanted);
    if (video.state == VideoState::deleted && wanted.now.value_or(false))
      return rows::makeDue(transaction, video.id, access_.now());
    if (video.state != VideoState::pending && video.state != VideoState::ready) throw rows::wrongState(video);
    queue(transaction, video.id, delayOf(wanted));
  }

  Video restoreInside(store::Transaction& transaction, const Credential& by, const VideoRef& wanted) {
    auto video = requireOwn(transaction, by, rights::videosRestore, wanted);
    if (video.state != VideoState::deleted) throw rows::wrongState(video);
    video.state = video.blob ? VideoState::ready : VideoState::pending;
    video.purgeTime.reset();
    rows::deleteDeletion(transaction, video.id);
    rows::setState(transaction, video.id, video.state);
    return static_cast<Video>(std::move(video));
  }

  rows::StoredVideo requireOwn(store::Transaction& transaction, const Credential& by, const access::Right& right,
                               const VideoRef& wanted) {
    const Identity who = access_.identify(transaction, by);
    const auto video = rows::findVideo(transaction, wanted.id);
    access::requireOn(who, right, video ? std::optional(video->authorId) : std::nullopt, rows::noSuchVideo(wanted.id));
    return rows::requireVideo(transaction, wanted);
  }

  void queue(store::Transaction& transaction, const VideoId& video, std::chrono::milliseconds delay) {
    rows::setState(transaction, video, VideoState::deleted);
    rows::insertDeletion(transaction, video, access_.now() + delay, access_.now());
  }

  void wakeNow(std::chrono::milliseconds delay) const {
    if (delay.count() == 0) runner_.wake("video-clear");
  }

  store::Database& database_;
  access::Access& access_;
  DeletionsOptions options_;
  PurgeWorker clearing_;
  DeletionRunner runner_;
};

}  // namespace

std::unique_ptr<LocalDeletions> makeLocalDeletions(store::Database& database, store::Blobs& blobs,
                                                   access::Access& access, const DeletionsOptions& options) {
  return std::make_unique<DirectoryDeletions>(database, blobs, access, options);
}

}  // namespace video

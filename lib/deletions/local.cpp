#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "deletions/make.hpp"
#include "deletions/purge_worker.hpp"
#include "deletions/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;

class DirectoryDeletions : public LocalDeletions {
 public:
  DirectoryDeletions(store::Database& database, store::Blobs& blobs, access::Access& access, const Clock& clock,
                     const DeletionsOptions& options)
      : database_(database),
        access_(access),
        clock_(clock),
        options_(options),
        purge_(database, blobs, clock, options) {}

  void enqueue(const Credential& by, const VideoRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      access::require(access_.identify(transaction, by), rights::deletionsEnqueue);
      const auto video = rows::requireVideo(transaction, wanted);
      // A video that is already queued is not an error: clients of the original site repeat the request.
      if (video.state == VideoState::pending || video.state == VideoState::ready)
        if (!rows::queueDeletion(transaction, video, clock_.now() + options_.delay, clock_.now()))
          throw rows::changedMeanwhile(video.id);
    });
    if (options_.delay.count() == 0) wake();
  }

  DeletionPage list(const Credential& by, const DeletionQuery& wanted) override {
    access::require(access_.identify(by), rights::deletionsList);
    checkLimit(wanted.limit);
    return database_.snapshot([&](store::Reader& reader) { return rows::listDeletions(reader, wanted, clock_.now()); });
  }

  DrainStarted drain(const Credential& by, const Drain& wanted) override {
    access::require(access_.identify(by), rights::deletionsDrain);
    const auto makeDue = [&](store::Transaction& transaction) {
      return rows::makeSomeDue(transaction, clock_.now(), 500);
    };
    while (wanted.includeNotDue.value_or(false) && database_.write(store::Purpose::keep, makeDue) > 0) {
    }
    DeletionQuery counts;
    counts.limit = 1;
    const DeletionPage page = list(by, counts);
    // user-clear queues videos and can finish a user only after video-clear has purged them, so the two alternate.
    while (runner_.run("user-clear") + runner_.run("video-clear") > 0) {
    }
    return {page.due, page.leased};
  }

  Page<Deletion> rehearseDrain(const Credential& by, const RehearseDrain& wanted) override {
    access::require(access_.identify(by), rights::deletionsDrain);
    const std::int64_t limit = wanted.limit.value_or(500);
    checkLimit(limit);
    const Time until = wanted.includeNotDue.value_or(false) ? Time::max() : clock_.now();
    return database_.read([&](store::Reader& reader) { return rows::listDue(reader, until, limit, wanted.cursor); });
  }

  Deletion retry(const Credential& by, const DeletionRef& wanted) override {
    access::require(access_.identify(by), rights::deletionsRetry);
    const Deletion retried = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      access::require(access_.identify(transaction, by), rights::deletionsRetry);
      const auto found = rows::findDeletion(transaction, wanted.video);
      if (!found) throw Error(Fault::notFound, fmt::format("video {}: is not in the queue", wanted.video.text));
      if (found->state == DeletionState::leased || found->tries == 0)
        throw Error(Fault::conflict,
                    fmt::format("video {}: is {} and has not failed", wanted.video.text, nameOf(found->state)));
      if (!rows::retryDeletion(transaction, wanted.video, clock_.now())) throw rows::changedMeanwhile(wanted.video);
      return rows::findDeletion(transaction, wanted.video).value();
    });
    wake();
    return retried;
  }

  schedule::Task purgeVideos() override { return purge_.videosTask(); }
  schedule::Task purgeUsers() override { return purge_.usersTask(); }
  std::vector<schedule::Item> expireContents() override {
    const Time until = clock_.now() - options_.remember;
    if (!database_.read([&](store::Reader& reader) { return rows::hasDeletedContents(reader, until); })) return {};
    return {[this, until] {
      constexpr std::int64_t most = 500;
      schedule::Counts counts;
      for (std::int64_t some = most; some == most; counts.done += static_cast<std::size_t>(some))
        some = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
          return rows::expireDeletedContents(transaction, until, most);
        });
      return counts;
    }};
  }
  std::size_t deleteRevivedUsers() override { return rows::deleteRevivedUsers(database_, clock_.now()); }
  void wake() override { runner_.wake("video-clear"); }
  void workBy(DeletionRunner runner) override { runner_ = std::move(runner); }

 private:
  store::Database& database_;
  access::Access& access_;
  const Clock& clock_;
  DeletionsOptions options_;
  PurgeWorker purge_;
  DeletionRunner runner_;
};

}  // namespace

std::unique_ptr<LocalDeletions> makeLocalDeletions(store::Database& database, store::Blobs& blobs,
                                                   access::Access& access, const Clock& clock,
                                                   const DeletionsOptions& options) {
  return std::make_unique<DirectoryDeletions>(database, blobs, access, clock, options);
}

}  // namespace video

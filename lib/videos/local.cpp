#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "base/waiting.hpp"
#include "deletions/rows.hpp"
#include "os/descriptor.hpp"
#include "shares/rows.hpp"
#include "store/blobs.hpp"
#include "users/rows.hpp"
#include "videos/content_check.hpp"
#include "videos/make.hpp"
#include "videos/rows.hpp"
#include "videos/verifications.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class FileReader : public ContentReader {
 public:
  FileReader(std::shared_ptr<const Descriptor> file, const rows::StoredVideo& video, DamagedContents& damaged)
      : file_(std::move(file)),
        video_(video.id),
        blob_(video.blob.value_or("")),
        size_(static_cast<std::uint64_t>(video.size)),
        damaged_(damaged) {}

  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    const ssize_t got = ::pread(file_->number(), to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 || (got == 0 && offset < size_ && !to.empty())) {
      readFailed(got < 0 ? errno : 0);
      throw Error(Fault::contentUnavailable, "content: cannot be read");
    }
    return static_cast<std::size_t>(got);
  }
  void readFailed(int error) noexcept override {
    damaged_.note(video_, blob_, error != 0 ? std::generic_category().message(error) : "it ended while it was read");
  }
  std::shared_ptr<const Descriptor> file() const override { return file_; }
  std::string path() const override { return store::Blobs::pathOf(blob_); }

 private:
  std::shared_ptr<const Descriptor> file_;
  VideoId video_;
  std::string blob_;
  std::uint64_t size_;
  DamagedContents& damaged_;
};

class DirectoryVideos : public LocalVideos {
 public:
  DirectoryVideos(store::Database& database, store::Blobs& blobs, access::Access& access, const VideosOptions& options,
                  PurgeOptions purge, bool inBackground)
      : database_(database),
        blobs_(blobs),
        access_(access),
        options_(options),
        purge_(std::move(purge)),
        inBackground_(inBackground),
        damaged_(database, access),
        verifications_(systemClock()) {}

  AddedVideo add(const Credential& by, const NewVideo& wanted) override {
    checkText("name", wanted.name, 1, 200);
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const auto owner = rows::findUser(transaction, wanted.user, 0);
      access::requireOn(who, rights::videosAdd, owner ? std::optional(owner->id) : std::nullopt,
                        noSuchUser(wanted.user));
      requireRoomForPending(transaction, who, *owner);
      AddedVideo video;
      video.created = access_.now();
      video.id.text = makeUuid7(video.created);
      video.authorId = owner->id;
      video.author = owner->name;
      video.name = wanted.name;
      video.displayTime = formatDisplayTime(video.created);
      rows::insertVideo(transaction, video);
      video.uploadUrl = fmt::format("/upload/{}{}", video.id.text, access_.uploadLink(video.id));
      return video;
    });
  }

  Page<Video> list(const Credential& by, const VideoQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::videosList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      rows::VideoFilter filter;
      if (wanted.user) {
        filter.author = rows::findUserId(reader, *wanted.user);
        access::requireOn(who, rights::videosListAll, filter.author, noSuchUser(*wanted.user));
      } else if (!access::may(who, rights::videosListAll)) {
        filter.author = who.user;
      }
      filter.states = statesShown(wanted.state);
      filter.sort = wanted.sort.value_or(VideoSort::created);
      return wanted.sha256 ? rows::listVideosBySha256(reader, filter, *wanted.sha256, wanted)
                           : rows::listVideos(reader, filter, wanted);
    });
  }

  Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) override {
    checkLimit(wanted.limit);
    const Identity who = access_.identify(by);
    return database_.read([&](store::Reader& reader) {
      if (who.kind == Identity::Kind::anonymous && !wanted.state) {
        Page<Video> page = rows::listReadyVideosOf(reader, wanted.user, wanted);
        if (!page.items.empty()) return page;
      }
      rows::VideoFilter filter;
      filter.author = rows::findUserId(reader, wanted.user);
      if (wanted.state) access::requireOn(who, rights::videosListHidden, filter.author, noSuchUser(wanted.user));
      if (!filter.author) throw noSuchUser(wanted.user);
      filter.states = access::may(who, rights::videosListHidden, filter.author) ? statesShown(wanted.state)
                                                                                : std::vector{VideoState::ready};
      return rows::listVideos(reader, filter, wanted);
    });
  }

  KnownContent known(const Credential& by, const ContentQuery& wanted) override {
    const bool isHash =
        wanted.sha256.size() == 64 && wanted.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!isHash) throw Error(Fault::malformed, "sha256: must be 64 lower-case hex digits");
    const Identity who = access_.identify(by);
    return database_.snapshot([&](store::Reader& reader) {
      const auto author = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::videosKnown, author, noSuchUser(wanted.user));
      return rows::findContent(reader, *author, wanted.sha256, access_.now() - options_.remember);
    });
  }

  Video show(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    const Video video = database_.read([&](store::Reader& reader) { return rows::requireVideo(reader, wanted); });
    if (video.state != VideoState::ready && !access::may(who, rights::videosShowHidden, video.authorId))
      throw rows::noSuchVideo(wanted.id);
    return video;
  }

  Video set(const Credential& by, const SetVideo& wanted) override {
    if (wanted.name) checkText("name", *wanted.name, 1, 200);
    if (wanted.description) checkText("description", *wanted.description, 0, 5000, Lines::several);
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      rows::StoredVideo video =
          requireListed(transaction, access_.identify(transaction, by), rights::videosSet, wanted.id);
      if (wanted.name) video.name = *wanted.name;
      if (wanted.description) video.description = *wanted.description;
      if (wanted.name || wanted.description) rows::setTexts(transaction, video);
      return static_cast<Video>(std::move(video));
    });
  }

  void remove(const Credential& by, const RemoveVideo& wanted) override {
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { removeInside(transaction, by, wanted); });
    if (delayOf(wanted).count() == 0) purge_.wake();
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

  VerifiedVideo verify(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    const rows::StoredVideo video = database_.read(
        [&](store::Reader& reader) { return requireListed(reader, who, rights::videosVerify, wanted.id); });
    if (!video.blob) throw Error(Fault::conflict, fmt::format("video {}: has no content yet", wanted.id.text));
    const auto run = [this, id = wanted.id](const std::function<bool(std::uint64_t)>& progress) {
      // Opened as late as possible: a file that waits to be checked would keep a descriptor and its blocks.
      auto check = ContentCheck::open(damaged_, database_, blobs_, id);
      if (!check) throw rows::noSuchVideo(id);
      while (!check->read(16 << 20))
        if (!progress(check->size())) return VerifiedVideo{};
      return check->finish(access_.now());
    };
    if (inBackground_)
      return verifications_.start(who.kind == Identity::Kind::operator_ ? 0 : who.user.value, wanted.id, run);
    const Waiting waiting;
    return run([](std::uint64_t) { return true; });
  }

  VerifiedVideo verifyStatus(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    database_.read(
        [&](store::Reader& reader) { return requireListed(reader, who, rights::videosVerifyStatus, wanted.id); });
    if (auto found = verifications_.find(wanted.id)) return *std::move(found);
    throw Error(Fault::notFound, fmt::format("video {}: no verification is remembered", wanted.id.text));
  }

  Content open(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    if (who.kind == Identity::Kind::link)
      access_.checkLink(std::get<SignedLink>(by), wanted.id, nameOf(ShareWhat::view));
    const auto find = [&](store::Reader& reader) {
      if (who.kind == Identity::Kind::link)
        rows::requireShare(reader, std::get<SignedLink>(by), wanted.id, ShareWhat::view);
      auto found = rows::findVideo(reader, wanted.id);
      requireMayOpen(who, found ? std::optional(found->authorId) : std::nullopt, wanted.id);
      return found;
    };
    auto video = database_.read(find);
    StoredContent stored;
    for (;;) {
      if (!video || video->state != VideoState::ready) throw rows::noSuchVideo(wanted.id);
      stored = openContent(blobs_, *video);
      if (stored.damage.empty()) break;
      // The content may be replaced after its row was read and before the file is opened: look it up again.
      auto again = database_.read(find);
      if (again && again->state == VideoState::ready && again->blob == video->blob) {
        damaged_.note(video->id, video->blob.value_or(""), stored.damage);
        throw Error(Fault::contentUnavailable, fmt::format("video {}: content is missing or damaged", wanted.id.text));
      }
      video = std::move(again);
    }
    Content content;
    content.meta.size = static_cast<std::uint64_t>(video->size);
    content.meta.type = video->contentType;
    content.meta.etag = fmt::format("\"{}\"", video->sha256);
    content.meta.modified = video->modified;
    content.meta.name = video->name;
    content.reader = std::make_shared<FileReader>(std::move(stored.file), *video, damaged_);
    return content;
  }

  schedule::Task verifyTask(const std::atomic<std::int64_t>& share) override {
    return makeVerifyTask(damaged_, database_, blobs_, access_, share);
  }

  std::size_t damagedContents() override {
    return database_.read([](store::Reader& reader) { return rows::listDamaged(reader, 1000).size(); });
  }

 private:
  void requireRoomForPending(store::Reader& reader, const Identity& who, const User& owner) const {
    if (options_.maxPending == 0 || who.kind == Identity::Kind::operator_) return;
    if (rows::hasPendingVideos(reader, owner.id, options_.maxPending))
      throw Error(Fault::conflict, fmt::format("user {}: has {} pending videos already; upload or delete some",
                                               owner.name, options_.maxPending));
  }

  // One that is pending or ready, of which the caller has this right.
  static rows::StoredVideo requireListed(store::Reader& reader, const Identity& who, const access::Right& right,
                                         const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    access::requireOn(who, right, video ? std::optional(video->authorId) : std::nullopt, rows::noSuchVideo(id));
    if (video->state != VideoState::pending && video->state != VideoState::ready) throw rows::wrongState(*video);
    return *std::move(video);
  }

  std::chrono::milliseconds delayOf(const RemoveVideo& wanted) const {
    return wanted.now.value_or(false) ? std::chrono::milliseconds{0} : purge_.delay;
  }

  void removeInside(store::Transaction& transaction, const Credential& by, const RemoveVideo& wanted) {
    // Pending videos need a lesser right: a caller who may upload may also remove what a failed upload left behind.
    const auto found = rows::findVideo(transaction, wanted.id);
    const bool isPending = found && found->state == VideoState::pending;
    const auto video =
        requireOwn(transaction, by, isPending ? rights::videosDeletePending : rights::videosDelete, wanted);
    // A video to be purged at once is due even if the system's clock has jumped; otherwise the purge clock counts.
    const Time due = purge_.clock.now();
    const Time now = access_.now();
    const bool isDeleted = video.state == VideoState::deleted && wanted.now.value_or(false);
    if (!isDeleted && video.state != VideoState::pending && video.state != VideoState::ready)
      throw rows::wrongState(video);
    const auto delay = delayOf(wanted);
    const bool done =
        isDeleted ? rows::makeDue(transaction, video.id, due)
                  : rows::queueDeletion(transaction, video, delay.count() == 0 ? due : std::max(now, due) + delay, now);
    if (!done) throw rows::changedMeanwhile(video.id);
  }

  Video restoreInside(store::Transaction& transaction, const Credential& by, const VideoRef& wanted) {
    const auto video = requireOwn(transaction, by, rights::videosRestore, wanted);
    if (video.state != VideoState::deleted) throw rows::wrongState(video);
    if (!rows::restoreVideo(transaction, video)) throw rows::changedMeanwhile(video.id);
    return static_cast<Video>(rows::requireVideo(transaction, wanted));
  }

  rows::StoredVideo requireOwn(store::Transaction& transaction, const Credential& by, const access::Right& right,
                               const VideoRef& wanted) {
    const Identity who = access_.identify(transaction, by);
    const auto video = rows::findVideo(transaction, wanted.id);
    access::requireOn(who, right, video ? std::optional(video->authorId) : std::nullopt, rows::noSuchVideo(wanted.id));
    return rows::requireVideo(transaction, wanted);
  }

  void requireMayOpen(const Identity& who, std::optional<UserId> owner, const VideoId& id) const {
    switch (options_.access) {
      case StreamAccess::everyone: return access::require(who, rights::videosOpen);
      case StreamAccess::session: return access::require(who, rights::videosOpenSignedIn);
      case StreamAccess::signed_: return access::requireOn(who, rights::videosOpenOwn, owner, rows::noSuchVideo(id));
    }
  }

  static std::vector<VideoState> statesShown(std::optional<VideoState> wanted) {
    if (wanted) return {*wanted};
    return {VideoState::ready, VideoState::pending};
  }

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  VideosOptions options_;
  PurgeOptions purge_;
  bool inBackground_;
  DamagedContents damaged_;
  Verifications verifications_;
};

}  // namespace

std::unique_ptr<LocalVideos> makeLocalVideos(store::Database& database, store::Blobs& blobs, access::Access& access,
                                             const VideosOptions& options, PurgeOptions purge, bool inBackground) {
  return std::make_unique<DirectoryVideos>(database, blobs, access, options, std::move(purge), inBackground);
}

}  // namespace video

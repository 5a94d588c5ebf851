#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/text_reader.hpp"
#include "base/units.hpp"
#include "base/waiting.hpp"
#include "comments/rows.hpp"
#include "contents/rows.hpp"
#include "deletions/rows.hpp"
#include "media/sniff.hpp"
#include "media/webvtt.hpp"
#include "os/descriptor.hpp"
#include "renditions/rows.hpp"
#include "shares/rows.hpp"
#include "store/blobs.hpp"
#include "store/derived_files.hpp"
#include "subtitles/rows.hpp"
#include "users/rows.hpp"
#include "videos/chapters.hpp"
#include "videos/content_check.hpp"
#include "videos/make.hpp"
#include "videos/name_glob.hpp"
#include "videos/probes.hpp"
#include "videos/rows.hpp"
#include "videos/verifications.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

// Returns a tag as it is stored: without spaces around it, A to Z in lower case. Throws malformed, naming `field`.
std::string normalTag(std::string_view field, std::string_view text) {
  std::string tag(trimmed(text));
  std::transform(tag.begin(), tag.end(), tag.begin(), toLower);
  checkText(field, tag, 1, 50);
  if (tag.find(',') != std::string::npos) throw Error(Fault::malformed, fmt::format("{}: has a comma", field));
  return tag;
}

std::optional<std::string> normalTag(std::string_view field, const std::optional<std::string>& text) {
  return text ? std::optional(normalTag(field, std::string_view(*text))) : std::nullopt;
}

std::vector<std::string> normalTags(const std::vector<std::string>& texts) {
  constexpr std::size_t most = 10;
  std::vector<std::string> tags;
  for (const std::string& text : texts) {
    const std::string_view shown = std::string_view(text).substr(0, 50);
    tags.push_back(normalTag(fmt::format("tags: \"{}{}\"", repairedUtf8(shown), shown.size() < text.size() ? "…" : ""),
                             std::string_view(text)));
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  if (tags.size() > most)
    throw Error(Fault::malformed, fmt::format("tags: {} are too many; at most {} are allowed", tags.size(), most));
  return tags;
}

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
      requireRoomForPending(transaction, who, owner->id, owner->name);
      AddedVideo video = insert(transaction, owner->id, wanted.name, wanted.visibility.value_or(options_.visibility));
      video.author = owner->name;
      video.authorDisplayName = owner->displayName;
      return video;
    });
  }

  DroppedVideo drop(const Credential& by, const DropVideo& wanted) override {
    checkText("name", wanted.name, 1, 200);
    if (wanted.size < 1) throw Error(Fault::malformed, "size: must be positive");
    if (std::cmp_greater(wanted.size, options_.maxUpload))
      throw Error(Fault::tooLarge, fmt::format("size: exceeds the limit of {}", formatSize(options_.maxUpload)))
          .because(Reason::uploadLimit);
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      access::require(who, rights::videosDrop);
      const auto* const link = std::get_if<SignedLink>(&by);
      if (link == nullptr) throw Error(Fault::forbidden, "drop: needs a drop link");
      const auto drop = rows::findDrop(transaction, wanted.drop);
      if (!drop) throw Error(Fault::forbidden, "link: has been revoked");
      access_.checkDropLink(transaction, *link, wanted.drop, drop->owner);
      // What cannot come any more, because its upload URL has expired, takes no place; upload-sweep removes it.
      const rows::Announced announced = rows::announcedTo(transaction, *drop, access_.uploadLinksSince());
      if (drop->files.value() - announced.expired >= drop->maxFiles)
        throw Error(Fault::conflict, fmt::format("link: its limit of {} videos is reached", drop->maxFiles.value()));
      if (drop->maxBytes && wanted.size > *drop->maxBytes - (drop->bytes.value() - announced.expiredBytes))
        throw Error(Fault::overQuota, fmt::format("link: takes {} in all, which would be exceeded",
                                                  formatSize(static_cast<std::uint64_t>(*drop->maxBytes))));
      // Guests have a limit of their own, so that they do not keep the user from uploading.
      if (options_.maxPending > 0 && announced.live >= options_.maxPending)
        throw Error(Fault::conflict, fmt::format("link: {} videos are pending; upload them first", announced.live));
      AddedVideo video = insert(transaction, drop->owner, wanted.name, Visibility::private_);
      rows::addToDrop(transaction, wanted.drop, video.id, wanted.size);
      return DroppedVideo{std::move(video.id), std::move(video.name), std::move(video.uploadUrl)};
    });
  }

  Page<Video> list(const Credential& by, const VideoQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::videosList);
    checkLimit(wanted.limit);
    const auto tag = normalTag("tag", wanted.tag);
    if (tag && wanted.sort.value_or(VideoSort::created) != VideoSort::created)
      throw Error(Fault::malformed, "sort: with a tag, videos are sorted by creation time only");
    const auto glob = wanted.name ? std::optional(nameGlob(*wanted.name)) : std::nullopt;
    if (wanted.sha256 && (wanted.name || wanted.reverse.value_or(false)))
      throw Error(Fault::malformed, "sha256: cannot be combined with name or reverse");
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
      filter.tag = tag;
      filter.reverse = wanted.reverse.value_or(false);
      filter.name = glob;
      return wanted.sha256 ? rows::listVideosBySha256(reader, filter, *wanted.sha256, wanted)
                           : rows::listVideos(reader, filter, wanted);
    });
  }

  Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) override {
    checkLimit(wanted.limit);
    const Identity who = access_.identify(by);
    access::require(who, rights::videosListOf);
    return database_.read([&](store::Reader& reader) {
      rows::VideoFilter filter;
      if (who.kind != Identity::Kind::anonymous || wanted.state) {
        filter.author = rows::findUserId(reader, wanted.user);
        if (wanted.state) access::requireOn(who, rights::videosListHidden, filter.author, noSuchUser(wanted.user));
        if (!filter.author) throw noSuchUser(wanted.user);
      }
      if (access::may(who, rights::videosListHidden, filter.author)) {
        filter.states = statesShown(wanted.state);
        return rows::listVideos(reader, filter, wanted);
      }
      Page<Video> page = rows::listListedVideosOf(reader, wanted.user, wanted);
      if (page.items.empty() && !rows::findUserId(reader, wanted.user)) throw noSuchUser(wanted.user);
      return pageShownTo(who, std::move(page));
    });
  }

  Page<Video> newest(const Credential& by, const NewestQuery& wanted) override {
    checkLimit(wanted.limit);
    const auto tag = normalTag("tag", wanted.tag);
    const Identity who = access_.identify(by);
    access::require(who, rights::videosNewest);
    return pageShownTo(who,
                       database_.read([&](store::Reader& reader) { return rows::listNewest(reader, tag, wanted); }));
  }

  KnownContent known(const Credential& by, const ContentQuery& wanted) override {
    checkSha256("sha256", wanted.sha256);
    const Identity who = access_.identify(by);
    return database_.snapshot([&](store::Reader& reader) {
      const auto author = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::videosKnown, author, noSuchUser(wanted.user));
      return rows::findContent(reader, *author, wanted.sha256, access_.now() - options_.remember);
    });
  }

  Video show(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    return database_.read([&](store::Reader& reader) {
      const auto video = rows::findVideo(reader, wanted.id);
      access_.requireView(reader, by, who, wanted.id, rows::viewOf(video), rows::noSuchVideo(wanted.id));
      rows::StoredVideo shown = rows::requireOf(wanted, video);
      hideLocation(who, shown);
      shown.notes = rows::notesOf(shown);
      return whole(reader, who, std::move(shown));
    });
  }

  Video set(const Credential& by, const SetVideo& wanted) override {
    if (wanted.name) checkText("name", *wanted.name, 1, 200);
    if (wanted.description) checkText("description", *wanted.description, 0, 5000, Lines::several);
    const std::vector<std::string> tags = normalTags(wanted.tags.value_or(std::vector<std::string>()));
    Video changed = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      rows::StoredVideo video = requireListed(transaction, who, rights::videosSet, wanted.id);
      if (wanted.name) video.name = *wanted.name;
      if (wanted.description) video.description = *wanted.description;
      if (wanted.visibility) video.visibility = *wanted.visibility;
      if (wanted.tags) video.tags = tags;
      if (wanted.commentsOff) video.commentsOff = *wanted.commentsOff ? std::optional(true) : std::nullopt;
      if (wanted.danmakuOff) video.danmakuOff = *wanted.danmakuOff ? std::optional(true) : std::nullopt;
      if (wanted.name || wanted.description || wanted.visibility || wanted.tags || wanted.commentsOff ||
          wanted.danmakuOff)
        rows::setVideo(transaction, video);
      if (wanted.user) video = handOver(transaction, who, video, *wanted.user);
      return whole(transaction, who, std::move(video));
    });
    // The new owner answers for imported comments, too: in steps, so that the writer is never held for long.
    std::optional<std::string> after;
    while (wanted.user && (after = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
             access::require(access_.identify(transaction, by), rights::videosSetOwner);
             return rows::handOverImported(transaction, wanted.id, after.value_or(""));
           }))) {
    }
    return changed;
  }

  void remove(const Credential& by, const RemoveVideo& wanted) override {
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { removeInside(transaction, by, wanted); });
    if (delayOf(wanted).count() == 0) purge_.wake();
  }

  Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) override {
    return database_.rehearse(store::Purpose::keep, [&](store::Transaction& transaction) {
      removeInside(transaction, by, wanted);
      return shownTo(access_.identify(transaction, by), rows::requireVideo(transaction, wanted));
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

  Content open(const Credential& by, const OpenVideo& wanted) override {
    if (wanted.form == VideoForm::play) return openPlayable(by, wanted);
    const Identity who = access_.identify(by);
    access::require(who, rights::videosOpen);
    const auto find = [&](store::Reader& reader) {
      auto found = rows::findVideo(reader, wanted.id);
      access_.requireView(reader, by, who, wanted.id, rows::viewOf(found), rows::noSuchVideo(wanted.id));
      return found;
    };
    auto video = database_.read(find);
    StoredContent stored;
    for (;;) {
      if (video->state != VideoState::ready) throw rows::noSuchVideo(wanted.id);
      stored = openContent(blobs_, *video);
      if (stored.damage.empty()) break;
      // The content may be replaced after its row was read and before the file is opened: look it up again.
      auto again = database_.read(find);
      if (again->state == VideoState::ready && again->blob == video->blob) {
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
    content.meta.noIndex = video->visibility != Visibility::public_;
    content.reader = std::make_shared<FileReader>(std::move(stored.file), *video, damaged_);
    return content;
  }

  Content chapters(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::videosChapters);
    const auto video = database_.read([&](store::Reader& reader) {
      auto found = rows::findVideo(reader, wanted.id);
      access_.requireView(reader, by, who, wanted.id, rows::viewOf(found), rows::noSuchVideo(wanted.id));
      return *std::move(found);
    });
    const std::vector<Chapter> found = chaptersOf(video.description, video.durationMs);
    if (found.empty()) throw Error(Fault::notFound, fmt::format("video {}: has no chapters", wanted.id.text));
    std::string track = chaptersTrack(found, video.durationMs);
    Sha256 hash;
    hash.add(std::as_bytes(std::span(track)));
    Content content;
    content.meta.size = track.size();
    content.meta.type = media::webVttType;
    content.meta.etag = fmt::format("\"{}\"", hash.hex());
    content.meta.modified = access_.now();
    content.meta.name = "chapters.vtt";
    content.meta.noIndex = video.visibility != Visibility::public_;
    content.reader = readerOf(std::move(track));
    return content;
  }

  Video block(const Credential& by, const BlockVideo& wanted) override {
    checkText("reason", wanted.reason, 1, 500);
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const auto video = rows::findVideo(transaction, wanted.id);
      access_.requireOnVideo(who, rights::videosBlock, rows::viewOf(video), rows::noSuchVideo(wanted.id));
      access::requireIfOwn(who, rights::videosBlockOwn, video->authorId);
      if (video->state == VideoState::purging) throw rows::wrongState(*video);
      rows::setBlocked(transaction, wanted.id, wanted.reason, who.doer(), access_.now());
      rows::holdDeletion(transaction, wanted.id);
      return shownTo(who, rows::requireVideo(transaction, {wanted.id, std::nullopt}));
    });
  }

  void unblock(const Credential& by, const VideoRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const auto video = rows::findVideo(transaction, wanted.id);
      access_.requireOnVideo(who, rights::videosUnblock, rows::viewOf(video), rows::noSuchVideo(wanted.id));
      access::requireIfOwn(who, rights::videosUnblockOwn, video->authorId);
      if (!video->blocked) throw Error(Fault::conflict, fmt::format("video {}: is not blocked", wanted.id.text));
      rows::clearBlocked(transaction, wanted.id);
      rows::resumeDeletion(transaction, wanted.id, std::max(access_.now(), purge_.clock.now()) + purge_.delay);
    });
  }

  schedule::Task verifyTask(const std::atomic<std::int64_t>& share) override {
    return makeVerifyTask(damaged_, database_, blobs_, access_, share);
  }

  schedule::Task probeTask() override { return makeProbeTask(damaged_, database_, blobs_); }

  std::size_t damagedContents() override {
    return database_.read([](store::Reader& reader) { return rows::listDamaged(reader, 1000).size(); });
  }

 private:
  Content openPlayable(const Credential& by, const OpenVideo& wanted) {
    const Identity who = access_.identify(by);
    access::require(who, rights::videosOpen);
    const auto video = database_.read([&](store::Reader& reader) {
      auto found = rows::findVideo(reader, wanted.id);
      access_.requireView(reader, by, who, wanted.id, rows::viewOf(found), rows::noSuchVideo(wanted.id));
      return rows::requireOf(wanted, std::move(found));
    });
    const bool has = video.state == VideoState::ready && !video.playFile.empty();
    auto content = has ? store::DerivedFiles(database_.directory()).find(video.id, video.playFile) : std::nullopt;
    if (has && !content)  // what is in derived/ may be deleted, and is made again
      database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
        const auto names = rows::findDerived(transaction, video.id);
        if (!names || names->play != video.playFile) return;
        rows::setDerived(transaction, video.id, RenditionForm::play, {});
        rows::queueRendition(transaction, video.id, RenditionForm::play, true, access_.now());
      });
    if (!content) throw Error(Fault::notFound, fmt::format("video {}: has no playable form", wanted.id.text));
    content->meta.type = "video/mp4";
    content->meta.name = media::mp4NameOf(video.name, video.contentType);
    content->meta.noIndex = video.visibility != Visibility::public_;
    return *std::move(content);
  }

  void requireRoomForPending(store::Reader& reader, const Identity& who, UserId owner, std::string_view name) const {
    if (options_.maxPending == 0 || who.kind == Identity::Kind::operator_) return;
    if (rows::hasPendingVideos(reader, owner, options_.maxPending))
      throw Error(Fault::conflict, fmt::format("user {}: has {} pending videos already; upload or delete some", name,
                                               options_.maxPending));
  }

  // A new pending video; without the names of its owner.
  AddedVideo insert(store::Transaction& transaction, UserId owner, const std::string& name,
                    Visibility visibility) const {
    AddedVideo video;
    video.created = access_.now();
    video.id.text = makeUuid7(video.created);
    video.authorId = owner;
    video.name = name;
    video.visibility = visibility;
    video.displayTime = formatDisplayTime(video.created);
    rows::insertVideo(transaction, video);
    video.uploadUrl = fmt::format("/upload/{}{}", video.id.text, access_.uploadLink(video.id, owner));
    return video;
  }

  // Gives a video to a user. For admins and the operator only: it uses the user's quota and is published under that
  // name.
  rows::StoredVideo handOver(store::Transaction& transaction, const Identity& who, const rows::StoredVideo& video,
                             std::string_view name) const {
    access::require(who, rights::videosSetOwner);
    const auto taker = rows::findUser(transaction, name, 0);
    if (!taker) throw noSuchUser(name);
    if (taker->id == video.authorId) return video;
    if (taker->disabled) throw Error(Fault::conflict, fmt::format("user {}: is disabled", name));
    if (video.state == VideoState::pending) requireRoomForPending(transaction, who, taker->id, name);
    rows::setOwner(transaction, video.id, taker->id);
    rows::deleteUploadShares(transaction, video.id);  // with them, others would still replace what is not theirs
    if (rows::spaceLeft(transaction, taker->id, options_.quota) < 0)
      throw Error(Fault::overQuota, fmt::format("user {}: the quota would be exceeded", name));
    return rows::requireVideo(transaction, {video.id, std::nullopt});
  }

  // One that is pending or ready, of which the caller has this right.
  rows::StoredVideo requireListed(store::Reader& reader, const Identity& who, const access::Right& right,
                                  const VideoId& id) const {
    auto video = rows::findVideo(reader, id);
    access_.requireOnVideo(who, right, rows::viewOf(video), rows::noSuchVideo(id));
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
    if (isDeleted && video.blocked)
      throw Error(Fault::conflict, fmt::format("video {}: is blocked and stays in the trash", video.id.text));
    const auto delay = delayOf(wanted);
    const bool done =
        isDeleted ? rows::makeDue(transaction, video.id, due)
                  : rows::queueDeletion(transaction, video, delay.count() == 0 ? due : std::max(now, due) + delay, now);
    if (!done) throw rows::changedMeanwhile(video.id);
  }

  Video restoreInside(store::Transaction& transaction, const Credential& by, const VideoRef& wanted) {
    const auto video = requireOwn(transaction, by, rights::videosRestore, wanted);
    if (video.state != VideoState::deleted) throw rows::wrongState(video);
    if (video.blob) rows::requireContentAllowed(transaction, video.sha256);
    if (video.originalSha256) rows::requireContentAllowed(transaction, *video.originalSha256);
    if (!rows::restoreVideo(transaction, video)) throw rows::changedMeanwhile(video.id);
    return shownTo(access_.identify(transaction, by), rows::requireVideo(transaction, wanted));
  }

  rows::StoredVideo requireOwn(store::Transaction& transaction, const Credential& by, const access::Right& right,
                               const VideoRef& wanted) {
    const Identity who = access_.identify(transaction, by);
    const auto video = rows::findVideo(transaction, wanted.id);
    access_.requireOnVideo(who, right, rows::viewOf(video), rows::noSuchVideo(wanted.id));
    return rows::requireOf(wanted, video);
  }

  // That a file says where it was taken, or did, is for those who can do something about it.
  static void hideLocation(const Identity& who, Video& video) {
    if (access::may(who, rights::videosShowHidden, video.authorId)) return;
    video.hasLocation.reset();
    video.originalSha256.reset();
  }

  // A video as the caller sees it: every operation returns it so.
  static Video shownTo(const Identity& who, Video video) {
    hideLocation(who, video);
    return video;
  }

  // A video as it is shown alone.
  static Video whole(store::Reader& reader, const Identity& who, Video video) {
    hideLocation(who, video);
    if (auto all = rows::subtitlesOf(reader, video.id); !all.empty()) video.subtitles = std::move(all);
    if (auto all = chaptersOf(video.description, video.durationMs); !all.empty()) video.chapters = std::move(all);
    return video;
  }

  // A page of listed videos as the caller sees it: those who may not watch see who published what.
  Page<Video> pageShownTo(const Identity& who, Page<Video> page) const {
    for (Video& video : page.items) {
      hideLocation(who, video);
      if (access_.mayViewListed(who, video.authorId)) continue;
      Video shown;
      shown.id = video.id;
      shown.authorId = video.authorId;
      shown.author = video.author;
      shown.authorDisplayName = video.authorDisplayName;
      shown.name = video.name;
      shown.state = video.state;
      shown.displayTime = video.displayTime;
      shown.created = video.created;
      shown.visibility = video.visibility;
      video = std::move(shown);
    }
    return page;
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

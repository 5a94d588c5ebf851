#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "access/access.hpp"
#include "access/links.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "base/waiting.hpp"
#include "contents/rows.hpp"
#include "deletions/rows.hpp"
#include "media/playback.hpp"
#include "media/sniff.hpp"
#include "shares/fields.hpp"
#include "shares/rows.hpp"
#include "store/blobs.hpp"
#include "uploads/in_progress.hpp"
#include "uploads/make.hpp"
#include "uploads/rows.hpp"
#include "uploads/turns.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

// Free space is checked again each time this many bytes have arrived.
constexpr std::uint64_t spaceStep = 1ULL << 20;
// Space that an upload of unknown size needs: for what arrives until the next check, and for what is not on disk yet.
constexpr std::uint64_t spaceAhead = 10ULL << 20;

// At the latest after so many bytes of a piece, what has arrived is made durable.
constexpr std::uint64_t syncStep = 64ULL << 20;
constexpr std::size_t mostHashes = 1000;

// The hashes of what partial uploads have, so that it need not be read again when they go on.
class HashedUploads {
 public:
  // Puts `hashed` back in the end, as it is then.
  class Keep {
   public:
    Keep(HashedUploads& all, const std::string& id, const store::HashedPart& hashed)
        : all_(all), id_(id), hashed_(hashed) {}
    ~Keep() { all_.put(id_, hashed_); }
    Keep(const Keep&) = delete;
    Keep& operator=(const Keep&) = delete;

   private:
    HashedUploads& all_;
    const std::string& id_;
    const store::HashedPart& hashed_;
  };

  store::HashedPart take(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = hashes_.find(id);
    if (found == hashes_.end()) return {};
    store::HashedPart hashed = std::move(found->second);
    hashes_.erase(found);
    return hashed;
  }

 private:
  void put(const std::string& id, const store::HashedPart& hashed) noexcept try {
    if (hashed.size == 0) return;
    const std::lock_guard lock(mutex_);
    if (hashes_.size() >= mostHashes) hashes_.erase(hashes_.begin());  // the oldest, because IDs ascend
    hashes_.insert_or_assign(id, hashed);
  } catch (const std::exception&) {
    // It is computed again.
  }

  std::mutex mutex_;
  std::map<std::string, store::HashedPart> hashes_;
};

class DirectoryUploads : public LocalUploads {
 public:
  DirectoryUploads(store::Database& database, store::Blobs& blobs, access::Access& access, Videos& videos,
                   const UploadsOptions& options, std::function<void()> wakePurge)
      : database_(database),
        blobs_(blobs),
        access_(access),
        videos_(videos),
        options_(options),
        wakePurge_(std::move(wakePurge)) {}

  UploadStatus begin(const Credential& by, const BeginUpload& wanted) override {
    if (wanted.size && *wanted.size < 0) throw Error(Fault::malformed, "size: must not be negative");
    const Identity who = access_.identify(by);
    const auto size = static_cast<std::uint64_t>(wanted.size.value_or(0));
    const rows::StoredVideo video = database_.read([&](store::Reader& reader) {
      rows::StoredVideo found = findUploadable(reader, by, who, wanted.id);
      if (!inProgress_.fits(found.authorId, size, requireQuota(reader, found, size))) throw overQuota();
      if (wanted.sha256) rows::requireContentAllowed(reader, *wanted.sha256);
      return found;
    });
    database_.requireSpace(size);
    UploadStatus status = statusOf(video, wanted);
    if (status.underWay) throw underWay(wanted.id);
    return status;
  }

  RehearsedUpload rehearse(const Credential& by, const RehearseUpload& wanted) override {
    checkText("name", wanted.name, 1, 200);
    constexpr std::int64_t most = INT64_MAX / 4;  // so that sums stay in range
    for (const auto& [name, bytes] : {std::pair("size", wanted.size), std::pair("ahead", wanted.ahead)})
      if (bytes < 0 || bytes > most) throw Error(Fault::malformed, fmt::format("{}: must be from 0 to {}", name, most));
    const auto front = fromHex(wanted.front);
    if (!front) throw Error(Fault::malformed, "front: must be hex");
    const Identity who = access_.identify(by);
    database_.read([&](store::Reader& reader) {
      const auto owner = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::uploadsRehearse, owner, noSuchUser(wanted.user));
      requireQuota(reader, *owner, wanted.ahead, static_cast<std::uint64_t>(wanted.size));
    });
    database_.requireSpace(static_cast<std::uint64_t>(wanted.ahead) + static_cast<std::uint64_t>(wanted.size));
    if (wanted.size == 0) throw isEmpty();
    return {std::string(kindOf(*front).type)};
  }

  Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) override {
    const Identity who = access_.identify(by);
    const std::uint64_t least = bytes.size.value_or(bytes.least);
    UserId sender = who.user;
    const auto [owner, most] = database_.read([&](store::Reader& reader) {
      const rows::StoredVideo video = findUploadable(reader, by, who, wanted.id);
      if (who.kind == Identity::Kind::link) sender = video.authorId;
      if (wanted.digest) rows::requireContentAllowed(reader, *wanted.digest);
      return std::pair(video.authorId, requireQuota(reader, video, least));
    });
    if (who.kind == Identity::Kind::operator_) sender = {};
    UploadInProgress progress(inProgress_, sender, owner, options_.maxPerUser);
    if (!wanted.moved) database_.requireSpace(least);
    store::Incoming incoming = blobs_.begin(wanted.id.text);
    const bool isAdopted = wanted.moved && incoming.adopt(wanted.moved);
    if (wanted.moved && !isAdopted) database_.requireSpace(least);
    if (!progress.grow(least, most)) throw overQuota();
    std::uint64_t looked = 0;
    const auto take = [&](std::span<const std::byte> piece) {
      if (incoming.size() + piece.size() > options_.maxUpload) throw tooLarge();
      const std::uint64_t size = incoming.size() + piece.size();
      if (most != UINT64_MAX && !progress.grow(std::max(size, least), most)) throw overQuota();
      incoming.write(piece);
      if (isAdopted || incoming.size() - looked < spaceStep) return;
      looked = incoming.size();
      database_.requireSpace(looked < least ? least - looked : bytes.size ? 0 : spaceAhead);
    };
    bytes.push({take, [&] { return incoming.room(); }});
    if (incoming.size() == 0) throw isEmpty();
    return commit(by, wanted, incoming);
  }

  Uploaded stripLocation(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    const rows::StoredVideo video = database_.read([&](store::Reader& reader) {
      auto found = rows::findVideo(reader, wanted.id);
      access_.requireOnVideo(who, rights::uploadsStripLocation, rows::viewOf(found), rows::noSuchVideo(wanted.id));
      rows::StoredVideo one = rows::requireOf(wanted, std::move(found));
      requireReplaceable(one);
      return one;
    });
    if (!video.blob) throw Error(Fault::conflict, fmt::format("video {}: has no content yet", wanted.id.text));
    const auto file = blobs_.open(*video.blob);
    const Error unavailable(Fault::contentUnavailable,
                            fmt::format("video {}: content is missing or damaged", wanted.id.text));
    if (!file) throw unavailable;
    const Waiting forTheDisk;
    std::vector<media::Stretch> location = media::probe(media::fileOf(*file), video.contentType).location;
    if (location.empty())
      throw Error(Fault::conflict, fmt::format("video {}: does not say where it was taken", wanted.id.text));
    const UploadInProgress progress(inProgress_, who.kind == Identity::Kind::operator_ ? UserId{} : who.user,
                                    video.authorId, options_.maxPerUser);
    database_.requireSpace(static_cast<std::uint64_t>(video.size));
    store::Incoming incoming = blobs_.begin(wanted.id.text);
    copyWithout(std::move(location), media::fileOf(*file), incoming);
    if (std::cmp_not_equal(incoming.size(), video.size)) throw unavailable;
    return commit(by, {wanted.id, std::nullopt}, incoming, nullptr, &video);
  }

  UploadStatus status(const Credential& by, const BeginUpload& wanted) override {
    const Identity who = access_.identify(by);
    return statusOf(database_.read([&](store::Reader& reader) { return findUploadable(reader, by, who, wanted.id); }),
                    wanted);
  }

  ResumableUpload create(const Credential& by, const NewUpload& wanted) override {
    turns_.requireOpen();
    if (wanted.size && *wanted.size < 0) throw Error(Fault::malformed, "size: must not be negative");
    if (wanted.size == 0) throw isEmpty();
    if (wanted.sha256) checkSha256("sha256", *wanted.sha256);
    if (wanted.size && static_cast<std::uint64_t>(*wanted.size) > options_.maxUpload) throw tooLarge();
    const Identity who = access_.identify(by);
    access::require(who, rights::uploadsCreate);
    database_.requireSpace(static_cast<std::uint64_t>(wanted.size.value_or(0)));
    if (wanted.video) return insert(by, wanted, *wanted.video, false);
    if (who.kind == Identity::Kind::link) throw Error(Fault::malformed, "video: a signed link needs it");
    if (!wanted.user && !who.isUser()) throw Error(Fault::malformed, "user: is missing");
    const std::string user = wanted.user.value_or(who.userName);
    const VideoId made = videos_.add(by, {user, wanted.name.value_or("video"), wanted.visibility}).id;
    try {
      return insert(by, wanted, made, true);
    } catch (const Error&) {
      removePending(made);
      throw;
    }
  }

  ResumableUpload resume(const Credential& by, const UploadRef& wanted) override {
    const Identity who = access_.identify(by);
    findMine(by, who, wanted.id, rights::uploadsResume);
    const UploadTurns::Turn turn(turns_, wanted.id.text, {}, options_.patience);
    rows::StoredUpload upload = findLive(by, who, wanted.id, rights::uploadsResume);
    if (blobs_.isUnderWay(wanted.id.text)) throw elsewhere(wanted.id);
    upload.offset = storedOf(upload);
    return upload;
  }

  ResumableUpload append(const Credential& by, const AppendUpload& wanted, const ByteSource& bytes) override {
    const Identity who = access_.identify(by);
    findMine(by, who, wanted.id, rights::uploadsAppend);  // before anyone is stopped
    const UploadTurns::Turn turn(turns_, wanted.id.text, bytes.stop, options_.patience);
    rows::StoredUpload upload = findLive(by, who, wanted.id, rights::uploadsAppend);
    if (upload.state == UploadState::complete)
      throw Error(Fault::conflict, fmt::format("upload {}: is complete", wanted.id.text));
    if (blobs_.isUnderWay(wanted.id.text)) throw elsewhere(wanted.id);
    upload.offset = storedOf(upload);
    if (wanted.offset != upload.offset)
      throw Error(Fault::conflict, fmt::format("offset: is {}, not {}", upload.offset, wanted.offset));
    if (wanted.size) setSize(upload, *wanted.size);
    Receiving receiving{upload, turn, wanted.checksum, senderOf(who, upload.owner)};
    receive(by, receiving, bytes);
    return findMine(by, who, wanted.id, rights::uploadsAppend);
  }

  void abort(const Credential& by, const UploadRef& wanted) override {
    const Identity who = access_.identify(by);
    findMine(by, who, wanted.id, rights::uploadsAbort);
    const UploadTurns::Turn turn(turns_, wanted.id.text, {}, options_.patience);
    const rows::StoredUpload upload = findMine(by, who, wanted.id, rights::uploadsAbort);
    if (blobs_.isUnderWay(wanted.id.text)) throw elsewhere(wanted.id);
    remove(upload);
    blobs_.removeIncoming(wanted.id.text);
  }

  ResumableUpload show(const Credential& by, const UploadRef& wanted) override {
    rows::StoredUpload upload = findMine(by, access_.identify(by), wanted.id, rights::uploadsShow);
    if (upload.state == UploadState::partial) upload.offset = storedOf(upload);
    return upload;
  }

  Page<ResumableUpload> list(const Credential& by, const UploadQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::uploadsList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      return rows::listUploads(
          reader, access_.whose(reader, who, wanted.user, rights::uploadsListOf, rights::uploadsListAll), wanted);
    });
  }

  void removeAbandoned() override {
    blobs_.removeAbandoned([this](const std::string& name) {
      return database_.read([&](store::Reader& reader) { return rows::isPartialUpload(reader, name); });
    });
  }

  std::uint64_t maxSize() const override { return options_.maxUpload; }
  void drain() override { turns_.drain(); }

 private:
  // One piece of an upload that is being received.
  struct Receiving {
    const rows::StoredUpload& upload;
    const UploadTurns::Turn& turn;
    const std::optional<Checksum>& checksum;
    UserId sender;
  };

  static Error elsewhere(const UploadId& id) {
    return Error(Fault::locked, fmt::format("upload {}: another process is receiving it", id.text));
  }
  static Error noSuchUpload(const UploadId& id) {
    return Error(Fault::notFound, fmt::format("upload {}: not found", id.text));
  }
  static Error isGone(const UploadId& id, std::string_view why) {
    return Error(Fault::gone, fmt::format("upload {}: {}", id.text, why));
  }

  static UserId senderOf(const Identity& who, UserId owner) {
    if (who.kind == Identity::Kind::operator_) return {};
    return who.kind == Identity::Kind::link ? owner : who.user;
  }

  // To those who have no right to it, an upload does not exist.
  rows::StoredUpload findMine(store::Reader& reader, const Credential& by, const Identity& who, const UploadId& id,
                              const access::Right& right) {
    auto upload = rows::findUpload(reader, id);
    if (who.kind == Identity::Kind::link) {
      if (!upload || !upload->byLink) throw noSuchUpload(id);
      access_.checkLink(reader, std::get<SignedLink>(by), upload->video, nameOf(ShareWhat::upload));
    } else if (!upload || !access::may(who, right, upload->owner)) {
      if (who.kind == Identity::Kind::anonymous || (upload && upload->owner == who.user))
        access::require(who, right, upload ? std::optional(upload->owner) : std::nullopt);
      throw noSuchUpload(id);
    }
    return *std::move(upload);
  }
  rows::StoredUpload findMine(const Credential& by, const Identity& who, const UploadId& id,
                              const access::Right& right) {
    return database_.read([&](store::Reader& reader) { return findMine(reader, by, who, id, right); });
  }

  // Does the same; throws gone for an upload that cannot go on.
  rows::StoredUpload findLive(const Credential& by, const Identity& who, const UploadId& id,
                              const access::Right& right) {
    return database_.read([&](store::Reader& reader) {
      rows::StoredUpload upload = findMine(reader, by, who, id, right);
      if (upload.state == UploadState::expired || upload.expires <= access_.now()) throw isGone(id, "has expired");
      const auto video = rows::findVideo(reader, upload.video);
      if (upload.state == UploadState::partial &&
          (!video || (video->state != VideoState::pending && video->state != VideoState::ready)))
        throw isGone(id, "its video was deleted");
      return upload;
    });
  }

  // Returns how many bytes of an upload are certainly stored.
  std::int64_t storedOf(const rows::StoredUpload& upload) const {
    if (upload.state != UploadState::partial || upload.offset == 0) return upload.offset;
    return std::min(upload.offset, static_cast<std::int64_t>(blobs_.incomingSize(upload.id.text)));
  }

  ResumableUpload insert(const Credential& by, const NewUpload& wanted, const VideoId& id, bool madeVideo) {
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const rows::StoredVideo video = findUploadable(transaction, by, who, id);
      const auto size = static_cast<std::uint64_t>(wanted.size.value_or(0));
      if (!inProgress_.fits(video.authorId, size, requireQuota(transaction, video, size))) throw overQuota();
      if (wanted.sha256) rows::requireContentAllowed(transaction, *wanted.sha256);
      if (options_.maxPartial > 0 && who.kind != Identity::Kind::operator_ &&
          rows::hasPartialUploads(transaction, video.authorId, options_.maxPartial))
        throw Error(Fault::conflict, fmt::format("user {}: has {} uploads that are not complete already; abort some",
                                                 video.author, options_.maxPartial));
      rows::StoredUpload upload;
      upload.created = access_.now();
      upload.id.text = makeUuid7(upload.created);
      upload.video = id;
      upload.user = video.author;
      upload.name = video.name;
      upload.size = wanted.size;
      upload.expires = upload.created + options_.ttl;
      upload.owner = video.authorId;
      upload.madeVideo = madeVideo;
      upload.byLink = who.kind == Identity::Kind::link;
      upload.sha256 = wanted.sha256;
      upload.metadata = wanted.metadata;
      rows::insertUpload(transaction, upload);
      return static_cast<ResumableUpload>(upload);
    });
  }

  void setSize(rows::StoredUpload& upload, std::int64_t size) {
    if (upload.size == size) return;
    if (upload.size) throw Error(Fault::malformed, fmt::format("size: is {} and cannot change", *upload.size));
    if (size == 0) throw isEmpty();
    if (size < upload.offset)
      throw Error(Fault::malformed, fmt::format("size: {} bytes are stored already", upload.offset));
    if (static_cast<std::uint64_t>(size) > options_.maxUpload) throw tooLarge();
    if (!database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
          return rows::setUploadSize(transaction, upload.id, size);
        }))
      throw isGone(upload.id, "was removed meanwhile");
    upload.size = size;
  }

  // Receives a piece. What has arrived stays if it breaks off, unless the piece counts whole or not at all.
  void receive(const Credential& by, const Receiving& its, const ByteSource& bytes) {
    const rows::StoredUpload& upload = its.upload;
    const std::string& id = upload.id.text;
    const auto before = static_cast<std::uint64_t>(upload.offset);
    const std::uint64_t whole = upload.size ? static_cast<std::uint64_t>(*upload.size) : options_.maxUpload;
    const auto requireRoom = [&](std::uint64_t size) {
      if (size <= whole - before) return;
      if (!upload.size) throw tooLarge();
      throw Error(Fault::malformed, fmt::format("upload {}: has only {} bytes to come", id, whole - before));
    };
    const std::uint64_t least = bytes.size.value_or(bytes.least);
    requireRoom(least);
    const std::uint64_t most = database_.read([&](store::Reader& reader) {
      return requireQuota(reader, findUploadable(reader, by, access_.identify(by), upload.video), least);
    });
    std::optional<UploadInProgress> progress;
    try {
      progress.emplace(inProgress_, its.sender, upload.owner, options_.maxPerUser, options_.patience);
    } catch (const Error& error) {
      throw Error(Fault::locked, error.detail(), error.retryAfter());
    }
    database_.requireSpace(least);
    if (!progress->grow(least, most)) throw overQuota();

    store::HashedPart hashed = hashes_.take(id);
    const HashedUploads::Keep keepHash(hashes_, id, hashed);
    store::Incoming incoming = blobs_.resume(id, before, hashed, [&] { return its.turn.isOver(); });
    std::optional<Hash> checksum;
    if (its.checksum) checksum.emplace(its.checksum->function);
    std::uint64_t recorded = before;
    std::uint64_t looked = before;
    std::uint64_t synced = before;
    std::uint64_t inRow = 0;  // bytes of this piece that the row counts already
    const auto count = [&](std::uint64_t size) {
      if (most != UINT64_MAX && !progress->grow(std::max(size, least) - inRow, most - inRow)) throw overQuota();
    };
    bool isWhole = true;  // whether what arrived counts
    const auto take = [&](std::span<const std::byte> piece) {
      if (its.turn.isOver()) throw isOver(upload.id);
      const std::uint64_t size = incoming.size() - before + piece.size();
      try {
        requireRoom(size);
      } catch (const Error&) {
        isWhole = false;
        throw;
      }
      count(size);
      incoming.write(piece);
      if (checksum) checksum->add(piece);
      if (incoming.size() - looked >= spaceStep) {
        looked = incoming.size();
        const std::uint64_t got = looked - before;
        database_.requireSpace(got < least ? least - got : bytes.size ? 0 : spaceAhead);
      }
      if (checksum || incoming.size() - recorded < syncStep || incoming.size() == whole) return;
      recorded = incoming.size();
      synced = incoming.sync();
      record(upload, incoming, synced);
      inRow = recorded - before;
      count(size);
    };
    std::exception_ptr broken;
    bool isFull = false;
    try {
      bytes.push({take, [&] { return incoming.room(); }});
    } catch (const Error& error) {
      isFull = error.fault() == Fault::diskFull;
      broken = std::current_exception();
    } catch (...) {
      broken = std::current_exception();
    }
    if (checksum && !broken && checksum->hex() != its.checksum->hex)
      broken = std::make_exception_ptr(Error(Fault::checksumMismatch, "Upload-Checksum: does not match the bytes"));
    if (broken && (checksum || !isWhole)) {
      incoming.cut(before);
    } else if (isFull) {
      // Gives room back instead of recording more, which would take the reserve.
      incoming.cut(synced);
      hashed = {};
    } else if (!broken && upload.size && incoming.size() == whole) {
      publish(by, upload, incoming);
      hashed = {};
    } else {
      try {
        hashed = incoming.pause();
        record(upload, incoming, incoming.size());
      } catch (...) {
        if (!broken) throw;
      }
    }
    if (broken && its.turn.isOver()) throw isOver(upload.id);
    if (broken) std::rethrow_exception(broken);
  }

  // Why a request should end, which a newer one or `drain` has stopped.
  Error isOver(const UploadId& id) const {
    turns_.requireOpen();
    return Error(Fault::locked, fmt::format("upload {}: a newer request continues it", id.text))
        .because(Reason::newerRequest);
  }

  // Records that so many bytes survive a crash. As long as the content is not published, one byte is missing: a client
  // that finds nothing missing takes it for published.
  void record(const rows::StoredUpload& upload, store::Incoming& incoming, std::uint64_t size) {
    const std::int64_t bytes = std::min(static_cast<std::int64_t>(size), upload.size.value_or(INT64_MAX - 1) - 1);
    const Time now = access_.now();
    const bool isThere = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      return rows::recordUpload(transaction, upload.id, bytes, now, now + options_.ttl);
    });
    if (isThere) return;
    incoming.drop();
    throw isGone(upload.id, "was removed meanwhile");
  }

  void publish(const Credential& by, const rows::StoredUpload& upload, store::Incoming& incoming) {
    try {
      commit(by, {upload.video, upload.sha256}, incoming, &upload);
    } catch (const Error& error) {
      if (error.fault() == Fault::malformed || error.fault() == Fault::unsupportedMediaType) {
        incoming.drop();
        remove(upload);
      } else if (error.fault() == Fault::gone) {
        incoming.drop();
      } else {
        record(upload, incoming, incoming.size());
      }
      throw;
    }
  }

  // Removes the row of an upload, and the video that was created for it.
  void remove(const rows::StoredUpload& upload) {
    const bool isQueued = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      rows::deleteUpload(transaction, upload.id);
      return upload.madeVideo && queuePending(transaction, upload.video);
    });
    if (isQueued) wakePurge_();
  }
  void removePending(const VideoId& id) noexcept try {
    if (database_.write(store::Purpose::keep,
                        [&](store::Transaction& transaction) { return queuePending(transaction, id); }))
      wakePurge_();
  } catch (const std::exception&) {
    // upload-sweep removes it.
  }
  bool queuePending(store::Transaction& transaction, const VideoId& id) {
    const auto video = rows::findVideo(transaction, id);
    const Time now = access_.now();
    return video && video->state == VideoState::pending && rows::queueDeletion(transaction, *video, now, now);
  }

  static Error underWay(const VideoId& id) {
    return Error(Fault::conflict, fmt::format("video {}: another upload is in progress", id.text));
  }
  Error tooLarge() const {
    return Error(Fault::tooLarge, fmt::format("file: exceeds the limit of {}", formatSize(options_.maxUpload)));
  }
  static Error overQuota() { return Error(Fault::overQuota, "the owner's quota would be exceeded"); }

  static Error isEmpty() { return Error(Fault::malformed, "file: is empty"); }

  // Returns the kind of a file that begins with `front`; throws if it is not accepted.
  media::Kind kindOf(std::string_view front) const {
    if (const auto kind = media::sniff(front)) return *kind;
    if (!options_.serveUnknownTypes) throw Error(Fault::unsupportedMediaType, "file: not a supported video format");
    return {"application/octet-stream", "bin"};
  }

  static std::vector<std::string> notesOf(const rows::NewContent& content) {
    return content.media ? media::playbackNotes(content.contentType, *content.media) : std::vector<std::string>();
  }

  rows::StoredVideo findUploadable(store::Reader& reader, const Credential& by, const Identity& who,
                                   const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    bool isGuest = false;
    if (who.kind == Identity::Kind::link) {
      const auto& link = std::get<SignedLink>(by);
      access_.checkLink(reader, link, id, nameOf(ShareWhat::upload));
      isGuest = video && video->drop && link.share == access::noShare;
      if (isGuest && !rows::findDrop(reader, *video->drop)) throw Error(Fault::forbidden, "link: has been revoked");
    } else {
      access_.requireOnVideo(who, rights::uploadsPut, rows::viewOf(video), rows::noSuchVideo(id));
    }
    if (video && !isGuest) video->dropSize.reset();  // the guest's limit is for nobody else
    if (!video) throw rows::noSuchVideo(id);
    requireReplaceable(*video);
    return *std::move(video);
  }

  static void requireReplaceable(const rows::StoredVideo& video) {
    if (video.state != VideoState::pending && video.state != VideoState::ready) throw rows::wrongState(video);
    if (video.blocked) throw Error(Fault::conflict, fmt::format("video {}: is blocked", video.id.text));
  }

  // Copies a file, with padding in the place of each stretch.
  static void copyWithout(std::vector<media::Stretch> stretches, const media::File& file, store::Incoming& to) {
    std::sort(stretches.begin(), stretches.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
    std::vector<std::byte> piece(1 << 20);
    const auto copy = [&](std::uint64_t end) {
      while (to.size() < end) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end - to.size()));
        const std::size_t got = file.read(to.size(), std::span(piece).first(count));
        if (got == 0) return;
        to.write(std::span(piece).first(got));
      }
    };
    for (const media::Stretch& stretch : stretches) {
      copy(stretch.offset);
      if (to.size() != stretch.offset) return;
      std::string padding = stretch.padding;
      padding.resize(stretch.size);
      to.write(std::as_bytes(std::span(padding)));
    }
    copy(file.size);
  }

  // Throws if the owner may not store content of this size. Returns the largest size that the owner's quota allows.
  std::uint64_t requireQuota(store::Reader& reader, const rows::StoredVideo& video, std::optional<std::uint64_t> size) {
    if (video.dropSize) requireAnnounced(video, size.value_or(0));
    const std::uint64_t most = requireQuota(reader, video.authorId, -video.size, size);
    return video.dropSize ? std::min(most, static_cast<std::uint64_t>(*video.dropSize)) : most;
  }
  // What a guest may upload through a drop link: once, and no more than was announced.
  static void requireAnnounced(const rows::StoredVideo& video, std::uint64_t size) {
    if (video.state != VideoState::pending)
      throw Error(Fault::conflict, fmt::format("video {}: its file has come already", video.id.text));
    if (std::cmp_greater(size, *video.dropSize))
      throw Error(Fault::tooLarge, fmt::format("file: exceeds the {} bytes that were announced", *video.dropSize));
  }
  // Does the same for an owner who is counted as using `more` bytes than recorded.
  std::uint64_t requireQuota(store::Reader& reader, UserId owner, std::int64_t more,
                             std::optional<std::uint64_t> size) {
    if (size && *size > options_.maxUpload) throw tooLarge();
    const rows::UserSpace space = rows::spaceOf(reader, owner);
    const std::int64_t quota = space.ownQuota.value_or(options_.quota);
    const std::int64_t left = std::max<std::int64_t>(quota - (space.used + more), 0);
    const std::uint64_t most = quota > 0 ? static_cast<std::uint64_t>(left) : UINT64_MAX;
    if (size.value_or(0) > most) throw overQuota();
    return most;
  }

  UploadStatus statusOf(const rows::StoredVideo& video, const BeginUpload& wanted) const {
    UploadStatus status;
    status.id = video.id;
    status.ready = video.state == VideoState::ready;
    status.underWay = blobs_.isUnderWay(video.id.text);
    status.size = video.size;
    status.sha256 = video.sha256;
    status.contentType = video.contentType;
    status.notes = rows::notesOf(video);
    status.same = status.ready && wanted.sha256 == video.sha256;
    return status;
  }

  // Returns what a finished file says about itself. If it cannot be opened now, the task media-probe tries it again.
  std::optional<media::MediaInfo> lookInto(const rows::NewContent& content) const try {
    const Waiting forTheDisk;
    const auto file = blobs_.open(content.blob);
    if (!file) return std::nullopt;
    return media::probe(media::fileOf(*file), content.contentType).info;
  } catch (const Error&) {
    return std::nullopt;
  }

  // Publishes what came; `resumable`: the upload that it comes from; `origin`: the content of the video that it was
  // made from.
  Uploaded commit(const Credential& by, const Upload& wanted, store::Incoming& incoming,
                  const rows::StoredUpload* resumable = nullptr, const rows::StoredVideo* origin = nullptr) {
    const media::Kind found = kindOf(incoming.front());
    rows::NewContent content;
    content.blob = incoming.finish(found.extension);
    content.size = static_cast<std::int64_t>(incoming.size());
    content.sha256 = incoming.sha256();
    content.contentType = found.type;
    if (wanted.digest && *wanted.digest != content.sha256)
      throw Error(Fault::malformed, "sha256: does not match the received bytes");
    content.media = lookInto(content);
    if (origin != nullptr) content.originalSha256 = origin->originalSha256.value_or(origin->sha256);
    bool isLimited = false;
    std::optional<rows::StoredVideo> written;
    const auto write = [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const rows::StoredVideo video = findUploadable(transaction, by, who, wanted.id);
      rows::requireContentAllowed(transaction, content.sha256);
      if (resumable != nullptr &&
          !rows::completeUpload(transaction, resumable->id, access_.now(), access_.now() + options_.ttl))
        throw isGone(resumable->id, "was removed meanwhile");
      if (origin != nullptr && video.blob != origin->blob) throw rows::changedMeanwhile(wanted.id);
      if (content.originalSha256) rows::requireContentAllowed(transaction, *content.originalSha256);
      isLimited = requireQuota(transaction, video, static_cast<std::uint64_t>(content.size)) != UINT64_MAX;
      if (!rows::setContent(transaction, video, content, access_.now())) throw rows::changedMeanwhile(wanted.id);
      if (video.blob) rows::insertBlobDeletion(transaction, *video.blob, video.authorId, video.size, access_.now());
      // From here on the row may be durable whatever COMMIT reports: a blob too many is swept, one too few is lost.
      incoming.keep();
      written = video;
      return Uploaded{wanted.id,           video.state == VideoState::ready,
                      content.size,        content.sha256,
                      content.contentType, notesOf(content)};
    };
    Uploaded uploaded;
    try {
      uploaded = database_.write(store::Purpose::grow, write);
    } catch (...) {
      if (written) addRefused({content.blob, content.size, written->authorId});
      removeRefused();
      throw;
    }
    removeRefused();
    // The replaced content counts towards the owner's quota until it is unlinked.
    if (isLimited && uploaded.replaced) wakePurge_();
    return uploaded;
  }

  // A content whose row was refused after it had been written.
  struct Refused {
    std::string blob;
    std::int64_t size;
    UserId owner;
  };

  void addRefused(Refused one) {
    const std::lock_guard lock(refusedMutex_);
    refused_.push_back(std::move(one));
  }

  // Queues them for removal. Once that is committed it is certain that no row has them: the refused COMMIT, which a
  // crash might have brought back, is overwritten.
  void removeRefused() noexcept try {
    const std::lock_guard lock(refusedMutex_);
    if (refused_.empty()) return;
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      for (const Refused& one : refused_)
        if (!rows::isContentUsed(transaction, one.blob))
          rows::insertBlobDeletion(transaction, one.blob, one.owner, one.size, access_.now());
    });
    refused_.clear();
    wakePurge_();
  } catch (const std::exception&) {
    // Tried again after the next upload; orphan-sweep finds what a crash leaves.
  }

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  Videos& videos_;
  UploadsOptions options_;
  std::mutex refusedMutex_;
  std::vector<Refused> refused_;
  const std::function<void()> wakePurge_;
  UploadsInProgress inProgress_;
  UploadTurns turns_;
  HashedUploads hashes_;
};

}  // namespace

std::unique_ptr<LocalUploads> makeLocalUploads(store::Database& database, store::Blobs& blobs, access::Access& access,
                                               Videos& videos, const UploadsOptions& options,
                                               std::function<void()> wakePurge) {
  return std::make_unique<DirectoryUploads>(database, blobs, access, videos, options, std::move(wakePurge));
}

}  // namespace video

#include "uploads/resumable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "contents/rows.hpp"
#include "uploads/fields.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

// At the latest after so many bytes of a piece, what has arrived is made durable.
constexpr std::uint64_t syncStep = 64ULL << 20;

Error elsewhere(const UploadId& id) {
  return Error(Fault::locked, fmt::format("upload {}: another process is receiving it", id.text));
}
Error noSuchUpload(const UploadId& id) {
  return Error(Fault::notFound, fmt::format("upload {}: not found", id.text));
}
Error isRemoved(const UploadId& id) {
  return Publisher::isGone(id, "was removed meanwhile");
}

// Hashes of a piece that counts only if they are right.
class PieceHashes {
 public:
  PieceHashes(const std::optional<Checksum>& checksum, const std::optional<std::string>& digest) {
    if (checksum)
      wanted_.push_back({Hash(checksum->function), checksum->hex,
                         Error(Fault::checksumMismatch, "Upload-Checksum: does not match the bytes")});
    if (digest)
      wanted_.push_back(
          {Hash(HashFunction::sha256), *digest, Error(Fault::malformed, "Content-Digest: does not match the bytes")});
  }
  bool isEmpty() const noexcept { return wanted_.empty(); }
  void add(std::span<const std::byte> bytes) {
    for (Wanted& one : wanted_) one.hash.add(bytes);
  }
  /// Throws if one is wrong.
  void require() {
    for (Wanted& one : wanted_)
      if (one.hash.hex() != one.hex) throw Error(one.otherwise);
  }

 private:
  struct Wanted {
    Hash hash;
    std::string hex;
    Error otherwise;
  };
  std::vector<Wanted> wanted_;
};

UserId senderOf(const Identity& who, UserId owner) {
  if (who.kind == Identity::Kind::operator_) return {};
  return who.kind == Identity::Kind::link ? owner : who.user;
}

}  // namespace

ResumableUpload ResumableUploads::create(const Credential& by, const NewUpload& wanted) {
  turns_.requireOpen();
  if (wanted.size && *wanted.size < 0) throw Error(Fault::malformed, "size: must not be negative");
  if (wanted.size == 0) throw Publisher::isEmpty();
  if (wanted.sha256) checkSha256("sha256", *wanted.sha256);
  if (wanted.size && static_cast<std::uint64_t>(*wanted.size) > options_.maxUpload) throw publisher_.tooLarge();
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

ResumableUpload ResumableUploads::resume(const Credential& by, const UploadRef& wanted) {
  const Identity who = access_.identify(by);
  findMine(by, who, wanted.id, rights::uploadsResume);
  const UploadTurns::Turn turn(
      turns_, wanted.id.text, [&] { inProgress_.wake(); }, options_.patience);
  rows::StoredUpload upload = findLive(by, who, wanted.id, rights::uploadsResume);
  if (blobs_.isUnderWay(wanted.id.text)) throw elsewhere(wanted.id);
  const std::int64_t stored = storedOf(upload);
  if (upload.state == UploadState::partial && stored == upload.size) {
    publishWhole(by, {upload, stored, turn, senderOf(who, upload.owner)});
    return findMine(by, who, wanted.id, rights::uploadsResume);
  }
  upload.offset = stored;
  return upload;
}

ResumableUpload ResumableUploads::append(const Credential& by, const AppendUpload& wanted, const ByteSource& bytes) {
  const Identity who = access_.identify(by);
  findMine(by, who, wanted.id, rights::uploadsAppend);  // before anyone is stopped
  const auto stop = [&] {
    if (bytes.stop) bytes.stop();
    inProgress_.wake();
  };
  const UploadTurns::Turn turn(turns_, wanted.id.text, stop, options_.patience);
  rows::StoredUpload upload = findLive(by, who, wanted.id, rights::uploadsAppend);
  if (upload.state == UploadState::complete)
    throw Error(Fault::conflict, fmt::format("upload {}: is complete", wanted.id.text));
  if (blobs_.isUnderWay(wanted.id.text)) throw elsewhere(wanted.id);
  const std::int64_t stored = storedOf(upload);
  if (wanted.offset != stored)
    throw Error(Fault::conflict, fmt::format("offset: is {}, not {}", stored, wanted.offset));
  if (wanted.size) setSize(upload, *wanted.size, stored);
  receive(by, {upload, stored, turn, senderOf(who, upload.owner), wanted.checksum, wanted.digest}, bytes);
  return findMine(by, who, wanted.id, rights::uploadsAppend);
}

void ResumableUploads::abort(const Credential& by, const UploadRef& wanted) {
  const Identity who = access_.identify(by);
  findMine(by, who, wanted.id, rights::uploadsAbort);
  const UploadTurns::Turn turn(turns_, wanted.id.text, {}, options_.patience);
  const rows::StoredUpload upload = findMine(by, who, wanted.id, rights::uploadsAbort);
  if (blobs_.isUnderWay(wanted.id.text)) throw elsewhere(wanted.id);
  remove(upload);
  blobs_.removeIncoming(wanted.id.text);
}

ResumableUpload ResumableUploads::show(const Credential& by, const UploadRef& wanted) {
  rows::StoredUpload upload = findMine(by, access_.identify(by), wanted.id, rights::uploadsShow);
  if (upload.state == UploadState::partial) upload.offset = storedOf(upload);
  return upload;
}

Page<ResumableUpload> ResumableUploads::list(const Credential& by, const UploadQuery& wanted) {
  const Identity who = access_.identify(by);
  access::require(who, rights::uploadsList);
  checkLimit(wanted.limit);
  return database_.read([&](store::Reader& reader) {
    return rows::listUploads(
        reader, access_.whose(reader, who, wanted.user, rights::uploadsListOf, rights::uploadsListAll), wanted);
  });
}

// To those who have no right to it, an upload does not exist.
rows::StoredUpload ResumableUploads::findMine(store::Reader& reader, const Credential& by, const Identity& who,
                                              const UploadId& id, const access::Right& right) {
  auto upload = rows::findUpload(reader, id);
  if (who.kind == Identity::Kind::link) {
    if (!upload || !upload->byLink) throw noSuchUpload(id);
    publisher_.requireLink(reader, std::get<SignedLink>(by), upload->video, rows::findVideo(reader, upload->video),
                           upload->created);
  } else if (!upload || !access::may(who, right, upload->owner)) {
    if (who.kind == Identity::Kind::anonymous || (upload && upload->owner == who.user))
      access::require(who, right, upload ? std::optional(upload->owner) : std::nullopt);
    throw noSuchUpload(id);
  }
  return *std::move(upload);
}

rows::StoredUpload ResumableUploads::findMine(const Credential& by, const Identity& who, const UploadId& id,
                                              const access::Right& right) {
  return database_.read([&](store::Reader& reader) { return findMine(reader, by, who, id, right); });
}

// Does the same; throws gone for an upload that cannot go on.
rows::StoredUpload ResumableUploads::findLive(const Credential& by, const Identity& who, const UploadId& id,
                                              const access::Right& right) {
  return database_.read([&](store::Reader& reader) {
    rows::StoredUpload upload = findMine(reader, by, who, id, right);
    if (upload.state == UploadState::expired || upload.expires <= access_.now())
      throw Publisher::isGone(id, "has expired");
    const auto video = rows::findVideo(reader, upload.video);
    if (upload.state == UploadState::partial &&
        (!video || (video->state != VideoState::pending && video->state != VideoState::ready)))
      throw Publisher::isGone(id, "its video was deleted");
    return upload;
  });
}

// Returns how many bytes of an upload are certainly stored.
std::int64_t ResumableUploads::storedOf(const rows::StoredUpload& upload) const {
  if (upload.state != UploadState::partial || upload.offset == 0) return upload.offset;
  return std::min(upload.offset, static_cast<std::int64_t>(blobs_.incomingSize(upload.id.text)));
}

ResumableUpload ResumableUploads::insert(const Credential& by, const NewUpload& wanted, const VideoId& id,
                                         bool madeVideo) {
  std::vector<UploadId> replaced;
  ResumableUpload made = database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
    const Identity who = access_.identify(transaction, by);
    const rows::StoredVideo video = publisher_.findUploadable(transaction, by, who, id);
    const bool byLink = who.kind == Identity::Kind::link;
    // So many bytes and uploads as a link is for, and no more: an earlier upload through one ends.
    if (byLink) replaced = rows::removeLinkUploadsTo(transaction, id);
    const auto size = static_cast<std::uint64_t>(wanted.size.value_or(0));
    if (!inProgress_.fits(video.authorId, size, publisher_.requireQuota(transaction, video, size)))
      throw Publisher::overQuota();
    if (wanted.sha256) rows::requireContentAllowed(transaction, *wanted.sha256);
    if (options_.maxPartial > 0 && who.kind != Identity::Kind::operator_ && !byLink &&
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
    upload.madeVideo = madeVideo || video.dropSize.has_value();  // a guest announces a video for one file
    upload.byLink = byLink;
    upload.sha256 = wanted.sha256;
    upload.metadata = wanted.metadata;
    rows::insertUpload(transaction, upload);
    return static_cast<ResumableUpload>(upload);
  });
  for (const UploadId& one : replaced) blobs_.removeIncoming(one.text);
  return made;
}

// Sets the size that an upload will have once a piece is recorded.
void ResumableUploads::setSize(rows::StoredUpload& upload, std::int64_t size, std::int64_t stored) {
  if (upload.size == size) return;
  if (upload.size) throw Error(Fault::malformed, fmt::format("size: is {} and cannot change", *upload.size));
  if (size == 0) throw Publisher::isEmpty();
  if (size < stored) throw Error(Fault::malformed, fmt::format("size: {} bytes are stored already", stored));
  if (static_cast<std::uint64_t>(size) > options_.maxUpload) throw publisher_.tooLarge();
  upload.size = size;
}

// Receives a piece. What has arrived stays if it breaks off, unless the piece counts whole or not at all.
void ResumableUploads::receive(const Credential& by, const Receiving& its, const ByteSource& bytes) {
  rows::StoredUpload& upload = its.upload;
  const std::string& id = upload.id.text;
  const auto before = static_cast<std::uint64_t>(its.before);
  std::uint64_t whole = upload.size ? static_cast<std::uint64_t>(*upload.size) : options_.maxUpload;
  const auto requireRoom = [&](std::uint64_t size) {
    if (size <= whole - std::min(before, whole)) return;
    if (!upload.size) throw publisher_.tooLarge();
    throw Error(Fault::malformed, fmt::format("upload {}: has only {} bytes to come", id, whole - before));
  };
  const std::uint64_t least = bytes.size.value_or(bytes.least);
  requireRoom(least);
  UserId sender = its.sender;
  const std::uint64_t most = database_.read([&](store::Reader& reader) {
    const rows::StoredVideo video =
        publisher_.findUploadable(reader, by, access_.identify(by), upload.video, upload.created);
    if (video.dropSize) {
      sender = guestsOf(*video.drop);
      if (upload.size && *upload.size > *video.dropSize) publisher_.requireQuota(reader, video, whole);
      whole = std::min(whole, static_cast<std::uint64_t>(*video.dropSize));
    }
    if (upload.sha256) rows::requireContentAllowed(reader, *upload.sha256);
    return publisher_.requireQuota(reader, video, least);
  });
  requireRoom(least);
  const auto isStopped = [&] { return its.turn.isOver(); };
  std::optional<UploadInProgress> progress;
  try {
    if (bytes.start) bytes.start();
    progress.emplace(inProgress_, sender, upload.owner, options_.maxPerUser, options_.patience, isStopped);
  } catch (const Error& error) {
    if (isStopped()) throw its.turn.whyOver();
    throw Error(Fault::locked, error.detail(), error.retryAfter());
  }
  database_.requireSpace(least);
  if (!progress->grow(least, most)) throw Publisher::overQuota();

  // Another process may have received a piece since the row was read. And a COMMIT that failed may stand in the log:
  // after a crash, the file would be a content, as it is now. Another COMMIT overwrites that one before the file is
  // cut.
  const auto confirm = [&](std::uint64_t there) {
    if (there != before || its.before != upload.offset ? !record(upload, before, true) : !isAsRead(upload))
      throw elsewhere(upload.id);
  };
  store::HashedPart hashed = hashes_.take(id);
  const HashedUploads::Keep keepHash(hashes_, id, hashed);
  store::Incoming incoming = blobs_.resume(id, before, hashed, isStopped, confirm);
  PieceHashes hashesOfPiece(its.checksum, its.digest);
  FrontJudge judge(publisher_, incoming);
  std::uint64_t synced = before;
  std::uint64_t looked = before;
  std::uint64_t inRow = 0;  // bytes of this piece that the row counts already
  const auto count = [&](std::uint64_t size) {
    if (most != UINT64_MAX && !progress->grow(std::max(size, least) - inRow, most - inRow))
      throw Publisher::overQuota();
  };
  const auto recordSynced = [&](std::uint64_t size) {
    if (record(upload, size)) return;
    incoming.drop();
    throw isRemoved(upload.id);
  };
  bool isWhole = true;  // whether what arrived counts
  const auto take = [&](std::span<const std::byte> piece) {
    if (its.turn.isOver()) throw its.turn.whyOver();
    const std::uint64_t size = incoming.size() - before + piece.size();
    try {
      requireRoom(size);
    } catch (const Error&) {
      isWhole = false;
      throw;
    }
    count(size);
    incoming.write(piece);
    if (hashesOfPiece.isEmpty()) judge.require();
    hashesOfPiece.add(piece);
    if (incoming.size() - looked >= spaceStep) {
      looked = incoming.size();
      const std::uint64_t got = looked - before;
      database_.requireSpace(got < least ? least - got : bytes.size ? 0 : spaceAhead);
    }
    if (!hashesOfPiece.isEmpty() || incoming.size() - synced < syncStep || incoming.size() == whole) return;
    synced = incoming.size();
    recordSynced(incoming.sync());
    inRow = static_cast<std::uint64_t>(upload.offset) - before;
    count(size);
  };
  std::exception_ptr broken;
  bool isFull = false;
  bool isRefused = false;  // for what it is
  try {
    bytes.push({take, [&] { return incoming.room(); }});
    hashesOfPiece.require();
    judge.require();
  } catch (const Error& error) {
    isFull = error.fault() == Fault::diskFull;
    isRefused = error.fault() == Fault::unsupportedMediaType;
    broken = std::current_exception();
  } catch (...) {
    broken = std::current_exception();
  }
  const auto recorded = [&] { return static_cast<std::uint64_t>(upload.offset); };
  if (isRefused) {
    remove(upload);
    incoming.drop();
    hashed = {};
  } else if (broken && (!hashesOfPiece.isEmpty() || !isWhole)) {
    if (recorded() > before) recordSynced(before);
    incoming.cut(before);
  } else if (isFull) {
    // Gives room back instead of recording more, which would take the reserve.
    incoming.cut(recorded());
    hashed = {};
  } else if (!broken && upload.size && incoming.size() == whole) {
    publish(by, upload, incoming);
    hashed = {};
  } else {
    try {
      hashed = incoming.pause();
      if (!broken || incoming.synced() > recorded()) recordSynced(incoming.synced());
    } catch (const Error& error) {
      if (error.fault() == Fault::overQuota) incoming.cut(recorded());  // what is not counted is not kept
      if (!broken) throw;
    }
  }
  if (broken && its.turn.isOver()) throw its.turn.whyOver();
  if (broken) std::rethrow_exception(broken);
}

// Records that so many bytes survive a crash. Returns whether the upload is as it was read.
bool ResumableUploads::record(rows::StoredUpload& upload, std::uint64_t size, bool isChanged) {
  const auto bytes = static_cast<std::int64_t>(size);
  const Time now = access_.now();
  const bool isRecorded = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    // What others have recorded meanwhile counts too.
    if (bytes > upload.offset) {
      const auto video = rows::findVideo(transaction, upload.video);
      if (video && video->authorId != upload.owner)
        throw Error(Fault::locked, fmt::format("upload {}: its video was given to another user", upload.id.text));
      publisher_.requireQuota(transaction, upload.owner, video ? -video->size : 0,
                              static_cast<std::uint64_t>(bytes - upload.offset));
    }
    return rows::recordUpload(transaction, upload, bytes, isChanged, now, now + options_.ttl);
  });
  if (isRecorded) upload.offset = bytes;
  return isRecorded;
}
bool ResumableUploads::isBlocked(const std::string& sha256) {
  return database_.read([&](store::Reader& reader) { return rows::isContentBlocked(reader, sha256); });
}
bool ResumableUploads::isAsRead(const rows::StoredUpload& upload) {
  const auto now = database_.read([&](store::Reader& reader) { return rows::findUpload(reader, upload.id); });
  return now && now->state == UploadState::partial && now->offset == upload.offset;
}

void ResumableUploads::publish(const Credential& by, rows::StoredUpload& upload, store::Incoming& incoming) {
  try {
    publisher_.commit(by, {upload.video, upload.sha256}, incoming, &upload);
  } catch (const Error& error) {
    if (error.fault() == Fault::malformed || error.fault() == Fault::unsupportedMediaType ||
        (error.fault() == Fault::forbidden && isBlocked(incoming.sha256()))) {
      remove(upload);
      incoming.drop();
    } else if (error.fault() == Fault::gone) {
      incoming.drop();
    } else {
      recordUnpublished(upload, incoming);
    }
    throw;
  }
}
// Records what is there after all, so that only publishing it is left to do.
void ResumableUploads::recordUnpublished(rows::StoredUpload& upload, store::Incoming& incoming) noexcept try {
  if (!record(upload, incoming.sync())) incoming.drop();
} catch (const std::exception&) {
  // What the row says stays true.
}

// Publishes an upload of which all bytes are there.
void ResumableUploads::publishWhole(const Credential& by, const Receiving& its) {
  try {
    receive(by, its, {.push = [](const ByteSink&) {}, .size = 0});
  } catch (const Error& error) {
    const UploadId& id = its.upload.id;
    if (!database_.read([&](store::Reader& reader) { return rows::isPartialUpload(reader, id.text); }))
      throw Publisher::isGone(id, error.detail());
    throw Error(Fault::locked, fmt::format("upload {}: is whole, but cannot be published: {}", id.text, error.detail()),
                error.retryAfter());
  }
}

// Removes the row of an upload, and the video that was created for it.
void ResumableUploads::remove(const rows::StoredUpload& upload) {
  const bool isQueued = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    rows::deleteUpload(transaction, upload.id);
    return upload.madeVideo && !blobs_.isUnderWay(upload.video.text) &&
           rows::queueMadeVideo(transaction, upload.video, access_.now());
  });
  if (isQueued) wakePurge_();
}
void ResumableUploads::removePending(const VideoId& id) noexcept try {
  if (database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
        return rows::queueMadeVideo(transaction, id, access_.now());
      }))
    wakePurge_();
} catch (const std::exception&) {
  // upload-sweep removes it.
}

}  // namespace video

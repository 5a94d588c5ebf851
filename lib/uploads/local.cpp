#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "access/access.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/waiting.hpp"
#include "contents/rows.hpp"
#include "deletions/rows.hpp"
#include "media/probe.hpp"
#include "store/blobs.hpp"
#include "uploads/in_progress.hpp"
#include "uploads/make.hpp"
#include "uploads/publish.hpp"
#include "uploads/resumable.hpp"
#include "uploads/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

// Copies a file, with padding in the place of each stretch.
void copyWithout(std::vector<media::Stretch> stretches, const media::File& file, store::Incoming& to) {
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

constexpr std::string_view cannotStrip =
    "a track of sensor data says where it was taken, which cannot be removed without making the file anew";

Error underWay(const VideoId& id) {
  return Error(Fault::conflict, fmt::format("video {}: another upload is in progress", id.text));
}

class DirectoryUploads : public LocalUploads {
 public:
  DirectoryUploads(store::Database& database, store::Blobs& blobs, access::Access& access, Videos& videos,
                   const UploadsOptions& options, std::function<void()> wakePurge)
      : database_(database),
        blobs_(blobs),
        access_(access),
        options_(options),
        publisher_(database, blobs, access, options_, wakePurge),
        resumable_(database, blobs, access, videos, publisher_, inProgress_, options_, std::move(wakePurge)) {}

  UploadStatus begin(const Credential& by, const BeginUpload& wanted) override {
    if (wanted.size && *wanted.size < 0) throw Error(Fault::malformed, "size: must not be negative");
    const Identity who = access_.identify(by);
    const auto size = static_cast<std::uint64_t>(wanted.size.value_or(0));
    const rows::StoredVideo video = database_.read([&](store::Reader& reader) {
      rows::StoredVideo found = publisher_.findUploadable(reader, by, who, wanted.id);
      if (!inProgress_.fits(found.authorId, size, publisher_.requireQuota(reader, found, size)))
        throw Publisher::overQuota();
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
      publisher_.requireQuota(reader, *owner, wanted.ahead, static_cast<std::uint64_t>(wanted.size));
    });
    database_.requireSpace(static_cast<std::uint64_t>(wanted.ahead) + static_cast<std::uint64_t>(wanted.size));
    if (wanted.size == 0) throw Publisher::isEmpty();
    return {std::string(publisher_.kindOf(*front).type)};
  }

  void probe(const Credential& by, std::string_view front) override {
    access::require(access_.identify(by), rights::uploadsProbe);
    if (front.empty()) throw Publisher::isEmpty();
    publisher_.requireVideo(front.substr(0, media::mostJudged));
  }

  Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) override {
    const Identity who = access_.identify(by);
    const std::uint64_t least = bytes.size.value_or(bytes.least);
    UserId sender = who.user;
    const auto [video, most] = database_.read([&](store::Reader& reader) {
      rows::StoredVideo found = publisher_.findUploadable(reader, by, who, wanted.id);
      if (who.kind == Identity::Kind::link) sender = found.dropSize ? guestsOf(*found.drop) : found.authorId;
      if (wanted.digest) rows::requireContentAllowed(reader, *wanted.digest);
      const std::uint64_t left = publisher_.requireQuota(reader, found, least);
      return std::pair(std::move(found), left);
    });
    if (who.kind == Identity::Kind::operator_) sender = {};
    UploadInProgress progress(inProgress_, sender, video.authorId, options_.maxPerUser);
    if (!wanted.moved) database_.requireSpace(least);
    store::Incoming incoming = blobs_.begin(wanted.id.text);
    const bool isAdopted = wanted.moved && incoming.adopt(wanted.moved->file);
    if (wanted.moved && !isAdopted) database_.requireSpace(least);
    if (!progress.grow(least, most)) throw Publisher::overQuota();
    std::uint64_t looked = 0;
    FrontJudge judge(publisher_, incoming);
    const auto take = [&](std::span<const std::byte> piece) {
      if (incoming.size() + piece.size() > options_.maxUpload) throw publisher_.tooLarge();
      const std::uint64_t size = incoming.size() + piece.size();
      Publisher::requireAnnounced(video, size);
      if (most != UINT64_MAX && !progress.grow(std::max(size, least), most)) throw Publisher::overQuota();
      incoming.write(piece);
      judge.require();
      if (isAdopted || incoming.size() - looked < spaceStep) return;
      looked = incoming.size();
      database_.requireSpace(looked < least ? least - looked : bytes.size ? 0 : spaceAhead);
    };
    bytes.push({take, [&] { return incoming.room(); }});
    if (incoming.size() == 0) throw Publisher::isEmpty();
    Uploaded uploaded;
    try {
      uploaded = publisher_.commit(by, wanted, incoming);
    } catch (...) {
      giveBack(incoming);
      throw;
    }
    if (wanted.moved) removeMoved(wanted, incoming, isAdopted, uploaded);
    return uploaded;
  }

  Uploaded stripLocation(const Credential& by, const VideoRef& wanted) override {
    const Identity who = access_.identify(by);
    const rows::StoredVideo video = database_.read([&](store::Reader& reader) {
      auto found = rows::findVideo(reader, wanted.id);
      access_.requireOnVideo(who, rights::uploadsStripLocation, rows::viewOf(found), rows::noSuchVideo(wanted.id));
      rows::StoredVideo one = rows::requireOf(wanted, std::move(found));
      Publisher::requireReplaceable(one);
      return one;
    });
    if (!video.blob) throw Error(Fault::conflict, fmt::format("video {}: has no content yet", wanted.id.text));
    const auto file = blobs_.open(*video.blob);
    const Error unavailable(Fault::contentUnavailable,
                            fmt::format("video {}: content is missing or damaged", wanted.id.text));
    if (!file) throw unavailable;
    const Waiting forTheDisk;
    media::Probed found = media::probe(media::fileOf(*file), video.contentType);
    if (found.location.empty())
      throw Error(Fault::conflict,
                  fmt::format("video {}: {}", wanted.id.text,
                              found.hasMoreLocation ? cannotStrip : "does not say where it was taken"));
    const UploadInProgress progress(inProgress_, who.kind == Identity::Kind::operator_ ? UserId{} : who.user,
                                    video.authorId, options_.maxPerUser);
    database_.requireSpace(static_cast<std::uint64_t>(video.size));
    store::Incoming incoming = blobs_.begin(wanted.id.text);
    copyWithout(std::move(found.location), media::fileOf(*file), incoming);
    if (std::cmp_not_equal(incoming.size(), video.size)) throw unavailable;
    Uploaded stripped = publisher_.commit(by, {wanted.id, std::nullopt}, incoming, nullptr, &video);
    if (found.hasMoreLocation) stripped.notes.emplace_back(cannotStrip);
    return stripped;
  }

  UploadStatus status(const Credential& by, const BeginUpload& wanted) override {
    const Identity who = access_.identify(by);
    return statusOf(
        database_.read([&](store::Reader& reader) { return publisher_.findUploadable(reader, by, who, wanted.id); }),
        wanted);
  }

  ResumableUpload create(const Credential& by, const NewUpload& wanted) override {
    return resumable_.create(by, wanted);
  }
  ResumableUpload resume(const Credential& by, const UploadRef& wanted) override {
    return resumable_.resume(by, wanted);
  }
  ResumableUpload append(const Credential& by, const AppendUpload& wanted, const ByteSource& bytes) override {
    return resumable_.append(by, wanted, bytes);
  }
  void abort(const Credential& by, const UploadRef& wanted) override { resumable_.abort(by, wanted); }
  ResumableUpload show(const Credential& by, const UploadRef& wanted) override { return resumable_.show(by, wanted); }
  Page<ResumableUpload> list(const Credential& by, const UploadQuery& wanted) override {
    return resumable_.list(by, wanted);
  }

  void removeAbandoned() override {
    blobs_.removeAbandoned([this](const std::string& name) {
      return database_.read([&](store::Reader& reader) { return rows::isPartialUpload(reader, name); });
    });
  }

  std::uint64_t maxSize() const override { return options_.maxUpload; }
  void drain() override { resumable_.drain(); }

 private:
  // After a failure no file of a user may be a content too. What is not certain is copied.
  static void giveBack(store::Incoming& incoming) noexcept try {
    incoming.replaceByCopy();
  } catch (const std::exception&) {
    // The blob is queued for removal.
  }

  // Removes a file that is stored. If that fails, or somebody else could still write to what is the content now, a copy
  // becomes the content, and the file stays as it was.
  void removeMoved(const Upload& wanted, store::Incoming& incoming, bool isAdopted, const Uploaded& uploaded) {
    try {
      wanted.moved->remove();
    } catch (const Error&) {
      // Whoever asked for it knows.
    }
    if (!isAdopted || incoming.isAlone()) return;
    try {
      incoming.replaceByCopy();
    } catch (const Error& error) {
      if (!uploaded.replaced) withdraw(wanted.id, uploaded.sha256);
      throw Error(error.fault(), fmt::format("file: can be neither removed nor copied: {}", error.detail()));
    }
  }

  // Deletes a video whose content is of no use.
  void withdraw(const VideoId& id, const std::string& sha256) {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const auto video = rows::findVideo(transaction, id);
      const Time now = access_.now();
      if (video && video->sha256 == sha256) rows::queueDeletion(transaction, *video, now, now);
    });
  }

  UploadStatus statusOf(const rows::StoredVideo& video, const BeginUpload& wanted) const {
    UploadStatus status;
    status.id = video.id;
    status.ready = video.state == VideoState::ready;
    status.underWay = blobs_.isUnderWay(video.id.text);
    if (status.ready && video.dropSize == 0) return status;  // a guest asks, and the content is another's
    status.size = video.size;
    status.sha256 = video.sha256;
    status.contentType = video.contentType;
    status.notes = rows::notesOf(video);
    status.same = status.ready && wanted.sha256 == video.sha256;
    return status;
  }

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  const UploadsOptions options_;
  UploadsInProgress inProgress_;
  Publisher publisher_;
  ResumableUploads resumable_;
};

}  // namespace

std::unique_ptr<LocalUploads> makeLocalUploads(store::Database& database, store::Blobs& blobs, access::Access& access,
                                               Videos& videos, const UploadsOptions& options,
                                               std::function<void()> wakePurge) {
  return std::make_unique<DirectoryUploads>(database, blobs, access, videos, options, std::move(wakePurge));
}

}  // namespace video

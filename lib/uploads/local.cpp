#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "access/access.hpp"
#include "access/links.hpp"
#include "base/error.hpp"
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
#include "uploads/make.hpp"
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

// The uploads in progress in this process, by user: how many the user sends, and the bytes that the user will own, on
// disk or announced, that are in no row yet.
struct UploadsInProgress {
  struct Totals {
    std::size_t sent = 0;
    std::uint64_t bytes = 0;
  };
  // Returns whether `size` more bytes of `owner` fit under `most`.
  bool fits(UserId owner, std::uint64_t size, std::uint64_t most) {
    const std::lock_guard lock(mutex);
    const auto found = users.find(owner.value);
    const std::uint64_t others = found == users.end() ? 0 : found->second.bytes;
    return others <= most && size <= most - others;
  }

  std::mutex mutex;
  std::map<std::int64_t, Totals> users;
};

// Counts one upload of `sender` (0: not counted) to a video of `owner` while it exists.
class UploadInProgress {
 public:
  // Throws tooMany if `sender` has `most` uploads in progress; 0: no limit.
  UploadInProgress(UploadsInProgress& all, UserId sender, UserId owner, std::size_t most)
      : all_(all), sender_(sender.value), owner_(owner.value) {
    if (sender_ == 0) return;
    const std::lock_guard lock(all_.mutex);
    std::size_t& sent = all_.users[sender_].sent;
    if (most > 0 && sent >= most)
      throw Error(Fault::tooMany, "uploads: too many of this user at the moment", std::chrono::seconds{1});
    ++sent;
  }
  ~UploadInProgress() {
    const std::lock_guard lock(all_.mutex);
    take(owner_, 0, size_);
    take(sender_, sender_ != 0 ? 1 : 0, 0);
  }
  UploadInProgress(const UploadInProgress&) = delete;
  UploadInProgress& operator=(const UploadInProgress&) = delete;

  // Returns whether `size` bytes fit under `most` beside the owner's other uploads; if so, counts them for this one.
  bool grow(std::uint64_t size, std::uint64_t most) {
    const std::lock_guard lock(all_.mutex);
    std::uint64_t& sum = all_.users[owner_].bytes;
    const std::uint64_t others = sum - size_;
    const bool fits = others <= most && size <= most - others;
    if (fits) sum = others + (size_ = size);
    return fits;
  }

 private:
  void take(std::int64_t user, std::size_t sent, std::uint64_t bytes) noexcept {
    const auto found = all_.users.find(user);
    if (found == all_.users.end()) return;
    found->second.sent -= sent;
    found->second.bytes -= bytes;
    if (found->second.sent == 0 && found->second.bytes == 0) all_.users.erase(found);
  }

  UploadsInProgress& all_;
  const std::int64_t sender_;
  const std::int64_t owner_;
  std::uint64_t size_ = 0;
};

class LocalUploads : public Uploads {
 public:
  LocalUploads(store::Database& database, store::Blobs& blobs, access::Access& access, const UploadsOptions& options,
               std::function<void()> wakePurge)
      : database_(database), blobs_(blobs), access_(access), options_(options), wakePurge_(std::move(wakePurge)) {}

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
    const std::string front = bytesOf(wanted.front);
    const Identity who = access_.identify(by);
    database_.read([&](store::Reader& reader) {
      const auto owner = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::uploadsRehearse, owner, noSuchUser(wanted.user));
      requireQuota(reader, *owner, wanted.ahead, static_cast<std::uint64_t>(wanted.size));
    });
    database_.requireSpace(static_cast<std::uint64_t>(wanted.ahead) + static_cast<std::uint64_t>(wanted.size));
    if (wanted.size == 0) throw isEmpty();
    return {std::string(kindOf(front).type)};
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
    return commit(by, {wanted.id, std::nullopt}, incoming, &video);
  }

  UploadStatus status(const Credential& by, const BeginUpload& wanted) override {
    const Identity who = access_.identify(by);
    return statusOf(database_.read([&](store::Reader& reader) { return findUploadable(reader, by, who, wanted.id); }),
                    wanted);
  }

 private:
  static Error underWay(const VideoId& id) {
    return Error(Fault::conflict, fmt::format("video {}: another upload is in progress", id.text));
  }
  Error tooLarge() const {
    return Error(Fault::tooLarge, fmt::format("file: exceeds the limit of {}", formatSize(options_.maxUpload)));
  }
  static Error overQuota() { return Error(Fault::overQuota, "the owner's quota would be exceeded"); }

  static Error isEmpty() { return Error(Fault::malformed, "file: is empty"); }

  static std::string bytesOf(std::string_view hex) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (hex.size() % 2 != 0 || hex.find_first_not_of(digits) != std::string_view::npos)
      throw Error(Fault::malformed, "front: must be hex");
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes += static_cast<char>(digits.find(hex[i]) << 4 | digits.find(hex[i + 1]));
    return bytes;
  }

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

  // Publishes what came; `origin`: made from this content of the video.
  Uploaded commit(const Credential& by, const Upload& wanted, store::Incoming& incoming,
                  const rows::StoredVideo* origin = nullptr) {
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
  UploadsOptions options_;
  std::mutex refusedMutex_;
  std::vector<Refused> refused_;
  const std::function<void()> wakePurge_;
  UploadsInProgress inProgress_;
};

}  // namespace

std::unique_ptr<Uploads> makeLocalUploads(store::Database& database, store::Blobs& blobs, access::Access& access,
                                          const UploadsOptions& options, std::function<void()> wakePurge) {
  return std::make_unique<LocalUploads>(database, blobs, access, options, std::move(wakePurge));
}

}  // namespace video

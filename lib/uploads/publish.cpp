#include "uploads/publish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "access/links.hpp"
#include "base/units.hpp"
#include "base/waiting.hpp"
#include "deletions/rows.hpp"
#include "media/playback.hpp"
#include "media/probe.hpp"
#include "shares/fields.hpp"
#include "shares/rows.hpp"
#include "users/rows.hpp"

namespace video {
namespace {

std::vector<std::string> notesOf(const rows::NewContent& content) {
  return content.media ? media::playbackNotes(content.contentType, *content.media) : std::vector<std::string>();
}

// Whether a finished file of a kind that may have pictures says that it has sound alone.
bool isSoundAlone(const rows::NewContent& content) {
  const bool isElements = content.contentType == "video/webm" || content.contentType == "video/x-matroska";
  return isElements && content.media && content.media->audioCodec && !content.media->videoCodec &&
         !content.media->width;
}

}  // namespace

rows::StoredVideo Publisher::findUploadable(store::Reader& reader, const Credential& by, const access::Identity& who,
                                            const VideoId& id, std::optional<Time> begun) {
  auto video = rows::findVideo(reader, id);
  bool isGuest = false;
  if (who.kind == access::Identity::Kind::link) {
    isGuest = requireLink(reader, std::get<SignedLink>(by), id, video, begun);
  } else {
    access_.requireOnVideo(who, access::rights::uploadsPut, rows::viewOf(video), rows::noSuchVideo(id));
  }
  if (video && !isGuest) video->dropSize.reset();  // the guest's limit is for nobody else
  if (!video) throw rows::noSuchVideo(id);
  requireReplaceable(*video);
  return *std::move(video);
}

bool Publisher::requireLink(store::Reader& reader, const SignedLink& link, const VideoId& id,
                            const std::optional<rows::StoredVideo>& video, std::optional<Time> begun) {
  access_.checkLink(reader, link, id, nameOf(ShareWhat::upload), begun);
  const bool isGuest = video && video->drop && access::isUploadUrl(link.share);
  if (isGuest && !rows::findDrop(reader, *video->drop)) throw Error(Fault::forbidden, "link: has been revoked");
  return isGuest;
}

void Publisher::requireAnnounced(const rows::StoredVideo& video, std::uint64_t size) {
  if (!video.dropSize) return;
  if (video.state != VideoState::pending)
    throw Error(Fault::conflict, fmt::format("video {}: already has its file", video.id.text));
  if (std::cmp_greater(size, *video.dropSize))
    throw Error(Fault::tooLarge, fmt::format("file: exceeds the {} bytes that were announced", *video.dropSize));
}

void Publisher::requireReplaceable(const rows::StoredVideo& video) {
  if (video.state != VideoState::pending && video.state != VideoState::ready) throw rows::wrongState(video);
  if (video.blocked) throw Error(Fault::conflict, fmt::format("video {}: is blocked", video.id.text));
}

std::uint64_t Publisher::requireQuota(store::Reader& reader, const rows::StoredVideo& video,
                                      std::optional<std::uint64_t> size) {
  requireAnnounced(video, size.value_or(0));
  return requireQuota(reader, video.authorId, -video.size, size);
}

std::uint64_t Publisher::requireQuota(store::Reader& reader, UserId owner, std::int64_t more,
                                      std::optional<std::uint64_t> size) {
  if (size && *size > options_.maxUpload) throw tooLarge();
  const std::int64_t left = rows::spaceLeft(reader, owner, options_.quota);
  const std::uint64_t most =
      left == INT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(std::max<std::int64_t>(left - more, 0));
  if (size.value_or(0) > most) throw overQuota();
  return most;
}

media::Kind Publisher::kindOf(std::string_view front) const {
  if (const auto kind = media::sniff(front)) return *kind;
  if (!options_.serveUnknownTypes) throw isNoVideo();
  return {"application/octet-stream", "bin", {}};
}

bool Publisher::requireVideo(std::string_view front) const {
  if (options_.serveUnknownTypes) return true;
  const media::Judged judged = media::judge(front);
  if (!judged.kind) throw isNoVideo();
  return judged.isFinal;
}

// Returns what a finished file says about itself. If it cannot be opened now, the task media-probe tries it again.
std::optional<media::MediaInfo> Publisher::lookInto(const rows::NewContent& content) const try {
  const Waiting forTheDisk;
  const auto file = blobs_.open(content.blob);
  if (!file) return std::nullopt;
  return media::probe(media::fileOf(*file), content.contentType).info;
} catch (const Error&) {
  return std::nullopt;
}

Uploaded Publisher::commit(const Credential& by, const Upload& wanted, store::Incoming& incoming,
                           const rows::StoredUpload* resumable, const rows::StoredVideo* origin) {
  const media::Kind found = kindOf(incoming.front());
  if (origin == nullptr) requireVideo(incoming.front());
  rows::NewContent content;
  content.blob = incoming.finish(found.extension);
  content.size = static_cast<std::int64_t>(incoming.size());
  content.sha256 = incoming.sha256();
  content.contentType = found.type;
  if (wanted.digest && *wanted.digest != content.sha256)
    throw Error(Fault::malformed, "sha256: does not match the received bytes");
  content.media = lookInto(content);
  if (isSoundAlone(content) && !options_.serveUnknownTypes) throw isNoVideo();
  if (origin != nullptr) content.originalSha256 = origin->originalSha256.value_or(origin->sha256);
  bool isLimited = false;
  std::optional<rows::StoredVideo> written;
  const auto write = [&](store::Transaction& transaction) {
    const access::Identity who = access_.identify(transaction, by);
    const rows::StoredVideo video = findUploadable(
        transaction, by, who, wanted.id, resumable != nullptr ? std::optional(resumable->created) : std::nullopt);
    rows::requireContentAllowed(transaction, content.sha256);
    if (resumable != nullptr &&
        !rows::completeUpload(transaction, *resumable, access_.now(), access_.now() + options_.ttl))
      throw isGone(resumable->id, "was removed meanwhile");
    if (origin != nullptr && video.blob != origin->blob) throw rows::changedMeanwhile(wanted.id);
    if (content.originalSha256) rows::requireContentAllowed(transaction, *content.originalSha256);
    isLimited = requireQuota(transaction, video, static_cast<std::uint64_t>(content.size)) != UINT64_MAX;
    if (!rows::setContent(transaction, video, content, access_.now())) throw rows::changedMeanwhile(wanted.id);
    if (video.drop)
      rows::settleDrop(transaction, wanted.id, video.state == VideoState::pending,
                       video.dropSize ? std::optional(content.size) : std::nullopt);
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
    if (written) incoming.unkeep(refuse({content.blob, content.size, written->authorId}));
    throw;
  }
  removeRefused();
  // The replaced content counts towards the owner's quota until it is unlinked.
  if (isLimited && uploaded.replaced) wakePurge_();
  return uploaded;
}

// Queues a content for removal. Returns whether it is certain that no row has it.
bool Publisher::refuse(Refused one) noexcept try {
  {
    const std::lock_guard lock(refusedMutex_);
    refused_.push_back(one);
  }
  removeRefused();
  const std::lock_guard lock(refusedMutex_);
  return refused_.empty() &&
         !database_.read([&](store::Reader& reader) { return rows::isContentUsed(reader, one.blob); });
} catch (const std::exception&) {
  return false;
}

// Queues them for removal. Once that is committed it is certain that no row has them: the refused COMMIT, which a
// crash might have brought back, is overwritten.
void Publisher::removeRefused() noexcept try {
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

Error Publisher::tooLarge() const {
  return Error(Fault::tooLarge, fmt::format("file: exceeds the limit of {}", formatSize(options_.maxUpload)))
      .because(Reason::uploadLimit);
}
Error Publisher::overQuota() {
  return Error(Fault::overQuota, "the owner's quota would be exceeded");
}
Error Publisher::isNoVideo() {
  return Error(Fault::unsupportedMediaType,
               fmt::format("file: not a supported video format ({})", media::listOfKinds()))
      .because(Reason::noVideoFormat);
}
Error Publisher::isEmpty() {
  return Error(Fault::malformed, "file: is empty");
}
Error Publisher::isGone(const UploadId& id, std::string_view why) {
  return Error(Fault::gone, fmt::format("upload {}: {}", id.text, why));
}

}  // namespace video

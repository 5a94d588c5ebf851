#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/sha256.hpp"
#include "videos/videos.hpp"

namespace video {

/// A file that is to be moved into a data directory, where it may become the stored content itself.
struct MovedFile {
  std::shared_ptr<const Descriptor> file;
  std::function<void()> remove;  ///< removes its name; throws Error if that is not possible
};

/// The upload of a video's content.
struct Upload {
  VideoId id;
  std::optional<std::string> digest;  ///< SHA-256 in hex; content with another digest is refused
  /// The file that has the bytes, if it is to be moved. On a data directory `put` removes it once it is stored, and
  /// leaves it as it was if that is not possible.
  std::optional<MovedFile> moved{};
};

/// The request to check whether an upload would be accepted, before any byte is sent.
struct BeginUpload {
  VideoId id;
  std::optional<std::int64_t> size;   ///< bytes
  std::optional<std::string> sha256;  ///< hex
};

/// The state of a video's content and of an upload to it.
struct UploadStatus {
  VideoId id;
  bool ready = false;     ///< the content is complete
  bool underWay = false;  ///< another upload to the same video is in progress
  std::int64_t size = 0;
  std::string sha256;
  std::string contentType;
  bool same = false;                 ///< the video already has the content that `begin` asks about
  std::vector<std::string> notes{};  ///< why the current content does not play everywhere, in sentences
};

/// The result of an upload.
struct Uploaded {
  VideoId id;
  bool replaced = false;  ///< an earlier content was replaced
  std::int64_t size = 0;
  std::string sha256;
  std::string contentType;
  std::vector<std::string> notes{};  ///< why it does not play everywhere, in sentences
};

/// A dry run of an upload, before its video is created.
struct RehearseUpload {
  std::string user;  ///< the owner
  std::string name;  ///< name of the video
  std::int64_t size = 0;
  std::int64_t ahead = 0;  ///< bytes of other uploads that would be stored before it
  std::string front;       ///< the first 4096 bytes of the file (all of them if it is shorter), in hex
};

/// The result of a dry run.
struct RehearsedUpload {
  std::string contentType;  ///< media type with which it would be stored
};

/// How long clients are told that an upload has expired.
inline constexpr std::chrono::hours toldExpired{24 * 7};

using UploadId = Id<struct UploadNoun>;  ///< UUIDv7

/// The state of an upload that can be resumed: bytes are missing; its content is published; it was not completed in
/// time, and its bytes are gone.
enum class UploadState { partial, complete, expired };

/// An upload that can be resumed.
struct ResumableUpload {
  UploadId id;
  VideoId video;
  std::string user;                  ///< the video's owner
  std::string name;                  ///< the video's
  std::int64_t offset = 0;           ///< bytes that are stored: the next one to send
  std::optional<std::int64_t> size;  ///< in bytes; nothing until it is known
  UploadState state = UploadState::partial;
  Time created{};
  Time expires{};                ///< later with each byte
  std::optional<Time> lastByte;  ///< when a byte arrived
  std::string metadata{};        ///< what the client sent with `create`; not in lists
};

/// The request for an upload that can be resumed.
struct NewUpload {
  std::optional<VideoId> video;            ///< the video whose content it is; nothing: a new one
  std::optional<std::string> user;         ///< owner of the new video; default: the caller
  std::optional<std::string> name;         ///< name of the new video, 1 to 200 characters
  std::optional<std::int64_t> size;        ///< bytes; nothing: said later
  std::optional<std::string> sha256;       ///< of the whole, hex; content with another one is refused
  std::string metadata{};                  ///< Upload-Metadata of tus, kept for the client
  std::optional<Visibility> visibility{};  ///< of the new video; default: what the server is configured for
};

/// Identifies an upload.
struct UploadRef {
  UploadId id;
};

/// The checksum of one piece of an upload.
struct Checksum {
  HashFunction function = HashFunction::sha256;
  std::string hex;
};

/// The next piece of an upload.
struct AppendUpload {
  UploadId id;
  std::int64_t offset = 0;              ///< where the piece begins: the current offset
  std::optional<std::int64_t> size{};   ///< of the whole, in bytes, if it was not known when the upload was created
  std::optional<Checksum> checksum{};   ///< a piece that does not match it does not count
  std::optional<std::string> digest{};  ///< SHA-256 of the piece in hex; one that does not match does not count
};

/// The request for a page of uploads, oldest first.
struct UploadQuery : ListQuery {
  std::optional<std::string> user;
};

/// Configuration of uploads (`[stream]` in videod.toml).
struct UploadsOptions {
  std::uint64_t maxUpload = 2ULL << 30;  ///< bytes
  bool serveUnknownTypes = false;        ///< accept files of unknown type, as application/octet-stream
  std::int64_t quota = 0;                ///< as UsersOptions::quota
  std::size_t maxPerUser = 16;           ///< uploads in progress; 0: no limit
  /// How long an upload that can be resumed is kept after its last byte, or after it was completed.
  std::chrono::milliseconds ttl{std::chrono::hours{24}};
  std::int64_t maxPartial = 100;               ///< of a user, that can be resumed; 0: no limit
  std::chrono::milliseconds patience{30'000};  ///< how long a piece waits for its turn
};

/// Uploads of videos. Every function may be called from any thread and throws Error.
class Uploads {
 public:
  virtual ~Uploads() = default;
  /// Checks everything that can be checked before a byte is sent: rights, size, quota, space. For the owner, admins,
  /// the operator and holders of a signed upload link. Faults: notFound, forbidden, conflict (another upload is in
  /// progress, or the video is deleted), tooLarge, overQuota, diskFull.
  virtual UploadStatus begin(const Credential& by, const BeginUpload& wanted) = 0;
  /// Stores the content of a video, whole or not at all; an earlier content is kept until the new one is complete.
  /// Faults: those of begin; malformed (empty, or digest differs), unsupportedMediaType, tooMany (of one user, or of
  /// one owner through signed links, are in progress; not for the operator).
  virtual Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) = 0;
  /// Checks whether a video could be created and its content uploaded, without doing it. For the user, admins and the
  /// operator. Faults: those of Videos::add, and those of begin and put that size and first bytes determine.
  virtual RehearsedUpload rehearse(const Credential& by, const RehearseUpload& wanted) = 0;
  /// Says whether a file that begins with `front`, its first 64 KiB or all of it, would be refused for what it is;
  /// nothing is stored, and no video is needed. What these bytes do not tell is taken here and judged as it arrives.
  /// For those who are signed in. Faults: malformed (empty), unsupportedMediaType.
  virtual void probe(const Credential& by, std::string_view front) = 0;
  /// Replaces the content of a video by one of the same size that does not say where it was taken: padding takes the
  /// place of what says so, nothing else changes. Video::originalSha256 keeps the hash of what was uploaded. The
  /// samples of a track stay; `notes` says so. For the owner, admins and the operator. Faults: those of put; conflict
  /// (it does not say where it was taken, or in samples alone, has no content yet, or was changed meanwhile),
  /// contentUnavailable.
  virtual Uploaded stripLocation(const Credential& by, const VideoRef& wanted) = 0;
  /// Returns what has been stored after an interrupted upload.
  virtual UploadStatus status(const Credential& by, const BeginUpload& wanted) = 0;

  /// Starts an upload that can be resumed: after a broken connection, or a restart of client or server. Without a video
  /// it also creates a pending one, which goes with the upload if that is aborted or expires. For those who may use
  /// `put`; a signed link needs the video. Faults: those of begin and of Videos::add; malformed (empty), conflict (the
  /// owner has too many that are not complete).
  virtual ResumableUpload create(const Credential& by, const NewUpload& wanted) = 0;
  /// Stops whoever is sending a piece, waits until that has ended, and returns the upload: what is missing begins at
  /// `offset`. If nothing is missing, publishes it first, so that `offset` is the size only if the content is there.
  /// For the video's owner, admins, the operator, and holders of a signed upload link for one that was created through
  /// a link, even if that has expired since; for all others it does not exist. Faults: notFound, gone (expired, refused
  /// for what it is, or its video was deleted), locked (another process is receiving it, the daemon is stopping, or it
  /// cannot be published yet; try again).
  virtual ResumableUpload resume(const Credential& by, const UploadRef& wanted) = 0;
  /// Stores the next piece, which may be empty; when nothing is missing any more, publishes the content as `put` does.
  /// What has arrived of a piece that broke off stays, unless it has a checksum or digest. Stops an earlier piece of
  /// the same upload as `resume` does, and ends with `locked` if a newer request stops it. For the same callers; if the
  /// session ends meanwhile, the bytes stay, and the last piece is unauthenticated instead of publishing. Faults: those
  /// of resume and put; conflict (the offset is another one, or nothing is missing), malformed (beyond the size, or the
  /// digest differs), checksumMismatch. An upload whose content is refused for what it is (malformed,
  /// unsupportedMediaType) is removed.
  virtual ResumableUpload append(const Credential& by, const AppendUpload& wanted, const ByteSource& bytes) = 0;
  /// Removes an upload, its bytes, and the video that was created for it, or announced through a drop link, if that is
  /// still pending. A complete upload is forgotten; its video stays. For the same callers. Faults: notFound, locked.
  virtual void abort(const Credential& by, const UploadRef& wanted) = 0;
  /// Returns an upload without stopping anyone; `offset` is what is certainly stored. For the same callers. Faults:
  /// notFound.
  virtual ResumableUpload show(const Credential& by, const UploadRef& wanted) = 0;
  /// Lists the caller's uploads that can be resumed, oldest first; admins and the operator see all, or those of one
  /// user. Faults: forbidden, notFound (the user).
  virtual Page<ResumableUpload> list(const Credential& by, const UploadQuery& wanted) = 0;
};

/// The uploads of a data directory.
class LocalUploads : public Uploads {
 public:
  /// Removes files that killed processes left behind, except those of uploads that can be resumed.
  virtual void removeAbandoned() = 0;
  /// Returns the size of the largest upload in bytes.
  virtual std::uint64_t maxSize() const = 0;
  /// Ends the pieces that are being received, and from now on answers `locked` where resumable uploads would go on:
  /// clients try again, and find the next daemon. May be called from any thread.
  virtual void drain() = 0;
};

}  // namespace video

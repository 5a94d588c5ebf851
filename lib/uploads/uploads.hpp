#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "videos/videos.hpp"

namespace video {

/// The upload of a video's content.
struct Upload {
  VideoId id;
  std::optional<std::string> digest;  ///< SHA-256 in hex; content with another digest is refused
  /// The file that has the bytes, if it is to be moved: on a data directory it may become the stored content itself,
  /// and the caller removes its name afterwards. Null for none.
  std::shared_ptr<const Descriptor> moved{};
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

/// Configuration of uploads (`[stream]` in videod.toml).
struct UploadsOptions {
  std::uint64_t maxUpload = 2ULL << 30;  ///< bytes
  bool serveUnknownTypes = false;        ///< accept files of unknown type, as application/octet-stream
  std::int64_t quota = 0;                ///< as UsersOptions::quota
  std::size_t maxPerUser = 16;           ///< uploads in progress; 0: no limit
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
  /// Replaces the content of a video by one of the same size that does not say where it was taken: padding takes the
  /// place of what says so, nothing else changes. Video::originalSha256 keeps the hash of what was uploaded. For the
  /// owner, admins and the operator. Faults: those of put; conflict (it does not say where it was taken, has no content
  /// yet, or was changed meanwhile), contentUnavailable.
  virtual Uploaded stripLocation(const Credential& by, const VideoRef& wanted) = 0;
  /// Returns what has been stored after an interrupted upload.
  virtual UploadStatus status(const Credential& by, const BeginUpload& wanted) = 0;
};

}  // namespace video

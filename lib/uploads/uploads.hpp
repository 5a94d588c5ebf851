#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

struct Upload {
  VideoId id;
  std::optional<std::string> digest;  ///< SHA-256 in hex; a content with another is refused
};

struct BeginUpload {
  VideoId id;
  std::optional<std::int64_t> size;   ///< bytes
  std::optional<std::string> sha256;  ///< hex
};

/// What stands under a video id, and whether bytes are on their way to it.
struct UploadStatus {
  VideoId id;
  bool ready = false;     ///< a whole content stands
  bool underWay = false;  ///< another upload to it holds its place
  std::int64_t size = 0;
  std::string sha256;
  std::string contentType;
  bool same = false;  ///< the content asked about in `begin` is there already
};

/// What an upload has done.
struct Uploaded {
  VideoId id;
  bool replaced = false;  ///< there was a content before
  std::int64_t size = 0;
  std::string sha256;
  std::string contentType;
};

/// An upload that is thought of, before a video is made for it.
struct RehearseUpload {
  std::string user;  ///< the owner
  std::string name;  ///< of the video
  std::int64_t size = 0;
  std::int64_t ahead = 0;  ///< bytes of other uploads that would come before it
  std::string front;       ///< its first bytes in hex, 4096 of them where it has as many
};

struct RehearsedUpload {
  std::string contentType;  ///< what it would have
};

struct UploadsOptions {
  std::uint64_t maxUpload = 2ULL << 30;  ///< bytes
  bool serveUnknownTypes = false;        ///< take what is no known video, as application/octet-stream
  std::int64_t quota = 0;                ///< as UsersOptions::quota
};

/// Bytes on their way in. Every function may be called from any thread and throws Error.
class Uploads {
 public:
  virtual ~Uploads() = default;
  /// Everything that can be known before a byte is sent: rights, size, quota, space. Owner, admin, operator, or a
  /// signed upload link. Faults: notFound, forbidden, conflict (under way elsewhere, or deleted), tooLarge, overQuota,
  /// diskFull.
  virtual UploadStatus begin(const Credential& by, const BeginUpload& wanted) = 0;
  /// Takes the content of a video, whole or not at all; the old one stays until the new one stands.
  /// Faults: those of begin; malformed (empty, or digest differs), unsupportedMediaType.
  virtual Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) = 0;
  /// What making a video and uploading its content would meet, without doing it: self, admin, operator. Faults: those
  /// of Videos::add, and of begin and put as far as size and first bytes tell.
  virtual RehearsedUpload rehearse(const Credential& by, const RehearseUpload& wanted) = 0;
  /// What became of a broken upload.
  virtual UploadStatus status(const Credential& by, const BeginUpload& wanted) = 0;
};

}  // namespace video

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// What a signed link allows: to view a video, to upload its file, or (a drop link) to upload new videos to a user.
enum class ShareWhat { view, upload, drop };

/// A signed link to create.
struct NewShare {
  std::optional<VideoId> video{};  ///< for `view` and `upload`
  ShareWhat what = ShareWhat::view;
  std::optional<Time> expires{};
  std::optional<std::int64_t> expiresIn{};  ///< milliseconds from now by the server's clock; instead of `expires`
  std::optional<std::string> label;         ///< at most 100 characters
  std::optional<std::string> user{};        ///< for `drop`: who gets the videos
  std::optional<std::int64_t> maxFiles{};   ///< for `drop`: how many videos, 1 to 1000; default: 50
  std::optional<std::int64_t> maxBytes{};   ///< for `drop`: how many bytes all of them have together
  std::string site{};  ///< URL by which the caller reached the site, without a trailing slash; empty: unknown
};

/// A signed link as it is listed; the link itself is not stored.
struct Share {
  ShareId id;
  std::optional<VideoId> video{};  ///< of `view` and `upload`
  ShareWhat what = ShareWhat::view;
  std::string label{};
  Time created{};
  Time expires{};
  std::optional<std::string> user{};       ///< of `drop`: who gets the videos; so the others
  std::optional<std::int64_t> maxFiles{};  ///< how many videos may come
  std::optional<std::int64_t> maxBytes{};  ///< how many bytes they may have together; nothing: no limit
  std::optional<std::int64_t> files{};     ///< how many were announced so far
  std::optional<std::int64_t> bytes{};     ///< how many bytes those have
};

/// A newly created signed link, with its URL, which is shown only once.
struct CreatedShare : Share {
  std::string url;  ///< absolute if the site's URL is known (`public_url` or the request), else path and query
};

/// Which links to list.
struct ShareQuery : ListQuery {
  std::optional<VideoId> video{};
  std::optional<std::string> user{};  ///< instead of a video: drop links of this user
};

/// Names one link.
struct ShareRef {
  std::optional<VideoId> video{};
  ShareId id;
  std::optional<std::string> user{};  ///< instead of a video: of a drop link
};

/// Options of Shares.
struct SharesOptions {
  std::string publicUrl;  ///< URL by which clients reach the site, without a trailing slash; empty: unknown
};

/// Signed links to videos, and drop links of users, which work for anyone who has them. For the video's owner or the
/// user, admins and the operator. Every function may be called from any thread and throws Error, with notFound if the
/// video or user does not exist.
class Shares {
 public:
  virtual ~Shares() = default;
  /// Creates a link to view a video or to upload its file, or a drop link (see Videos::drop). It is valid until it
  /// expires, is revoked, or the signing key changes. Faults: malformed, forbidden, conflict (the video already has 500
  /// links, or the user 100 drop links).
  virtual CreatedShare create(const Credential& by, const NewShare& wanted) = 0;
  /// Lists the links of a video, or the drop links of a user, that have not expired, oldest first.
  virtual Page<Share> list(const Credential& by, const ShareQuery& wanted) = 0;
  /// Revokes a link, in every process, from its next request on.
  virtual void revoke(const Credential& by, const ShareRef& wanted) = 0;
};

}  // namespace video

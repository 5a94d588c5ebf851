#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// What a signed link allows.
enum class ShareWhat { view, upload };

/// A signed link to create.
struct NewShare {
  VideoId video;
  ShareWhat what = ShareWhat::view;
  Time expires{};
  std::optional<std::string> label;  ///< at most 100 characters
  std::string site;  ///< URL by which the caller reached the site, without a trailing slash; empty: unknown
};

/// A signed link as it is listed; the link itself is not stored.
struct Share {
  ShareId id;
  VideoId video;
  ShareWhat what = ShareWhat::view;
  std::string label;
  Time created{};
  Time expires{};
};

/// A newly created signed link, with its URL, which is shown only once.
struct CreatedShare : Share {
  std::string url;  ///< absolute if the site's URL is known (`public_url` or the request), else path and query
};

/// Which links to list.
struct ShareQuery : ListQuery {
  VideoId video;
};

/// Names one link.
struct ShareRef {
  VideoId video;
  ShareId id;
};

/// Options of Shares.
struct SharesOptions {
  std::string publicUrl;  ///< URL by which clients reach the site, without a trailing slash; empty: unknown
};

/// Signed links to videos, which work for anyone who has them. The video's owner, admin, operator. Every function may
/// be called from any thread and throws Error, with notFound if the video does not exist.
class Shares {
 public:
  virtual ~Shares() = default;
  /// Creates a link to view a video or to upload its file. It is valid until it expires, is revoked, or the signing
  /// key changes. Faults: malformed, forbidden, conflict (the video already has 500 links).
  virtual CreatedShare create(const Credential& by, const NewShare& wanted) = 0;
  /// Lists the links that have not expired, oldest first.
  virtual Page<Share> list(const Credential& by, const ShareQuery& wanted) = 0;
  /// Revokes a link, in every process, from its next request on.
  virtual void revoke(const Credential& by, const ShareRef& wanted) = 0;
};

}  // namespace video

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
}  // namespace video::http
namespace video::store {
class Database;
}

namespace video {

/// What a signed link is good for.
enum class ShareWhat { view, upload };

struct NewShare {
  VideoId video;
  ShareWhat what = ShareWhat::view;
  Time expires{};
  std::optional<std::string> label;  ///< at most 100 characters
  std::string site;  ///< how the caller reached the streams, without a slash at its end; empty: not known
};

/// A signed link that was handed out; the link itself is not kept.
struct Share {
  ShareId id;
  VideoId video;
  ShareWhat what = ShareWhat::view;
  std::string label;
  Time created{};
  Time expires{};
};

/// A signed link with where it leads, as it is shown once.
struct CreatedShare : Share {
  std::string url;  ///< whole where the site's address is known (`public_url`, or the request), else path and query
};

struct ShareQuery : ListQuery {
  VideoId video;
};

struct ShareRef {
  VideoId video;
  ShareId id;
};

struct SharesOptions {
  std::string publicUrl;  ///< how the outside reaches the streams, without a slash at its end; empty: not known
};

/// Signed links to a video, for whoever has them: owner, admin, operator. Every function may be called from any thread
/// and throws Error; notFound where the video is not there.
class Shares {
 public:
  virtual ~Shares() = default;
  /// A link to view a video, or to upload its content; good until it expires, is revoked, or the signing key changes.
  /// Faults: malformed, forbidden, conflict (the video has 500 already).
  virtual CreatedShare create(const Credential& by, const NewShare& wanted) = 0;
  /// The links that have not expired, by when they were made.
  virtual Page<Share> list(const Credential& by, const ShareQuery& wanted) = 0;
  /// Ends a link, already handed out or not, in every process at its next request.
  virtual void revoke(const Credential& by, const ShareRef& wanted) = 0;
};

/// On the data directory; what it is given must outlive it.
std::unique_ptr<Shares> makeLocalShares(store::Database& database, access::Access& access,
                                        const SharesOptions& options);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Shares> makeRemoteShares(http::Client& server);
/// Adds the routes; both must outlive the last request.
void serveShares(http::Router& router, Shares& shares);

}  // namespace video

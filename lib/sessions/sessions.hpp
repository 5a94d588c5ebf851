#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "users/users.hpp"

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
struct CookieOptions;
}  // namespace video::http
namespace video::store {
class Database;
}

namespace video {

struct Login {
  std::string name;                  ///< in the path
  std::optional<std::string> again;  ///< `user_name` of the body, where the original's clients repeat it
  std::string password;
  std::string address;  ///< where the request came from, for the throttle; never on the wire
};

enum class IdentityKind { session, token, operator_ };

/// Who the caller is.
struct WhoAmI {
  Nullable<std::string> userName;  ///< null for the operator without --as
  Nullable<Role> role;
  IdentityKind kind = IdentityKind::session;
  std::optional<std::string> scope;  ///< a token's
  std::optional<Time> expires;
  std::optional<bool> needsOldPassword;  ///< whether a new password takes the old one; unknown of an older daemon
};

/// A session that has not ended, without its secret.
struct Session {
  SessionId id;
  std::string userName;
  Time created{};
  Time expires{};
  bool current = false;  ///< the one that the caller came with
};

struct SessionRef {
  SessionId id;
};

/// Signing in and out. Every function may be called from any thread and throws Error.
class Sessions {
 public:
  virtual ~Sessions() = default;
  /// A new session for name and password; takes the same time whether or not the name exists.
  /// Faults: unauthenticated, tooMany (too many tries of late, or too many wait for a hash).
  virtual SignedIn login(const Credential& by, const Login& wanted) = 0;
  /// Ends the caller's own session or token, in every process at its next request.
  virtual void logout(const Credential& by, const Nothing&) = 0;
  /// Sessions by when they began: one user's (self, admin, operator), else one's own, an admin's and the operator's
  /// all.
  virtual Page<Session> list(const Credential& by, const OfUserQuery& wanted) = 0;
  /// Ends a session, in every process at its next request: its owner, admin, operator. Faults: notFound.
  virtual void revoke(const Credential& by, const SessionRef& wanted) = 0;
  /// Ends those that `list` shows, the caller's own included.
  virtual void revokeAll(const Credential& by, const OfUser& wanted) = 0;
  /// Who the caller is; unauthenticated for nobody.
  virtual WhoAmI whoami(const Credential& by, const Nothing&) = 0;
};

/// On the data directory; what it is given must outlive it.
std::unique_ptr<Sessions> makeLocalSessions(store::Database& database, access::Access& access);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Sessions> makeRemoteSessions(http::Client& server);
/// Adds the routes; both must outlive the last request.
void serveSessions(http::Router& router, Sessions& sessions, const http::CookieOptions& cookies);

}  // namespace video

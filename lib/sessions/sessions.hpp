#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "users/users.hpp"

namespace video {

/// A name and password to sign in with.
struct Login {
  std::string name;                  ///< in the path
  std::optional<std::string> again;  ///< `user_name` in the body, which the original site's clients repeat
  std::string password;
  std::string address;  ///< client address, for the throttle; never sent over HTTP
};

/// What identifies the caller.
enum class IdentityKind { session, token, operator_ };

/// The identity of the caller.
struct WhoAmI {
  Nullable<std::string> userName;  ///< null for the operator without --as
  Nullable<Role> role;
  IdentityKind kind = IdentityKind::session;
  std::optional<std::string> scope;  ///< scope of the token
  std::optional<Time> expires;
  std::optional<bool> needsOldPassword;  ///< whether a new password requires the old one; not set by older daemons
  std::optional<Time> latest;            ///< when the session ends at the latest; never sent over HTTP
};

/// A live session, without its secret.
struct Session {
  SessionId id;
  std::string userName;
  Time created{};
  Time expires{};
  bool current = false;  ///< whether the caller used this session
};

/// Identifies a session.
struct SessionRef {
  SessionId id;
};

/// Signing in and out. Every function may be called from any thread and throws Error.
class Sessions {
 public:
  virtual ~Sessions() = default;
  /// Signs in with name and password and returns a new session. Takes the same time whether or not the name exists.
  /// Faults: malformed, unauthenticated, tooMany (too many attempts, or too many callers waiting for a hash).
  virtual SignedIn login(const Credential& by, const Login& wanted) = 0;
  /// Ends the caller's session or token in every process, from the next request on.
  virtual void logout(const Credential& by, const Nothing&) = 0;
  /// Lists sessions, oldest first. With a user: that user's, for the user, admins and the operator. Without: all
  /// sessions for admins and the operator, the caller's own for others.
  virtual Page<Session> list(const Credential& by, const OfUserQuery& wanted) = 0;
  /// Ends a session in every process, from the next request on. For its user, admins and the operator. Faults:
  /// notFound.
  virtual void revoke(const Credential& by, const SessionRef& wanted) = 0;
  /// Ends the sessions that `list` shows, including the caller's own, and the tokens that stand for sessions of
  /// videoctl.
  virtual void revokeAll(const Credential& by, const OfUser& wanted) = 0;
  /// Returns who the caller is. Faults: unauthenticated (anonymous).
  virtual WhoAmI whoami(const Credential& by, const Nothing&) = 0;
};

}  // namespace video

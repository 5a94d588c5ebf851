#pragma once

#include <cstdint>
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
struct CookieOptions;
}  // namespace video::http
namespace video::store {
class Database;
}

namespace video {

enum class Role { user, admin };

/// A user as self, admins and the operator see it. Sizes in bytes.
struct User {
  UserId id;
  std::string name;
  Role role = Role::user;
  bool disabled = false;
  Time created{};
  std::int64_t videoCount = 0;
  std::int64_t bytesUsed = 0;       ///< trash included
  std::int64_t bytesTrash = 0;      ///< of deleted videos that still stand
  std::int64_t bytesQuota = 0;      ///< in force; 0 = none
  Nullable<std::int64_t> ownQuota;  ///< null = the default's, 0 = none
};

struct NewUser {
  std::string name;
  std::string password;
  std::optional<Role> role;
  std::optional<Nullable<std::int64_t>> ownQuota;
};

/// What registration and sign-in answer. No session for a caller who is signed in, or the operator.
struct SignedIn {
  bool success = true;
  std::optional<std::string> sessionId;
  std::string userName;
};

struct UserName {
  std::string name;
};

/// One user's things of a kind (sessions, tokens), or where nobody is named all that the caller may see.
struct OfUser {
  std::optional<std::string> name;
};

struct OfUserQuery : ListQuery {
  std::optional<std::string> name;
};

/// What is to be different about a user; what is not given stays.
struct ChangeUser {
  std::string name;
  std::optional<std::string> password;
  std::optional<std::string> oldPassword;
  std::optional<Role> role;
  std::optional<Nullable<std::int64_t>> ownQuota;  ///< bytes; null = the default's, 0 = none
  std::optional<bool> disabled;
  std::string address;  ///< where the request came from, for the throttle; never on the wire
};

struct RemoveUser {
  std::string name;
  std::optional<std::string> transferVideosTo;  ///< a user who takes the videos; else they go with their owner
};

struct UsersOptions {
  std::int64_t quota = 0;  ///< bytes per user, 0 = none; a user's own comes first
};

/// The accounts of the site. Every function may be called from any thread and throws Error.
class Users {
 public:
  virtual ~Users() = default;
  /// Makes a user; for an anonymous caller, where registration is open, a session too. Role and quota: admin, operator.
  /// Faults: malformed, conflict (the name is taken, case aside), forbidden, diskFull.
  virtual SignedIn add(const Credential& by, const NewUser& wanted) = 0;
  /// All users by id, page by page: admin, operator.
  virtual Page<User> list(const Credential& by, const ListQuery& wanted) = 0;
  /// One user: self, admin, operator.
  virtual User show(const Credential& by, const UserName& wanted) = 0;
  /// Changes a user; a new password ends the user's other sessions, disabling ends all and the tokens too. Self: the
  /// password, with the old one; admin, operator: everything. Faults: malformed, forbidden (the old password is wrong
  /// too), notFound, conflict (the last enabled admin; the operator may), tooMany.
  virtual User change(const Credential& by, const ChangeUser& wanted) = 0;
  /// Ends the account in one small transaction: name freed, sessions ended, videos and comments gone from everywhere;
  /// the task user-clear does the rest. Self, admin, operator. Faults: notFound, conflict (the last enabled admin).
  virtual void remove(const Credential& by, const RemoveUser& wanted) = 0;
  /// What `remove` would do, undone: the user as it is before. Throws what it would throw.
  virtual User rehearseRemove(const Credential& by, const RemoveUser& wanted) = 0;
};

/// On the data directory; what it is given must outlive it.
std::unique_ptr<Users> makeLocalUsers(store::Database& database, access::Access& access, const UsersOptions& options);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Users> makeRemoteUsers(http::Client& server);
/// Adds the routes; both must outlive the last request.
void serveUsers(http::Router& router, Users& users, const http::CookieOptions& cookies);

}  // namespace video

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/identity.hpp"
#include "base/ids.hpp"

namespace video {

/// A user, as shown to the user, admins and the operator. Sizes are in bytes.
struct User {
  UserId id;
  std::string name;
  Role role = Role::user;
  bool disabled = false;
  Time created{};
  std::int64_t videoCount = 0;
  std::int64_t bytesUsed = 0;                ///< including the trash
  std::int64_t bytesTrash = 0;               ///< deleted videos that are not yet purged
  std::int64_t bytesQuota = 0;               ///< quota in effect; 0 = unlimited
  Nullable<std::int64_t> ownQuota;           ///< null = use the default, 0 = unlimited
  std::optional<std::string> displayName{};  ///< shown beside the user name; not unique
  std::optional<Time> mutedUntil{};          ///< no comments and reports until then
  std::optional<bool> historyOff{};          ///< true: no history is kept of what the user watches; otherwise nothing
};

/// A token that stays valid when its user's password changes.
struct KeptToken {
  TokenId id;
  std::string label;
  Nullable<Time> expires;  ///< null = never
};

/// A changed user.
struct ChangedUser : User {
  std::optional<std::vector<KeptToken>> tokens;  ///< tokens that stay valid; nothing unless the password changed
};

/// A user to add.
struct NewUser {
  std::string name;
  std::string password;
  std::optional<Role> role;
  std::optional<Nullable<std::int64_t>> ownQuota;
  std::string address{};  ///< client address, for the limit on registrations; never sent over the wire
  std::optional<std::string> displayName{};  ///< 1 to 64 characters of any script
};

/// The reply to registration and sign-in. There is no session if the caller is signed in or the operator.
struct SignedIn {
  bool success = true;
  std::optional<std::string> sessionId;
  std::string userName;
};

/// Identifies a user.
struct UserName {
  std::string name;
};

/// The sessions or tokens of one user, or all that the caller may see if no user is named.
struct OfUser {
  std::optional<std::string> name;
};

/// Which sessions or tokens to list; see OfUser.
struct OfUserQuery : ListQuery {
  std::optional<std::string> name;
};

/// The changes to a user. Fields that are not given stay unchanged.
struct ChangeUser {
  std::string name;
  std::optional<std::string> password;
  std::optional<std::string> oldPassword;
  std::optional<Role> role;
  std::optional<Nullable<std::int64_t>> ownQuota;  ///< bytes; null = use the default, 0 = unlimited
  std::optional<bool> disabled;
  std::optional<bool> revokeTokens;  ///< with a new password: also ends the tokens, except the caller's own
  std::string address;               ///< client address, for the throttle; never sent over HTTP
  std::optional<Nullable<std::string>> displayName{};  ///< 1 to 64 characters of any script; null = none
  std::optional<bool> historyOff{};                    ///< whether to stop keeping a history of what the user watches
};

/// A user to remove.
struct RemoveUser {
  std::string name;
  std::optional<std::string> transferVideosTo;  ///< user who gets the videos; if not given, they are deleted
};

/// A user to mute.
struct MuteUser {
  std::string name;
  std::optional<Time> until{};          ///< later than now
  std::optional<std::int64_t> forMs{};  ///< milliseconds from now by the server's clock; instead of `until`
};

/// Options of Users.
struct UsersOptions {
  std::int64_t quota = 0;  ///< bytes per user, 0 = unlimited; a user's own quota takes precedence
};

/// User accounts. Every function may be called from any thread and throws Error.
class Users {
 public:
  virtual ~Users() = default;
  /// Adds a user. An anonymous caller, if registration is open, is signed in too. Role and quota: admin, operator.
  /// Faults: malformed, conflict (the name is taken, ignoring case), forbidden, diskFull, tooMany (registrations from
  /// one address, or callers that wait for a hash).
  virtual SignedIn add(const Credential& by, const NewUser& wanted) = 0;
  /// Lists users by ID. For admins and the operator.
  virtual Page<User> list(const Credential& by, const ListQuery& wanted) = 0;
  /// Returns a user. For the user, admins and the operator. Faults: notFound.
  virtual User show(const Credential& by, const UserName& wanted) = 0;
  /// Changes a user. A new password ends the user's other sessions and the tokens that stand for sessions of videoctl,
  /// except the caller's own, and the reply names the tokens that remain; disabling ends all sessions and tokens. Users
  /// may change their own display name and whether a history is kept, and, by giving the old one, their own password;
  /// admins and the operator may change everything. Faults: malformed, forbidden (also if the old password is wrong),
  /// notFound, conflict (the last enabled admin, except for the operator), tooMany.
  virtual ChangedUser change(const Credential& by, const ChangeUser& wanted) = 0;
  /// Removes a user in one short transaction: frees the name, ends the sessions, and hides videos and comments; the
  /// task user-clear purges them. For the user, admins and the operator. Faults: notFound, conflict (the last enabled
  /// admin, except for the operator).
  virtual void remove(const Credential& by, const RemoveUser& wanted) = 0;
  /// Runs `remove` and rolls it back. Returns the user as it is before, and throws what `remove` would throw.
  virtual User rehearseRemove(const Credential& by, const RemoveUser& wanted) = 0;
  /// Keeps a user from commenting and reporting until a time. For moderators, admins and the operator; only the latter
  /// two may mute moderators and admins. Faults: malformed, forbidden, notFound.
  virtual void mute(const Credential& by, const MuteUser& wanted) = 0;
  /// Lets a user comment and report again; does nothing if the user is not muted. For the same callers. Faults:
  /// forbidden, notFound.
  virtual void unmute(const Credential& by, const UserName& wanted) = 0;
};

}  // namespace video

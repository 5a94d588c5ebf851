#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "users/fields.hpp"

namespace video::rows {

/// A live user and the hash of the user's password.
struct UserSecret {
  UserId id;
  std::string name;
  std::string passwordHash;
  bool disabled = false;
};

/// Space used by a user, and the user's own quota if there is one; bytes.
struct UserSpace {
  std::int64_t used = 0;
  std::optional<std::int64_t> ownQuota;
};

/// Returns the live user of this name, ignoring case; `quota` is the default quota.
std::optional<User> findUser(store::Reader& reader, std::string_view name, std::int64_t quota);
std::optional<UserId> findUserId(store::Reader& reader, std::string_view name);
std::optional<UserSecret> findUserSecret(store::Reader& reader, std::string_view name);
UserSpace spaceOf(store::Reader& reader, UserId user);
/// Returns how many bytes a user's quota leaves, less than 0 if it is exceeded; INT64_MAX without one. `quota` is the
/// default, 0 for none.
std::int64_t spaceLeft(store::Reader& reader, UserId user, std::int64_t quota);
/// Returns the display name of a user; nothing if there is none.
std::optional<std::string> displayNameOf(store::Reader& reader, UserId user);
/// Returns a page of live users by (created, id).
Page<User> listUsers(store::Reader& reader, const ListQuery& wanted, std::int64_t quota);
/// Whether another live, enabled admin than `user` exists.
bool hasOtherAdmin(store::Reader& reader, UserId user);

/// Throws forbidden with the time if the user is muted at `now`.
void requireNotMuted(store::Reader& reader, UserId user, Time now);

UserId insertUser(store::Transaction& transaction, const NewUser& wanted, std::string_view passwordHash, Time now);
/// Writes role, disabled, quota and display name; what `wanted` does not give stays unchanged.
void changeUser(store::Transaction& transaction, UserId user, const ChangeUser& wanted);
void setPassword(store::Transaction& transaction, UserId user, std::string_view passwordHash);
/// Mutes a user until then; nothing: ends it.
void setMuted(store::Transaction& transaction, UserId user, std::optional<Time> until);
/// Frees the name of a live user; the row stays until the videos and comments are purged. Returns whether the user was
/// live.
bool markUserDeleted(store::Transaction& transaction, UserId user, Time now);
/// Returns whether the user is live, and was created at that time if one is given.
bool isLive(store::Reader& reader, UserId user, std::optional<Time> created = {});
/// Removes the row of a deleted user. Returns whether there was one.
bool deleteUser(store::Transaction& transaction, UserId user);

/// Increments the rights epoch, so that every process rereads rights at its next request. Call it in a transaction that
/// changes a role, a password or `disabled`, or removes a user. The functions that revoke sessions and tokens call it
/// themselves.
void rightsChanged(store::Transaction& transaction);
/// Calls rightsChanged if `count`, the number of revoked sessions or tokens, is not 0. Returns `count`.
std::int64_t countRevoked(store::Transaction& transaction, std::int64_t count);

/// Maximum number of sessions, and of tokens, per user: few enough to revoke all of them in one step.
inline constexpr std::int64_t mostCredentials = 500;

/// A table of credentials: sessions or tokens.
struct CredentialTable {
  std::string_view name;
  std::string_view hash;     ///< column of the primary key
  std::string_view expires;  ///< column of the expiry, null = never
  std::string_view columns;  ///< columns to select after public_id, login_name and create_time
};

/// Selects credentials that have not expired, of one user or of all users, ordered by (created, id); one more than the
/// limit if there are more.
store::Query listCredentials(store::Reader& reader, const CredentialTable& table, std::optional<UserId> user,
                             const ListQuery& wanted, Time now);
/// Removes at most `limit` credentials of one user or of all users, oldest first. Returns how many.
std::int64_t removeCredentials(store::Transaction& transaction, const CredentialTable& table,
                               std::optional<UserId> user, std::int64_t limit);

}  // namespace video::rows

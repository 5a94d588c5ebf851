#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "users/fields.hpp"

namespace video::rows {

/// A live user and the hash of the password.
struct UserSecret {
  UserId id;
  std::string name;
  std::string passwordHash;
  bool disabled = false;
};

/// What a user may store and does.
struct UserSpace {
  std::int64_t used = 0;
  std::optional<std::int64_t> ownQuota;
};

/// The live user of this name, case aside; `quota` is the default in force.
std::optional<User> findUser(store::Reader& reader, std::string_view name, std::int64_t quota);
std::optional<UserId> findUserId(store::Reader& reader, std::string_view name);
std::optional<UserSecret> findUserSecret(store::Reader& reader, std::string_view name);
UserSpace spaceOf(store::Reader& reader, UserId user);
/// Returns a page of live users by (created, id).
Page<User> listUsers(store::Reader& reader, const ListQuery& wanted, std::int64_t quota);
/// Whether another live, enabled admin than `user` exists.
bool hasOtherAdmin(store::Reader& reader, UserId user);

UserId insertUser(store::Transaction& transaction, const NewUser& wanted, std::string_view passwordHash, Time now);
/// Writes role, disabled and quota as `wanted` has them; what it has not stays.
void changeUser(store::Transaction& transaction, UserId user, const ChangeUser& wanted);
void setPassword(store::Transaction& transaction, UserId user, std::string_view passwordHash);
/// Frees the name of a live user and leaves the row until the videos and comments are purged; whether the user was
/// live.
bool markUserDeleted(store::Transaction& transaction, UserId user, Time now);
/// Removes the row of a deleted user; whether it was one.
bool deleteUser(store::Transaction& transaction, UserId user);

/// Says that a role, a password or `disabled` changes in this transaction, or that a user, session or token goes: every
/// process reads rights anew at its next request. The rows of sessions and tokens say so themselves.
void rightsChanged(store::Transaction& transaction);
/// Calls rightsChanged if `count`, the number of sessions or tokens that went, is not 0. Returns `count`.
std::int64_t countRevoked(store::Transaction& transaction, std::int64_t count);

/// How many sessions, and how many tokens, a user has at most: few enough to revoke all in one step.
inline constexpr std::int64_t mostCredentials = 500;

/// A table of credentials: sessions or tokens.
struct CredentialTable {
  std::string_view name;
  std::string_view hash;     ///< column of the primary key
  std::string_view expires;  ///< column of the expiry, null = never
  std::string_view columns;  ///< what a list reads after public_id, login_name and create_time
};

/// Credentials that have not expired, of one user or of all, by (created, id); one more than the limit where there are
/// more.
store::Query listCredentials(store::Reader& reader, const CredentialTable& table, std::optional<UserId> user,
                             const ListQuery& wanted, Time now);
/// Removes credentials of one user or of all, oldest first, at most `limit`; returns how many.
std::int64_t removeCredentials(store::Transaction& transaction, const CredentialTable& table,
                               std::optional<UserId> user, std::int64_t limit);

}  // namespace video::rows

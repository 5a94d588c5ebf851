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

Error noSuchUser(std::string_view name);

/// The live user of this name, case aside; `quota` is the default in force.
std::optional<User> findUser(store::Reader& reader, std::string_view name, std::int64_t quota);
std::optional<UserId> findUserId(store::Reader& reader, std::string_view name);
std::optional<UserSecret> findUserSecret(store::Reader& reader, std::string_view name);
UserSpace spaceOf(store::Reader& reader, UserId user);
/// Live users by (created, id), after the cursor; one more than the limit where there are more.
std::vector<User> listUsers(store::Reader& reader, const ListQuery& wanted, std::int64_t quota);
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

}  // namespace video::rows

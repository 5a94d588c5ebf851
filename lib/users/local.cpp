#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "comments/rows.hpp"
#include "deletions/rows.hpp"
#include "observe/log.hpp"
#include "sessions/rows.hpp"
#include "store/directory.hpp"
#include "tokens/rows.hpp"
#include "users/make.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class LocalUsers : public Users {
 public:
  LocalUsers(store::Database& database, access::Access& access, const UsersOptions& options)
      : database_(database), access_(access), options_(options) {}

  SignedIn add(const Credential& by, const NewUser& wanted) override {
    const Identity asking = access_.identify(by);
    requireMayAdd(asking, wanted);
    if (!isUserName(wanted.name))
      throw Error(Fault::malformed,
                  "user_name: must be 1 to 64 of A-Z a-z 0-9 _ . -, starting with a letter, digit or _");
    if (wanted.ownQuota && wanted.ownQuota->value_or(0) < 0)
      throw Error(Fault::malformed, "bytes_quota_own: must not be negative");
    if (wanted.displayName) checkDisplayName(*wanted.displayName);
    const auto requireFree = [&](store::Reader& reader) {
      if (rows::findUserId(reader, wanted.name))
        throw Error(Fault::conflict, fmt::format("user {}: already exists", wanted.name));
    };
    database_.read(requireFree);  // before the cost of a hash
    const std::string hash = access_.hashRegistration(asking, wanted.address, wanted.password);
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      requireMayAdd(who, wanted);
      requireFree(transaction);
      const UserId id = rows::insertUser(transaction, wanted, hash, access_.now());
      SignedIn reply;
      reply.userName = wanted.name;
      if (who.kind == Identity::Kind::anonymous) {
        const access::NewSecret secret = access::makeSessionSecret();
        rows::addSession(transaction, secret.hash, id, wanted.name, access_.now(), access_.options().newSessionTtl());
        reply.sessionId = secret.text;
      }
      return reply;
    });
  }

  Page<User> list(const Credential& by, const ListQuery& wanted) override {
    access::require(access_.identify(by), rights::usersList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) { return rows::listUsers(reader, wanted, options_.quota); });
  }

  User show(const Credential& by, const UserName& wanted) override {
    const Identity who = access_.identify(by);
    auto user =
        database_.read([&](store::Reader& reader) { return rows::findUser(reader, wanted.name, options_.quota); });
    access::requireOn(who, rights::usersShow, user ? std::optional(user->id) : std::nullopt, noSuchUser(wanted.name));
    return *std::move(user);
  }

  ChangedUser change(const Credential& by, const ChangeUser& wanted) override {
    if (wanted.ownQuota && wanted.ownQuota->value_or(0) < 0)
      throw Error(Fault::malformed, "bytes_quota_own: must not be negative");
    if (wanted.revokeTokens.value_or(false) && !wanted.password)
      throw Error(Fault::malformed, "revoke_tokens: needs a new password");
    if (wanted.displayName && *wanted.displayName) checkDisplayName(**wanted.displayName);
    const Identity who = access_.identify(by);
    const auto find = [&](store::Reader& reader) {
      auto user = rows::findUserSecret(reader, wanted.name);
      requireMayChange(who, wanted, user ? std::optional(user->id) : std::nullopt);
      return *std::move(user);
    };
    const rows::UserSecret user = database_.read(find);
    const bool needsOld = wanted.password && !access::may(who, rights::usersChangeAny);
    if (needsOld && !wanted.oldPassword) throw Error(Fault::malformed, "old_pwd: is missing");
    if (needsOld && !access_.verifyPassword(wanted.name, wanted.address, user.passwordHash, *wanted.oldPassword).right)
      throw Error(Fault::forbidden, "old_pwd: is wrong");
    const std::string hash =
        wanted.password ? access_.hashPassword(who, wanted.address, *wanted.password) : std::string();
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity now = access_.identify(transaction, by);
      const auto before = rows::findUser(transaction, wanted.name, options_.quota);
      requireMayChange(now, wanted, before ? std::optional(before->id) : std::nullopt);
      if (needsOld && rows::findUserSecret(transaction, wanted.name)->passwordHash != user.passwordHash)
        throw Error(Fault::conflict, fmt::format("user {}: password changed by another request", wanted.name));
      if ((wanted.role && wanted.role != Role::admin) || wanted.disabled == true)
        requireOtherAdmin(transaction, now, *before);
      rows::changeUser(transaction, before->id, wanted);
      if (wanted.password) rows::setPassword(transaction, before->id, hash);
      if (wanted.password && wanted.revokeTokens.value_or(false))
        rows::removeOtherTokensOf(transaction, before->id, access::hashOf(now));
      else if (wanted.password)
        rows::removeOtherLoginsOf(transaction, before->id, access::hashOf(now));
      if (wanted.disabled == true)
        rows::removeCredentialsOf(transaction, before->id);
      else if (wanted.password)
        rows::removeOtherSessionsOf(transaction, before->id, access::hashOf(now));
      else if (wanted.role || wanted.disabled)
        rows::rightsChanged(transaction);
      ChangedUser changed{*rows::findUser(transaction, wanted.name, options_.quota), {}};
      if (wanted.password) changed.tokens = rows::keptTokens(transaction, before->id, access_.now());
      return changed;
    });
  }

  void remove(const Credential& by, const RemoveUser& wanted) override {
    access_.identify(by);
    // In steps, so that the writer is never held for long. The account is removed only after all videos have moved.
    const auto transfer = [&](store::Transaction& transaction) { return transferSome(transaction, by, wanted); };
    while (wanted.transferVideosTo && database_.write(store::Purpose::keep, transfer) == mostTransferred) {
    }
    const User removed = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const User user = findRemovable(transaction, access_.identify(transaction, by), wanted.name);
      if (wanted.transferVideosTo && rows::hasListedVideos(transaction, user.id))
        throw Error(Fault::conflict, fmt::format("user {}: has a new video; try again", wanted.name));
      endAccount(transaction, user);
      return user;
    });
    try {
      database_.directory().deletedUsers().add(removed.id, removed.created);
    } catch (const Error& error) {
      // The task user-clear adds the user before it removes the row.
      observe::warning("a deleted user could not be listed", {{"user", removed.id.value}, {"error", error.what()}});
    }
  }

  User rehearseRemove(const Credential& by, const RemoveUser& wanted) override {
    return database_.rehearse(store::Purpose::keep, [&](store::Transaction& transaction) {
      User user = findRemovable(transaction, access_.identify(transaction, by), wanted.name);
      if (wanted.transferVideosTo) transferSome(transaction, by, wanted);
      endAccount(transaction, user);
      return user;
    });
  }

  void mute(const Credential& by, const MuteUser& wanted) override {
    const auto until = access_.endOf(wanted.until, wanted.forMs, "until", "for_ms");
    if (!until) throw Error(Fault::malformed, "until: is missing; give until or for_ms");
    setMuted(by, wanted.name, until, rights::usersMute, rights::usersMuteStaff);
  }

  void unmute(const Credential& by, const UserName& wanted) override {
    setMuted(by, wanted.name, {}, rights::usersUnmute, rights::usersUnmuteStaff);
  }

 private:
  static constexpr std::int64_t mostTransferred = 500;

  static void checkDisplayName(std::string_view name) { checkPersonName("display_name", name, 1, 64); }

  void setMuted(const Credential& by, std::string_view name, std::optional<Time> until, const access::Right& right,
                const access::Right& staffRight) {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      access::require(who, right);
      const auto user = rows::findUser(transaction, name, options_.quota);
      if (!user) throw noSuchUser(name);
      if (user->role != Role::user) access::require(who, staffRight);
      rows::setMuted(transaction, user->id, until);
    });
  }

  void requireMayAdd(const Identity& who, const NewUser& wanted) const {
    const bool plain = access_.options().openRegistration && !wanted.role && !wanted.ownQuota;
    access::require(who, plain ? rights::usersAdd : rights::usersAddAny);
  }

  User findRemovable(store::Reader& reader, const Identity& who, std::string_view name) const {
    auto user = rows::findUser(reader, name, options_.quota);
    access::requireOn(who, rights::usersRemove, user ? std::optional(user->id) : std::nullopt, noSuchUser(name));
    requireOtherAdmin(reader, who, *user);
    return *std::move(user);
  }

  void endAccount(store::Transaction& transaction, const User& user) {
    if (!rows::deleteAccount(transaction, user.id, access_.now())) throw noSuchUser(user.name);
  }

  static void requireMayChange(const Identity& who, const ChangeUser& wanted, std::optional<UserId> user) {
    const bool any = wanted.role || wanted.ownQuota || wanted.disabled;
    access::requireOn(who, any ? rights::usersChangeAny : rights::usersChange, user, noSuchUser(wanted.name));
  }

  // Throws conflict if this is the last enabled admin, except for the operator.
  static void requireOtherAdmin(store::Reader& reader, const Identity& who, const User& user) {
    const bool counts =
        user.role == Role::admin && !user.disabled && (who.kind != Identity::Kind::operator_ || who.isUser());
    if (counts && !rows::hasOtherAdmin(reader, user.id))
      throw Error(Fault::conflict, fmt::format("user {}: is the last enabled admin", user.name));
  }

  // Transfers at most `mostTransferred` imported comments, or else videos, to another user. Returns how many. For
  // admins and the operator only: a transfer uses the other user's quota and publishes under that user's name.
  std::int64_t transferSome(store::Transaction& transaction, const Credential& by, const RemoveUser& wanted) {
    const Identity who = access_.identify(transaction, by);
    const UserId owner = findRemovable(transaction, who, wanted.name).id;
    access::require(who, rights::usersTransfer);
    const std::string& to = wanted.transferVideosTo.value();
    const auto taker = rows::findUserId(transaction, to);
    if (!taker) throw noSuchUser(to);
    if (*taker == owner) throw Error(Fault::malformed, "transfer_videos_to: must be another user");
    const std::int64_t comments = rows::transferImported(transaction, owner, *taker, mostTransferred);
    if (comments == mostTransferred) return comments;
    return rows::transferVideos(transaction, owner, *taker, mostTransferred);
  }

  store::Database& database_;
  access::Access& access_;
  UsersOptions options_;
};

}  // namespace

std::unique_ptr<Users> makeLocalUsers(store::Database& database, access::Access& access, const UsersOptions& options) {
  return std::make_unique<LocalUsers>(database, access, options);
}

}  // namespace video

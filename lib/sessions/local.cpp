#include <fmt/format.h>

#include <optional>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "sessions/fields.hpp"
#include "sessions/make.hpp"
#include "sessions/rows.hpp"
#include "tokens/rows.hpp"
#include "users/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class LocalSessions : public Sessions {
 public:
  LocalSessions(store::Database& database, access::Access& access) : database_(database), access_(access) {}

  SignedIn login(const Credential&, const Login& wanted) override {
    if (wanted.again && !equalWithoutCase(*wanted.again, wanted.name))
      throw Error(Fault::malformed, "user_name: differs from the name in the path");
    // A concurrent sign-in may replace the hash with a stronger one, so read it again.
    for (int left = 2;; --left)
      if (auto reply = tryLogin(wanted, left > 0)) return *std::move(reply);
  }

  void logout(const Credential& by, const Nothing&) override {
    access::require(access_.identify(by), rights::sessionsLogout);
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      if (who.kind == Identity::Kind::session) rows::removeSession(transaction, access::hashOf(who));
      if (who.kind == Identity::Kind::token) rows::removeToken(transaction, access::hashOf(who));
    });
  }

  Page<Session> list(const Credential& by, const OfUserQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::sessionsList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto user = access_.whose(reader, who, wanted.name, rights::sessionsListOf, rights::sessionsListAll);
      return rows::listSessions(reader, user, wanted, access_.now(), access_.options().sessionMax, access::hashOf(who));
    });
  }

  void revoke(const Credential& by, const SessionRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const auto owner = rows::findSessionOwner(transaction, wanted.id);
      access::requireOn(who, rights::sessionsRevoke, owner,
                        Error(Fault::notFound, fmt::format("session {}: not found", wanted.id.text)));
      rows::removeSession(transaction, wanted.id);
    });
  }

  void revokeAll(const Credential& by, const OfUser& wanted) override {
    // With them go the tokens that stand for sessions of videoctl.
    const auto some = [](store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
      const std::int64_t sessions = rows::removeSessions(transaction, user, limit);
      return sessions > 0 ? sessions : rows::removeLogins(transaction, user, limit);
    };
    access_.revokeAll(by, wanted.name, rights::sessionsRevokeOwn, rights::sessionsRevoke, rights::sessionsRevokeAll,
                      some);
  }

  WhoAmI whoami(const Credential& by, const Nothing&) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::sessionsWhoami);
    WhoAmI reply;
    if (who.isUser()) {
      reply.userName = who.userName;
      reply.role.emplace(who.role);
    }
    reply.expires = who.expires;
    reply.latest = who.latest;
    reply.needsOldPassword = !access::may(who, rights::usersChangeAny);
    if (who.kind == Identity::Kind::operator_) reply.kind = IdentityKind::operator_;
    if (who.kind == Identity::Kind::token) {
      reply.kind = IdentityKind::token;
      reply.scope = nameOf(who.scope);
    }
    return reply;
  }

 private:
  // Returns nothing if the hash changed while the password was checked and `again` is set.
  std::optional<SignedIn> tryLogin(const Login& wanted, bool again) {
    const auto find = [&](store::Reader& reader) { return rows::findUserSecret(reader, wanted.name); };
    const auto user = database_.read(find);
    // Without a hash it takes as long, so that timing does not reveal which names exist.
    const auto verified = access_.verifyPassword(wanted.name, wanted.address,
                                                 user && !user->disabled ? user->passwordHash : "", wanted.password);
    if (!verified.right) throw refused();
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) -> std::optional<SignedIn> {
      const auto still = find(transaction);
      const bool other = still && still->passwordHash != user->passwordHash;
      if (other && again) return std::nullopt;
      if (!still || still->disabled || other) throw refused();
      if (!verified.newHash.empty()) rows::setPassword(transaction, still->id, verified.newHash);
      SignedIn reply;
      const access::NewSecret secret = access::makeSessionSecret();
      rows::addSession(transaction, secret.hash, still->id, still->name, access_.now(),
                       access_.options().newSessionTtl());
      reply.sessionId = secret.text;
      reply.userName = still->name;
      return reply;
    });
  }

  static Error refused() {
    return Error(Fault::unauthenticated, "wrong user name or password").because(Reason::wrongPassword);
  }

  store::Database& database_;
  access::Access& access_;
};

}  // namespace

std::unique_ptr<Sessions> makeLocalSessions(store::Database& database, access::Access& access) {
  return std::make_unique<LocalSessions>(database, access);
}

}  // namespace video

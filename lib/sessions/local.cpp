#include <fmt/format.h>

#include "access/access.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "sessions/fields.hpp"
#include "sessions/sessions.hpp"
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
      throw Error(Fault::malformed, "user_name: differs from the one in the path");
    const auto find = [&](store::Reader& reader) { return rows::findUserSecret(reader, wanted.name); };
    const auto user = database_.read(find);
    const bool right = access_.verifyPassword(user ? user->passwordHash : std::string(), wanted.password);
    if (!right || user->disabled) throw refused();
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const auto still = find(transaction);
      if (!still || still->disabled || still->passwordHash != user->passwordHash) throw refused();
      SignedIn reply;
      reply.sessionId = access_.startSession(transaction, still->id, still->name).secret;
      reply.userName = still->name;
      return reply;
    });
  }

  void logout(const Credential& by, const Nothing&) override {
    access::require(access_.identify(by), rights::sessionsLogout);
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      access_.end(transaction, access_.identify(transaction, by));
    });
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
    if (who.kind == Identity::Kind::operator_) reply.kind = IdentityKind::operator_;
    if (who.kind == Identity::Kind::token) {
      reply.kind = IdentityKind::token;
      reply.scope = nameOf(who.scope);
    }
    return reply;
  }

 private:
  static Error refused() { return Error(Fault::unauthenticated, "wrong user name or password"); }

  store::Database& database_;
  access::Access& access_;
};

}  // namespace

std::unique_ptr<Sessions> makeLocalSessions(store::Database& database, access::Access& access) {
  return std::make_unique<LocalSessions>(database, access);
}

}  // namespace video

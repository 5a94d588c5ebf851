#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "tokens/make.hpp"
#include "tokens/rows.hpp"
#include "users/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;

class LocalTokens : public Tokens {
 public:
  LocalTokens(store::Database& database, access::Access& access) : database_(database), access_(access) {}

  CreatedToken create(const Credential& by, const NewToken& wanted) override {
    checkText("label", wanted.label, 1, 100);
    NewToken token = wanted;
    if (const auto end = access_.endOf(wanted.expires, wanted.expiresIn)) token.expires = *end;
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      const auto user = rows::findUser(transaction, wanted.user, 0);
      access::requireOn(who, rights::tokensCreate, user ? std::optional(user->id) : std::nullopt,
                        noSuchUser(wanted.user));
      if (wanted.scope == Scope::admin || wanted.scope == Scope::metrics) {
        access::require(who, rights::tokensCreateAdmin);
        if (user->role != Role::admin)
          throw Error(Fault::forbidden, fmt::format("user {}: is not an admin", wanted.user));
      }
      const bool byToken = who.kind == access::Identity::Kind::token;
      const std::string maker = byToken ? rows::makerOf(transaction, access::hashOf(who)) : "";
      if (!maker.empty() && who.expires && (!token.expires || *token.expires > *who.expires))
        token.expires = *who.expires;
      const access::NewSecret secret = access::makeTokenSecret();
      const TokenId id = rows::addToken(transaction, secret.hash, user->id, token, access_.now(), maker);
      return CreatedToken{id, token.label, token.scope, token.expires, secret.text};
    });
  }

  Page<Token> list(const Credential& by, const OfUserQuery& wanted) override {
    const access::Identity who = access_.identify(by);
    access::require(who, rights::tokensList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto user = access_.whose(reader, who, wanted.name, rights::tokensListOf, rights::tokensListAll);
      return rows::listTokens(reader, user, wanted, access_.now());
    });
  }

  void revokeAll(const Credential& by, const RevokeTokens& wanted) override {
    if (wanted.label) checkText("label", *wanted.label, 1, 100);
    const auto some = [&](store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
      return wanted.label ? rows::removeTokensLabelled(transaction, user, *wanted.label, limit)
                          : rows::removeTokens(transaction, user, limit);
    };
    access_.revokeAll(by, wanted.name, rights::tokensRevokeOwn, rights::tokensRevoke, rights::tokensRevokeAll, some);
  }

  void revoke(const Credential& by, const TokenRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      access::requireOn(who, rights::tokensRevoke, rows::findTokenOwner(transaction, wanted.id),
                        Error(Fault::notFound, fmt::format("token {}: not found", wanted.id.text)));
      rows::removeToken(transaction, wanted.id);
    });
  }

 private:
  store::Database& database_;
  access::Access& access_;
};

}  // namespace

std::unique_ptr<Tokens> makeLocalTokens(store::Database& database, access::Access& access) {
  return std::make_unique<LocalTokens>(database, access);
}

}  // namespace video

#include <fmt/format.h>

#include "access/access.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "tokens/tokens.hpp"
#include "users/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;

class LocalTokens : public Tokens {
 public:
  LocalTokens(store::Database& database, access::Access& access) : database_(database), access_(access) {}

  CreatedToken create(const Credential& by, const NewToken& wanted) override {
    checkText("label", wanted.label, 1, 100);
    if (wanted.expires && *wanted.expires <= access_.now()) throw Error(Fault::malformed, "expires: is past");
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      const auto user = rows::findUser(transaction, wanted.user, 0);
      access::requireOn(who, rights::tokensCreate, user ? std::optional(user->id) : std::nullopt,
                        rows::noSuchUser(wanted.user));
      if (wanted.scope == Scope::admin || wanted.scope == Scope::metrics) {
        access::require(who, rights::tokensCreateAdmin);
        if (user->role != Role::admin) throw Error(Fault::forbidden, fmt::format("user {}: is no admin", wanted.user));
      }
      return access_.createToken(transaction, user->id, wanted.label, wanted.scope, wanted.expires);
    });
  }

  void revoke(const Credential& by, const TokenRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      access::require(who, rights::tokensRevoke, access_.tokenOwner(transaction, wanted.id));
      access_.endToken(transaction, wanted.id);
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

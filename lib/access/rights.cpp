#include "access/rights.hpp"

#include <fmt/format.h>

#include "access/access.hpp"

namespace video::access {
namespace {

bool covers(Scope scope, Need need) noexcept {
  switch (scope) {
    case Scope::read: return need == Need::read;
    case Scope::upload: return need == Need::read || need == Need::upload;
    case Scope::full: return need != Need::administer && need != Need::watch;
    case Scope::admin: return true;
    case Scope::metrics: return need == Need::watch;
  }
  return false;
}

}  // namespace

bool may(const Identity& who, const Right& right, std::optional<UserId> thing) noexcept {
  const auto open = [&](Who to) { return (right.who & to) != 0; };
  switch (who.kind) {
    case Identity::Kind::operator_:
      if (!who.isUser()) return true;
      break;  // acts as that user
    case Identity::Kind::anonymous: return open(anyone);
    // Without the link they could read it too.
    case Identity::Kind::link: return open(link) || (open(anyone) && right.need == Need::read);
    case Identity::Kind::session:
    case Identity::Kind::token: break;
  }
  const bool isToken = who.kind == Identity::Kind::token;
  if (isToken && !covers(who.scope, right.need)) return false;
  if (open(anyone) || open(signedIn)) return true;
  if (open(owner) && thing && *thing == who.user) return true;
  // Tokens of lesser scope do not give the rights of a role.
  if (open(moderator) && who.role == Role::moderator &&
      (!isToken || who.scope == Scope::full || who.scope == Scope::admin))
    return true;
  return open(admin) && who.role == Role::admin &&
         (!isToken || who.scope == Scope::admin || who.scope == Scope::metrics);
}

void require(const Identity& who, const Right& right, std::optional<UserId> thing) {
  if (may(who, right, thing)) return;
  if (who.kind == Identity::Kind::anonymous)
    throw Error(Fault::unauthenticated, fmt::format("{}: sign in first", right.operation));
  throw Error(Fault::forbidden, fmt::format("{}: not allowed", right.operation)).because(Reason::notAllowed);
}

void requireIfOwn(const Identity& who, const Right& right, UserId owner) {
  if (who.isUser() && who.user == owner) require(who, right);
}

void requireOn(const Identity& who, const Right& right, std::optional<UserId> thing, const Error& absent) {
  if (thing || who.kind == Identity::Kind::anonymous) require(who, right, thing);
  if (!thing) throw Error(absent);
}

}  // namespace video::access

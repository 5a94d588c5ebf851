// Tokens that stand for sessions of videoctl, tokens by label, and times that count from the server's clock.
#include <algorithm>
#include <cstdint>

#include "catch.hpp"
#include "contract/site.hpp"
#include "sessions/fields.hpp"
#include "shares/fields.hpp"
#include "tokens/fields.hpp"
#include "users/fields.hpp"

using namespace video;
using namespace video::test;

namespace {

constexpr std::int64_t hour = 60 * 60 * 1000;

// A token of a user, by the operator.
Credential tokenOf(Site& site, const std::string& user, bool login, const std::string& label = "x") {
  NewToken wanted;
  wanted.user = user;
  wanted.label = label;
  wanted.scope = Scope::full;
  if (login) wanted.login = true;
  return Secret{site.at(Operator{}).tokens().create(Operator{}, wanted).token, false};
}

bool isValid(Site& site, const Credential& by) {
  try {
    site.at(by).sessions().whoami(by, {});
    return true;
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::unauthenticated);
    return false;
  }
}

std::vector<std::string> labelsOf(Site& site, const std::string& user) {
  OfUserQuery query;
  query.name = user;
  std::vector<std::string> labels;
  for (const Token& token : site.at(Operator{}).tokens().list(Operator{}, query).items) labels.push_back(token.label);
  std::sort(labels.begin(), labels.end());
  return labels;
}

// Whether a time is an hour from now, give or take what a slow machine needs.
bool isInAnHour(Time time) {
  const auto left = time - systemClock().now();
  return left > std::chrono::minutes{30} && left <= std::chrono::hours{1};
}

}  // namespace

TEST_CASE("a new password ends the tokens of logins, except the caller's own, and no others") {
  Site site(GENERATE(eachWay()));
  site.user("ada");
  site.user("bob");
  const Credential cron = tokenOf(site, "ada", false);
  const Credential here = tokenOf(site, "ada", true);
  const Credential elsewhere = tokenOf(site, "ada", true);
  const Credential ofBob = tokenOf(site, "bob", true);
  ChangeUser change;
  change.name = "ada";
  change.password = "a new password";
  change.oldPassword = "password-of-ada";
  const ChangedUser changed = site.at(here).users().change(here, change);
  CHECK(changed.tokens.value().size() == 2);
  CHECK(isValid(site, cron));
  CHECK(isValid(site, here));
  CHECK_FALSE(isValid(site, elsewhere));
  CHECK(isValid(site, ofBob));
  CHECK(site.at(Operator{}).users().change(Operator{}, change).tokens.value().size() == 1);
  CHECK(isValid(site, cron));
  CHECK_FALSE(isValid(site, here));
}

TEST_CASE("revoking a user's sessions ends the tokens of logins, too, also all of them at once") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const Credential cron = tokenOf(site, "ada", false);
  const Credential login = tokenOf(site, "ada", true);
  const Credential ofBob = tokenOf(site, "bob", true);
  site.at(root).sessions().revokeAll(root, {"ada"});
  CHECK_FALSE(isValid(site, ada));
  CHECK_FALSE(isValid(site, login));
  CHECK(isValid(site, cron));
  CHECK(isValid(site, ofBob));
  const Credential again = tokenOf(site, "ada", true);
  site.at(Operator{}).sessions().revokeAll(Operator{}, {});
  CHECK_FALSE(isValid(site, again));
  CHECK_FALSE(isValid(site, ofBob));
  CHECK_FALSE(isValid(site, root));
  CHECK(isValid(site, cron));
  // A user without a session may have logins.
  const Credential alone = tokenOf(site, "ada", true);
  site.at(cron).sessions().revokeAll(cron, {"ada"});
  CHECK_FALSE(isValid(site, alone));
}

TEST_CASE("a token that was made with a login outlives it, as one that was made with a session does") {
  Site site(GENERATE(Way::local, Way::remote));
  site.user("ada");
  site.user("bob");
  site.user("root", Role::admin);
  const auto madeWith = [&](const Credential& by, const std::string& user, bool login = false) {
    NewToken wanted;
    wanted.user = wanted.label = user;
    wanted.scope = Scope::full;
    if (login) wanted.login = true;
    return Credential(Secret{site.at(by).tokens().create(by, wanted).token, false});
  };
  // A login that is replaced by the next one.
  const Credential first = tokenOf(site, "ada", true);
  const Credential nightly = madeWith(first, "ada");
  site.at(first).sessions().logout(first, {});
  CHECK_FALSE(isValid(site, first));
  CHECK(isValid(site, nightly));
  // An admin's login, with which a token of somebody else was made.
  NewToken admin;
  admin.user = "root";
  admin.label = "login";
  admin.scope = Scope::admin;
  admin.login = true;
  const Credential root = Secret{site.at(Operator{}).tokens().create(Operator{}, admin).token, false};
  const Credential ofBob = madeWith(root, "bob");
  site.at(Operator{}).sessions().revokeAll(Operator{}, {"root"});
  CHECK_FALSE(isValid(site, root));
  CHECK(isValid(site, ofBob));
  // A token that changes its user's password keeps itself.
  const Credential second = tokenOf(site, "ada", true);
  const Credential changing = madeWith(second, "ada");
  ChangeUser change;
  change.name = "ada";
  change.password = "a new password";
  change.oldPassword = "password-of-ada";
  site.at(changing).users().change(changing, change);
  CHECK_FALSE(isValid(site, second));
  CHECK(isValid(site, changing));
  // A login that was made with a token is no way to outlive that one.
  const Credential limited = tokenOf(site, "ada", false);
  const Credential login = madeWith(limited, "ada", true);
  const Credential child = madeWith(login, "ada");
  site.at(limited).sessions().logout(limited, {});
  CHECK_FALSE(isValid(site, login));
  CHECK_FALSE(isValid(site, child));
}

TEST_CASE("a list of tokens says which are of logins, and those with a label can be revoked") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  for (const char* const user : {"ada", "bob"})
    for (const char* const label : {"nightly", "nightly", "other"}) tokenOf(site, user, false, label);
  tokenOf(site, "ada", true, "login");
  std::size_t logins = 0;
  for (const Token& token : site.at(ada).tokens().list(ada, {}).items) {
    CHECK(token.login.value_or(false) == (token.label == "login"));
    logins += token.login ? 1 : 0;
  }
  CHECK(logins == 1);
  RevokeTokens nightly;
  nightly.label = "nightly";
  site.at(ada).tokens().revokeAll(ada, nightly);
  CHECK(labelsOf(site, "ada") == std::vector<std::string>{"login", "other"});
  CHECK(labelsOf(site, "bob") == std::vector<std::string>{"nightly", "nightly", "other"});
  nightly.name = "bob";
  requireFault([&] { site.at(ada).tokens().revokeAll(ada, nightly); }, Fault::forbidden);
  site.at(bob).tokens().revokeAll(bob, nightly);
  CHECK(labelsOf(site, "bob") == std::vector<std::string>{"other"});
  nightly.label = "";
  requireFault([&] { site.at(bob).tokens().revokeAll(bob, nightly); }, Fault::malformed, "label");
  CHECK(labelsOf(site, "bob") == std::vector<std::string>{"other"});
  RevokeTokens other;
  other.label = "other";
  site.at(Operator{}).tokens().revokeAll(Operator{}, other);
  CHECK(labelsOf(site, "ada") == std::vector<std::string>{"login"});
  CHECK(labelsOf(site, "bob").empty());
}

TEST_CASE("what lasts for some time counts from the server's clock, whatever the caller's says") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x");
  const Time longAgo{std::chrono::seconds{1}};  // a clock that is far behind

  NewToken token;
  token.user = token.label = "ada";
  token.expires = longAgo;
  requireFault([&] { site.at(ada).tokens().create(ada, token); }, Fault::malformed, "expires");
  token.expiresIn = hour;
  CHECK(isInAnHour(*site.at(ada).tokens().create(ada, token).expires));
  for (const std::int64_t wrong : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX}) {
    token.expiresIn = wrong;
    requireFault([&] { site.at(ada).tokens().create(ada, token); }, Fault::malformed, "expires_in_ms");
  }
  token.expiresIn.reset();
  token.expires = systemClock().now() + std::chrono::hours{24 * 366 * 100};
  requireFault([&] { site.at(ada).tokens().create(ada, token); }, Fault::malformed, "expires: must");

  NewShare share;
  share.video = video;
  requireFault([&] { site.at(ada).shares().create(ada, share); }, Fault::malformed, "expires");
  share.expires = longAgo;
  share.expiresIn = hour;
  CHECK(isInAnHour(site.at(ada).shares().create(ada, share).expires));

  MuteUser mute;
  mute.name = "ada";
  requireFault([&] { site.at(root).users().mute(root, mute); }, Fault::malformed, "until");
  mute.until = longAgo;
  mute.forMs = 0;
  requireFault([&] { site.at(root).users().mute(root, mute); }, Fault::malformed, "for_ms");
  mute.forMs = hour;
  site.at(root).users().mute(root, mute);
  CHECK(isInAnHour(site.at(ada).users().show(ada, {"ada"}).mutedUntil.value()));
}

// Changing accounts, listing and revoking sessions and tokens, throttling, local and remote.

#include <atomic>
#include <thread>

#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "sessions/fields.hpp"
#include "tokens/fields.hpp"
#include "users/fields.hpp"

using namespace video;
using namespace video::test;

namespace {

ChangeUser changeOf(const std::string& name) {
  ChangeUser change;
  change.name = name;
  return change;
}

ChangeUser passwordOf(const std::string& name, const std::string& password, std::optional<std::string> old = {}) {
  ChangeUser change = changeOf(name);
  change.password = password;
  change.oldPassword = std::move(old);
  return change;
}

Credential signIn(Site& site, const std::string& name, const std::string& password) {
  return Secret{site.at(Anonymous{}).sessions().login(Anonymous{}, {name, {}, password, {}}).sessionId.value(), false};
}

bool isSignedIn(Site& site, const Credential& by) {
  try {
    site.at(by).sessions().whoami(by, {});
    return true;
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::unauthenticated);
    return false;
  }
}

}  // namespace

TEST_CASE("changing a password requires the old one and ends the other sessions") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const Credential elsewhere = signIn(site, "ada", "password-of-ada");
  Users& users = site.at(ada).users();

  requireFault([&] { users.change(ada, passwordOf("ada", "a new password")); }, Fault::malformed, "old_pwd");
  requireFault([&] { users.change(ada, passwordOf("ada", "a new password", "wrong")); }, Fault::forbidden, "old_pwd");
  requireFault([&] { users.change(ada, passwordOf("ada", "short", "password-of-ada")); }, Fault::malformed, "pwd");
  requireFault([&] { site.at(bob).users().change(bob, passwordOf("ada", "a new password", "password-of-ada")); },
               Fault::forbidden);
  CHECK(isSignedIn(site, elsewhere));

  CHECK(users.change(ada, passwordOf("ada", "a new password", "password-of-ada")).name == "ada");
  CHECK(isSignedIn(site, ada));
  CHECK_FALSE(isSignedIn(site, elsewhere));
  requireFault([&] { signIn(site, "ada", "password-of-ada"); }, Fault::unauthenticated);
  CHECK(isSignedIn(site, signIn(site, "ada", "a new password")));

  site.at(root).users().change(root, passwordOf("ada", "said by an admin"));
  CHECK_FALSE(isSignedIn(site, ada));
  site.at(Operator{}).users().change(Operator{}, passwordOf("ADA", "said by the operator"));
  CHECK(isSignedIn(site, signIn(site, "ada", "said by the operator")));
  requireFault([&] { site.at(root).users().change(root, passwordOf("nobody", "a new password")); }, Fault::notFound);
}

TEST_CASE("only admins change role and quota or disable users, and one enabled admin remains") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const Credential token = Secret{site.at(ada).tokens().create(ada, {"ada", "cron", Scope::full, {}}).token, false};
  ChangeUser quota = changeOf("ada");
  quota.ownQuota = Nullable<std::int64_t>(5000);
  requireFault([&] { site.at(ada).users().change(ada, quota); }, Fault::forbidden);
  CHECK(site.at(root).users().change(root, quota).bytesQuota == 5000);
  quota.ownQuota.emplace();
  CHECK_FALSE(site.at(root).users().change(root, quota).ownQuota.has_value());

  ChangeUser off = changeOf("ada");
  off.disabled = true;
  CHECK(site.at(root).users().change(root, off).disabled);
  CHECK_FALSE(isSignedIn(site, ada));
  CHECK_FALSE(isSignedIn(site, token));
  requireFault([&] { signIn(site, "ada", "password-of-ada"); }, Fault::unauthenticated, "wrong user name or password");
  off.disabled = false;
  CHECK_FALSE(site.at(root).users().change(root, off).disabled);
  CHECK_FALSE(isSignedIn(site, ada));
  CHECK(isSignedIn(site, signIn(site, "ada", "password-of-ada")));

  ChangeUser down = changeOf("root");
  down.role = Role::user;
  requireFault([&] { site.at(root).users().change(root, down); }, Fault::conflict, "last enabled admin");
  ChangeUser out = changeOf("root");
  out.disabled = true;
  requireFault([&] { site.at(root).users().change(root, out); }, Fault::conflict, "last enabled admin");
  requireFault([&] { site.at(Operator{"root"}).users().change(Operator{"root"}, down); }, Fault::conflict);
  ChangeUser up = changeOf("ada");
  up.role = Role::admin;
  CHECK(site.at(root).users().change(root, up).role == Role::admin);
  CHECK(site.at(root).users().change(root, down).role == Role::user);
  requireFault([&] { site.at(root).users().list(root, {}); }, Fault::forbidden);
  down.name = "ada";
  CHECK(site.at(Operator{}).users().change(Operator{}, down).role == Role::user);
}

TEST_CASE("sessions can be listed, and revoked by id, by user or all at once") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const Credential second = signIn(site, "ada", "password-of-ada");
  Sessions& sessions = site.at(ada).sessions();

  const Page<Session> own = sessions.list(ada, {});
  REQUIRE(own.items.size() == 2);
  CHECK(own.items[0].userName == "ada");
  CHECK(own.items[0].id.text.size() == 12);
  CHECK(own.items[0].current != own.items[1].current);
  CHECK(site.at(root).sessions().list(root, {}).items.size() == 4);
  OfUserQuery ofAda;
  ofAda.name = "ada";
  CHECK(site.at(root).sessions().list(root, ofAda).items.size() == 2);
  CHECK(site.at(Operator{}).sessions().list(Operator{}, ofAda).items.size() == 2);
  requireFault([&] { site.at(bob).sessions().list(bob, ofAda); }, Fault::forbidden);
  ofAda.limit = 1;
  const Page<Session> first = sessions.list(ada, ofAda);
  ofAda.cursor = first.nextCursor.value();
  const Page<Session> rest = sessions.list(ada, ofAda);
  CHECK(rest.items.size() == 1);
  CHECK_FALSE(rest.nextCursor.has_value());

  const SessionId other = own.items[own.items[0].current ? 1 : 0].id;
  requireFault([&] { site.at(bob).sessions().revoke(bob, {other}); }, Fault::forbidden);
  requireFault([&] { sessions.revoke(ada, {{"aaaaaaaaaaaa"}}); }, Fault::notFound, "session");
  sessions.revoke(ada, {other});
  CHECK_FALSE(isSignedIn(site, second));
  CHECK(isSignedIn(site, ada));

  requireFault([&] { site.at(bob).sessions().revokeAll(bob, {"ada"}); }, Fault::forbidden);
  site.at(root).sessions().revokeAll(root, {"ada"});
  CHECK_FALSE(isSignedIn(site, ada));
  CHECK(isSignedIn(site, bob));
  site.at(bob).sessions().revokeAll(bob, {});
  CHECK_FALSE(isSignedIn(site, bob));
  CHECK(isSignedIn(site, root));
  const Credential again = signIn(site, "bob", "password-of-bob");
  site.at(root).sessions().revokeAll(root, {});
  CHECK_FALSE(isSignedIn(site, root));
  CHECK_FALSE(isSignedIn(site, again));
}

TEST_CASE("a session that session.max has ended is not listed, and the others end no later than that") {
  constexpr std::chrono::hours longest{1};
  Site site(GENERATE(eachWay()), [&](Settings& settings) { settings.access.sessionMax = longest; });
  const Credential ada = site.user("ada");
  signIn(site, "ada", "password-of-ada");
  Sessions& sessions = site.at(ada).sessions();
  const Page<Session> before = sessions.list(ada, {});
  REQUIRE(before.items.size() == 2);
  const Session other = before.items[before.items[0].current ? 1 : 0];
  Database database(site.data());
  const auto age = [&](int minutes) {
    database.run("UPDATE sessions SET TTL = TTL + 86400000, create_time = create_time - " +
                 std::to_string(minutes * 60'000) + " WHERE public_id = '" + other.id.text + "'");
  };
  age(40);
  const Page<Session> aged = sessions.list(ada, {});
  REQUIRE(aged.items.size() == 2);
  CHECK(aged.items[0].expires == aged.items[0].created + longest);
  age(30);
  REQUIRE(sessions.list(ada, {}).items.size() == 1);
  CHECK(sessions.list(ada, {}).items[0].current);
  CHECK(site.at(Operator{}).sessions().list(Operator{}, {}).items.size() == 1);
  OfUserQuery query;
  query.since = Time{};
  CHECK(sessions.list(ada, query).items.size() == 1);
}

TEST_CASE("tokens are listed with their last use and can be revoked all at once") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const CreatedToken made = site.at(ada).tokens().create(ada, {"ada", "cron", Scope::read, {}});
  site.at(bob).tokens().create(bob, {"bob", "his", Scope::upload, {}});
  const Page<Token> own = site.at(ada).tokens().list(ada, {});
  REQUIRE(own.items.size() == 1);
  CHECK(own.items[0].id == made.id);
  CHECK(own.items[0].userName == "ada");
  CHECK(own.items[0].label == "cron");
  CHECK(own.items[0].scope == Scope::read);
  CHECK_FALSE(own.items[0].lastUsed.has_value());
  CHECK(site.at(root).tokens().list(root, {}).items.size() == 2);
  OfUserQuery ofAda;
  ofAda.name = "ada";
  CHECK(site.at(Operator{}).tokens().list(Operator{}, ofAda).items.size() == 1);
  requireFault([&] { site.at(bob).tokens().list(bob, ofAda); }, Fault::forbidden);

  site.at(ada).tokens().revokeAll(ada, {});
  CHECK_FALSE(isSignedIn(site, Secret{made.token, false}));
  CHECK(site.at(root).tokens().list(root, {}).items.size() == 1);
  site.at(root).tokens().revokeAll(root, {});
  CHECK(site.at(root).tokens().list(root, {}).items.empty());
}

TEST_CASE("a token that was created with a token ends with it, by its date or its revocation") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const auto create = [&](const Credential& by, Nullable<Time> expires) {
    return site.at(by).tokens().create(by, {"ada", "x", Scope::full, expires});
  };
  const auto of = [](const CreatedToken& token) { return Credential(Secret{token.token, false}); };
  const Time soon = std::chrono::ceil<std::chrono::seconds>(systemClock().now()) + std::chrono::hours{1};
  const CreatedToken maker = create(ada, soon);
  CHECK(create(of(maker), {}).expires == soon);
  CHECK(create(of(maker), soon - std::chrono::minutes{1}).expires == soon - std::chrono::minutes{1});
  CHECK(create(of(maker), soon + std::chrono::minutes{1}).expires == soon);

  const CreatedToken endless = create(ada, {});
  const CreatedToken child = create(of(endless), {});
  CHECK_FALSE(child.expires.has_value());
  const CreatedToken grandchild = create(of(child), {});
  const CreatedToken other = create(ada, {});
  CHECK(isSignedIn(site, of(grandchild)));
  site.at(ada).tokens().revoke(ada, {endless.id});
  CHECK_FALSE(isSignedIn(site, of(child)));
  CHECK_FALSE(isSignedIn(site, of(grandchild)));
  CHECK(isSignedIn(site, of(other)));
  CHECK(site.at(ada).tokens().list(ada, {}).items.size() == 5);
}

TEST_CASE("a new password names the tokens that stay, or ends them") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const CreatedToken one = site.at(ada).tokens().create(ada, {"ada", "cron", Scope::read, {}});
  const Credential own = Secret{site.at(ada).tokens().create(ada, {"ada", "own", Scope::full, {}}).token, false};
  Users& users = site.at(ada).users();
  const ChangedUser kept = users.change(ada, passwordOf("ada", "a new password", "password-of-ada"));
  REQUIRE(kept.tokens.has_value());
  REQUIRE(kept.tokens->size() == 2);
  // Both may be of the same millisecond.
  const KeptToken& cron = kept.tokens->front().id == one.id ? kept.tokens->front() : kept.tokens->back();
  CHECK(cron.id == one.id);
  CHECK(cron.label == "cron");
  CHECK_FALSE(cron.expires.has_value());
  CHECK(isSignedIn(site, Secret{one.token, false}));

  ChangeUser change = passwordOf("ada", "another password", "a new password");
  change.revokeTokens = true;
  CHECK(users.change(own, change).tokens->size() == 1);
  CHECK_FALSE(isSignedIn(site, Secret{one.token, false}));
  CHECK(isSignedIn(site, own));
  CHECK(site.at(Operator{}).users().change(Operator{}, passwordOf("ada", "by the operator")).tokens->size() == 1);
  change.password = "yet another one";
  CHECK(site.at(Operator{}).users().change(Operator{}, change).tokens->empty());
  CHECK_FALSE(isSignedIn(site, own));
  change.password.reset();
  requireFault([&] { site.at(Operator{}).users().change(Operator{}, change); }, Fault::malformed, "revoke_tokens");
  change = changeOf("ada");
  change.disabled = false;
  CHECK_FALSE(site.at(Operator{}).users().change(Operator{}, change).tokens.has_value());
}

TEST_CASE("password guessing is slowed down, but not for the owner's known address") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.loginAttempts = 3; });
  site.user("ada");
  Sessions& sessions = site.at(Anonymous{}).sessions();
  for (int i = 0; i < 3; ++i)
    requireFault([&] { sessions.login(Anonymous{}, {"bob", {}, "wrong", {}}); }, Fault::unauthenticated);
  try {
    sessions.login(Anonymous{}, {"BOB", {}, "wrong", {}});
    FAIL("a fourth try went through");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    CHECK(error.retryAfter().value() == std::chrono::seconds{1});
  }
  // A wrong old password counts as an attempt too; this address, if any, has signed in to ada and counts separately.
  const Credential ada = signIn(site, "ada", "password-of-ada");
  for (int i = 0; i < 3; ++i)
    requireFault([&] { site.at(ada).users().change(ada, passwordOf("ada", "a new password", "wrong")); },
                 Fault::forbidden);
  requireFault([&] { site.at(ada).users().change(ada, passwordOf("ada", "a new password", "password-of-ada")); },
               Fault::tooMany);
}

TEST_CASE("a hash that has become too cheap is replaced at sign-in") {
  Site site(Way::local);
  site.user("ada");
  const auto cost = [&] {
    const std::string hash = *Database(site.data()).run("SELECT pwd FROM users WHERE login_name = 'ada'").begin();
    return hash.substr(hash.find("m="), hash.find(",p=") - hash.find("m="));
  };
  CHECK(cost() == "m=8,t=1");
  Settings dearer = site.settings();
  dearer.access.passwordMemlimit = 64 * 1024;
  const auto other = openLocal(dearer, "the test");
  requireFault([&] { other->sessions().login(Anonymous{}, {"ada", {}, "wrong", {}}); }, Fault::unauthenticated);
  CHECK(cost() == "m=8,t=1");
  const Login login{"ada", {}, "password-of-ada", {}};
  CHECK(other->sessions().login(Anonymous{}, login).sessionId.has_value());
  CHECK(cost() == "m=64,t=1");
  {
    // Concurrent sign-ins, of which the first replaces the hash.
    Settings dearest = dearer;
    dearest.access.passwordOpslimit = 3;
    dearest.access.passwordParallel = 4;
    const auto third = openLocal(dearest, "the test");
    std::atomic<int> good = 0;
    std::vector<std::jthread> all;
    for (int i = 0; i < 6; ++i)
      all.emplace_back([&] {
        try {
          good += third->sessions().login(Anonymous{}, login).sessionId.has_value() ? 1 : 0;
        } catch (const Error&) {
        }
      });
    all.clear();
    CHECK(good == 6);
    CHECK(cost() == "m=64,t=3");
  }
  // A hash that costs more than configured is kept.
  CHECK(site.local().sessions().login(Anonymous{}, login).sessionId.has_value());
  CHECK(cost() == "m=64,t=3");
}

// Users, sessions and tokens, local and remote.
#include "catch.hpp"
#include "contract/site.hpp"
#include "tokens/fields.hpp"
#include "users/fields.hpp"

using namespace video;
using namespace video::test;

namespace {

NewUser newUser(std::string name, std::string password = "long enough") {
  NewUser wanted;
  wanted.name = std::move(name);
  wanted.password = std::move(password);
  return wanted;
}

Login loginOf(std::string name, std::string password) {
  Login login;
  login.name = std::move(name);
  login.password = std::move(password);
  return login;
}

}  // namespace

TEST_CASE("users.add registers a user and refuses an invalid one") {
  Site site(GENERATE(eachWay()));
  const Credential nobody = Anonymous{};
  Users& users = site.at(nobody).users();

  const SignedIn reply = users.add(nobody, newUser("Ada_1.x-y"));
  CHECK(reply.success);
  CHECK(reply.userName == "Ada_1.x-y");
  const Credential ada = Secret{reply.sessionId.value(), false};
  CHECK(site.at(ada).sessions().whoami(ada, {}).userName.value() == "Ada_1.x-y");

  requireFault([&] { users.add(nobody, newUser("ada_1.X-Y")); }, Fault::conflict, "already exists");
  for (const std::string name : {"", "-a", ".a", "a b", "a/b", "ä", "../x"})
    requireFault([&] { users.add(nobody, newUser(name)); }, Fault::malformed, "user_name");
  requireFault([&] { users.add(nobody, newUser(std::string(65, 'a'))); }, Fault::malformed, "user_name");
  CHECK_NOTHROW(users.add(nobody, newUser(std::string(64, 'a'))));
  requireFault([&] { users.add(nobody, newUser("short", "1234567")); }, Fault::malformed, "pwd");
  requireFault([&] { users.add(nobody, newUser("long", std::string(1025, 'x'))); }, Fault::malformed, "pwd");

  NewUser admin = newUser("eve");
  admin.role = Role::admin;
  requireFault([&] { users.add(nobody, admin); }, Fault::unauthenticated);
  requireFault([&] { site.at(ada).users().add(ada, admin); }, Fault::forbidden);
  const SignedIn byOperator = site.at(Operator{}).users().add(Operator{}, admin);
  CHECK_FALSE(byOperator.sessionId.has_value());
  NewUser limited = newUser("limited");
  limited.ownQuota = Nullable<std::int64_t>(5000);
  site.at(Operator{}).users().add(Operator{}, limited);
  CHECK(site.at(Operator{}).users().show(Operator{}, {"LIMITED"}).bytesQuota == 5000);
}

TEST_CASE("registration can be closed") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.openRegistration = false; });
  requireFault([&] { site.at(Anonymous{}).users().add(Anonymous{}, newUser("ada")); }, Fault::unauthenticated);
  CHECK_NOTHROW(site.at(Operator{}).users().add(Operator{}, newUser("ada")));
}

TEST_CASE("users.show is for the user and admins, users.list for admins") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);

  const User self = site.at(ada).users().show(ada, {"ada"});
  CHECK(self.name == "ada");
  CHECK(self.id.value == 1);
  CHECK(self.role == Role::user);
  CHECK_FALSE(self.disabled);
  CHECK_FALSE(self.ownQuota.has_value());
  requireFault([&] { site.at(ada).users().show(ada, {"bob"}); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).users().show(Anonymous{}, {"bob"}); }, Fault::unauthenticated);
  requireFault([&] { site.at(root).users().show(root, {"nobody"}); }, Fault::notFound, "user nobody: not found");
  requireFault([&] { site.at(root).users().show(root, {"../etc"}); }, Fault::notFound);

  requireFault([&] { site.at(ada).users().list(ada, {}); }, Fault::forbidden);
  const Page<User> all = site.at(root).users().list(root, {});
  REQUIRE(all.items.size() == 3);
  CHECK_FALSE(all.nextCursor.has_value());
  CHECK(all.items[1].name == "bob");

  ListQuery paged;
  paged.limit = 2;
  const Page<User> first = site.at(root).users().list(root, paged);
  REQUIRE(first.items.size() == 2);
  paged.cursor = first.nextCursor.value();
  const Page<User> second = site.at(root).users().list(root, paged);
  REQUIRE(second.items.size() == 1);
  CHECK(second.items[0].name == "root");
  CHECK_FALSE(second.nextCursor.has_value());
  paged.cursor = "not ours";
  requireFault([&] { site.at(root).users().list(root, paged); }, Fault::malformed, "cursor");
}

TEST_CASE("users.remove hides everything of a user at once") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId own = site.video(ada, "ada", "mine");
  const VideoId other = site.video(bob, "bob", "his");
  site.at(ada).comments().post(ada, {other, "hello", std::nullopt});
  site.at(bob).comments().post(bob, {own, "hello", std::nullopt});

  requireFault([&] { site.at(bob).users().remove(bob, {"ada", std::nullopt}); }, Fault::forbidden);
  requireFault([&] { site.at(Operator{}).users().remove(Operator{}, {"nobody", std::nullopt}); }, Fault::notFound);
  site.at(ada).users().remove(ada, {"ada", std::nullopt});

  requireFault([&] { site.at(ada).sessions().whoami(ada, {}); }, Fault::unauthenticated);
  requireFault([&] { site.at(bob).videos().show(bob, {own, std::nullopt}); }, Fault::notFound);
  requireFault([&] { site.at(bob).videos().open(bob, {own, std::nullopt}); }, Fault::notFound);
  CommentQuery comments;
  comments.video = other;
  CHECK(site.at(bob).comments().list(bob, comments).items.empty());
  requireFault([&] { site.at(Operator{}).videos().restore(Operator{}, {own, std::nullopt}); }, Fault::notFound);

  const Credential again = site.user("ada");
  CHECK(site.at(again).users().show(again, {"ada"}).id.value == 3);
  CHECK(site.at(again).videos().list(again, {}).items.empty());
}

TEST_CASE("users.remove can transfer the videos to another user") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "mine");
  const Credential root = site.user("root", Role::admin);
  for (const bool rehearsed : {true, false}) {
    const auto remove = [&](const Credential& by, const RemoveUser& wanted) {
      Users& users = site.at(by).users();
      if (rehearsed)
        users.rehearseRemove(by, wanted);
      else
        users.remove(by, wanted);
    };
    requireFault([&] { remove(root, {"ada", "nobody"}); }, Fault::notFound, "user nobody");
    requireFault([&] { remove(root, {"nobody", "bob"}); }, Fault::notFound, "user nobody");
    requireFault([&] { remove(root, {"ada", "ada"}); }, Fault::malformed, "transfer_videos_to");
    requireFault([&] { remove(ada, {"ada", "bob"}); }, Fault::forbidden);
    requireFault([&] { remove(bob, {"ada", std::nullopt}); }, Fault::forbidden);
    requireFault([&] { remove(root, {"root", std::nullopt}); }, Fault::conflict, "last enabled admin");
  }
  const User ahead = site.at(root).users().rehearseRemove(root, {"ada", "bob"});
  CHECK(ahead.videoCount == 1);
  CHECK(ahead.bytesUsed > 0);
  CHECK(site.at(ada).users().rehearseRemove(ada, {"ada", std::nullopt}).name == "ada");
  CHECK(site.at(ada).videos().show(ada, {video, std::nullopt}).author == "ada");
  site.at(root).users().remove(root, {"ada", "bob"});
  CHECK(site.at(bob).videos().show(bob, {video, std::nullopt}).author == "bob");
  CHECK(site.at(bob).users().show(bob, {"bob"}).videoCount == 1);
}

TEST_CASE("only the operator can remove the last enabled admin") {
  Site site(GENERATE(eachWay()));
  const Credential root = site.user("root", Role::admin);
  requireFault(
      [&] {
        site.at(root).users().remove(root, {"root", std::nullopt});
      },
      Fault::conflict, "last enabled admin");
  const Credential other = site.user("other", Role::admin);
  CHECK_NOTHROW(site.at(root).users().remove(root, {"root", std::nullopt}));
  CHECK_NOTHROW(site.at(Operator{}).users().remove(Operator{}, {"other", std::nullopt}));
}

TEST_CASE("users can sign in, ask who they are and sign out") {
  Site site(GENERATE(eachWay()));
  site.user("ada");
  const Credential nobody = Anonymous{};
  Sessions& sessions = site.at(nobody).sessions();
  requireFault([&] { sessions.login(nobody, loginOf("ada", "wrong")); }, Fault::unauthenticated,
               "wrong user name or password");
  requireFault([&] { sessions.login(nobody, loginOf("nobody", "wrong")); }, Fault::unauthenticated,
               "wrong user name or password");
  requireFault([&] { sessions.whoami(nobody, {}); }, Fault::unauthenticated);
  requireFault([&] { sessions.whoami(Secret{"made up", false}, {}); }, Fault::unauthenticated);
  Login differs = loginOf("ada", "password-of-ada");
  differs.again = "bob";
  requireFault([&] { sessions.login(nobody, differs); }, Fault::malformed, "user_name");

  const SignedIn reply = sessions.login(nobody, loginOf("ADA", "password-of-ada"));
  CHECK(reply.userName == "ada");
  const Credential ada = Secret{reply.sessionId.value(), false};
  const WhoAmI who = sessions.whoami(ada, {});
  CHECK(who.userName.value() == "ada");
  CHECK(who.role.value() == Role::user);
  CHECK(who.kind == IdentityKind::session);
  CHECK(who.expires.has_value());
  sessions.logout(ada, {});
  requireFault([&] { sessions.whoami(ada, {}); }, Fault::unauthenticated);

  const WhoAmI operator_ = site.at(Operator{}).sessions().whoami(Operator{}, {});
  CHECK(operator_.kind == IdentityKind::operator_);
  CHECK_FALSE(operator_.userName.has_value());
  CHECK(site.at(Operator{"ada"}).sessions().whoami(Operator{"ada"}, {}).userName.value() == "ada");
  requireFault([&] { site.at(Operator{"nobody"}).sessions().whoami(Operator{"nobody"}, {}); }, Fault::notFound);
}

TEST_CASE("users create tokens for themselves, which are invalid once revoked") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  NewToken wanted;
  wanted.user = "ada";
  wanted.label = "cron";
  wanted.scope = Scope::full;
  requireFault([&] { site.at(bob).tokens().create(bob, wanted); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).tokens().create(Anonymous{}, wanted); }, Fault::unauthenticated);
  const CreatedToken token = site.at(ada).tokens().create(ada, wanted);
  CHECK(token.id.text.size() == 12);
  CHECK(token.label == "cron");
  CHECK_FALSE(token.expires.has_value());
  const Credential byToken = Secret{token.token, false};
  const WhoAmI who = site.at(byToken).sessions().whoami(byToken, {});
  CHECK(who.kind == IdentityKind::token);
  CHECK(who.scope.value() == "full");

  wanted.scope = Scope::admin;
  requireFault([&] { site.at(ada).tokens().create(ada, wanted); }, Fault::forbidden);
  wanted.user = "root";
  wanted.scope = Scope::full;
  const Credential rootByFull = Secret{site.at(root).tokens().create(root, wanted).token, false};
  requireFault([&] { site.at(rootByFull).users().list(rootByFull, {}); }, Fault::forbidden);
  wanted.scope = Scope::admin;
  requireFault([&] { site.at(rootByFull).tokens().create(rootByFull, wanted); }, Fault::forbidden);
  const Credential rootByAdmin = Secret{site.at(root).tokens().create(root, wanted).token, false};
  CHECK(site.at(rootByAdmin).users().list(rootByAdmin, {}).items.size() == 3);

  for (const std::string& label : {std::string(), std::string(101, 'x'), std::string("a\nb")}) {
    wanted.label = label;
    requireFault([&] { site.at(root).tokens().create(root, wanted); }, Fault::malformed, "label");
  }
  wanted.label = "past";
  wanted.expires = Time{std::chrono::seconds{1}};
  requireFault([&] { site.at(root).tokens().create(root, wanted); }, Fault::malformed, "expires");

  requireFault([&] { site.at(bob).tokens().revoke(bob, {token.id}); }, Fault::forbidden);
  requireFault([&] { site.at(ada).tokens().revoke(ada, {{"aaaaaaaaaaaa"}}); }, Fault::notFound);
  site.at(ada).tokens().revoke(ada, {token.id});
  requireFault([&] { site.at(byToken).sessions().whoami(byToken, {}); }, Fault::unauthenticated);
}

TEST_CASE("a read token cannot change anything, and an upload token can only upload") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  NewToken wanted;
  wanted.user = "ada";
  wanted.label = "reader";
  wanted.scope = Scope::read;
  const Credential reader = Secret{site.at(ada).tokens().create(ada, wanted).token, false};
  wanted.scope = Scope::upload;
  const Credential uploader = Secret{site.at(ada).tokens().create(ada, wanted).token, false};
  CHECK_NOTHROW(site.at(reader).users().show(reader, {"ada"}));
  requireFault([&] { site.at(reader).videos().add(reader, {"ada", "x"}); }, Fault::forbidden);
  const VideoId video = site.video(uploader, "ada", "from cron");
  requireFault(
      [&] {
        site.at(uploader).videos().remove(uploader, {{video, std::nullopt}, std::nullopt});
      },
      Fault::forbidden);
  requireFault([&] { site.at(reader).comments().post(reader, {video, "hi", std::nullopt}); }, Fault::forbidden);
}

TEST_CASE("a display name is shown beside the user name, and is set by the user and admins") {
  Site site(GENERATE(eachWay()));
  const Credential root = site.user("root", Role::admin);
  const Credential bob = site.user("bob");
  NewUser wanted;
  wanted.name = "ada";
  wanted.password = "password-of-ada";
  wanted.displayName = "Ada 🎬 Łovelace";
  site.at(Anonymous{}).users().add(Anonymous{}, wanted);
  const Credential ada = site.user("ada2");
  const auto nameOf = [&](const std::string& user) { return site.at(root).users().show(root, {user}).displayName; };
  CHECK(nameOf("ada") == "Ada 🎬 Łovelace");
  CHECK_FALSE(nameOf("bob"));
  const auto set = [&](const Credential& by, const std::string& user, std::optional<std::string> name) {
    ChangeUser change;
    change.name = user;
    change.displayName.emplace();
    if (name) *change.displayName = Nullable<std::string>(*name);
    return site.at(by).users().change(by, change).displayName;
  };
  CHECK(set(ada, "ada2", "Ада") == "Ада");
  CHECK(set(root, "bob", "Ада") == "Ада");  // not unique
  requireFault([&] { set(bob, "ada2", "x"); }, Fault::forbidden);
  const VideoId video = site.video(ada, "ada2", "x");
  CHECK(site.at(bob).videos().show(bob, {video, {}}).authorDisplayName == "Ада");
  CHECK(site.at(bob).comments().post(bob, {video, "hi", {}}).authorDisplayName == "Ада");
  CHECK_FALSE(set(ada, "ada2", std::nullopt));
  CHECK_FALSE(site.at(bob).videos().show(bob, {video, {}}).authorDisplayName);
  ChangeUser role;
  role.name = "bob";
  role.disabled = false;
  CHECK(site.at(root).users().change(root, role).displayName == "Ада");  // what is not given stays
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "字";
  CHECK(set(bob, "bob", longest) == longest);
  for (const std::string& bad :
       {std::string(), std::string("  "), longest + "x", std::string("a\nb"), std::string("a\u202eb"),
        std::string("\u2066a"), std::string("a\u200f"), std::string("\u061ca"), std::string("a\x80")})
    requireFault([&] { set(bob, "bob", bad); }, Fault::malformed, "display_name");
  wanted.name = "carl";
  wanted.displayName = "\u202d";
  requireFault([&] { site.at(Anonymous{}).users().add(Anonymous{}, wanted); }, Fault::malformed, "display_name");
  CHECK(nameOf("bob") == longest);
}

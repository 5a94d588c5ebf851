// Comments that wait for a moderator, and comments that moderators take away.
#include "catch.hpp"
#include "comments/fields.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

using Texts = std::vector<std::string>;

struct Fixture {
  explicit Fixture(Way way, const CommentsOptions& options = {})
      : site(way, [&](Settings& settings) {
          settings.comments = options;
          settings.access.commentsPerMinute = 0;
          settings.store.synchronous = store::Synchronous::normal;
        }) {}

  Comment post(const Credential& by, const std::string& text, std::optional<CommentId> parent = {}) {
    return site.at(by).comments().post(by, {video, text, {}, std::move(parent)});
  }

  // The texts that a caller sees of the video's comments.
  Texts seen(const Credential& by) {
    CommentQuery query;
    query.video = video;
    return textsOf(site.at(by).comments().list(by, query));
  }

  Texts held(const Credential& by, std::optional<std::string> user = {}) {
    HeldCommentQuery query;
    query.user = std::move(user);
    return textsOf(site.at(by).comments().listHeld(by, query));
  }

  static Texts textsOf(const Page<Comment>& page) {
    Texts all;
    for (const Comment& comment : page.items) all.push_back(comment.content);
    return all;
  }

  Site site;
  Credential ada = site.user("ada");
  Credential bob = site.user("bob");
  Credential eve = site.user("eve");
  Credential mod = site.user("mod", Role::moderator);
  Credential root = site.user("root", Role::admin);
  VideoId video = site.video(ada, "ada", "x");
};

}  // namespace

TEST_CASE("a comment with a word of the list is held: its author, moderators, admins and the operator see it") {
  Fixture on(GENERATE(eachWay()), {{"casino", "Größe", "ДЕНЬГИ"}, 0});
  CHECK_FALSE(on.post(on.bob, "hello").held);
  CHECK(on.post(on.bob, "best CasiNos here").held == HeldFor::word);
  CHECK(on.post(on.bob, "GRÖSSE? GRÖßE!").held == HeldFor::word);
  const Comment last = on.post(on.bob, "лёгкие деньги");
  CHECK(last.held == HeldFor::word);
  const Texts all{"hello", "best CasiNos here", "GRÖSSE? GRÖßE!", "лёгкие деньги"};
  for (const Credential& by : {on.bob, on.mod, on.root, Credential(Operator{})}) CHECK(on.seen(by) == all);
  for (const Credential& by : {on.ada, on.eve, Credential(Anonymous{})}) CHECK(on.seen(by) == Texts{"hello"});
  for (const Credential& by : {on.mod, on.root, Credential(Operator{"ada"})}) CHECK_FALSE(on.post(by, "casino").held);

  requireFault([&] { on.post(on.eve, "x", last.id); }, Fault::notFound, last.id.text);
  CHECK(on.post(on.bob, "fine", last.id).parent == last.id);
  CHECK(on.post(on.mod, "fine too", last.id).parent == last.id);
}

TEST_CASE("held comments are listed, approved and hidden by moderators, admins and the operator only") {
  Fixture on(GENERATE(eachWay()), {{"casino"}, 0});
  const Comment bad = on.post(on.bob, "casino 1");
  const Comment good = on.post(on.eve, "casino 2");
  const Comment open = on.post(on.bob, "open");
  for (const Credential& by : {on.mod, on.root, Credential(Operator{})}) {
    CHECK(on.held(by) == Texts{"casino 1", "casino 2"});
    CHECK(on.held(by, "eve") == Texts{"casino 2"});
    requireFault([&] { on.held(by, "nobody"); }, Fault::notFound);
  }
  HeldCommentQuery query;
  query.limit = 1;
  const Page<Comment> page = on.site.at(on.mod).comments().listHeld(on.mod, query);
  CHECK(page.items.at(0).id == bad.id);
  query.cursor = page.nextCursor.value();
  CHECK(on.site.at(on.mod).comments().listHeld(on.mod, query).items.at(0).id == good.id);
  for (const Credential& by : {on.ada, on.bob}) {
    Comments& comments = on.site.at(by).comments();
    requireFault([&] { on.held(by); }, Fault::forbidden);
    requireFault([&] { comments.approve(by, {good.id}); }, Fault::forbidden);
    requireFault([&] { comments.hide(by, {open.id}); }, Fault::forbidden);
  }
  Comments& comments = on.site.at(on.mod).comments();
  CHECK_FALSE(comments.approve(on.mod, {good.id}).held);
  CHECK(comments.hide(on.mod, {open.id}).held == HeldFor::hidden);
  CHECK(on.seen(Anonymous{}) == Texts{"casino 2"});
  CHECK(on.seen(on.bob) == Texts{"casino 1", "casino 2", "open"});
  CHECK(on.held(on.mod) == Texts{"casino 1", "open"});
  CHECK(comments.approve(on.mod, {open.id}).content == "open");
  CHECK(on.seen(Anonymous{}) == Texts{"casino 2", "open"});
  requireFault([&] { comments.approve(on.mod, {CommentId{"none"}}); }, Fault::notFound, "comment none: not found");
  requireFault([&] { comments.hide(on.mod, {CommentId{"none"}}); }, Fault::notFound);
}

TEST_CASE("the first comments of a new user are held until one is approved; users with public ones are exempt") {
  Fixture on(GENERATE(eachWay()));
  LocalComments& local = on.site.local().comments();
  for (int i = 0; i < 2; ++i) on.post(on.ada, "old");
  on.post(on.eve, "only one");
  local.setOptions({{}, 2});
  CHECK_FALSE(on.post(on.ada, "known").held);
  CHECK(on.post(on.eve, "not yet").held == HeldFor::newAuthor);
  const Comment first = on.post(on.bob, "1");
  for (const char* text : {"2", "3"}) CHECK(on.post(on.bob, text).held == HeldFor::newAuthor);
  on.site.at(on.mod).comments().approve(on.mod, {first.id});
  CHECK_FALSE(on.post(on.bob, "4").held);
  CHECK(on.held(on.mod, "bob") == Texts{"2", "3"});
  local.setOptions({{"spam"}, 0});
  CHECK_FALSE(on.post(on.eve, "now").held);
  CHECK(on.post(on.eve, "SPAM").held == HeldFor::word);
}

TEST_CASE("a user's comments since some time are deleted in steps of 500, and a rehearsal lists them") {
  Fixture on(GENERATE(eachWay()));
  const Comment old = on.post(on.bob, "old");
  const Comment other = on.post(on.eve, "of eve");
  waitFor("the next millisecond", [&] { return systemClock().now() > other.time; });
  const Time since = systemClock().now();
  for (int i = 0; i < 510; ++i) on.site.local().comments().post(on.bob, {on.video, "spam", {}});
  on.site.local().comments().post(on.bob, {on.video, "reply", {}, other.id});

  for (const Credential& by : {on.ada, on.bob}) {
    requireFault([&] { on.site.at(by).comments().removeBy(by, {"bob", since}); }, Fault::forbidden);
    requireFault([&] { on.site.at(by).comments().rehearseRemoveBy(by, {{"bob", since, {}}, {}}); }, Fault::forbidden);
  }
  Comments& comments = on.site.at(on.mod).comments();
  requireFault([&] { comments.removeBy(on.mod, {"nobody", since}); }, Fault::notFound);
  RehearseRemoveCommentsBy rehearsed{{"bob", since}, {}};
  std::size_t listed = 0;
  do {
    const Page<Comment> page = comments.rehearseRemoveBy(on.mod, rehearsed);
    listed += page.items.size();
    rehearsed.cursor = page.nextCursor;
  } while (rehearsed.cursor);
  CHECK(listed == 511);
  RemovedComments step = comments.removeBy(on.mod, {"bob", since, {}});
  CHECK(step.deleted == 500);
  REQUIRE(step.nextCursor);
  step = comments.removeBy(on.mod, {"bob", since, step.nextCursor});
  CHECK(step.deleted == 11);
  CHECK_FALSE(step.nextCursor);
  CHECK(on.seen(on.ada) == Texts{"old", "of eve"});
  CHECK(comments.removeBy(on.mod, {"bob", Time{}}).deleted == 1);
  CHECK(on.seen(on.ada) == Texts{"of eve"});
}

TEST_CASE("moderators moderate neither their own comments nor all those of other moderators and admins") {
  Fixture on(GENERATE(eachWay()));
  const Comment mods = on.post(on.mod, "of mod");
  const Comment roots = on.post(on.root, "of root");
  on.site.at(on.root).comments().hide(on.root, {mods.id});
  for (const Credential& by : {on.mod, Credential(Operator{"mod"})}) {
    Comments& comments = on.site.at(by).comments();
    requireFault([&] { comments.approve(by, {mods.id}); }, Fault::forbidden);
    requireFault([&] { comments.hide(by, {mods.id}); }, Fault::forbidden);
    for (const char* const user : {"mod", "root"}) {
      requireFault([&] { comments.removeBy(by, {user, Time{}}); }, Fault::forbidden);
      requireFault([&] { comments.rehearseRemoveBy(by, {{user, Time{}, {}}, {}}); }, Fault::forbidden);
    }
  }
  CHECK(on.seen(Anonymous{}) == Texts{"of root"});
  on.site.at(on.mod).comments().hide(on.mod, {roots.id});
  CHECK_FALSE(on.site.at(on.root).comments().approve(on.root, {roots.id}).held);
  CHECK_FALSE(on.site.at(Operator{}).comments().approve(Operator{}, {mods.id}).held);
  CHECK(on.seen(Anonymous{}) == Texts{"of mod", "of root"});
  CHECK(on.site.at(on.root).comments().removeBy(on.root, {"mod", Time{}}).deleted == 1);
  CHECK(on.site.at(on.root).comments().removeBy(on.root, {"root", Time{}}).deleted == 1);
}

TEST_CASE("comments on a video that a moderator may not see are neither shown to the moderator nor changed by one") {
  Fixture on(GENERATE(eachWay()), {{"casino"}, 0});
  const VideoId open = on.video;
  const VideoId hidden = on.video = on.site.video(on.ada, "ada", "y");
  const Comment secret = on.post(on.bob, "a secret");
  const Comment held = on.post(on.bob, "a secret casino");
  on.site.at(on.ada).videos().set(on.ada,
                                  {.id = hidden, .name = {}, .description = {}, .visibility = Visibility::private_});
  on.video = open;
  on.post(on.bob, "a casino");
  const auto rehearsed = [&](const Credential& by, std::int64_t limit) {
    Texts all;
    RehearseRemoveCommentsBy wanted{{"bob", Time{}}, limit};
    do {
      const Page<Comment> page = on.site.at(by).comments().rehearseRemoveBy(by, wanted);
      for (const std::string& text : Fixture::textsOf(page)) all.push_back(text);
      wanted.cursor = page.nextCursor;
    } while (wanted.cursor);
    return all;
  };
  const Texts every{"a secret", "a secret casino", "a casino"};
  CHECK(on.held(on.mod) == Texts{"a casino"});
  CHECK(on.held(on.mod, "bob") == Texts{"a casino"});
  for (const std::int64_t limit : {1, 2, 500}) {
    CHECK(rehearsed(on.mod, limit) == Texts{"a casino"});
    CHECK(rehearsed(on.root, limit) == every);
  }
  Comments& comments = on.site.at(on.mod).comments();
  requireFault([&] { comments.hide(on.mod, {secret.id}); }, Fault::notFound, secret.id.text + ": not found");
  requireFault([&] { comments.approve(on.mod, {held.id}); }, Fault::notFound, held.id.text + ": not found");
  CHECK(comments.removeBy(on.mod, {"bob", Time{}}).deleted == 1);
  CHECK(on.held(on.root) == Texts{"a secret casino"});
  CHECK(rehearsed(Operator{}, 500) == Texts{"a secret", "a secret casino"});
  CHECK(on.site.at(on.root).comments().removeBy(on.root, {"bob", Time{}}).deleted == 2);
}

TEST_CASE("held comments cost no reader anything, and their author sees them in order among the others") {
  const SqliteSteps steps;
  Fixture on(Way::local, {{"casino"}, 0});
  const Comment first = on.post(on.bob, "first");
  on.post(on.bob, "reply", first.id);
  std::vector<CommentQuery> queries(3);
  for (CommentQuery& query : queries) query.video = on.video;
  queries[1].by = CommentOrder::position;
  queries[2].parent = first.id;
  const auto seen = [&](const Credential& by) {
    std::vector<Texts> all;
    for (const CommentQuery& query : queries)
      all.push_back(Fixture::textsOf(on.site.local().comments().list(by, query)));
    return all;
  };
  const auto look = [&] {
    for (const Credential& by : {on.ada, on.bob, Credential(Anonymous{})}) seen(by);
  };
  on.site.local().comments().post(on.bob, {on.video, "at 5 s", 5000});
  look();
  const std::int64_t before = steps.of(look);
  CHECK(before > 0);
  const std::string video = "'" + on.video.text + "'";
  Database database(on.site.data());
  for (const char* const parent : {"NULL", "first"})
    database.run(
        "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO comments (id, video_id, "
        "author_id, content, time, position_ms, parent_id, held) SELECT '" +
        std::string(parent) + "' || i, " + video + ", (SELECT id FROM users WHERE login_name = 'eve'), 'held', i, i, " +
        (parent == std::string("NULL") ? parent : "'" + first.id.text + "'") + ", 'word' FROM n");
  on.site.local().comments().post(on.ada, {on.video, "casino", 4000});
  on.site.local().comments().post(on.ada, {on.video, "casino reply", 6000, first.id});
  const std::int64_t after = steps.of(look);
  CHECK(after < before * 2);
  CHECK(seen(on.bob) == std::vector<Texts>{{"first", "reply", "at 5 s"}, {"at 5 s"}, {"reply"}});
  CHECK(seen(on.ada) == std::vector<Texts>{{"first", "reply", "at 5 s", "casino", "casino reply"},
                                           {"casino", "at 5 s", "casino reply"},
                                           {"reply", "casino reply"}});
  for (CommentQuery& query : queries) query.limit = 1000;
  const std::vector<Texts> all = seen(on.mod);
  CHECK(all[0].size() == 405);
  CHECK(all[1].size() == 403);
  CHECK(all[2].size() == 202);
  CHECK(seen(on.eve)[2].size() == 201);
}

// Comments, local and remote.
#include <deque>

#include "base/json.hpp"
#include "catch.hpp"
#include "comments/fields.hpp"
#include "contract/site.hpp"
#include "http/routing/router.hpp"
#include "unit/http_client.hpp"

using namespace video;
using namespace video::test;

namespace {

std::vector<std::string> contents(const Page<Comment>& page) {
  std::vector<std::string> all;
  for (const Comment& comment : page.items) all.push_back(comment.content);
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("comments can be posted, listed in order and removed") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve");
  const VideoId video = site.video(ada, "ada", "x");
  const Comment first = site.at(bob).comments().post(bob, {video, "first \"quoted\" 🎬", 9000});
  const Comment second = site.at(ada).comments().post(ada, {video, "second", 1000});
  const Comment third = site.at(ada).comments().post(ada, {video, "third", std::nullopt});
  CHECK(first.author == "bob");
  CHECK(first.video == video);
  CHECK(first.positionMs == 9000);

  CommentQuery query;
  query.video = video;
  CHECK(contents(site.at(Anonymous{}).comments().list(Anonymous{}, query)) ==
        Texts{"first \"quoted\" 🎬", "second", "third"});
  query.limit = 2;
  const Page<Comment> page = site.at(Anonymous{}).comments().list(Anonymous{}, query);
  REQUIRE(page.items.size() == 2);
  query.cursor = page.nextCursor.value();
  CHECK(contents(site.at(Anonymous{}).comments().list(Anonymous{}, query)) == Texts{"third"});

  CommentQuery byPosition;
  byPosition.video = video;
  byPosition.by = CommentOrder::position;
  CHECK(contents(site.at(ada).comments().list(ada, byPosition)) == Texts{"second", "first \"quoted\" 🎬"});
  byPosition.atFrom = 1001;
  byPosition.atTo = 9001;
  CHECK(contents(site.at(ada).comments().list(ada, byPosition)) == Texts{"first \"quoted\" 🎬"});

  CommentQuery window;
  window.video = video;
  window.to = Time{std::chrono::seconds{4'000'000'000}};
  CHECK(site.at(ada).comments().list(ada, window).items.size() == 3);
  window.from = window.to;
  CHECK(site.at(ada).comments().list(ada, window).items.empty());

  requireFault([&] { site.at(eve).comments().remove(eve, {video, first.id}); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).comments().remove(Anonymous{}, {video, first.id}); }, Fault::unauthenticated);
  site.at(bob).comments().remove(bob, {video, first.id});   // its author
  site.at(ada).comments().remove(ada, {video, second.id});  // the video's owner, and its author
  requireFault([&] { site.at(ada).comments().remove(ada, {video, first.id}); }, Fault::notFound, "not found");
  const Comment other = site.at(eve).comments().post(eve, {video, "by eve", std::nullopt});
  site.at(ada).comments().remove(ada, {video, other.id});
  query = {};
  query.video = video;
  CHECK(contents(site.at(ada).comments().list(ada, query)) == Texts{"third"});
}

TEST_CASE("a page of long comments ends early, and the pages together have them all") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.commentsPerMinute = 0; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  constexpr std::size_t all = 150;
  for (std::size_t i = 0; i < all; ++i)
    site.local().comments().post(ada, {video, std::to_string(i) + std::string(1990, '"'), std::nullopt});
  CommentQuery query;
  query.video = video;
  query.limit = 1000;
  Texts seen;
  int pages = 0;
  do {
    const Page<Comment> page = site.at(Anonymous{}).comments().list(Anonymous{}, query);
    REQUIRE(!page.items.empty());
    CHECK(toJson(page).size() < 300'000);  // 128 KiB, of which JSON doubles the quotes
    for (const Comment& comment : page.items) seen.push_back(comment.content.substr(0, comment.content.find('"')));
    query.cursor = page.nextCursor;
    ++pages;
  } while (query.cursor);
  CHECK(pages == 3);
  REQUIRE(seen.size() == all);
  for (std::size_t i = 0; i < all; ++i) REQUIRE(seen[i] == std::to_string(i));
}

TEST_CASE("150 readers that do not read long lists keep nothing from others") {
  constexpr std::size_t most = std::size_t{8} << 20;
  Site site(Way::remote, [](Settings& settings) {
    settings.limiter.buffered = most;
    settings.access.commentsPerMinute = 0;
  });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  for (int i = 0; i < 300; ++i) site.local().comments().post(ada, {video, std::string(2000, 'x'), std::nullopt});
  const std::string path = "/videos/" + video.text + "/comments?limit=1000";
  const auto counts = [&] { return site.router().limiter().counts(); };
  std::deque<http_test::RawClient> readers;
  for (int i = 0; i < 150; ++i) {
    readers.emplace_back(site.url(), 4096);
    readers.back().get(path + "&reader=" + std::to_string(i));  // none of the replies is a cached one
    CHECK(counts().buffered <= most);
  }
  http_test::RawClient other(site.url());
  other.get("/healthz");
  CHECK(other.read().status == 200);
  other.get(path);
  const http_test::Reply reply = other.read();
  const bool isRefused = reply.status == 503 && reply.has("Retry-After: ");  // where the kernel took little of them
  CHECK((reply.status == 200 || isRefused));
  CHECK(reply.body.size() < 200'000);
  CHECK(counts().buffered <= most);
  readers.clear();
  CHECK(soon([&] { return counts().buffered == 0; }));
  other.get(path);
  CHECK(other.read().status == 200);
}

TEST_CASE("comments.post refuses an invalid comment") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  Comments& comments = site.at(ada).comments();
  requireFault([&] { comments.post(ada, {video, "", std::nullopt}); }, Fault::malformed, "content");
  requireFault([&] { comments.post(ada, {video, std::string(2001, 'x'), std::nullopt}); }, Fault::malformed, "content");
  requireFault([&] { comments.post(ada, {video, "a\x01z", std::nullopt}); }, Fault::malformed, "content");
  requireFault([&] { comments.post(ada, {video, "x", -1}); }, Fault::malformed, "position_ms");
  requireFault(
      [&] {
        comments.post(ada, {{"0193e1a0-0000-7000-8000-000000000000"}, "x", std::nullopt});
      },
      Fault::notFound);
  requireFault([&] { comments.post(ada, {{"../../etc/passwd"}, "x", std::nullopt}); }, Fault::notFound);
  requireFault(
      [&] {
        site.at(Anonymous{}).comments().post(Anonymous{}, {video, "x", std::nullopt});
      },
      Fault::unauthenticated);
  requireFault(
      [&] {
        site.at(Operator{}).comments().post(Operator{}, {video, "x", std::nullopt});
      },
      Fault::malformed, "--as");
  CHECK(site.at(Operator{"ada"}).comments().post(Operator{"ada"}, {video, "x", std::nullopt}).author == "ada");
  const VideoId pending = site.at(ada).videos().add(ada, {"ada", "pending"}).id;
  requireFault([&] { comments.post(ada, {pending, "x", std::nullopt}); }, Fault::notFound);
  std::string emoji;
  for (int i = 0; i < 2000; ++i) emoji += "🎬";
  CHECK(comments.post(ada, {video, emoji, std::nullopt}).content == emoji);
}

TEST_CASE("a user posts so many comments a minute, on all videos together; the operator is not counted") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.commentsPerMinute = 3; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId one = site.video(ada, "ada", "x");
  const VideoId two = site.video(ada, "ada", "y");
  const auto post = [&](const Credential& by, const VideoId& video) {
    site.at(by).comments().post(by, {video, "hi", {}});
  };
  for (const VideoId& video : {one, two, one}) post(ada, video);
  try {
    post(ada, two);
    FAIL("a fourth comment went through");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    CHECK(error.retryAfter().value() <= std::chrono::seconds{20});
  }
  post(bob, one);
  for (int i = 0; i < 5; ++i) post(Operator{"ada"}, one);
  CommentQuery all;
  all.video = one;
  CHECK(site.at(ada).comments().list(ada, all).items.size() == 8);
}

TEST_CASE("a reply to a reply is filed under the first comment, and replies are listed by their parent") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  const VideoId other = site.video(ada, "ada", "y");
  const auto post = [&](const Credential& by, const char* text, std::optional<CommentId> parent) {
    return site.at(by).comments().post(by, {video, text, {}, parent});
  };
  const Comment first = post(ada, "first", {});
  CHECK_FALSE(first.parent);
  const Comment second = post(ada, "second", {});
  const Comment reply = post(bob, "reply", first.id);
  CHECK(reply.parent == first.id);
  CHECK(post(ada, "reply to the reply", reply.id).parent == first.id);

  CommentQuery query;
  query.video = video;
  CHECK(contents(site.at(bob).comments().list(bob, query)) == Texts{"first", "second", "reply", "reply to the reply"});
  query.parent = first.id;
  query.limit = 1;
  Page<Comment> page = site.at(Anonymous{}).comments().list(Anonymous{}, query);
  CHECK(contents(page) == Texts{"reply"});
  query.cursor = page.nextCursor.value();
  page = site.at(Anonymous{}).comments().list(Anonymous{}, query);
  CHECK(contents(page) == Texts{"reply to the reply"});
  CHECK(page.items.at(0).parent == first.id);
  CHECK_FALSE(page.nextCursor);
  query.cursor.reset();
  query.parent = second.id;
  CHECK(site.at(bob).comments().list(bob, query).items.empty());
  query.parent = CommentId{"0193e1a0-0000-7000-8000-000000000000"};
  requireFault([&] { site.at(bob).comments().list(bob, query); }, Fault::notFound, "comment");
  query.video = other;
  query.parent = first.id;
  requireFault([&] { site.at(bob).comments().list(bob, query); }, Fault::notFound, first.id.text);
  query.video = video;
  query.by = CommentOrder::position;
  requireFault([&] { site.at(bob).comments().list(bob, query); }, Fault::malformed, "parent");
  requireFault([&] { site.at(bob).comments().post(bob, {other, "x", {}, first.id}); }, Fault::notFound, first.id.text);
  requireFault([&] { post(bob, "x", CommentId{"none"}); }, Fault::notFound, "comment none: not found");
}

TEST_CASE("comments can be listed newest first, and without those that have a position") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  const auto post = [&](const char* text, std::optional<std::int64_t> position) {
    site.at(ada).comments().post(ada, {video, text, position});
  };
  post("first", {});
  for (int i = 0; i < 5; ++i) post("flies", 1000);
  post("second", {});
  post("flies too", 2000);
  post("third", {});

  CommentQuery query;
  query.video = video;
  query.by = CommentOrder::newest;
  query.limit = 3;
  CHECK(contents(site.at(bob).comments().list(bob, query)) == Texts{"third", "flies too", "second"});
  query.position = CommentPosition::none;
  query.limit = 2;
  const Page<Comment> page = site.at(bob).comments().list(bob, query);
  CHECK(contents(page) == Texts{"third", "second"});
  query.cursor = page.nextCursor.value();
  const Page<Comment> rest = site.at(bob).comments().list(bob, query);
  CHECK(contents(rest) == Texts{"first"});
  CHECK_FALSE(rest.nextCursor);
  query.cursor.reset();
  query.by = CommentOrder::time;
  query.limit = 100;
  CHECK(contents(site.at(Anonymous{}).comments().list(Anonymous{}, query)) == Texts{"first", "second", "third"});
  query.by.reset();
  query.position = CommentPosition::any;
  CHECK(site.at(bob).comments().list(bob, query).items.size() == 9);

  query.position = CommentPosition::none;
  query.by = CommentOrder::position;
  requireFault([&] { site.at(bob).comments().list(bob, query); }, Fault::malformed, "position");
  query.by = CommentOrder::newest;
  query.position.reset();
  query.parent = page.items.at(0).id;
  requireFault([&] { site.at(bob).comments().list(bob, query); }, Fault::malformed, "parent");
  query.by.reset();
  query.position = CommentPosition::none;
  requireFault([&] { site.at(bob).comments().list(bob, query); }, Fault::malformed, "position");
}

TEST_CASE("authors see their own held comments newest first, and others do not") {
  Site site(GENERATE(eachWay()));
  site.local().comments().setOptions({{"spam"}, 0});
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  for (const char* const text : {"one", "spam", "two"}) site.at(bob).comments().post(bob, {video, text, std::nullopt});
  CommentQuery query;
  query.video = video;
  query.by = CommentOrder::newest;
  query.position = CommentPosition::none;
  CHECK(contents(site.at(bob).comments().list(bob, query)) == Texts{"two", "spam", "one"});
  CHECK(contents(site.at(ada).comments().list(ada, query)) == Texts{"two", "one"});
  CHECK(contents(site.at(Operator{}).comments().list(Operator{}, query)) == Texts{"two", "spam", "one"});
}

TEST_CASE("a deleted comment with replies stays without author and content until its last reply is deleted") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  const Comment first = site.at(bob).comments().post(bob, {video, "first", 5});
  const Comment reply = site.at(ada).comments().post(ada, {video, "reply", {}, first.id});
  const Comment last = site.at(bob).comments().post(bob, {video, "last", {}, first.id});
  CommentQuery all;
  all.video = video;
  const auto list = [&] { return site.at(Anonymous{}).comments().list(Anonymous{}, all); };

  CHECK(site.at(bob).comments().rehearseRemove(bob, {video, first.id}).content == "first");
  CHECK(contents(list()) == Texts{"first", "reply", "last"});
  site.at(bob).comments().remove(bob, {video, first.id});
  const Comment kept = list().items.at(0);
  CHECK(kept.id == first.id);
  CHECK(kept.deleted == true);
  CHECK(kept.author.empty());
  CHECK(kept.content.empty());
  CHECK_FALSE(kept.positionMs);
  CHECK_FALSE(list().items.at(1).deleted);
  CommentQuery replies = all;
  replies.parent = first.id;
  CHECK(contents(site.at(ada).comments().list(ada, replies)) == Texts{"reply", "last"});

  requireFault([&] { site.at(bob).comments().remove(bob, {video, first.id}); }, Fault::notFound);
  requireFault([&] { site.at(bob).comments().post(bob, {video, "x", {}, first.id}); }, Fault::notFound);
  const Comment another = site.at(bob).comments().post(bob, {video, "x", {}, reply.id});
  CHECK(another.parent == first.id);
  for (const CommentId& id : {reply.id, last.id}) site.at(ada).comments().remove(ada, {video, id});
  CHECK(contents(list()) == Texts{"", "x"});
  site.at(bob).comments().remove(bob, {video, another.id});
  CHECK(list().items.empty());
}

TEST_CASE("deleting a user leaves the replies of others, and deleting a video leaves nothing of its comments") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve");
  const VideoId video = site.video(ada, "ada", "x");
  const Comment first = site.local().comments().post(bob, {video, "first", {}});
  const Comment own = site.local().comments().post(ada, {video, "own", {}});
  site.local().comments().post(ada, {video, "to first", {}, first.id});
  site.local().comments().post(bob, {video, "to own", {}, own.id});
  site.local().comments().post(bob, {video, "to itself", {}, first.id});
  site.local().comments().post(eve, {video, "of eve", {}});
  site.local().users().remove(bob, {"bob", {}});
  site.local().deletions().drain(Operator{}, {});
  CommentQuery all;
  all.video = video;
  CHECK(contents(site.local().comments().list(ada, all)) == Texts{"", "own", "to first", "of eve"});
  site.local().videos().remove(ada, {{video, {}}, true});
  site.local().deletions().drain(Operator{}, {true});
  requireFault([&] { site.local().comments().list(Operator{}, all); }, Fault::notFound);
  site.local().users().remove(ada, {"ada", {}});
  site.local().deletions().drain(Operator{}, {});
  CHECK(site.local().users().list(Operator{}, {}).items.size() == 1);  // the row of ada is gone: nothing refers to it
}

TEST_CASE("comments can be switched off for a video: posting is forbidden to all, the list stays") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  CHECK_FALSE(site.at(ada).videos().show(ada, {video, {}}).commentsOff);
  site.at(bob).comments().post(bob, {video, "before", {}});
  const auto set = [&](const Credential& by, bool off) {
    SetVideo change;
    change.id = video;
    change.commentsOff = off;
    return site.at(by).videos().set(by, change);
  };
  requireFault([&] { set(bob, true); }, Fault::forbidden);
  CHECK(set(ada, true).commentsOff == true);
  CHECK(set(ada, true).name == "x");
  for (const Credential& by : {bob, ada, Credential(Operator{"ada"})})
    requireFault(
        [&] {
          site.at(by).comments().post(by, {video, "x", {}});
        },
        Fault::forbidden, "comments are switched off");
  CommentQuery all;
  all.video = video;
  CHECK(contents(site.at(Anonymous{}).comments().list(Anonymous{}, all)) == Texts{"before"});
  CHECK(site.at(Anonymous{}).videos().show(Anonymous{}, {video, {}}).commentsOff == true);
  SetVideo rename;
  rename.id = video;
  rename.name = "y";
  CHECK(site.at(ada).videos().set(ada, rename).commentsOff == true);
  CHECK_FALSE(set(ada, false).commentsOff);
  site.at(bob).comments().post(bob, {video, "after", {}});
}

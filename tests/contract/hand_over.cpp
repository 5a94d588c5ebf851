// Lists in reverse, by name and by author, and videos that are given to another user, local and remote.
#include <algorithm>
#include <utility>

#include "catch.hpp"
#include "comments/fields.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "shares/fields.hpp"
#include "uploads/fields.hpp"
#include "videos/fields.hpp"

using namespace video;
using namespace video::test;

namespace {

using Texts = std::vector<std::string>;

// The names on all pages, each of at most `limit` videos; `pages` counts them.
Texts namesOf(Site& site, const Credential& by, VideoQuery query, std::int64_t limit, int* pages = nullptr) {
  Texts names;
  query.limit = limit;
  for (;;) {
    const Page<Video> page = site.at(by).videos().list(by, query);
    CHECK(std::cmp_less_equal(page.items.size(), limit));
    for (const Video& video : page.items) names.push_back(video.name);
    if (pages != nullptr) ++*pages;
    if (!page.nextCursor) return names;
    query.cursor = *page.nextCursor;
  }
}

Texts contentsOf(Site& site, const Credential& by, CommentQuery query) {
  Texts texts;
  query.limit = 2;
  for (;;) {
    const Page<Comment> page = site.at(by).comments().list(by, query);
    for (const Comment& comment : page.items) texts.push_back(comment.content);
    if (!page.nextCursor) return texts;
    query.cursor = *page.nextCursor;
  }
}

Texts saidBy(Site& site, const Credential& by, const std::string& user, bool reverse = false) {
  CommentsByQuery query;
  query.user = user;
  if (reverse) query.reverse = true;
  query.limit = 2;
  Texts texts;
  for (;;) {
    const Page<Comment> page = site.at(by).comments().listBy(by, query);
    for (const Comment& comment : page.items) texts.push_back(comment.content);
    if (!page.nextCursor) return texts;
    query.cursor = *page.nextCursor;
  }
}

SetVideo giving(const VideoId& video, const std::string& user) {
  SetVideo wanted;
  wanted.id = video;
  wanted.user = user;
  return wanted;
}

}  // namespace

TEST_CASE("videos are listed in reverse, in each order, with all pages") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  for (const auto& [name, size] : {std::pair("b", 3000), std::pair("a", 1000), std::pair("c", 2000)})
    site.video(ada, "ada", name, movie(static_cast<std::size_t>(size)));
  site.at(ada).videos().add(ada, {"ada", "d"});
  SetVideo tag;
  tag.tags = Texts{"sea"};
  for (const Video& video : site.at(ada).videos().list(ada, {}).items) {
    tag.id = video.id;
    site.at(ada).videos().set(ada, tag);
  }
  for (const Credential& by : {ada, root})
    for (const auto sort : {VideoSort::created, VideoSort::name, VideoSort::size, VideoSort::duration})
      for (const bool tagged : {false, true}) {
        if (tagged && sort != VideoSort::created) continue;
        VideoQuery query;
        query.sort = sort;
        if (tagged) query.tag = "sea";
        Texts there = namesOf(site, by, query, 50);
        REQUIRE(there.size() == 4);
        query.reverse = true;
        const Texts back = namesOf(site, by, query, 50);
        std::reverse(there.begin(), there.end());
        CHECK(back == there);
        CHECK(namesOf(site, by, query, 1) == there);
      }
  VideoQuery bySize;
  bySize.sort = VideoSort::size;
  bySize.reverse = true;
  bySize.state = VideoState::ready;
  CHECK(namesOf(site, ada, bySize, 50) == Texts{"b", "c", "a"});
  bySize.sort = VideoSort::created;
  CHECK(namesOf(site, ada, bySize, 2) == Texts{"b", "a", "c"});
  bySize.sha256 = std::string(64, '0');
  requireFault([&] { site.at(ada).videos().list(ada, bySize); }, Fault::malformed, "sha256");
}

TEST_CASE("videos are found by their name, at a cost for each page that does not grow with the number of others") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  for (const char* const name : {"Holiday 2026", "my holiday", "beach", "Strand \u6620\u753b"})
    site.at(ada).videos().add(ada, {"ada", name});
  VideoQuery query;
  const auto find = [&](const std::string& glob) {
    query.name = glob;
    return namesOf(site, ada, query, 50);
  };
  CHECK(find("*oliday*") == Texts{"my holiday", "Holiday 2026"});
  CHECK(find("Holiday*") == Texts{"Holiday 2026"});
  CHECK(find("b?ach") == Texts{"beach"});
  CHECK(find("*\u6620?") == Texts{"Strand \u6620\u753b"});
  CHECK(find("[bm]*") == Texts{"beach", "my holiday"});
  CHECK(find("holiday").empty());
  CHECK(find("[!bm]*") == Texts{"Strand \u6620\u753b", "Holiday 2026"});
  CHECK(find("[^bm]*") == Texts{"Strand \u6620\u753b", "Holiday 2026"});
  query.sort = VideoSort::name;
  CHECK(find("*a*") == Texts{"Holiday 2026", "Strand \u6620\u753b", "beach", "my holiday"});
  query.reverse = true;
  query.name = "*a*";
  CHECK(namesOf(site, ada, query, 1) == Texts{"my holiday", "beach", "Strand \u6620\u753b", "Holiday 2026"});
  requireFault([&] { find(std::string(201, 'x')); }, Fault::malformed, "name");
  requireFault([&] { find("*[a-z]*[a-z]*[a-z]*[a-z]*"); }, Fault::malformed, "more than 8");

  Database(site.data())
      .run(
          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) INSERT INTO video_info (id, "
          "author_id, name, state, display_ctime, create_time) SELECT printf('0193e1a0-0000-7000-8000-%012x', i), id, "
          "'video ' || i, 'pending', 'Nov 21 2026, 09:30:00', i FROM n, users WHERE login_name = 'ada'");
  query = {};
  query.name = "beach";
  int pages = 0;
  CHECK(namesOf(site, ada, query, 50, &pages) == Texts{"beach"});
  CHECK(pages == 3);
}

TEST_CASE("comments are listed in reverse, in each order, with all pages") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  Comments& comments = site.at(ada).comments();
  const CommentId first = comments.post(ada, {video, "one", 3000}).id;
  comments.post(ada, {video, "two", 1000});
  comments.post(ada, {video, "three", 2000});
  for (const char* const text : {"reply 1", "reply 2", "reply 3"}) comments.post(ada, {video, text, {}, first});
  CommentQuery query;
  query.video = video;
  query.reverse = true;
  CHECK(contentsOf(site, ada, query) == Texts{"reply 3", "reply 2", "reply 1", "three", "two", "one"});
  query.by = CommentOrder::newest;
  CHECK(contentsOf(site, ada, query) == Texts{"one", "two", "three", "reply 1", "reply 2", "reply 3"});
  query.by = CommentOrder::position;
  CHECK(contentsOf(site, ada, query) == Texts{"one", "three", "two"});
  query.by.reset();
  query.position = CommentPosition::none;
  CHECK(contentsOf(site, Anonymous{}, query) == Texts{"reply 3", "reply 2", "reply 1"});
  query.position.reset();
  query.parent = first;
  CHECK(contentsOf(site, ada, query) == Texts{"reply 3", "reply 2", "reply 1"});
  query.reverse = false;
  CHECK(contentsOf(site, ada, query) == Texts{"reply 1", "reply 2", "reply 3"});
}

TEST_CASE("a user's comments are listed across videos, to the user, moderators, admins and the operator") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve", Role::moderator);
  const Credential root = site.user("root", Role::admin);
  const VideoId open = site.video(ada, "ada", "open");
  const VideoId closed = site.video(ada, "ada", "closed", movie(2000, 3));
  site.at(bob).comments().post(bob, {open, "first", {}});
  site.at(bob).comments().post(bob, {closed, "second\nline", 5});
  site.at(ada).comments().importFrom(ada, {open, {}},
                                     sourceOf("{\"position_ms\":1,\"content\":\"imported\",\"id\":\"x\"}"));
  site.at(ada).comments().post(ada, {open, "of ada", {}});
  site.at(bob).comments().post(bob, {open, "third", {}});
  site.at(ada).comments().importFrom(ada, {open, {}},
                                     sourceOf("{\"position_ms\":1,\"content\":\"imported\",\"id\":\"y\"}"));
  SetVideo hide;
  hide.id = closed;
  hide.visibility = Visibility::private_;
  site.at(ada).videos().set(ada, hide);
  CHECK(saidBy(site, bob, "bob") == Texts{"first", "second\nline", "third"});
  CHECK(saidBy(site, root, "BOB") == Texts{"first", "second\nline", "third"});
  CHECK(saidBy(site, Operator{}, "bob") == Texts{"first", "second\nline", "third"});
  CHECK(saidBy(site, bob, "bob", true) == Texts{"third", "second\nline", "first"});
  CommentsByQuery one;
  one.user = "ada";
  one.limit = 1;
  CHECK(site.at(ada).comments().listBy(ada, one).items.size() == 1);
  one.user = "bob";
  one.limit = 2;  // one that she may not see is between them
  CHECK(site.at(eve).comments().listBy(eve, one).items.size() == 2);
  CHECK(saidBy(site, eve, "bob") == Texts{"first", "third"});  // the other is on a video that she may not see
  CHECK(saidBy(site, ada, "ada") == Texts{"of ada"});          // who imported a comment has not said it
  requireFault([&] { saidBy(site, ada, "bob"); }, Fault::forbidden);
  requireFault([&] { saidBy(site, Anonymous{}, "bob"); }, Fault::unauthenticated);
  requireFault([&] { saidBy(site, root, "nobody"); }, Fault::notFound);
  CommentsByQuery none;
  none.user = "bob";
  none.until = Time{std::chrono::seconds{1'000'000'000}};
  CHECK(site.at(bob).comments().listBy(bob, none).items.empty());
}

TEST_CASE("a video is given to another user with all that belongs to it, if the user's quota allows it") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x", movie(3000));
  site.at(bob).comments().post(bob, {video, "said", {}});
  std::string rows;
  constexpr int imported = 1100;  // more than two steps
  for (int i = 0; i < imported; ++i)
    rows += "{\"position_ms\":1,\"content\":\"x\",\"id\":\"" + std::to_string(i) + "\"}\n";
  site.at(ada).comments().importFrom(ada, {video, {}}, sourceOf(rows));
  const Video before = site.at(ada).videos().show(ada, {video, {}});
  const auto usedBy = [&](const std::string& user) { return site.at(root).users().show(root, {user}).bytesUsed; };
  const std::int64_t used = usedBy("ada");
  CHECK(used > 3000);

  for (const Credential& by : {ada, bob})
    requireFault([&] { site.at(by).videos().set(by, giving(video, "bob")); }, Fault::forbidden);
  requireFault([&] { site.at(root).videos().set(root, giving(video, "nobody")); }, Fault::notFound, "user nobody");
  requireFault([&] { site.at(root).videos().set(root, giving(VideoId{"nothing"}, "bob")); }, Fault::notFound, "video");
  ChangeUser quota;
  quota.name = "bob";
  quota.ownQuota = Nullable<std::int64_t>(used - 1);
  site.at(root).users().change(root, quota);
  SetVideo both = giving(video, "bob");
  both.name = "y";
  requireFault([&] { site.at(root).videos().set(root, both); }, Fault::overQuota, "user bob");
  CHECK(site.at(ada).videos().show(ada, {video, {}}).name == "x");
  CHECK(usedBy("ada") == used);
  quota.ownQuota = Nullable<std::int64_t>(used);
  site.at(root).users().change(root, quota);

  const Video given = site.at(root).videos().set(root, both);
  CHECK(given.id == video);
  CHECK(given.author == "bob");
  CHECK(given.name == "y");
  CHECK(given.created == before.created);
  CHECK(given.sha256 == before.sha256);
  CHECK(usedBy("ada") == 0);
  CHECK(usedBy("bob") == used);
  CHECK(site.at(ada).videos().list(ada, {}).items.empty());
  CommentQuery query;
  query.video = video;
  query.position = CommentPosition::none;
  CHECK(contentsOf(site, bob, query) == Texts{"said"});
  const auto answering = [&](const std::string& user) {
    return *Database(site.data())
                .run(
                    "SELECT count(*) FROM comments WHERE source_id IS NOT NULL AND author_id = (SELECT id FROM users "
                    "WHERE login_name = '" +
                    user + "')")
                .begin();
  };
  CHECK(answering("bob") == std::to_string(imported));
  CHECK(answering("ada") == "0");
  CHECK(readAll(site.at(bob).videos().open(bob, {video, {}})) == movie(3000));
  RemoveVideo remove;
  remove.id = video;
  requireFault([&] { site.at(ada).videos().remove(ada, remove); }, Fault::forbidden);
  site.at(root).videos().set(root, giving(video, "bob"));  // is there already
  CHECK(usedBy("bob") == used);
  site.at(bob).videos().remove(bob, remove);
  requireFault([&] { site.at(root).videos().set(root, giving(video, "ada")); }, Fault::conflict);
}

TEST_CASE("who had a video cannot replace its content once it is another user's, and others can still watch it") {
  Site site(GENERATE(Way::local, Way::remote));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const AddedVideo made = site.at(ada).videos().add(ada, {"ada", "x"});
  const Credential byUrl = linkOf(made.uploadUrl);
  NewShare share;
  share.video = made.id;
  share.expires = systemClock().now() + std::chrono::hours{1};
  const Credential viewing = linkOf(site.at(ada).shares().create(ada, share).url);
  share.what = ShareWhat::upload;
  const Credential byShare = linkOf(site.at(ada).shares().create(ada, share).url);
  for (const Credential& link : {byUrl, byShare})
    CHECK_NOTHROW(site.at(link).uploads().put(link, {made.id, {}}, sourceOf(movie(2000))));

  site.at(root).videos().set(root, giving(made.id, "bob"));
  for (const Credential& link : {byUrl, byShare})
    requireFault(
        [&] {
          site.at(link).uploads().put(link, {made.id, {}}, sourceOf(movie(3000)));
        },
        Fault::forbidden, "link: has been revoked");
  CHECK(readAll(site.at(viewing).videos().open(viewing, {made.id, {}})) == movie(2000));
  ShareQuery left;
  left.video = made.id;
  CHECK(site.at(bob).shares().list(bob, left).items.size() == 1);
  // Not to be used by its own owner either, but by the same user again.
  site.at(root).videos().set(root, giving(made.id, "ada"));
  CHECK_NOTHROW(site.at(byUrl).uploads().put(byUrl, {made.id, {}}, sourceOf(movie(3000))));
}

TEST_CASE("an upload that is under way while its video is given away does not go beyond the new owner's quota") {
  Site site(GENERATE(Way::local, Way::remote));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  ChangeUser quota;
  quota.name = "bob";
  quota.ownQuota = Nullable<std::int64_t>(500);
  site.at(root).users().change(root, quota);
  NewUpload wanted;
  wanted.size = 3000;
  const ResumableUpload made = site.at(ada).uploads().create(ada, wanted);
  const std::string bytes = movie(1000);
  ByteSource source = sourceOf(bytes);
  source.push = [&](const ByteSink& sink) {
    sink(std::as_bytes(std::span(bytes)));
    site.at(root).videos().set(root, giving(made.video, "bob"));
  };
  requireFault([&] { site.at(ada).uploads().append(ada, {.id = made.id}, source); }, Fault::locked, "another user");
  CHECK(site.at(root).users().show(root, {"bob"}).bytesUsed == 0);
  requireFault([&] { site.at(ada).uploads().show(ada, {made.id}); }, Fault::notFound);
  CHECK(site.at(bob).uploads().resume(bob, {made.id}).offset == 0);
}

TEST_CASE("a video is not given to a user who is disabled, or has too many pending ones") {
  Site site(GENERATE(Way::local, Way::remote), [](Settings& settings) { settings.videos.maxPending = 1; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId ready = site.video(ada, "ada", "ready");
  const VideoId pending = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  site.at(bob).videos().add(bob, {"bob", "y"});
  requireFault([&] { site.at(root).videos().set(root, giving(pending, "bob")); }, Fault::conflict, "pending videos");
  CHECK(site.at(root).videos().set(root, giving(ready, "bob")).author == "bob");
  ChangeUser disable;
  disable.name = "ada";
  disable.disabled = true;
  site.at(root).users().change(root, disable);
  requireFault([&] { site.at(root).videos().set(root, giving(ready, "ada")); }, Fault::conflict, "is disabled");
}

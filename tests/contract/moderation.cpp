// What moderators do: block videos and contents, mute users; local and remote.
#include <map>
#include <set>

#include "catch.hpp"
#include "contents/fields.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "deletions/fields.hpp"
#include "videos/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

struct People {
  explicit People(Site& site)
      : ada(site.user("ada")),
        bob(site.user("bob")),
        eve(site.user("eve", Role::moderator)),
        root(site.user("root", Role::admin)) {}
  Credential ada, bob, eve, root;
};

RemoveVideo gone(const VideoId& id, std::optional<bool> now = {}) {
  RemoveVideo wanted;
  wanted.id = id;
  wanted.now = now;
  return wanted;
}

// Purges all that may be purged.
void drainAll(Site& site) {
  Deletions& deletions = site.at(Operator{}).deletions();
  waitFor("the queue has nothing due or leased", [&] {
    deletions.drain(Operator{}, {true});
    const DeletionPage page = deletions.list(Operator{}, {});
    return page.due + page.leased == 0;
  });
}

Video shown(Site& site, const Credential& by, const VideoId& id) {
  return site.at(by).videos().show(by, {id, {}});
}

std::string storedHash(Site& site, const VideoId& id) {
  return site.local().videos().show(Operator{}, {id, {}}).sha256;
}

}  // namespace

TEST_CASE("a blocked video is seen by its owner, with the reason, and by moderators, and by nobody else") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId video = site.video(people.ada, "ada", "x");
  Videos& videos = site.at(people.eve).videos();
  CHECK(videos.block(people.eve, {video, "shows a neighbour"}).blocked == "shows a neighbour");
  for (const Credential& by : {people.ada, people.eve, people.root, Credential(Operator{})})
    CHECK(shown(site, by, video).blocked == "shows a neighbour");
  CHECK(readAll(site.at(people.eve).videos().open(people.eve, {video, {}})) == movie());
  for (const Credential& by : {Credential(Anonymous{}), people.bob}) {
    requireFault([&] { shown(site, by, video); }, Fault::notFound);
    requireFault([&] { site.at(by).videos().open(by, {video, {}}); }, Fault::notFound);
  }
  for (const auto& [by, fault] : {std::pair(people.ada, Fault::forbidden), std::pair(people.bob, Fault::notFound)}) {
    const Credential asked = by;
    requireFault([&] { site.at(asked).videos().unblock(asked, {video, {}}); }, fault);
    requireFault([&] { site.at(asked).videos().block(asked, {video, "mine"}); }, fault);
  }
  requireFault([&] { videos.block(people.eve, {video, ""}); }, Fault::malformed, "reason");
  requireFault([&] { videos.block(people.eve, {video, std::string(501, 'x')}); }, Fault::malformed, "reason");
  requireFault([&] { videos.block(people.eve, {{"nothing"}, "x"}); }, Fault::notFound);
  requireFault(
      [&] {
        site.at(people.ada).uploads().put(people.ada, {video, {}}, sourceOf(movie(900, 2)));
      },
      Fault::conflict, "is blocked");
  requireFault(
      [&] {
        site.at(people.ada).uploads().begin(people.ada, {video, {}, {}});
      },
      Fault::conflict, "is blocked");

  videos.unblock(people.eve, {video, {}});
  CHECK_FALSE(shown(site, people.bob, video).blocked);
  requireFault([&] { videos.unblock(people.eve, {video, {}}); }, Fault::conflict, "is not blocked");
}

TEST_CASE("a blocked video is not purged, whatever its owner does, until it is unblocked") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  Videos& owners = site.at(people.ada).videos();
  const VideoId video = site.video(people.ada, "ada", "x");
  const VideoId other = site.video(people.ada, "ada", "y", movie(3000, 2));
  site.at(people.eve).videos().block(people.eve, {video, "why"});
  owners.remove(people.ada, gone(video, true));
  owners.remove(people.ada, gone(other, true));
  requireFault([&] { owners.remove(people.ada, gone(video, true)); }, Fault::conflict, "is blocked");
  drainAll(site);
  CHECK(countFiles(site.data() / "blobs") == 1);
  Video trash = shown(site, people.ada, video);
  CHECK(trash.state == VideoState::deleted);
  CHECK(trash.blocked == "why");
  CHECK_FALSE(trash.purgeTime);
  RehearseDrain all;
  all.includeNotDue = true;
  CHECK(site.at(Operator{}).deletions().rehearseDrain(Operator{}, all).items.empty());

  CHECK(owners.restore(people.ada, {video, {}}).blocked == "why");
  requireFault([&] { shown(site, people.bob, video); }, Fault::notFound);
  owners.remove(people.ada, gone(video));
  site.at(people.root).deletions().enqueue(people.root, {video, {}});
  drainAll(site);
  CHECK(countFiles(site.data() / "blobs") == 1);

  site.at(people.eve).videos().unblock(people.eve, {video, {}});
  CHECK(shown(site, people.ada, video).purgeTime);
  drainAll(site);
  CHECK(countFiles(site.data() / "blobs") == 0);
  requireFault([&] { shown(site, people.ada, video); }, Fault::notFound);
}

TEST_CASE("a deleted video that is blocked stays in the trash") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId video = site.video(people.ada, "ada", "x");
  site.at(people.ada).videos().remove(people.ada, gone(video));
  // A moderator sees it if it was reported.
  requireFault([&] { site.at(people.eve).videos().block(people.eve, {video, "why"}); }, Fault::notFound);
  CHECK(site.at(people.root).videos().block(people.root, {video, "why"}).state == VideoState::deleted);
  drainAll(site);
  CHECK(shown(site, people.ada, video).state == VideoState::deleted);
  CHECK(countFiles(site.data() / "blobs") == 1);
}

TEST_CASE("a blocked video goes with its owner's account, and its content is refused from then on") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId video = site.video(people.ada, "ada", "x");
  const VideoId trash = site.video(people.ada, "ada", "y", movie(3000, 2));
  site.video(people.ada, "ada", "z", movie(3000, 3));
  site.at(people.ada).videos().remove(people.ada, gone(trash));
  for (const VideoId& one : {video, trash}) site.at(people.root).videos().block(people.root, {one, "why"});
  site.at(people.eve).contents().block(people.eve, {storedHash(site, video), "known"});
  site.at(people.ada).users().remove(people.ada, {"ada", {}});
  drainAll(site);
  waitFor("the contents are gone", [&] {
    drainAll(site);
    return countFiles(site.data() / "blobs") == 0;
  });
  requireFault([&] { site.video(people.bob, "bob", "x"); }, Fault::forbidden, "known");
  requireFault([&] { site.video(people.bob, "bob", "y", movie(3000, 2)); }, Fault::forbidden, "of a blocked video");
  site.video(people.bob, "bob", "z", movie(3000, 3));
  const Page<BlockedContent> all = site.at(people.eve).contents().list(people.eve, {});
  std::map<std::string, std::string> by;
  for (const BlockedContent& one : all.items) by[one.reason] = one.by.value_or("nobody");
  CHECK(by == std::map<std::string, std::string>{{"known", "eve"}, {"of a blocked video that was removed", "root"}});
}

TEST_CASE("a blocked content is refused from anyone, before its bytes if its hash is announced") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId first = site.video(people.ada, "ada", "x");
  const VideoId second = site.video(people.bob, "bob", "x");
  const std::string hash = storedHash(site, first);
  Contents& contents = site.at(people.eve).contents();
  site.at(people.eve).videos().block(people.eve, {second, "why"});
  const NewlyBlockedContent blocked = contents.block(people.eve, {hash, "known"});
  CHECK(blocked.videos == std::vector{first});
  CHECK(blocked.by == "eve");
  CHECK(contents.block(people.eve, {hash, "known well"}).reason == "known well");
  for (const Credential& by : {people.bob, people.root, Credential(Operator{})}) {
    const VideoId pending = site.at(people.bob).videos().add(people.bob, {"bob", "again"}).id;
    const Credential asked = by;
    Uploads& uploads = site.at(asked).uploads();
    if (std::holds_alternative<Secret>(by)) {
      requireFault([&] { uploads.begin(asked, {pending, 3000, hash}); }, Fault::forbidden, "known well");
      requireFault([&] { uploads.put(asked, {pending, hash}, sourceOf(movie())); }, Fault::forbidden, "known well");
    }
    requireFault([&] { uploads.put(asked, {pending, {}}, sourceOf(movie())); }, Fault::forbidden, "known well");
    CHECK(shown(site, Operator{}, pending).state == VideoState::pending);
    uploads.put(asked, {pending, {}}, sourceOf(movie(3000, 2)));
  }
  waitFor("refused contents are removed", [&] {
    drainAll(site);
    return countFiles(site.data() / "blobs") == 5;
  });
  const Page<BlockedContent> all = contents.list(people.eve, {});
  REQUIRE(all.items.size() == 1);
  CHECK(all.items[0].sha256 == hash);
  CHECK(all.items[0].reason == "known well");
  requireFault([&] { contents.block(people.eve, {"abc", "x"}); }, Fault::malformed, "sha256");
  requireFault([&] { contents.block(people.eve, {hash, ""}); }, Fault::malformed, "reason");
  requireFault([&] { site.at(people.bob).contents().block(people.bob, {hash, "x"}); }, Fault::forbidden);
  requireFault([&] { site.at(people.bob).contents().list(people.bob, {}); }, Fault::forbidden);
  contents.unblock(people.eve, {hash});
  requireFault([&] { contents.unblock(people.eve, {hash}); }, Fault::notFound, "is not blocked");
  site.video(people.bob, "bob", "x");
}

TEST_CASE("moderators moderate neither their own videos nor the contents of these; admins and the operator do") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId evesVideo = site.video(people.eve, "eve", "x");
  const VideoId rootsVideo = site.video(people.root, "root", "x", movie(3000, 2));
  const std::string evesHash = storedHash(site, evesVideo);
  const std::string rootsHash = storedHash(site, rootsVideo);
  for (const Credential& by : {people.eve, Credential(Operator{"eve"})}) {
    Videos& videos = site.at(by).videos();
    Contents& contents = site.at(by).contents();
    requireFault([&] { videos.block(by, {evesVideo, "mine"}); }, Fault::forbidden);
    site.at(people.root).videos().block(people.root, {evesVideo, "why"});
    requireFault([&] { videos.block(by, {evesVideo, "nothing"}); }, Fault::forbidden);
    requireFault([&] { videos.unblock(by, {evesVideo, {}}); }, Fault::forbidden);
    CHECK(shown(site, by, evesVideo).blocked == "why");
    site.at(Operator{}).videos().unblock(Operator{}, {evesVideo, {}});
    requireFault([&] { contents.block(by, {evesHash, "mine"}); }, Fault::forbidden);
    site.at(people.root).contents().block(people.root, {evesHash, "known"});
    requireFault([&] { contents.block(by, {evesHash, "nothing"}); }, Fault::forbidden);
    requireFault([&] { contents.unblock(by, {evesHash}); }, Fault::forbidden);
    CHECK(contents.list(by, {}).items.at(0).reason == "known");
    site.at(Operator{}).contents().unblock(Operator{}, {evesHash});
  }
  site.at(people.eve).videos().block(people.eve, {rootsVideo, "why"});
  site.at(people.eve).contents().block(people.eve, {rootsHash, "known"});
  site.at(people.root).videos().unblock(people.root, {rootsVideo, {}});
  site.at(people.root).contents().unblock(people.root, {rootsHash});

  site.at(people.root).contents().block(people.root, {evesHash, "known"});
  site.at(people.eve).videos().remove(people.eve, gone(evesVideo, true));
  requireFault([&] { site.at(people.eve).contents().unblock(people.eve, {evesHash}); }, Fault::forbidden);
  drainAll(site);
  requireFault([&] { shown(site, people.eve, evesVideo); }, Fault::notFound);
  requireFault([&] { site.at(people.eve).contents().unblock(people.eve, {evesHash}); }, Fault::forbidden);
}

TEST_CASE("moderators neither lift nor change the block of a content that an admin or the operator has blocked") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const Credential mo = site.user("mo", Role::moderator);
  const std::string hash(64, 'a');
  for (const Credential& by : {people.root, Credential(Operator{})}) {
    site.at(by).contents().block(by, {hash, "known"});
    Contents& contents = site.at(people.eve).contents();
    requireFault([&] { contents.block(people.eve, {hash, "mine"}); }, Fault::forbidden);
    requireFault([&] { contents.unblock(people.eve, {hash}); }, Fault::forbidden, "only admins");
    CHECK(contents.list(people.eve, {}).items.at(0).reason == "known");
    site.at(by).contents().unblock(by, {hash});
  }
  site.at(people.eve).contents().block(people.eve, {hash, "x"});
  CHECK_NOTHROW(site.at(mo).contents().block(mo, {hash, "y"}));
  CHECK_NOTHROW(site.at(people.eve).contents().unblock(people.eve, {hash}));
}

TEST_CASE("a deleted video with a blocked content is not restored until the content is unblocked") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId video = site.video(people.ada, "ada", "x");
  const std::string hash = storedHash(site, video);
  site.at(people.ada).videos().remove(people.ada, gone(video));
  site.at(people.eve).contents().block(people.eve, {hash, "known"});
  for (const Credential& by : {people.ada, people.root, Credential(Operator{})}) {
    Videos& videos = site.at(by).videos();
    requireFault([&] { videos.restore(by, {video, {}}); }, Fault::forbidden, "known");
    requireFault([&] { videos.rehearseRestore(by, {video, {}}); }, Fault::forbidden, "known");
    CHECK(shown(site, by, video).state == VideoState::deleted);
  }
  site.at(people.eve).contents().unblock(people.eve, {hash});
  CHECK(site.at(people.ada).videos().restore(people.ada, {video, {}}).state == VideoState::ready);
}

TEST_CASE("blocking a content lists the videos that have it and the caller may see, and counts the others") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId open = site.video(people.ada, "ada", "x");
  const VideoId secret = site.video(people.ada, "ada", "y");
  const std::string hash = storedHash(site, open);
  site.at(people.ada)
      .videos()
      .set(people.ada, {.id = secret, .name = {}, .description = {}, .visibility = Visibility::private_});
  NewlyBlockedContent blocked = site.at(people.eve).contents().block(people.eve, {hash, "x"});
  CHECK(blocked.videos == std::vector{open});
  CHECK(blocked.others == 1);
  blocked = site.at(people.root).contents().block(people.root, {hash, "x"});
  CHECK(blocked.videos == std::vector{open, secret});
  CHECK(blocked.others == 0);
  Database(site.data())
      .run(
          "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 510) INSERT INTO video_info "
          "(id, author_id, name, state, display_ctime, create_time, sha256) SELECT 'f' || i, 1, 'x', 'ready', '', 1, "
          "'" +
          hash + "' FROM n");
  blocked = site.at(people.root).contents().block(people.root, {hash, "x"});
  CHECK(blocked.videos.size() == 500);
  CHECK(blocked.others == 12);
}

TEST_CASE("blocked contents are listed in pages") {
  Site site(GENERATE(eachWay()));
  std::set<std::string> wanted;
  for (const char digit : {'0', '1', '2', '3', '4'}) {
    wanted.insert(std::string(64, digit));
    site.local().contents().block(Operator{}, {std::string(64, digit), "x"});
  }
  std::set<std::string> seen;
  ListQuery query;
  query.limit = 2;
  do {
    const Page<BlockedContent> page = site.at(Operator{}).contents().list(Operator{}, query);
    for (const BlockedContent& one : page.items) CHECK(seen.insert(one.sha256).second);
    query.cursor = page.nextCursor;
  } while (query.cursor);
  CHECK(seen == wanted);
}

TEST_CASE("a muted user can neither comment nor report until the mute ends") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  const VideoId video = site.video(people.ada, "ada", "x");
  const auto comment = [&](const Credential& by) { site.at(by).comments().post(by, {video, "hi", {}}); };
  ReportVideo report;
  report.video = video;
  Users& users = site.at(people.eve).users();
  const Time until{std::chrono::seconds{4'102'444'800}};
  users.mute(people.eve, {"bob", until});
  requireFault([&] { comment(people.bob); }, Fault::forbidden, "until 2100-01-01T00:00:00.000Z");
  requireFault([&] { comment(Operator{"bob"}); }, Fault::forbidden, "2100");
  requireFault([&] { site.at(people.bob).reports().video(people.bob, report); }, Fault::forbidden, "2100");
  CHECK(site.at(people.bob).users().show(people.bob, {"bob"}).mutedUntil == until);
  comment(people.ada);
  const Time soon = std::chrono::floor<std::chrono::milliseconds>(systemClock().now()) + std::chrono::milliseconds{300};
  users.mute(people.eve, {"bob", soon});
  waitFor("the mute has ended", [&] { return systemClock().now() > soon; });
  comment(people.bob);
  users.mute(people.eve, {"bob", until});
  users.unmute(people.eve, {"bob"});
  CHECK_FALSE(site.at(people.bob).users().show(people.bob, {"bob"}).mutedUntil);
  comment(people.bob);
  CHECK(site.at(people.bob).reports().video(people.bob, report).id);

  requireFault([&] { users.mute(people.eve, {"bob", Time{std::chrono::seconds{1}}}); }, Fault::malformed, "until");
  requireFault([&] { users.mute(people.eve, {"nobody", until}); }, Fault::notFound);
  requireFault([&] { users.mute(people.eve, {"root", until}); }, Fault::forbidden);
  requireFault([&] { users.unmute(people.eve, {"eve"}); }, Fault::forbidden);
  requireFault([&] { site.at(people.bob).users().mute(people.bob, {"ada", until}); }, Fault::forbidden);
  site.at(people.root).users().mute(people.root, {"eve", until});
  requireFault([&] { comment(people.eve); }, Fault::forbidden);
}

TEST_CASE("a user becomes a moderator and stops being one") {
  Site site(GENERATE(eachWay()));
  const People people(site);
  ChangeUser change;
  change.name = "bob";
  change.role = Role::moderator;
  CHECK(site.at(people.root).users().change(people.root, change).role == Role::moderator);
  CHECK(site.at(people.bob).reports().list(people.bob, {}).items.empty());
  requireFault([&] { site.at(people.bob).users().change(people.bob, change); }, Fault::forbidden);
  requireFault([&] { site.at(people.eve).users().list(people.eve, {}); }, Fault::forbidden);
  change.role = Role::user;
  site.at(people.root).users().change(people.root, change);
  requireFault([&] { site.at(people.bob).reports().list(people.bob, {}); }, Fault::forbidden);
  change.name = "root";
  change.role = Role::moderator;
  requireFault([&] { site.at(people.root).users().change(people.root, change); }, Fault::conflict, "last");
}

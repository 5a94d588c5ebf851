// Links through which guests upload to a user, local and remote.
#include <atomic>
#include <limits>
#include <thread>

#include "catch.hpp"
#include "contract/site.hpp"
#include "http/percent_encoding.hpp"
#include "shares/fields.hpp"
#include "videos/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

NewShare dropFor(const std::string& user) {
  NewShare wanted;
  wanted.what = ShareWhat::drop;
  wanted.user = user;
  wanted.expires = systemClock().now() + std::chrono::hours{1};
  wanted.label = "wedding";
  return wanted;
}

struct Guest {
  Guest(Site& its, const CreatedShare& drop) : site(its), id(drop.id), link(linkOf(drop.url)) {}
  DroppedVideo announce(std::int64_t size, const std::string& name = "mine.mp4") {
    return site.at(link).videos().drop(link, {id, name, size});
  }
  Uploaded upload(const DroppedVideo& video, const std::string& bytes) {
    const Credential by = linkOf(video.uploadUrl);
    return site.at(by).uploads().put(by, {video.id, {}}, sourceOf(bytes));
  }

  Site& site;
  ShareId id;
  Credential link;
};

Share only(Site& site, const Credential& by, const std::string& user) {
  ShareQuery query;
  query.user = user;
  const Page<Share> page = site.at(by).shares().list(by, query);
  REQUIRE(page.items.size() == 1);
  return page.items[0];
}

}  // namespace

TEST_CASE("a guest uploads through a drop link, and the user alone sees what came") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const CreatedShare drop = site.at(ada).shares().create(ada, dropFor("ada"));
  CHECK(drop.url.starts_with(site.url() + "/drop/" + drop.id.text + "?share=" + drop.id.text + "&exp="));
  CHECK(drop.maxFiles == 50);
  CHECK_FALSE(drop.video.has_value());
  Guest guest(site, drop);
  requireFault([&] { guest.announce(std::numeric_limits<std::int64_t>::max()); }, Fault::tooLarge);
  const DroppedVideo announced = guest.announce(3000);
  CHECK(announced.name == "mine.mp4");
  CHECK(guest.upload(announced, movie(3000)).size == 3000);

  const Video video = site.at(ada).videos().show(ada, {announced.id, {}});
  CHECK(video.author == "ada");
  CHECK(video.visibility == Visibility::private_);
  requireFault([&] { site.at(bob).videos().show(bob, {announced.id, {}}); }, Fault::notFound);
  requireFault([&] { site.at(Anonymous{}).videos().show(Anonymous{}, {announced.id, {}}); }, Fault::notFound);
  requireFault([&] { site.at(guest.link).videos().open(guest.link, {announced.id, {}}); }, Fault::forbidden);
  const Share counted = only(site, ada, "ada");
  CHECK(counted.files == 1);
  CHECK(counted.bytes == 3000);
  CHECK(counted.label == "wedding");
  CHECK(counted.user == "ada");
  // What has come is ada's: the guest cannot replace it, and she can.
  requireFault([&] { guest.upload(announced, movie(2000)); }, Fault::conflict, "already has its file");
  CHECK(site.at(ada).uploads().put(ada, {announced.id, {}}, sourceOf(movie(9000))).replaced);
}

TEST_CASE("a guest learns nothing of a content that is not the guest's") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Guest guest(site, site.at(ada).shares().create(ada, dropFor("ada")));
  const DroppedVideo announced = guest.announce(3000);
  const Uploaded uploaded = guest.upload(announced, movie(3000));
  const Credential by = linkOf(announced.uploadUrl);
  const auto status = [&] { return site.at(by).uploads().status(by, {announced.id, {}, uploaded.sha256}); };
  CHECK(status().size == 3000);
  CHECK(status().sha256 == uploaded.sha256);
  CHECK(status().same);
  site.at(ada).uploads().put(ada, {announced.id, {}}, sourceOf(movie(9000)));
  const UploadStatus now = status();
  CHECK(now.ready);
  CHECK(now.size == 0);
  CHECK(now.sha256.empty());
  CHECK(now.contentType.empty());
  CHECK(now.notes.empty());
  CHECK_FALSE(now.same);
}

TEST_CASE("a drop link counts what came, not what was announced") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  NewShare wanted = dropFor("ada");
  wanted.maxFiles = 3;
  wanted.maxBytes = 10'000;
  Guest guest(site, site.at(ada).shares().create(ada, wanted));
  guest.upload(guest.announce(9000), movie(2000));
  CHECK(only(site, ada, "ada").bytes == 2000);
  // One that the user fills herself gives its place back.
  const DroppedVideo second = guest.announce(8000);
  site.at(ada).uploads().put(ada, {second.id, {}}, sourceOf(movie(5000)));
  CHECK(only(site, ada, "ada").bytes == 2000);
  CHECK(only(site, ada, "ada").files == 1);
  requireFault([&] { guest.upload(second, movie(100)); }, Fault::conflict, "already has its file");
  site.at(ada).uploads().put(ada, {second.id, {}}, sourceOf(movie(6000)));
  CHECK(only(site, ada, "ada").files == 1);
  guest.announce(4000);
  guest.announce(4000);
  requireFault([&] { guest.announce(1); }, Fault::conflict, "limit of 3 videos");
}

TEST_CASE("what was announced and cannot come any more takes no place of a drop link") {
  Site site(GENERATE(eachWay()),
            [](Settings& settings) { settings.access.uploadLinkTtl = std::chrono::milliseconds{1}; });
  const Credential ada = site.user("ada");
  NewShare wanted = dropFor("ada");
  wanted.maxFiles = 1;
  wanted.maxBytes = 10'000;
  Guest guest(site, site.at(ada).shares().create(ada, wanted));
  const DroppedVideo first = guest.announce(9000);
  waitFor("the first cannot come any more", [&] {
    try {
      guest.announce(8000);
      return true;
    } catch (const Error& error) {
      return error.fault() != Fault::conflict;
    }
  });
  requireFault([&] { guest.upload(first, movie(100)); }, Fault::forbidden);
}

TEST_CASE("what was announced through a drop link still comes after the link has expired") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  NewShare wanted = dropFor("ada");
  wanted.expires = systemClock().now() + std::chrono::seconds{2};
  Guest guest(site, site.at(ada).shares().create(ada, wanted));
  const DroppedVideo announced = guest.announce(3000);
  waitFor("the link has expired", [&] {
    try {
      guest.announce(1);
      return false;
    } catch (const Error& error) {
      return error.fault() == Fault::forbidden;
    }
  });
  site.at(ada).shares().create(ada, dropFor("ada"));  // which removes expired ones
  CHECK(guest.upload(announced, movie(3000)).size == 3000);
}

TEST_CASE("guests do not use up what the user of a drop link may upload at once") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    settings.videos.maxPending = 2;
    settings.uploads.maxPartial = 2;
    settings.uploads.maxPerUser = 1;
  });
  const Credential ada = site.user("ada");
  Guest guest(site, site.at(ada).shares().create(ada, dropFor("ada")));
  Guest other(site, site.at(ada).shares().create(ada, dropFor("ada")));
  const DroppedVideo first = guest.announce(3000);
  guest.announce(3000);
  requireFault([&] { guest.announce(1); }, Fault::conflict, "pending");
  other.announce(1);
  const VideoId own = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  site.at(ada).videos().add(ada, {"ada", "y"});
  requireFault([&] { site.at(ada).videos().add(ada, {"ada", "z"}); }, Fault::conflict, "pending");

  const Credential by = linkOf(first.uploadUrl);
  NewUpload resumable;
  resumable.video = first.id;
  for (int i = 0; i < 5; ++i) site.at(by).uploads().create(by, resumable);
  resumable.video = own;
  site.at(ada).uploads().create(ada, resumable);

  // While the guest's upload is under way, the user uploads.
  ByteSource slow = sourceOf(movie(3000));
  slow.push = [&, push = slow.push](const ByteSink& sink) {
    CHECK(site.local().uploads().put(ada, {own, {}}, sourceOf(movie(2000, 2))).size == 2000);
    push(sink);
  };
  CHECK(site.local().uploads().put(by, {first.id, {}}, slow).size == 3000);
}

TEST_CASE("files that come through a drop link at once do not keep each other out") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  Guest guest(site, site.at(ada).shares().create(ada, dropFor("ada")));
  const DroppedVideo first = guest.announce(3000);
  const DroppedVideo second = guest.announce(500);
  ByteSource slow = sourceOf(movie(3000));
  slow.push = [&, push = slow.push](const ByteSink& sink) {
    CHECK(site.local().uploads().put(linkOf(second.uploadUrl), {second.id, {}}, sourceOf(movie(500, 2))).size == 500);
    push(sink);
  };
  CHECK(site.local().uploads().put(linkOf(first.uploadUrl), {first.id, {}}, slow).size == 3000);
}

TEST_CASE("a drop link takes so many files and bytes, and no file larger than announced") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  NewShare wanted = dropFor("ada");
  wanted.maxFiles = 2;
  wanted.maxBytes = 10'000;
  Guest guest(site, site.at(ada).shares().create(ada, wanted));
  requireFault([&] { guest.announce(10'001); }, Fault::overQuota, "link");
  requireFault([&] { guest.announce(0); }, Fault::malformed, "size");
  requireFault([&] { guest.announce(1000, ""); }, Fault::malformed, "name");
  const DroppedVideo first = guest.announce(4000);
  requireFault([&] { guest.upload(first, movie(4001)); }, Fault::tooLarge, "announced");
  requireFault([&] { guest.announce(6001); }, Fault::overQuota);
  const DroppedVideo second = guest.announce(6000);
  requireFault([&] { guest.announce(1); }, Fault::conflict, "link: its limit of 2 videos is reached");
  guest.upload(first, movie(4000));

  // One that never came frees its place; one that came does not.
  for (const DroppedVideo& video : {first, second}) site.at(ada).videos().remove(ada, {{video.id, {}}, true});
  waitFor("the one that never came is purged", [&] {
    site.at(Operator{}).deletions().drain(Operator{}, {true});
    return only(site, ada, "ada").files == 1;
  });
  CHECK(only(site, ada, "ada").bytes == 4000);
  guest.announce(6000);
  requireFault([&] { guest.announce(1); }, Fault::conflict);
}

TEST_CASE("an upload that a guest aborts leaves nothing, and frees its place in the drop link") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  NewShare one = dropFor("ada");
  one.maxFiles = 1;
  Guest guest(site, site.at(ada).shares().create(ada, one));
  const DroppedVideo announced = guest.announce(5000);
  const Credential link = linkOf(announced.uploadUrl);
  NewUpload wanted;
  wanted.size = 5000;
  wanted.video = announced.id;
  const UploadId upload = site.at(link).uploads().create(link, wanted).id;
  AppendUpload piece;
  piece.id = upload;
  site.at(link).uploads().append(link, piece, sourceOf(movie(1000)));
  site.at(link).uploads().abort(link, {upload});
  waitFor("its video is purged", [&] {
    site.at(Operator{}).deletions().drain(Operator{}, {true});
    return only(site, ada, "ada").files == 0;
  });
  requireFault([&] { site.at(ada).videos().show(ada, {announced.id, {}}); }, Fault::notFound);
  guest.upload(guest.announce(4000), movie(4000));

  // A video that the user has made stays, whoever uploads to it.
  wanted.video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  NewShare toVideo;
  toVideo.what = ShareWhat::upload;
  toVideo.video = wanted.video;
  toVideo.expires = one.expires;
  const Credential other = linkOf(site.at(ada).shares().create(ada, toVideo).url);
  site.at(other).uploads().abort(other, {site.at(other).uploads().create(other, wanted).id});
  CHECK(site.at(ada).videos().show(ada, {*wanted.video, {}}).state == VideoState::pending);
}

TEST_CASE("guests that come at once do not exceed the number of files") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  NewShare wanted = dropFor("ada");
  wanted.maxFiles = 5;
  const CreatedShare drop = site.at(ada).shares().create(ada, wanted);
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> guests;
    for (int i = 0; i < 8; ++i)
      guests.emplace_back([&] {
        Guest guest(site, drop);
        for (int j = 0; j < 2; ++j) {
          try {
            guest.announce(100);
            ++taken;
          } catch (const Error&) {
          }
        }
      });
  }
  CHECK(taken == 5);
  CHECK(only(site, ada, "ada").files == 5);
}

TEST_CASE("a drop link ends when it is revoked, also for uploads that were announced") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const CreatedShare drop = site.at(ada).shares().create(ada, dropFor("ada"));
  Guest guest(site, drop);
  const DroppedVideo announced = guest.announce(3000);
  requireFault([&] { site.at(bob).shares().revoke(bob, {{}, drop.id, "ada"}); }, Fault::forbidden);
  requireFault([&] { site.at(bob).shares().revoke(bob, {{}, drop.id, "bob"}); }, Fault::notFound);
  site.at(ada).shares().revoke(ada, {{}, drop.id, "ada"});
  requireFault([&] { guest.announce(3000); }, Fault::forbidden, "revoked");
  requireFault([&] { guest.upload(announced, movie(3000)); }, Fault::forbidden, "revoked");
  CHECK(site.at(ada).uploads().put(ada, {announced.id, {}}, sourceOf(movie(9000))).size == 9000);
}

TEST_CASE("a drop link is for its user, its ID and its time alone") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const CreatedShare one = site.at(ada).shares().create(ada, dropFor("ada"));
  const CreatedShare other = site.at(ada).shares().create(ada, dropFor("ada"));
  Guest guest(site, one);
  guest.id = other.id;
  requireFault([&] { guest.announce(1); }, Fault::forbidden, "link");
  guest.id = one.id;
  std::get<SignedLink>(guest.link).expires += "0";
  requireFault([&] { guest.announce(1); }, Fault::forbidden, "link");
  for (const Credential& by : {ada, bob, Credential(Operator{})})
    requireFault([&, who = by] { site.at(who).videos().drop(who, {one.id, "x", 1}); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).videos().drop(Anonymous{}, {one.id, "x", 1}); }, Fault::unauthenticated);

  requireFault([&] { site.at(bob).shares().create(bob, dropFor("ada")); }, Fault::forbidden);
  requireFault([&] { site.at(ada).shares().create(ada, dropFor("nobody")); }, Fault::notFound);
  NewShare wrong = dropFor("ada");
  wrong.maxFiles = 1001;
  requireFault([&] { site.at(ada).shares().create(ada, wrong); }, Fault::malformed, "max_files");
  wrong = dropFor("ada");
  wrong.maxBytes = 0;
  requireFault([&] { site.at(ada).shares().create(ada, wrong); }, Fault::malformed, "max_bytes");
  wrong = dropFor("ada");
  wrong.what = ShareWhat::view;
  requireFault([&] { site.at(ada).shares().create(ada, wrong); }, Fault::malformed, "what");
}

TEST_CASE("through a drop link the user's quota, limits and state count") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.videos.maxPending = 2; });
  const Credential ada = site.user("ada");
  Guest guest(site, site.at(ada).shares().create(ada, dropFor("ada")));
  ChangeUser change;
  change.name = "ada";
  change.ownQuota = 5000;
  site.at(Operator{}).users().change(Operator{}, change);
  const DroppedVideo first = guest.announce(6000);
  requireFault([&] { guest.upload(first, movie(5001)); }, Fault::overQuota);
  CHECK(guest.upload(first, movie(5000)).size == 5000);
  guest.announce(1);
  guest.announce(1);
  requireFault([&] { guest.announce(1); }, Fault::conflict, "pending");
  change.ownQuota.reset();
  change.disabled = true;
  site.at(Operator{}).users().change(Operator{}, change);
  requireFault([&] { guest.announce(1); }, Fault::forbidden, "disabled");
  site.at(Operator{}).users().remove(Operator{}, {"ada", {}});
  requireFault([&] { guest.announce(1); }, Fault::forbidden);
}

TEST_CASE("a user has at most 100 drop links, without those that have expired") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  for (int i = 0; i < 100; ++i) site.at(ada).shares().create(ada, dropFor("ada"));
  requireFault([&] { site.at(ada).shares().create(ada, dropFor("ada")); }, Fault::conflict, "revoke some");
}

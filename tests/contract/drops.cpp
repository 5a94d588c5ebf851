// Links through which guests upload to a user, local and remote.
#include <atomic>
#include <thread>

#include "catch.hpp"
#include "contract/site.hpp"
#include "http/percent_encoding.hpp"
#include "shares/fields.hpp"
#include "videos/fields.hpp"

using namespace video;
using namespace video::test;

namespace {

Credential linkOf(const std::string& url) {
  SignedLink link;
  for (const auto& [name, value] : http::parseQuery(url.substr(url.find('?') + 1)))
    (name == "share" ? link.share : name == "exp" ? link.expires : link.signature) = value;
  return link;
}

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
  Site site(GENERATE(Way::local, Way::remote));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const CreatedShare drop = site.at(ada).shares().create(ada, dropFor("ada"));
  CHECK(drop.url.starts_with(site.url() + "/drop/" + drop.id.text + "?share=" + drop.id.text + "&exp="));
  CHECK(drop.maxFiles == 50);
  CHECK_FALSE(drop.video.has_value());
  Guest guest(site, drop);
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
  requireFault([&] { guest.upload(announced, movie(2000)); }, Fault::conflict, "come already");
  CHECK(site.at(ada).uploads().put(ada, {announced.id, {}}, sourceOf(movie(9000))).replaced);
}

TEST_CASE("a drop link takes so many files and bytes, and no file larger than announced") {
  Site site(GENERATE(Way::local, Way::remote), [](Settings& settings) {
    settings.deletions.delay = std::chrono::milliseconds{0};
    settings.tasks.timings["video-clear"].enabled = false;
  });
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
  requireFault([&] { guest.announce(1); }, Fault::conflict, "takes 2 videos");
  guest.upload(first, movie(4000));

  // One that never came frees its place; one that came does not.
  for (const DroppedVideo& video : {first, second}) site.at(ada).videos().remove(ada, {{video.id, {}}, true});
  for (int i = 0; i < 3; ++i) site.local().deletions().drain(Operator{}, {true});
  CHECK(only(site, ada, "ada").files == 1);
  CHECK(only(site, ada, "ada").bytes == 4000);
  guest.announce(6000);
  requireFault([&] { guest.announce(1); }, Fault::conflict);
}

TEST_CASE("guests that come at once do not exceed the number of files") {
  Site site(GENERATE(Way::local, Way::remote));
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
  Site site(GENERATE(Way::local, Way::remote));
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
  Site site(GENERATE(Way::local, Way::remote));
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
  Site site(GENERATE(Way::local, Way::remote), [](Settings& settings) { settings.videos.maxPending = 2; });
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
  for (int i = 0; i < 5; ++i) site.local().deletions().drain(Operator{}, {true});
}

TEST_CASE("a user has at most 100 drop links, without those that have expired") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  for (int i = 0; i < 100; ++i) site.at(ada).shares().create(ada, dropFor("ada"));
  requireFault([&] { site.at(ada).shares().create(ada, dropFor("ada")); }, Fault::conflict, "revoke some");
}

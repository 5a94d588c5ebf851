// Signed links and who may watch, local and remote.
#include <set>

#include "catch.hpp"
#include "contract/site.hpp"
#include "shares/fields.hpp"

using namespace video;
using namespace video::test;

namespace {

NewShare shareOf(const VideoId& video, ShareWhat what = ShareWhat::view) {
  NewShare wanted;
  wanted.video = video;
  wanted.what = what;
  wanted.expires = systemClock().now() + std::chrono::hours{1};
  wanted.label = "for grandma";
  return wanted;
}

}  // namespace

TEST_CASE("signed links can be created, listed and revoked") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  Shares& shares = site.at(ada).shares();

  const CreatedShare made = shares.create(ada, shareOf(video));
  CHECK(made.id.text.size() == 12);
  CHECK(made.video == video);
  CHECK(made.label == "for grandma");
  CHECK(made.url.starts_with(site.url() + "/videos/" + video.text + "?share=" + made.id.text + "&exp="));
  requireFault([&] { site.at(bob).shares().create(bob, shareOf(video)); }, Fault::forbidden);
  requireFault([&] { site.at(bob).shares().list(bob, {{}, video}); }, Fault::forbidden);
  requireFault([&] { shares.create(ada, shareOf(VideoId{"unknown"})); }, Fault::notFound);
  NewShare past = shareOf(video);
  past.expires = Time{std::chrono::seconds{1}};
  requireFault([&] { shares.create(ada, past); }, Fault::malformed, "expires");

  const CreatedShare second = shares.create(ada, shareOf(video, ShareWhat::upload));
  ShareQuery query;
  query.video = video;
  query.limit = 1;
  const Page<Share> first = shares.list(ada, query);
  REQUIRE(first.items.size() == 1);
  query.cursor = first.nextCursor.value();
  const Page<Share> rest = shares.list(ada, query);
  REQUIRE(rest.items.size() == 1);
  CHECK_FALSE(rest.nextCursor.has_value());
  CHECK(std::set{first.items[0].id, rest.items[0].id} == std::set{made.id, second.id});

  requireFault([&] { site.at(bob).shares().revoke(bob, {video, made.id}); }, Fault::forbidden);
  shares.revoke(ada, {video, made.id});
  requireFault([&] { shares.revoke(ada, {video, made.id}); }, Fault::notFound, "share");
  CHECK(shares.list(ada, {{}, video}).items.size() == 1);
}

TEST_CASE("a view link opens one video until it is revoked or the key changes") {
  const StreamAccess access = GENERATE(StreamAccess::everyone, StreamAccess::session, StreamAccess::signed_);
  Site site(GENERATE(eachWay()), [&](Settings& settings) { settings.access.stream = access; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(700));
  const VideoId other = site.video(ada, "ada", "y");
  const CreatedShare made = site.at(ada).shares().create(ada, shareOf(video));
  const Credential link = linkOf(made.url);
  const auto open = [&](const Credential& by, const VideoId& id) { return site.at(by).videos().open(by, {id, {}}); };

  CHECK(readAll(open(link, video)) == movie(700));
  requireFault([&] { open(link, other); }, Fault::forbidden, "link");
  SignedLink later = std::get<SignedLink>(link);
  later.expires += "0";
  requireFault([&] { open(later, video); }, Fault::forbidden, "link");
  requireFault([&] { site.at(link).uploads().begin(link, {video, {}, {}}); }, Fault::forbidden, "link");
  const Credential upload = linkOf(site.at(ada).shares().create(ada, shareOf(video, ShareWhat::upload)).url);
  requireFault([&] { open(upload, video); }, Fault::forbidden, "link");

  const CreatedShare second = site.at(ada).shares().create(ada, shareOf(video));
  site.at(ada).shares().revoke(ada, {video, made.id});
  requireFault([&] { open(link, video); }, Fault::forbidden, "revoked");
  CHECK_NOTHROW(open(linkOf(second.url), video));
  openData(site.settings(), "the test")->rotateKey();
  requireFault([&] { open(linkOf(second.url), video); }, Fault::forbidden, "link");
  CHECK_NOTHROW(open(linkOf(site.at(ada).shares().create(ada, shareOf(video)).url), video));
}

TEST_CASE("a view link covers all that belongs to its video, also to a private one") {
  const StreamAccess access = GENERATE(StreamAccess::everyone, StreamAccess::session, StreamAccess::signed_);
  Site site(GENERATE(eachWay()), [&](Settings& settings) { settings.access.stream = access; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  site.at(ada).comments().post(ada, {video, "hello", {}});
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .visibility = Visibility::private_});
  Credential link = linkOf(site.at(ada).shares().create(ada, shareOf(video)).url);
  CommentQuery query;
  query.video = video;
  CHECK(site.at(link).comments().list(link, query).items.size() == 1);
  CHECK(site.at(link).videos().show(link, {video, {}}).name == "x");
  CHECK(site.at(link).videos().show(link, {video, "ada"}).name == "x");
  CHECK(readAll(site.at(link).videos().open(link, {video, {}})) == movie());
  requireFault(
      [&] {
        site.at(link).comments().post(link, {video, "no", {}});
      },
      site.url().empty() ? Fault::forbidden : Fault::unauthenticated);
  std::get<SignedLink>(link).signature += "x";
  requireFault([&] { site.at(link).comments().list(link, query); }, Fault::forbidden, "link");
  requireFault([&] { site.at(link).videos().show(link, {video, {}}); }, Fault::forbidden, "link");
}

TEST_CASE("an upload link allows uploading to one video while its owner is enabled") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const AddedVideo video = site.at(ada).videos().add(ada, {"ada", "x"});
  const CreatedShare made = site.at(ada).shares().create(ada, shareOf(video.id, ShareWhat::upload));
  CHECK(made.url.starts_with(site.url() + "/upload/" + video.id.text + "?share="));
  for (const std::string& url : {made.url, video.uploadUrl}) {
    const Credential link = linkOf(url);
    CHECK(site.at(link).uploads().put(link, {video.id, {}}, sourceOf(movie(800))).size == 800);
  }
  ChangeUser change;
  change.name = "ada";
  change.disabled = true;
  site.at(Operator{}).users().change(Operator{}, change);
  for (const std::string& url : {made.url, video.uploadUrl}) {
    const Credential link = linkOf(url);
    requireFault(
        [&] {
          site.at(link).uploads().put(link, {video.id, {}}, sourceOf(movie(800)));
        },
        Fault::forbidden, "disabled");
  }
}

TEST_CASE("a view link opens nothing while the video's owner is disabled") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(700));
  const Credential link = linkOf(site.at(ada).shares().create(ada, shareOf(video)).url);
  const auto open = [&] { return readAll(site.at(link).videos().open(link, {video, {}})); };
  CHECK(open() == movie(700));
  ChangeUser change;
  change.name = "ada";
  change.disabled = true;
  site.at(Operator{}).users().change(Operator{}, change);
  requireFault([&] { open(); }, Fault::forbidden, "disabled");
  change.disabled = false;
  site.at(Operator{}).users().change(Operator{}, change);
  CHECK(open() == movie(700));
}

TEST_CASE("links are absolute if public_url is set") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.shares.publicUrl = "https://video.example/site"; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  CHECK(site.at(ada)
            .shares()
            .create(ada, shareOf(video))
            .url.starts_with("https://video.example/site/videos/" + video.text + "?share="));
}

TEST_CASE("links are absolute if the request tells the URL of the site") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const NewShare wanted = shareOf(site.video(ada, "ada", "x"));
  CHECK(site.at(ada).shares().create(ada, wanted).url.starts_with(site.url() + "/videos/" + wanted.video->text + "?"));
  CHECK(site.at(Operator{}).shares().create(Operator{}, wanted).url.starts_with("/videos/"));
}

TEST_CASE("stream.access decides who may watch") {
  const auto [access, anonymous, other] = GENERATE(table<StreamAccess, bool, bool>({
      {StreamAccess::everyone, true, true},
      {StreamAccess::session, false, true},
      {StreamAccess::signed_, false, false},
  }));
  Site site(GENERATE(eachWay()), [&, to = access](Settings& settings) { settings.access.stream = to; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x");
  const auto open = [&](const Credential& by) { site.at(by).videos().open(by, {video, {}}); };
  for (const Credential& by : {ada, root, Credential(Operator{})}) CHECK_NOTHROW(open(by));
  if (anonymous)
    CHECK_NOTHROW(open(Anonymous{}));
  else
    requireFault([&] { open(Anonymous{}); }, Fault::unauthenticated);
  if (other)
    CHECK_NOTHROW(open(bob));
  else
    requireFault([&] { open(bob); }, Fault::notFound);
}

TEST_CASE("a video has at most 500 links") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  for (int i = 0; i < 500; ++i) site.at(ada).shares().create(ada, shareOf(video));
  requireFault([&] { site.at(ada).shares().create(ada, shareOf(video)); }, Fault::conflict, "revoke some");
  site.at(ada).videos().remove(ada, {{video, {}}, true});
  site.at(Operator{}).deletions().drain(Operator{}, {true});
  requireFault([&] { site.at(ada).videos().show(ada, {video, {}}); }, Fault::notFound);
}

TEST_CASE("links are deleted with their video") {
  Site site(Way::local, [](Settings& settings) { settings.deletions.delay = std::chrono::milliseconds{0}; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  const Credential link = linkOf(site.at(ada).shares().create(ada, shareOf(video)).url);
  site.at(ada).videos().remove(ada, {{video, {}}, {}});
  requireFault([&] { site.at(link).videos().open(link, {video, {}}); }, Fault::notFound);
  site.at(Operator{}).deletions().drain(Operator{}, {true});
  requireFault([&] { site.at(link).videos().open(link, {video, {}}); }, Fault::forbidden);
}

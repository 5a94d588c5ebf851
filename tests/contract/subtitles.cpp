// Subtitles and chapters of videos, local and remote.
#include <httplib.h>

#include "catch.hpp"
#include "contract/site.hpp"
#include "http/percent_encoding.hpp"
#include "subtitles/fields.hpp"
#include "videos/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

const std::string srt = "1\n00:00:01,000 --> 00:00:02,000\n<b>Hello</b> <script>\n";
const std::string vtt = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<b>Hello</b>\n";

StoredSubtitle put(Site& site, const Credential& by, const VideoId& video, const std::string& lang,
                   const std::string& text = srt, const std::optional<std::string>& label = {}) {
  return site.at(by).subtitles().put(by, {video, lang, label}, sourceOf(text));
}

std::vector<std::string> languages(Site& site, const Credential& by, const VideoId& video) {
  SubtitleQuery query;
  query.video = video;
  std::vector<std::string> found;
  for (const Subtitle& one : site.at(by).subtitles().list(by, query).items) found.push_back(one.lang);
  return found;
}

std::string opened(Site& site, const Credential& by, const VideoId& video, const std::string& lang) {
  return readAll(site.at(by).subtitles().open(by, {video, lang}));
}

Credential viewLink(Site& site, const Credential& by, const VideoId& video) {
  NewShare wanted;
  wanted.video = video;
  wanted.expires = systemClock().now() + std::chrono::hours{1};
  return linkOf(site.at(by).shares().create(by, wanted).url);
}

std::int64_t bytesUsed(Site& site, const std::string& user) {
  return site.at(Operator{}).users().show(Operator{}, {user}).bytesUsed;
}

}  // namespace

TEST_CASE("subtitles are stored as WebVTT, listed with their video, replaced and deleted") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  CHECK_FALSE(site.at(ada).videos().show(ada, {video, {}}).subtitles.has_value());

  const StoredSubtitle first = put(site, ada, video, "EN-us", srt, "English");
  CHECK(first.lang == "en-US");
  CHECK(first.label == "English");
  CHECK_FALSE(first.replaced);
  CHECK(first.size == std::ssize(vtt));
  CHECK(first.url == "/videos/" + video.text + "/subtitles/en-US");
  put(site, ada, video, "de", vtt);
  CHECK(languages(site, Anonymous{}, video) == std::vector<std::string>{"de", "en-US"});
  const auto shown = site.at(Anonymous{}).videos().show(Anonymous{}, {video, {}}).subtitles;
  REQUIRE(shown.has_value());
  REQUIRE(shown->size() == 2);
  CHECK(shown->at(1).label == "English");

  const Content content = site.at(Anonymous{}).subtitles().open(Anonymous{}, {video, "en-us"});
  CHECK(readAll(content) == vtt);
  CHECK(content.meta.type == "text/vtt; charset=utf-8");
  const std::string etag = content.meta.etag;
  const StoredSubtitle second = put(site, ada, video, "en-US", "WEBVTT\n\n00:01.000 --> 00:03.000\nNew\n");
  CHECK(second.replaced);
  CHECK(second.label == "English");
  CHECK(site.at(Anonymous{}).subtitles().open(Anonymous{}, {video, "en-US"}).meta.etag != etag);

  site.at(ada).subtitles().remove(ada, {video, "EN-US"});
  requireFault([&] { opened(site, ada, video, "en-US"); }, Fault::notFound, "no subtitles in en-US");
  requireFault([&] { site.at(ada).subtitles().remove(ada, {video, "en-US"}); }, Fault::notFound);
  CHECK(languages(site, ada, video) == std::vector<std::string>{"de"});
  SubtitleQuery query;
  query.video = video;
  put(site, ada, video, "fr");
  query.limit = 1;
  const Page<Subtitle> page = site.at(ada).subtitles().list(ada, query);
  REQUIRE(page.nextCursor.has_value());
  query.cursor = *page.nextCursor;
  CHECK(site.at(ada).subtitles().list(ada, query).items.at(0).lang == "fr");
}

TEST_CASE("those see a video's subtitles and chapters who see the video") {
  const StreamAccess access = GENERATE(StreamAccess::everyone, StreamAccess::session, StreamAccess::signed_);
  Site site(GENERATE(eachWay()), [&](Settings& settings) { settings.access.stream = access; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  put(site, ada, video, "en");
  const auto chapters = [&](const Credential& by) { return readAll(site.at(by).videos().chapters(by, {video, {}})); };
  SetVideo change;
  change.id = video;
  change.description = "0:00 Start";
  site.at(ada).videos().set(ada, change);
  const auto sees = [&](const Credential& by) {
    const auto tries = [](const auto& look) {
      try {
        look();
        return true;
      } catch (const Error& error) {
        CHECK((error.fault() == Fault::notFound || error.fault() == Fault::unauthenticated ||
               error.fault() == Fault::forbidden));
        return false;
      }
    };
    const bool isSeen = tries([&] { site.at(by).videos().show(by, {video, {}}); });
    CHECK(tries([&] { opened(site, by, video, "en"); }) == isSeen);
    CHECK(tries([&] { languages(site, by, video); }) == isSeen);
    CHECK(tries([&] { chapters(by); }) == isSeen);
    return isSeen;
  };
  const Credential link = viewLink(site, ada, video);
  for (const Visibility visibility : {Visibility::public_, Visibility::private_}) {
    change.visibility = visibility;
    site.at(ada).videos().set(ada, change);
    const bool isPublic = visibility == Visibility::public_;
    CHECK(sees(Anonymous{}) == (isPublic && access == StreamAccess::everyone));
    CHECK(sees(bob) == (isPublic && access != StreamAccess::signed_));
    CHECK(sees(ada));
    CHECK(sees(link));
  }
  requireFault([&] { put(site, bob, video, "en"); }, Fault::notFound);
  requireFault([&] { put(site, Anonymous{}, video, "en"); }, Fault::unauthenticated);
}

TEST_CASE(
    "a file that is no subtitles, a language that is none, and what does not fit are refused, and change nothing") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  put(site, ada, video, "en");
  requireFault([&] { put(site, ada, video, "en", movie()); }, Fault::unsupportedMediaType, "neither WebVTT nor SubRip");
  requireFault([&] { put(site, ada, video, "en", "hello"); }, Fault::unsupportedMediaType);
  requireFault([&] { put(site, ada, video, "en", "WEBVTT\n\n"); }, Fault::malformed);
  requireFault([&] { put(site, ada, video, "en", ""); }, Fault::malformed, "empty");
  requireFault([&] { put(site, ada, video, "en", srt + "\xff\xff"); }, Fault::malformed, "GB18030");
  requireFault([&] { put(site, ada, video, "english"); }, Fault::malformed, "lang");
  requireFault([&] { put(site, ada, video, "en", srt, std::string(101, 'x')); }, Fault::malformed, "label");
  requireFault([&] { put(site, ada, VideoId{"unknown"}, "en"); }, Fault::notFound);
  requireFault([&] { put(site, bob, video, "en"); }, Fault::forbidden);
  requireFault([&] { site.at(bob).subtitles().remove(bob, {video, "en"}); }, Fault::forbidden);
  std::string large = srt + "\n00:00:03,000 --> 00:00:04,000\n";
  large.resize((2 << 20) - 1, 'x');
  CHECK(put(site, ada, video, "de", large + "x").size > 2'000'000);
  requireFault([&] { put(site, ada, video, "de", large + "xx"); }, Fault::tooLarge, "2.0 MiB");
  CHECK(opened(site, ada, video, "en") == vtt);
  site.at(Operator{}).videos().block(Operator{}, {video, "x"});
  requireFault([&] { put(site, ada, video, "en"); }, Fault::conflict, "blocked");
  site.at(Operator{}).videos().unblock(Operator{}, {video, {}});
  site.at(ada).videos().remove(ada, {{video, {}}, {}});
  requireFault([&] { put(site, ada, video, "en"); }, Fault::conflict, "deleted");
}

TEST_CASE("a video has subtitles in at most 32 languages") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  for (int i = 0; i < 32; ++i)
    put(site, ada, video, "e" + std::string(1, static_cast<char>('a' + i % 26)) + (i < 26 ? "" : "-US"));
  requireFault([&] { put(site, ada, video, "fr"); }, Fault::conflict, "32 languages");
  CHECK(put(site, ada, video, "ea").replaced);
}

TEST_CASE("subtitles count for the owner's quota, until the video is purged") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.deletions.delay = std::chrono::milliseconds{0}; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(3000));
  const std::int64_t size = std::ssize(vtt);
  put(site, ada, video, "en");
  CHECK(bytesUsed(site, "ada") == 3000 + size);
  put(site, ada, video, "en", "WEBVTT\n\n00:01.000 --> 00:02.000\nx\n");
  put(site, ada, video, "de");
  CHECK(bytesUsed(site, "ada") == 3000 + size + 40);
  site.at(ada).subtitles().remove(ada, {video, "en"});
  CHECK(bytesUsed(site, "ada") == 3000 + size);
  ChangeUser change;
  change.name = "ada";
  change.ownQuota = 3000 + size;
  site.at(Operator{}).users().change(Operator{}, change);
  requireFault([&] { put(site, ada, video, "en"); }, Fault::overQuota);
  CHECK(put(site, ada, video, "de").replaced);
  site.at(ada).videos().remove(ada, {{video, {}}, {}});
  waitFor("the video is purged", [&] {
    site.at(Operator{}).deletions().drain(Operator{}, {true});
    return bytesUsed(site, "ada") == 0;
  });
  CHECK(site.local().users().show(Operator{}, {"ada"}).bytesTrash == 0);
}

TEST_CASE("lines of the description are chapters") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  requireFault([&] { site.at(ada).videos().chapters(ada, {video, {}}); }, Fault::notFound, "chapters");
  SetVideo change;
  change.id = video;
  change.description = "At the lake\n\n1:02 The cave\n0:00 Start <3";
  const Video changed = site.at(ada).videos().set(ada, change);
  REQUIRE(changed.chapters.has_value());
  const auto chapters = site.at(Anonymous{}).videos().show(Anonymous{}, {video, {}}).chapters;
  REQUIRE(chapters.has_value());
  REQUIRE(chapters->size() == 2);
  CHECK(chapters->at(0).title == "Start <3");
  CHECK(chapters->at(1).timeMs == 62'000);
  const Content track = site.at(Anonymous{}).videos().chapters(Anonymous{}, {video, {}});
  CHECK(track.meta.type == "text/vtt; charset=utf-8");
  CHECK(readAll(track) ==
        "WEBVTT\n\n00:00:00.000 --> 00:01:02.000\nStart &lt;3\n\n00:01:02.000 --> 01:01:02.000\nThe cave\n");
}

TEST_CASE("subtitles and chapters are served with an ETag, to pages of any origin") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  put(site, ada, video, "en");
  SetVideo change;
  change.id = video;
  change.description = "0:00 Start";
  site.at(ada).videos().set(ada, change);
  httplib::Client client(site.url());
  for (const std::string& path : {"/videos/" + video.text + "/subtitles/en", "/videos/" + video.text + "/chapters"}) {
    const auto got = client.Get(path, {{"Origin", "https://elsewhere.example"}});
    REQUIRE(got);
    CHECK(got->status == 200);
    CHECK(got->get_header_value("Content-Type") == "text/vtt; charset=utf-8");
    CHECK(got->get_header_value("Access-Control-Allow-Origin") == "*");
    const std::string etag = got->get_header_value("ETag");
    CHECK_FALSE(etag.empty());
    CHECK(client.Get(path, {{"If-None-Match", etag}})->status == 304);
  }
  const std::string path = "/videos/" + video.text + "/subtitles/en";
  const httplib::Headers by{{"X-Session-Id", std::get<Secret>(ada).text}};
  CHECK(client.Put(path + "?label=English", by, srt, "text/plain")->status == 200);
  CHECK(client.Put("/videos/" + video.text + "/subtitles/de", by, srt, "text/plain")->status == 201);
  CHECK(client.Put(path, by, "hello", "text/plain")->status == 415);
}

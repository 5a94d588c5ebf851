// Danmaku, comments with a position, as data: local and remote.
#include <httplib.h>

#include <algorithm>
#include <iterator>

#include "base/json.hpp"
#include "catch.hpp"
#include "comments/fields.hpp"
#include "contract/site.hpp"

using namespace video;
using namespace video::test;

namespace {

std::vector<Comment> danmakuOf(Site& site, const Credential& by, const VideoId& video) {
  CommentQuery query;
  query.video = video;
  query.by = CommentOrder::position;
  query.limit = 1000;
  std::vector<Comment> all;
  do {
    Page<Comment> page = site.at(by).comments().list(by, query);
    query.cursor = page.nextCursor;
    std::move(page.items.begin(), page.items.end(), std::back_inserter(all));
  } while (query.cursor);
  return all;
}

NewComment flying(const VideoId& video, std::string text, std::int64_t ms) {
  NewComment wanted;
  wanted.video = video;
  wanted.content = std::move(text);
  wanted.positionMs = ms;
  return wanted;
}

ImportedComments importText(Site& site, const Credential& by, const VideoId& video, const std::string& text,
                            std::optional<CommentFormat> format = {}) {
  return site.at(by).comments().importFrom(by, {video, format}, sourceOf(text));
}

constexpr const char* xml =
    "<i><d p=\"1.5,5,36,255,1600000000,0,anna,77\">first</d><d p=\"3,1,25,16777215,1600000001,0,bo,78\">second</d>"
    "<d p=\"4,7,25,255,1,0,anna,79\">[1,2]</d></i>";

}  // namespace

TEST_CASE("a comment keeps its mode, color and size, and an invalid color is refused") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  NewComment wanted = flying(video, "two\nlines", 1000);
  wanted.mode = CommentMode::reverse;
  wanted.color = 0xffcc00;
  wanted.size = CommentSize::small;
  const Comment posted = site.at(ada).comments().post(ada, wanted);
  CHECK(posted.mode == CommentMode::reverse);
  const std::vector<Comment> listed = danmakuOf(site, ada, video);
  REQUIRE(listed.size() == 1);
  CHECK(toJson(listed[0]) == toJson(posted));
  CHECK(listed[0].color == 0xffcc00);
  CHECK(listed[0].size == CommentSize::small);
  for (const std::int64_t color : {-1, 0x1000000}) {
    wanted.color = color;
    requireFault([&] { site.at(ada).comments().post(ada, wanted); }, Fault::malformed, "color");
  }
}

TEST_CASE("the owner of a video can switch danmaku off, and comments stay on") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  site.at(bob).comments().post(bob, flying(video, "before", 1));
  CHECK(site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .danmakuOff = true}).danmakuOff ==
        true);
  CHECK(danmakuOf(site, bob, video).empty());
  CHECK(site.at(bob).comments().heat(bob, {video}).bins == std::vector<std::int64_t>(100, 0));
  CHECK(readAll(site.at(bob).comments().exportAs(bob, {video, CommentFormat::ass})).find("before") ==
        std::string::npos);
  CHECK(readAll(site.at(ada).comments().exportAs(ada, {video, {}})).find("before") != std::string::npos);
  requireFault([&] { site.at(bob).comments().post(bob, flying(video, "x", 1)); }, Fault::forbidden, "danmaku");
  requireFault([&] { importText(site, ada, video, xml); }, Fault::forbidden, "danmaku");
  NewComment plain;
  plain.video = video;
  plain.content = "x";
  site.at(bob).comments().post(bob, plain);
  CHECK_FALSE(
      site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .danmakuOff = false}).danmakuOff);
  site.at(bob).comments().post(bob, flying(video, "x", 1));
  CHECK(danmakuOf(site, bob, video).size() == 2);
}

TEST_CASE("authors of an imported file become labels, and importing the file again adds nothing") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  site.user("anna");  // who is not the author of what is imported
  const VideoId video = site.video(ada, "ada", "x");
  const ImportedComments first = importText(site, ada, video, xml);
  CHECK(first.format == CommentFormat::bilibili);
  CHECK(first.added == 2);
  CHECK(first.known == 0);
  REQUIRE(first.skipped.size() == 1);
  CHECK(first.skipped[0].reason == CommentSkip::special);
  CHECK(first.skipped[0].count == 1);
  const std::vector<Comment> listed = danmakuOf(site, Anonymous{}, video);
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].author.empty());
  CHECK(listed[0].importedAuthor == "anna");
  CHECK(listed[0].sourceId == "bilibili:77");
  CHECK(listed[0].mode == CommentMode::top);
  CHECK(listed[0].time == Time{std::chrono::seconds{1'600'000'000}});
  const ImportedComments again = importText(site, ada, video, xml);
  CHECK(again.added == 0);
  CHECK(again.known == 2);
  CHECK(danmakuOf(site, ada, video).size() == 2);
  // The same comments in another video are others.
  const VideoId other = site.video(ada, "ada", "y");
  CHECK(importText(site, ada, other, xml).added == 2);
  site.at(ada).comments().remove(ada, {video, listed[0].id});
  CHECK(danmakuOf(site, ada, video).size() == 1);
}

TEST_CASE("Bilibili's XML is exported as it was imported, for modes 1 to 6") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  std::string rows;
  for (int mode = 1; mode <= 6; ++mode)
    rows += "<d p=\"" + std::to_string(mode) + ".500," + std::to_string(mode) + "," + std::to_string(10 + 8 * mode) +
            ",255,1600000000," + std::to_string(mode % 2) + ",ab12,7" + std::to_string(mode) + "," +
            std::to_string(mode) + "\">text</d>\n";
  CHECK(importText(site, ada, video, "<i>" + rows + "</i>").added == 6);
  CHECK(readAll(site.at(ada).comments().exportAs(ada, {video, CommentFormat::bilibili})).find(rows) !=
        std::string::npos);
  CHECK(importText(site, ada, video, "<i>" + rows + "</i>").known == 6);
}

TEST_CASE("only the owner, admins and the operator can import, and a file that is refused adds nothing") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  requireFault([&] { importText(site, bob, video, xml); }, Fault::forbidden);
  requireFault([&] { importText(site, Anonymous{}, video, xml); }, Fault::unauthenticated);
  requireFault([&] { importText(site, ada, VideoId{"nothing"}, xml); }, Fault::notFound);
  requireFault([&] { importText(site, ada, video, "hello"); }, Fault::malformed, "supported are XML of Bilibili");
  requireFault([&] { importText(site, ada, video, xml, CommentFormat::srt); }, Fault::malformed, "looks like bilibili");
  requireFault([&] { importText(site, ada, video, "<!DOCTYPE x><i><d p=\"1,1,25,1\">x</d></i>"); }, Fault::malformed);
  CHECK(danmakuOf(site, ada, video).empty());
  CHECK(importText(site, Operator{}, video, xml).added == 2);
  const std::string half = std::string(xml).substr(0, 100);
  const ImportedComments cut = importText(site, ada, site.video(ada, "ada", "y"), half);
  CHECK(cut.added == 1);
  REQUIRE(cut.skipped.size() == 1);
  CHECK(cut.skipped[0].reason == CommentSkip::cutOff);
}

TEST_CASE("imported comments with a listed word are held, unless a moderator imports them") {
  Site site(GENERATE(eachWay()));
  site.local().comments().setOptions({{"second"}, 0});
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  const ImportedComments some = importText(site, ada, video, xml);
  CHECK(some.added == 2);
  CHECK(some.held == 1);
  CHECK(danmakuOf(site, Anonymous{}, video).size() == 1);
  const VideoId other = site.video(ada, "ada", "y");
  CHECK(importText(site, Operator{}, other, xml).held == 0);
}

TEST_CASE("an export has what everyone sees, and can be imported into another video") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.commentsPerMinute = 0; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  site.at(bob).comments().post(bob, {video, "without a position", {}});
  for (int i = 0; i < 700; ++i)
    site.local().comments().post(bob, flying(video, "comment " + std::to_string(i), i * 100));
  site.local().comments().setOptions({{"spam"}, 0});
  site.at(bob).comments().post(bob, flying(video, "spam", 5));
  const CommentFormat format = GENERATE(CommentFormat::bilibili, CommentFormat::ass, CommentFormat::srt,
                                        CommentFormat::vtt, CommentFormat::ndjson, CommentFormat::csv);
  const Content content = site.at(ada).comments().exportAs(ada, {video, format});
  const std::string text = readAll(content, 100'000);
  CHECK(text.size() == content.meta.size);
  CHECK(text.find("spam") == std::string::npos);
  CHECK(text.find("without a position") == std::string::npos);
  CHECK(site.at(Anonymous{}).comments().exportAs(Anonymous{}, {video, format}).meta.etag == content.meta.etag);
  // What is deleted is not given any more.
  const Comment last = danmakuOf(site, ada, video).back();
  site.at(ada).comments().remove(ada, {video, last.id});
  CHECK(readAll(site.at(ada).comments().exportAs(ada, {video, format}), 100'000).find(last.content) == text.npos);
  const VideoId other = site.video(ada, "ada", "y");
  const ImportedComments imported = importText(site, ada, other, text);
  CHECK(imported.format == format);
  CHECK(imported.added == 700);
  CHECK(imported.skipped.empty());
  const bool saysWhich =
      format == CommentFormat::ndjson || format == CommentFormat::csv || format == CommentFormat::bilibili;
  if (saysWhich) {  // the deleted one comes back
    const ImportedComments again = importText(site, ada, video, text);
    CHECK(again.known == 699);
    CHECK(again.added == 1);
    CHECK(importText(site, ada, other, text).known == 700);
  }
  requireFault(
      [&] {
        site.at(ada).comments().exportAs(ada, {video, CommentFormat::dplayer});
      },
      Fault::malformed, "imported");
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .visibility = Visibility::private_});
  requireFault([&] { site.at(bob).comments().exportAs(bob, {video, format}); }, Fault::notFound);
}

TEST_CASE("heat counts public danmaku in each hundredth of a video") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  CHECK(site.at(ada).comments().heat(ada, {video}).bins == std::vector<std::int64_t>(100, 0));
  for (const int ms : {0, 5, 10, 999, 500}) site.at(ada).comments().post(ada, flying(video, "x", ms));
  const Heat heat = site.at(Anonymous{}).comments().heat(Anonymous{}, {video});
  REQUIRE(heat.bins.size() == 100);
  CHECK(heat.durationMs == 1000);
  CHECK(heat.bins[0] == 2);
  CHECK(heat.bins[1] == 1);
  CHECK(heat.bins[50] == 1);
  CHECK(heat.bins[99] == 1);
  const VideoId other = site.video(ada, "ada", "y");
  const Credential bob = site.user("bob");
  site.at(ada).comments().post(ada, flying(other, "x", 0));
  site.at(bob).comments().post(bob, flying(other, "x", 999));
  site.at(bob).users().remove(bob, {"bob", {}});
  CHECK(site.at(ada).comments().heat(ada, {other}).durationMs == 1);  // without what a deleted user said
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .visibility = Visibility::private_});
  requireFault([&] { site.at(Anonymous{}).comments().heat(Anonymous{}, {video}); }, Fault::notFound);
}

TEST_CASE("DPlayer's API lists and posts danmaku; the author is the user of the session") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  httplib::Client client(site.url());
  const httplib::Headers session{{"X-Session-Id", std::get<Secret>(ada).text}};
  const auto post = [&](const std::string& body) {
    return client.Post("/danmaku/v3/", session, body, "application/json");
  };
  const auto posted = post(R"({"token":"t","id":")" + video.text +
                           R"(","author":"eve","time":1.5,"text":"a \"wave\"","color":16711680,"type":1})");
  REQUIRE(posted);
  CHECK(posted->status == 200);
  CHECK(posted->body == R"({"code":0,"data":[1.500,1,16711680,"ada","a &quot;wave&quot;"]})");
  post(R"({"id":")" + video.text + R"(","time":2,"text":"old","color":"#fff","type":"right"})");
  CHECK(post(R"({"id":")" + video.text + R"(","text":"x"})")->status == 400);
  CHECK(post(R"({"id":")" + video.text + R"(","time":2,"text":"x","type":9})")->status == 400);
  const auto listed = client.Get("/danmaku/v3/?id=" + video.text);
  REQUIRE(listed);
  CHECK(listed->body ==
        R"({"code":0,"data":[[1.500,1,16711680,"ada","a &quot;wave&quot;"],[2.000,0,16777215,"ada","old"]]})");
  CHECK(client.Get("/danmaku/v3/?id=nothing")->status == 404);
}

TEST_CASE("DPlayer gets texts escaped for HTML, and can send any number as a time or color") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  httplib::Client client(site.url());
  const httplib::Headers session{{"X-Session-Id", std::get<Secret>(ada).text}};
  const auto post = [&](const std::string& rest) {
    return client.Post("/danmaku/v3/", session, R"({"id":")" + video.text + R"(",)" + rest + '}', "application/json");
  };
  const std::string markup = R"(<img src=x onerror='hit("/")'>&amp;)";
  site.at(ada).comments().post(ada, flying(video, markup, 1000));
  CHECK(client.Get("/danmaku/v3/?id=" + video.text)->body ==
        R"({"code":0,"data":[[1.000,0,16777215,"ada",)"
        R"("&lt;img src=x onerror=&#x27;hit(&quot;&#x2f;&quot;)&#x27;&gt;&amp;amp;"]]})");
  CHECK(danmakuOf(site, ada, video).at(0).content == markup);
  for (const char* time : {"0.041666666666666664", "1e-05", "1e1", "\"2.5\"", "3"})
    CHECK(post(R"("text":"x","time":)" + std::string(time))->status == 200);
  for (const char* time : {"-1", "1e300", "\"1:23\"", "\"x\"", "true"})
    CHECK(post(R"("text":"x","time":)" + std::string(time))->status == 400);
  CHECK(post(R"("text":"x","time":50,"color":16711680.0)")->status == 200);
  CHECK(post(R"("text":"x","time":50,"color":1.5)")->status == 400);
  std::vector<std::int64_t> positions;
  for (const Comment& comment : danmakuOf(site, ada, video)) positions.push_back(comment.positionMs.value());
  CHECK(positions == std::vector<std::int64_t>{0, 42, 1000, 2500, 3000, 10'000, 50'000});
}

TEST_CASE("if there are too many danmaku, DPlayer gets some from every part of the video") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  std::string file;
  for (int i = 0; i < 1500; ++i)
    file += R"({"position_ms":)" + std::to_string(i < 1400 ? i : i * 100) + R"(,"content":"c)" + std::to_string(i) +
            "\"}\n";
  REQUIRE(importText(site, ada, video, file).added == 1500);
  httplib::Client client(site.url());
  const auto list = [&](const std::string& most) {
    return parseJson(client.Get("/danmaku/v3/?id=" + video.text + most)->body).at("data");
  };
  CHECK(list("").size() == 1500);
  const nlohmann::json some = list("&max=300");
  CHECK(some.size() == 300);
  const auto isLate = [](const nlohmann::json& row) { return row.at(0).get<double>() >= 140; };
  CHECK(std::count_if(some.begin(), some.end(), isLate) == 20);
  CHECK(list("&max=0").empty());
}

TEST_CASE("imported danmaku go to the new owner with the video, and stay when the old one is deleted") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  std::string file;
  for (int i = 0; i < 600; ++i)
    file += R"({"position_ms":)" + std::to_string(i) + R"(,"content":"c)" + std::to_string(i) + "\"}\n";
  REQUIRE(importText(site, ada, video, file).added == 600);
  const Credential admin = site.user("root", Role::admin);
  const std::int64_t used = site.at(ada).users().show(ada, {"ada"}).bytesUsed;
  site.at(admin).users().remove(admin, {"ada", "bob"});
  CHECK(site.at(bob).users().show(bob, {"bob"}).bytesUsed == used);
  site.local().deletions().drain(Operator{}, {true});
  CHECK(danmakuOf(site, bob, video).size() == 600);
  CHECK(importText(site, bob, video, file).known == 600);
}

TEST_CASE("imported danmaku count towards the owner's quota until they are deleted") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  const auto used = [&] { return site.at(ada).users().show(ada, {"ada"}).bytesUsed; };
  const std::int64_t before = used();
  importText(site, ada, video, xml);
  const std::int64_t after = used();
  CHECK(after - before == 2 * 300 + 11);  // first, second
  CHECK(importText(site, ada, video, xml).known == 2);
  CHECK(used() == after);
  ChangeUser change;
  change.name = "ada";
  change.ownQuota = after + 300;
  site.at(Operator{}).users().change(Operator{}, change);
  CHECK(importText(site, ada, video, xml).known == 2);  // which needs no room
  requireFault([&] { importText(site, ada, video, R"({"position_ms":1,"content":"x"})"); }, Fault::overQuota);
  const std::vector<Comment> listed = danmakuOf(site, ada, video);
  REQUIRE(listed.size() == 2);
  NewComment reply;
  reply.video = video;
  reply.content = "reply";
  reply.parent = listed[1].id;
  site.at(ada).comments().post(ada, reply);
  for (const Comment& comment : listed) site.at(ada).comments().remove(ada, {video, comment.id});
  CHECK(used() == before);
}

TEST_CASE("imports per user and hour are limited, but not the operator's") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.importsPerHour = 2; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  for (int i = 0; i < 2; ++i) importText(site, ada, video, xml);
  requireFault([&] { importText(site, ada, video, xml); }, Fault::tooMany, "imports");
  importText(site, Operator{}, video, xml);
}

TEST_CASE("an import adds at most a thousand held comments, and a new user cannot import") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  std::string file;
  for (int i = 0; i < 1200; ++i)
    file += R"({"position_ms":)" + std::to_string(i) + R"(,"content":"spam )" + std::to_string(i) + "\"}\n";
  site.local().comments().setOptions({{"spam"}, 1});
  requireFault([&] { importText(site, ada, video, file); }, Fault::forbidden, "new users");
  CHECK(danmakuOf(site, Operator{}, video).empty());
  site.local().comments().setOptions({{"spam"}, 0});
  const ImportedComments some = importText(site, ada, video, file);
  CHECK(some.added == 1000);
  CHECK(some.held == 1000);
  REQUIRE(some.skipped.size() == 1);
  CHECK(some.skipped[0].reason == CommentSkip::word);
  CHECK(some.skipped[0].count == 200);
  const ImportedComments again = importText(site, ada, site.video(ada, "ada", "y"), file);
  CHECK(again.added == 0);
  CHECK(again.skipped.at(0).count == 1200);
}

TEST_CASE("comments are listed, however many danmaku were imported") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  std::string file;
  for (int i = 0; i < 300; ++i)
    file += R"({"position_ms":)" + std::to_string(i) + R"(,"content":"c)" + std::to_string(i) +
            R"(","time":"2020-01-01T00:00:00Z"})" + "\n";
  REQUIRE(importText(site, ada, video, file).added == 300);
  NewComment plain;
  plain.video = video;
  plain.content = "said";
  site.at(ada).comments().post(ada, plain);
  CommentQuery query;
  query.video = video;
  query.position = CommentPosition::none;
  query.limit = 2;
  const Page<Comment> page = site.at(Anonymous{}).comments().list(Anonymous{}, query);
  REQUIRE(page.items.size() == 1);
  CHECK(page.items[0].content == "said");
  CHECK_FALSE(page.nextCursor);
}

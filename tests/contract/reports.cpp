// Reports to the moderators, local and remote.
#include "reports/fields.hpp"

#include <httplib.h>

#include "base/json.hpp"
#include "catch.hpp"
#include "contract/site.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

ReportVideo ofVideo(const VideoId& video, std::optional<std::string> contact = {}) {
  ReportVideo wanted;
  wanted.reason = ReportReason::spam;
  wanted.text = "look\nhere";
  wanted.contact = std::move(contact);
  wanted.video = video;
  return wanted;
}

std::vector<ReceivedReport> reportsIn(Site& site, const Credential& by, ReportQuery wanted = {}) {
  return site.at(by).reports().list(by, wanted).items;
}

std::vector<Report> madeBy(Site& site, const Credential& by, const std::string& user) {
  ReportsMadeQuery wanted;
  wanted.user = user;
  return site.at(by).reports().made(by, wanted).items;
}

}  // namespace

TEST_CASE("a report reaches the moderators once, and its reporter reads the decision") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve", Role::moderator);
  const VideoId video = site.video(ada, "ada", "a film");
  const Comment comment = site.at(ada).comments().post(ada, {video, "rude words", {}});
  Reports& reports = site.at(bob).reports();

  const ReportId first = reports.video(bob, ofVideo(video)).id.value();
  CHECK_FALSE(reports.video(bob, ofVideo(video)).id);  // by the same caller
  ReportComment ofComment;
  ofComment.reason = ReportReason::harassment;
  ofComment.video = video;
  ofComment.comment = comment.id;
  const ReportId second = reports.comment(bob, ofComment).id.value();
  CHECK_FALSE(reports.comment(bob, ofComment).id);
  ReportUser ofUser;
  ofUser.reason = ReportReason::other;
  ofUser.user = "ADA";
  const ReportId third = reports.user(bob, ofUser).id.value();
  CHECK_FALSE(reports.user(bob, ofUser).id);
  Reports& guests = site.at(Anonymous{}).reports();
  for (const char* const contact : {"a@example.org", "a@example.org", "b@example.org"})
    CHECK_FALSE(guests.video(Anonymous{}, ofVideo(video, contact)).id);  // guests are not told

  const auto all = reportsIn(site, eve);
  REQUIRE(all.size() == 5);
  CHECK(all[0].id == first);
  CHECK(all[0].what == ReportSubject::video);
  CHECK(all[0].video == video);
  CHECK(all[0].reason == ReportReason::spam);
  CHECK(all[0].text == "look\nhere");
  CHECK(all[0].state == ReportState::open);
  CHECK(all[0].author == "ada");
  CHECK(all[0].content == "a film");
  CHECK(all[0].reporter == "bob");
  CHECK_FALSE(all[0].contact);
  CHECK(all[1].id == second);
  CHECK(all[1].comment == comment.id);
  CHECK(all[1].content == "rude words");
  CHECK(all[2].id == third);
  CHECK(all[2].user == "ada");
  CHECK(all[2].author == "ada");
  CHECK_FALSE(all[3].reporter);
  CHECK(all[3].contact == "a@example.org");
  ReportQuery some;
  some.video = video;
  CHECK(reportsIn(site, eve, some).size() == 4);
  some.user = "ada";
  CHECK(reportsIn(site, eve, some).size() == 4);
  some.video = {};
  CHECK(reportsIn(site, eve, some).size() == 5);
  some.user = "bob";
  CHECK(reportsIn(site, eve, some).empty());
  some = {};
  some.limit = 2;
  std::vector<std::string> pages;
  do {
    const Page<ReceivedReport> page = site.at(eve).reports().list(eve, some);
    for (const ReceivedReport& one : page.items) pages.push_back(one.id.text);
    some.cursor = page.nextCursor;
  } while (some.cursor);
  REQUIRE(pages.size() == 5);
  for (std::size_t i = 0; i < pages.size(); ++i) CHECK(pages[i] == all[i].id.text);

  const ReceivedReport resolved =
      site.at(eve).reports().resolve(eve, {first, ReportDecision::dismissed, "It is about soup."});
  CHECK(resolved.state == ReportState::resolved);
  CHECK(resolved.decidedBy == "eve");
  requireFault(
      [&] {
        site.at(eve).reports().resolve(eve, {first, ReportDecision::blocked, {}});
      },
      Fault::conflict, "dismissed");
  CHECK(reportsIn(site, eve).size() == 4);
  ReportQuery done;
  done.state = ReportState::resolved;
  REQUIRE(reportsIn(site, eve, done).size() == 1);
  CHECK(toJson(reportsIn(site, eve, done)[0]) == toJson(site.at(eve).reports().show(eve, {first})));

  const auto made = madeBy(site, bob, "bob");
  REQUIRE(made.size() == 3);
  CHECK(made[0].id == first);
  CHECK(made[0].decision == ReportDecision::dismissed);
  CHECK(made[0].decisionText == "It is about soup.");
  CHECK(made[0].decided);
  CHECK(made[1].state == ReportState::open);
  CHECK(toJson(made[0]).find("eve") == std::string::npos);
  CHECK(madeBy(site, ada, "ada").empty());
  const ReportId again = reports.video(bob, ofVideo(video)).id.value();
  CHECK(again != first);
  CHECK_FALSE(reports.video(bob, ofVideo(video)).id);
  CHECK(site.at(eve).reports().show(eve, {first}).state == ReportState::resolved);
  const ReceivedReport byGuest = all[3];
  site.at(eve).reports().resolve(eve, {byGuest.id, ReportDecision::dismissed, {}});
  const std::size_t open = reportsIn(site, eve).size();
  guests.video(Anonymous{}, ofVideo(video, "a@example.org"));
  guests.video(Anonymous{}, ofVideo(video, "a@example.org"));
  CHECK(reportsIn(site, eve).size() == open + 1);
  for (const ReportId& id : {again, second}) site.at(eve).reports().resolve(eve, {id, ReportDecision::dismissed, {}});
  requireFault([&] { madeBy(site, ada, "bob"); }, Fault::forbidden);
  requireFault([&] { madeBy(site, eve, "bob"); }, Fault::forbidden);
}

TEST_CASE("an invalid report is refused, and so is a report of something the caller may not see") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  const VideoId pending = site.at(ada).videos().add(ada, {"ada", "pending"}).id;
  Reports& reports = site.at(bob).reports();
  const auto with = [&](auto change) {
    ReportVideo wanted = ofVideo(video);
    change(wanted);
    return wanted;
  };
  requireFault([&] { reports.video(bob, with([](auto& of) { of.text = std::string(2001, 'x'); })); }, Fault::malformed,
               "text");
  requireFault([&] { reports.video(bob, with([](auto& of) { of.text = "a\x01z"; })); }, Fault::malformed, "text");
  requireFault([&] { reports.video(bob, with([](auto& of) { of.contact = "x"; })); }, Fault::malformed, "contact");
  requireFault([&] { reports.video(bob, with([](auto& of) { of.contact = "a\nb@c"; })); }, Fault::malformed, "contact");
  requireFault([&] { reports.video(bob, with([&](auto& of) { of.video = pending; })); }, Fault::notFound);
  requireFault([&] { reports.video(bob, with([&](auto& of) { of.video.text = "nothing"; })); }, Fault::notFound);
  requireFault([&] { site.at(Anonymous{}).reports().video(Anonymous{}, ofVideo(video)); }, Fault::malformed,
               "contact: is missing");
  requireFault([&] { site.at(Operator{}).reports().video(Operator{}, ofVideo(video)); }, Fault::malformed, "contact");
  ReportComment ofComment;
  ofComment.video = video;
  ofComment.comment.text = "nothing";
  requireFault([&] { reports.comment(bob, ofComment); }, Fault::notFound, "comment nothing");
  ReportUser ofUser;
  ofUser.user = "nobody";
  requireFault([&] { reports.user(bob, ofUser); }, Fault::notFound, "nobody");
  requireFault([&] { reportsIn(site, bob); }, Fault::forbidden);
  requireFault([&] { site.at(bob).reports().show(bob, {{"nothing"}}); }, Fault::forbidden);
  CHECK(reportsIn(site, Operator{}).empty());
  requireFault([&] { site.at(Operator{}).reports().show(Operator{}, {{"nothing"}}); }, Fault::notFound, "nothing");
  requireFault([&] { site.at(Operator{}).reports().resolve(Operator{}, {{"nothing"}, {}, {}}); }, Fault::notFound);
  ReportQuery ofNobody;
  ofNobody.user = "nobody";
  requireFault([&] { reportsIn(site, Operator{}, ofNobody); }, Fault::notFound, "nobody");
}

TEST_CASE("an address may make a limited number of reports per hour, and the operator is not counted") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.access.reportsPerHour = 2; });
  const Credential ada = site.user("ada");
  const auto report = [&](const Credential& by) {
    ReportVideo wanted = ofVideo(site.video(ada, "ada", "x"), "a@example.org");
    wanted.address = "127.0.0.1";  // what a server fills in
    return site.at(by).reports().video(by, wanted);
  };
  CHECK_NOTHROW(report(Anonymous{}));
  CHECK(report(ada).id);
  requireFault([&] { report(Anonymous{}); }, Fault::tooMany);
  requireFault([&] { report(ada); }, Fault::tooMany);
  CHECK(report(Operator{"ada"}).id);
  CHECK(report(Operator{}).id);
}

TEST_CASE("moderators see a private video while a report of it is open") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve", Role::moderator);
  const VideoId video = site.video(ada, "ada", "x");
  const Comment comment = site.at(ada).comments().post(ada, {video, "hello", {}});
  SetVideo hide;
  hide.id = video;
  hide.visibility = Visibility::private_;
  const auto show = [&](const Credential& by) { return site.at(by).videos().show(by, {video, {}}); };

  site.at(bob).reports().video(bob, ofVideo(video));
  ReportComment ofComment;
  ofComment.video = video;
  ofComment.comment = comment.id;
  site.at(bob).reports().comment(bob, ofComment);
  site.at(ada).videos().set(ada, hide);
  requireFault([&] { show(bob); }, Fault::notFound);
  requireFault([&] { site.at(bob).reports().video(bob, ofVideo(video)); }, Fault::notFound);
  for (const ReceivedReport& report : reportsIn(site, eve)) {
    CHECK(show(eve).id == video);
    site.at(eve).reports().resolve(eve, {report.id, ReportDecision::dismissed, {}});
  }
  requireFault([&] { show(eve); }, Fault::notFound);
  requireFault([&] { show(bob); }, Fault::notFound);
}

TEST_CASE("a moderator neither reads nor decides on reports about the moderator, and an admin does") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential eve = site.user("eve", Role::moderator);
  const Credential mo = site.user("mo", Role::moderator);
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(eve, "eve", "x");
  Reports& guests = site.at(Anonymous{}).reports();
  guests.video(Anonymous{}, ofVideo(video, "a@example.org"));
  const ReportId ofEve = reportsIn(site, root).at(0).id;
  const auto ofUser = [&](const std::string& name) {
    ReportUser wanted;
    wanted.user = name;
    return site.at(ada).reports().user(ada, wanted).id.value();
  };
  const ReportId ofMo = ofUser("mo");
  const ReportId ofRoot = ofUser("root");
  const auto ids = [&](const Credential& by, ReportQuery wanted = {}) {
    std::vector<ReportId> all;
    for (const ReceivedReport& one : reportsIn(site, by, std::move(wanted))) all.push_back(one.id);
    return all;
  };
  using Ids = std::vector<ReportId>;
  CHECK(ids(eve) == Ids{ofMo, ofRoot});
  CHECK(ids(Operator{"eve"}) == Ids{ofMo, ofRoot});
  CHECK(ids(mo) == Ids{ofEve, ofRoot});
  CHECK(ids(root) == Ids{ofEve, ofMo, ofRoot});
  CHECK(ids(Operator{}) == Ids{ofEve, ofMo, ofRoot});
  ReportQuery some;
  some.user = "eve";
  CHECK(ids(eve, some).empty());
  CHECK(ids(mo, some) == Ids{ofEve});
  some.video = video;
  CHECK(ids(eve, some).empty());
  CHECK(ids(mo, some) == Ids{ofEve});
  some.user = {};
  CHECK(ids(eve, some).empty());
  CHECK(ids(mo, some) == Ids{ofEve});

  Reports& eves = site.at(eve).reports();
  requireFault([&] { eves.show(eve, {ofEve}); }, Fault::notFound, ofEve.text);
  requireFault([&] { eves.resolve(eve, {ofEve, ReportDecision::dismissed, {}}); }, Fault::notFound, ofEve.text);
  CHECK(site.at(mo).reports().show(mo, {ofEve}).contact == "a@example.org");
  site.at(mo).reports().resolve(mo, {ofEve, ReportDecision::blocked, {}});
  requireFault([&] { eves.show(eve, {ofEve}); }, Fault::notFound, ofEve.text);
  some.state = ReportState::resolved;
  CHECK(ids(eve, some).empty());
  CHECK(site.at(root).reports().resolve(root, {ofRoot, ReportDecision::dismissed, {}}).decidedBy == "root");
}

TEST_CASE("a report shows a name or text only as long as the reader may see the video") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve", Role::moderator);
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "a film");
  const Comment comment = site.at(bob).comments().post(bob, {video, "a text", {}});
  const ReportId first = site.at(bob).reports().video(bob, ofVideo(video)).id.value();
  ReportComment wanted;
  wanted.video = video;
  wanted.comment = comment.id;
  wanted.contact = "a@example.org";
  site.at(Anonymous{}).reports().comment(Anonymous{}, wanted);
  const ReportId second = reportsIn(site, root).at(1).id;
  const auto change = [&](const char* name, Visibility visibility) {
    site.at(ada).videos().set(ada, {.id = video, .name = name, .description = {}, .visibility = visibility});
  };
  const auto contents = [&](const Credential& by) {
    std::vector<std::string> all;
    for (const ReportState state : {ReportState::open, ReportState::resolved}) {
      ReportQuery query;
      query.state = state;
      for (const ReceivedReport& one : reportsIn(site, by, query)) {
        CHECK(one.video == video);
        CHECK(one.content == site.at(by).reports().show(by, {one.id}).content);
        all.push_back(one.content.value_or("none"));
      }
    }
    return all;
  };
  using Texts = std::vector<std::string>;
  change("a secret", Visibility::private_);
  CHECK(contents(eve) == Texts{"a secret", "a text"});  // a report is open
  Reports& eves = site.at(eve).reports();
  CHECK(eves.resolve(eve, {first, ReportDecision::dismissed, {}}).content == "a secret");
  CHECK(contents(eve) == Texts{"a text", "a secret"});
  CHECK_FALSE(eves.resolve(eve, {second, ReportDecision::dismissed, {}}).content);
  CHECK(contents(eve) == Texts{"none", "none"});
  for (const Credential& by : {root, Credential(Operator{})}) CHECK(contents(by) == Texts{"a secret", "a text"});
  site.at(root).videos().block(root, {video, "why"});
  CHECK(contents(eve) == Texts{"a secret", "a text"});
  site.at(root).videos().unblock(root, {video, {}});
  CHECK(contents(eve) == Texts{"none", "none"});
  change("in the open", Visibility::unlisted);
  CHECK(contents(eve) == Texts{"in the open", "a text"});
  site.at(ada).videos().remove(ada, {{video, {}}, {}});
  CHECK(contents(eve) == Texts{"none", "none"});
  CHECK(contents(root) == Texts{"in the open", "a text"});
}

TEST_CASE("a held comment is reported by its author and moderators only; to others it does not exist") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.comments.words = {"casino"}; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve", Role::moderator);
  const VideoId video = site.video(ada, "ada", "x");
  ReportComment wanted;
  wanted.video = video;
  wanted.contact = "a@example.org";
  const auto report = [&](const Credential& by, const CommentId& id) {
    wanted.comment = id;
    return site.at(by).reports().comment(by, wanted);
  };
  const CommentId held = site.at(bob).comments().post(bob, {video, "casino", {}}).id;
  for (const Credential& by : {ada, Credential(Anonymous{})})
    requireFault([&] { report(by, held); }, Fault::notFound, "comment " + held.text + ": not found");
  CHECK(report(bob, held).id);
  CHECK(report(eve, held).id);
  site.at(eve).comments().approve(eve, {held});
  CHECK(report(ada, held).id);
  CHECK_NOTHROW(report(Anonymous{}, held));
}

TEST_CASE("guests may have a limited number of open reports, of one thing and of all") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    settings.reports.maxOfGuests = 3;
    settings.reports.maxOfGuestsPerSubject = 2;
  });
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const VideoId first = site.video(ada, "ada", "x");
  const VideoId second = site.video(ada, "ada", "y");
  const auto report = [&](const Credential& by, const VideoId& video, const std::string& contact) {
    site.at(by).reports().video(by, ofVideo(video, contact));
  };
  const auto count = [&] { return reportsIn(site, root).size(); };
  const Credential guest = Anonymous{};
  report(guest, first, "a@example.org");
  report(guest, first, "b@example.org");
  requireFault([&] { report(guest, first, "c@example.org"); }, Fault::tooMany, "of this video");
  report(guest, first, "a@example.org");  // the same again
  report(guest, second, "a@example.org");
  requireFault([&] { report(guest, second, "b@example.org"); }, Fault::tooMany, "too many by guests wait");
  CHECK(count() == 3);
  report(ada, first, "d@example.org");
  report(Operator{}, first, "e@example.org");
  CHECK(count() == 5);
  for (const ReceivedReport& each : reportsIn(site, root))
    if (each.contact != "b@example.org")
      site.at(root).reports().resolve(root, {each.id, ReportDecision::dismissed, {}});
  report(guest, first, "a@example.org");
  CHECK(count() == 2);
}

TEST_CASE("a guest's address stands for nobody: another report with it is another report") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  for (const char* const text : {"", "what is true", "what is true"}) {
    ReportVideo wanted = ofVideo(video, "victim@example.org");
    wanted.text = text;
    CHECK_FALSE(site.at(Anonymous{}).reports().video(Anonymous{}, wanted).id);
  }
  const auto all = reportsIn(site, Operator{});
  REQUIRE(all.size() == 2);
  CHECK(all[1].text == "what is true");
}

TEST_CASE("who holds a signed link reports the video that it shows, and its comments") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  const VideoId other = site.video(ada, "ada", "y");
  const CommentId comment = site.at(ada).comments().post(ada, {video, "hello", {}}).id;
  for (const VideoId& one : {video, other})
    site.at(ada).videos().set(ada, {.id = one, .name = {}, .description = {}, .visibility = Visibility::private_});
  NewShare share;
  share.video = video;
  share.expires = systemClock().now() + std::chrono::hours{1};
  const Credential holder = linkOf(site.at(ada).shares().create(ada, share).url);
  Reports& reports = site.at(holder).reports();
  reports.video(holder, ofVideo(video, "a@example.org"));
  ReportComment ofComment;
  ofComment.video = video;
  ofComment.comment = comment;
  ofComment.contact = "a@example.org";
  reports.comment(holder, ofComment);
  CHECK(reportsIn(site, Operator{}).size() == 2);
  CHECK_THROWS_AS(reports.video(holder, ofVideo(other, "a@example.org")), Error);
}

TEST_CASE("a report by a moderator opens no private video, and reports follow a video to its new owner") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential eve = site.user("eve", Role::moderator);
  const Credential mo = site.user("mo", Role::moderator);
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x");
  const ReportId report = site.at(eve).reports().video(eve, ofVideo(video)).id.value();
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = {}, .visibility = Visibility::private_});
  for (const Credential& by : {eve, mo})
    requireFault([&] { site.at(by).videos().show(by, {video, {}}); }, Fault::notFound);
  site.at(root).users().remove(root, {"ada", "mo"});
  waitFor("the video is mo's", [&] { return site.at(root).videos().show(root, {video, {}}).author == "mo"; });
  CHECK(reportsIn(site, mo).empty());
  CHECK(reportsIn(site, root).at(0).author == "mo");
  requireFault([&] { site.at(mo).reports().show(mo, {report}); }, Fault::notFound);
}

TEST_CASE("reports by a deleted account lose author, text and contact, and reports by others about it stay") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential eve = site.user("eve", Role::moderator);
  const VideoId video = site.video(ada, "ada", "x");
  site.at(bob).reports().video(bob, ofVideo(video, "bob@example.org"));
  site.at(bob).users().remove(bob, {"bob", {}});
  CHECK_FALSE(reportsIn(site, eve).at(0).reporter);
  waitFor("bob's reports are anonymous", [&] {
    site.at(Operator{}).deletions().drain(Operator{}, {true});
    return reportsIn(site, eve).at(0).text.empty();
  });
  ReceivedReport report = reportsIn(site, eve).at(0);
  CHECK_FALSE(report.contact);
  CHECK(report.video == video);
  CHECK(report.author == "ada");
  site.at(ada).users().remove(ada, {"ada", {}});
  report = reportsIn(site, eve).at(0);
  CHECK_FALSE(report.author);
  CHECK_FALSE(report.content);
  CHECK(report.video == video);
}

TEST_CASE("a second report of the same thing is answered with 204 and no body") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  httplib::Client client(site.url());
  const auto post = [&](const std::string& body) {
    return client.Post("/videos/" + video.text + "/reports", {{"X-Session-Id", std::get<Secret>(ada).text}}, body,
                       "application/json");
  };
  const auto first = post(R"({"reason":"spam"})");
  REQUIRE(first);
  CHECK(first->status == 201);
  CHECK(first->body.starts_with(R"({"id":")"));
  const auto second = post(R"({"reason":"illegal"})");
  REQUIRE(second);
  CHECK(second->status == 204);
  CHECK(second->body.empty());
  CHECK_FALSE(second->has_header("Content-Type"));
  const auto unknown = post(R"({"reason":"boring"})");
  REQUIRE(unknown);
  CHECK(unknown->status == 400);
  CHECK(unknown->body.find("reason") != std::string::npos);
}

// Who sees a video: access::mayView against the contract and against the SQL of lists, and every endpoint that names a
// video, asked by every kind of caller.
#include <httplib.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "access/view.hpp"
#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "http/percent_encoding.hpp"
#include "http/routing/router.hpp"
#include "videos/rows.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
using access::Identity;

namespace {

constexpr std::array visibilities{Visibility::public_, Visibility::unlisted, Visibility::private_};
constexpr std::array streams{StreamAccess::everyone, StreamAccess::session, StreamAccess::signed_};

}  // namespace

TEST_CASE("who may see a video is as the contract says, for every kind of caller and video") {
  constexpr UserId owner{7};
  constexpr UserId other{8};
  const auto session = [](UserId user, Role role) {
    return Identity{.kind = Identity::Kind::session, .user = user, .userName = "x", .role = role};
  };
  const auto token = [](UserId user, Role role, Scope scope) {
    return Identity{.kind = Identity::Kind::token, .user = user, .userName = "x", .role = role, .scope = scope};
  };
  struct Asker {
    Identity who;
    bool all = false;        // sees all: owner, admin, operator
    bool moderates = false;  // sees what is blocked or reported
    bool signedIn = false;
    bool link = false;
    bool nothing = false;  // a token that is not for reading
  };
  const std::vector<Asker> askers{
      {.who = {}},
      {.who = {.kind = Identity::Kind::link}, .link = true},
      {.who = session(owner, Role::user), .all = true},
      {.who = token(owner, Role::user, Scope::read), .all = true},
      {.who = session(other, Role::user), .signedIn = true},
      {.who = token(other, Role::user, Scope::upload), .signedIn = true},
      {.who = token(owner, Role::user, Scope::metrics), .nothing = true},
      {.who = session(other, Role::moderator), .moderates = true, .signedIn = true},
      {.who = token(other, Role::moderator, Scope::full), .moderates = true, .signedIn = true},
      {.who = token(other, Role::moderator, Scope::read), .signedIn = true},
      {.who = session(other, Role::admin), .all = true},
      {.who = token(other, Role::admin, Scope::full), .signedIn = true},
      {.who = {.kind = Identity::Kind::operator_}, .all = true},
      {.who = {.kind = Identity::Kind::operator_, .user = other, .userName = "x"}, .signedIn = true},
  };
  for (std::size_t i = 0; i < askers.size(); ++i)
    for (const StreamAccess stream : streams)
      for (const Visibility visibility : visibilities)
        for (const bool ready : {false, true})
          for (const bool blocked : {false, true})
            for (const bool reported : {false, true}) {
              const Asker& asker = askers[i];
              const bool mayWatch =
                  stream == StreamAccess::everyone || (stream == StreamAccess::session && asker.signedIn);
              const bool published = ready && !blocked;
              const bool expected = !asker.nothing && (asker.all || (asker.moderates && (blocked || reported)) ||
                                                       (published && asker.link) ||
                                                       (published && visibility != Visibility::private_ && mayWatch));
              INFO("asker " << i << ", " << nameOf(visibility) << ", ready " << ready << ", blocked " << blocked
                            << ", reported " << reported << ", stream " << static_cast<int>(stream));
              CHECK(access::mayView(asker.who, {owner, ready, visibility, blocked, reported}, asker.link, stream) ==
                    expected);
            }
}

TEST_CASE(
    "the SQL of lists for everyone finds the public videos that mayView shows to anyone, except a disabled user's") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const Credential gone = site.user("gone");
  const Credential off = site.user("off");
  const std::map<std::string, std::int64_t> owners{{"ada", 1}, {"gone", 2}, {"off", 3}};
  Database database(site.data());
  std::set<std::string> expected;
  int number = 0;
  for (const auto& [owner, id] : owners)
    for (const char* const state : {"pending", "ready", "deleted", "purging"})
      for (const Visibility visibility : visibilities)
        for (const bool blocked : {false, true})
          for (const bool reported : {false, true}) {
            const std::string video = "a" + std::to_string(++number);
            database.run(
                "INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, visibility, "
                "blocked, reported) VALUES ('" +
                video + "', " + std::to_string(id) + ", 'x', '" + state + "', '', 1, '" +
                std::string(nameOf(visibility)) + "', " + (blocked ? "'why'" : "NULL") + ", " + (reported ? "1" : "0") +
                ")");
            const ViewedVideo view{UserId{id}, std::string_view(state) == "ready", visibility, blocked, reported};
            if (owner == "ada" && visibility == Visibility::public_ &&
                access::mayView({}, view, false, StreamAccess::everyone))
              expected.insert(video);
          }
  database.run("UPDATE users SET disabled = 1 WHERE id = 3; UPDATE users SET deleted = 1 WHERE id = 2");
  CHECK(number == 144);
  CHECK(expected.size() == 2);
  CHECK(database.run("SELECT v.id FROM video_info v JOIN users u ON u.id = v.author_id AND u.deleted IS NULL WHERE " +
                     std::string(rows::listedSql)) == expected);
  const auto ids = [](const Page<Video>& page) {
    std::set<std::string> all;
    for (const Video& video : page.items) all.insert(video.id.text);
    return all;
  };
  CHECK(ids(site.local().videos().newest(Anonymous{}, {})) == expected);
  UserVideosQuery of;
  of.user = "ada";
  CHECK(ids(site.local().videos().listOf(Anonymous{}, of)) == expected);
}

namespace {

struct Kind {
  std::string name;
  bool seenByAll = false;
  bool seenByModerator = false;
  bool seenByLink = false;
};

// What names the video in a path: `{video}`, or `{id}` behind the noun. Empty: the path names none.
std::string videoParameter(const std::string& path) {
  for (const char* const name : {"{video}", "{video_id}"})
    if (path.find(name) != std::string::npos) return name;
  return std::regex_search(path, std::regex(R"(/(video|videos|upload|video-delete-record)/\{id\})")) ? "{id}" : "";
}

// A reply without what differs between any two: the request's ID, and the ID of the video that was asked for.
std::string plainReply(const httplib::Result& result, const std::string& video) {
  std::string text = std::to_string(result->status) + ' ' + result->body;
  text = std::regex_replace(text, std::regex(R"("request_id":"[^"]*")"), "");
  for (const std::string& id : {video, std::string("VIDEO")})
    for (std::size_t at = 0; (at = text.find(id, at)) != std::string::npos; at += 1) text.replace(at, id.size(), "*");
  return text;
}

}  // namespace

TEST_CASE("for every endpoint that names a video, one that the caller may not see is like one that does not exist") {
  Site site(Way::remote, [](Settings& settings) {
    settings.store.synchronous = store::Synchronous::normal;
    settings.access.commentsPerMinute = 0;
    settings.access.reportsPerHour = 0;
  });
  const Credential ada = site.user("ada");
  const Credential off = site.user("off");
  const std::map<std::string, Credential> callers{{"anonymous", Anonymous{}},
                                                  {"other", site.user("bob")},
                                                  {"owner", ada},
                                                  {"moderator", site.user("mo", Role::moderator)},
                                                  {"admin", site.user("root", Role::admin)},
                                                  {"operator", Operator{}},
                                                  {"link", Anonymous{}}};
  Database database(site.data());
  httplib::Client tcp(site.url());
  httplib::Client socket((site.data() / "videod.sock").string(), 80);
  socket.set_address_family(AF_UNIX);
  tcp.set_keep_alive(true);
  socket.set_keep_alive(true);

  const std::vector<Kind> kinds{{"public", true, true, true},    {"unlisted", true, true, true},
                                {"private", false, false, true}, {"blocked", false, true, false},
                                {"reported", false, true, true}, {"deleted", false, false, false},
                                {"disabled", true, true, false}, {"nothing", false, false, false}};
  const std::string body =
      R"({"position_ms":1000,"name":"y","content":"x","what":"view","expires":"2100-01-01T00:00:00Z","label":"x","reason":"spam","contact":"a@example.org","text":"x"})";
  std::size_t walked = 0;
  for (const Kind& kind : kinds) {
    const bool isDisabled = kind.name == "disabled";
    const Credential owner = isDisabled ? off : ada;
    const std::string ownerName = isDisabled ? "off" : "ada";
    const VideoId video = site.video(owner, ownerName, "secret name");
    const VideoId unknown{"0193e1a0-0000-7000-8000-00000000000" + std::to_string(&kind - kinds.data())};
    const std::string comment = site.at(owner).comments().post(owner, {video, "hello", {}}).id.text;
    NewShare wanted;
    wanted.video = video;
    wanted.expires = systemClock().now() + std::chrono::hours{1};
    const CreatedShare share = site.at(owner).shares().create(owner, wanted);
    const std::string link = share.url.substr(share.url.find('?'));
    if (const auto visibility = valueOf<Visibility>(kind.name))
      site.at(owner).videos().set(owner, {.id = video, .name = {}, .description = {}, .visibility = visibility});
    const std::string where = " WHERE id = '" + video.text + "'";
    if (kind.name == "blocked") database.run("UPDATE video_info SET blocked = 'why'" + where);
    if (kind.name == "reported") database.run("UPDATE video_info SET visibility = 'private', reported = 1" + where);
    if (kind.name == "deleted") site.at(owner).videos().remove(owner, {{video, {}}, {}});
    if (isDisabled) database.run("UPDATE users SET disabled = 1 WHERE login_name = 'off'");
    const bool exists = kind.name != "nothing";

    for (const auto& [caller, by] : callers) {
      const bool isOwner = caller == "owner" && !isDisabled;
      const bool isAll = isOwner || caller == "admin" || caller == "operator";
      for (const http::Route& route : site.router().routes()) {
        if (route.roles == http::web) continue;  // a page: tests/contract/web.cpp
        const std::string path(route.path);
        const std::string parameter = videoParameter(path);
        if (parameter.empty()) continue;
        const bool byLink = caller == "link" && route.flags.takesLink && route.name.substr(0, 8) != "uploads.";
        const bool seen = exists && (isAll || kind.seenByAll || (caller == "moderator" && kind.seenByModerator) ||
                                     (byLink && kind.seenByLink));
        const auto ask = [&](const VideoId& id) {
          httplib::Request request;
          request.method = std::string(nameOf(route.method));
          request.path =
              std::regex_replace(path, std::regex(parameter == "{id}" ? R"(\{id\})" : R"(\{video(_id)?\})"), id.text);
          request.path = std::regex_replace(request.path, std::regex(R"(\{user_name\})"), ownerName);
          request.path = std::regex_replace(request.path, std::regex(R"(\{id\})"),
                                            path.find("share") == std::string::npos ? comment : share.id.text);
          request.path = std::regex_replace(request.path, std::regex(R"(\{lang\})"), "en");
          REQUIRE(request.path.find('{') == std::string::npos);
          if (caller == "link") request.path += link;
          request.headers = {{"Host", "localhost"}};
          if (const auto* secret = std::get_if<Secret>(&by)) request.headers.emplace("X-Session-Id", secret->text);
          if (route.method == http::Method::post || route.method == http::Method::patch) request.body = body;
          if (route.formPart == "file") {
            request.headers.emplace("Content-Type", "multipart/form-data; boundary=xyz");
            request.body = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n" +
                           movie(500, 2) + "\r\n--xyz--\r\n";
          } else if (route.method == http::Method::put) {
            request.body = movie(500, 2);
          }
          httplib::Result result = (caller == "operator" ? socket : tcp).send(request);
          REQUIRE(result);
          return result;
        };
        INFO(caller << ", " << kind.name << " video: " << nameOf(route.method) << ' ' << path);
        if (!exists) continue;
        if (!seen) {
          ++walked;
          const httplib::Result found = ask(video);
          const std::string text = plainReply(found, video.text);
          // A link that is valid tells its holder that there is a video; it is not found all the same.
          if (!byLink) CHECK(text == plainReply(ask(unknown), unknown.text));
          if (route.method == http::Method::get && route.name.substr(0, 7) == "videos." && caller == "other")
            CHECK(found->status == 404);
          if (byLink) {
            INFO(found->status << " " << found->body);
            CHECK((found->status == 404 || (isDisabled && found->status == 403)));
          }
          CHECK(text.find("secret name") == std::string::npos);
          CHECK(text.find("why") == std::string::npos);
        } else if (route.method == http::Method::get && (route.name == "videos.show" || route.name == "comments.list" ||
                                                         (route.name == "videos.open" && kind.name != "deleted"))) {
          ++walked;
          if (byLink && isDisabled) continue;
          const httplib::Result found = ask(video);
          CHECK(found->status == 200);
          if (route.name == "videos.show" && found->status == 200) {
            const auto shown = nlohmann::json::parse(found->body);
            CHECK(shown.at("name") == "secret name");
            CHECK(shown.contains("blocked") == (kind.name == "blocked"));
          }
          const bool isPublic = kind.name == "public" || kind.name == "blocked" || kind.name == "deleted" || isDisabled;
          if (route.name != "comments.list")
            CHECK(found->get_header_value("X-Robots-Tag") == (isPublic ? "" : "noindex"));
          CHECK(found->get_header_value("Referrer-Policy") == (caller == "link" ? "no-referrer" : ""));
        }
      }
    }
    // Nobody who may not see it has changed it.
    if (exists && !isDisabled && kind.name != "deleted")
      CHECK(site.at(owner).videos().show(owner, {video, {}}).name == "secret name");
  }
  CHECK(walked > 400);
}

TEST_CASE("new videos are published as access.visibility says, and their owner changes it") {
  const Visibility usual = GENERATE(Visibility::public_, Visibility::unlisted, Visibility::private_);
  Site site(GENERATE(eachWay()), [&](Settings& settings) { settings.videos.visibility = usual; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  Videos& videos = site.at(ada).videos();
  CHECK(videos.add(ada, {"ada", "x"}).visibility == usual);
  for (const Visibility wanted : visibilities) {
    const VideoId added = videos.add(ada, {"ada", "x", wanted}).id;
    CHECK(videos.show(ada, {added, {}}).visibility == wanted);
  }
  const VideoId video = site.video(ada, "ada", "x");
  const auto set = [&](const Credential& by, Visibility to) {
    return site.at(by).videos().set(by, {.id = video, .name = {}, .description = {}, .visibility = to}).visibility;
  };
  CHECK(set(ada, Visibility::private_) == Visibility::private_);
  requireFault([&] { set(bob, Visibility::public_); }, Fault::notFound);
  requireFault([&] { site.at(bob).videos().show(bob, {video, {}}); }, Fault::notFound);
  CHECK(set(ada, Visibility::public_) == Visibility::public_);
  requireFault([&] { set(bob, Visibility::private_); }, Fault::forbidden);
  CHECK(site.at(bob).videos().show(bob, {video, {}}).visibility == Visibility::public_);
}

TEST_CASE("the newest public videos are listed for anyone, in pages and by tag") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  std::vector<std::string> names;
  for (const char* const name : {"a", "b", "c", "d"}) {
    const bool isAdas = std::string_view(name) < "c";
    const VideoId video = site.video(isAdas ? ada : bob, isAdas ? "ada" : "bob", name);
    const Credential& owner = isAdas ? ada : bob;
    if (std::string_view(name) != "b")
      site.at(owner).videos().set(owner, {.id = video, .name = {}, .description = {}, .tags = {{"Sea", "x"}}});
    names.insert(names.begin(), name);
  }
  site.at(ada).videos().add(ada, {"ada", "pending"});
  site.at(ada).videos().set(ada, {.id = site.video(ada, "ada", "hidden"),
                                  .name = {},
                                  .description = {},
                                  .visibility = Visibility::unlisted,
                                  .tags = {{"sea"}}});
  const auto walk = [&](NewestQuery query) {
    std::vector<std::string> found;
    for (query.limit = 2;;) {
      const Page<Video> page = site.at(Anonymous{}).videos().newest(Anonymous{}, query);
      CHECK(page.items.size() <= 2);
      for (const Video& video : page.items) found.push_back(video.name);
      if (!page.nextCursor) return found;
      query.cursor = *page.nextCursor;
    }
  };
  using Names = std::vector<std::string>;
  CHECK(walk({}) == names);
  CHECK(walk({{}, "sea"}) == Names{"d", "c", "a"});
  CHECK(walk({{}, " SEA "}) == Names{"d", "c", "a"});
  CHECK(walk({{}, "hill"}).empty());
  NewestQuery later;
  later.since = Time{std::chrono::milliseconds{4'000'000'000'000}};
  CHECK(walk(later).empty());
  later.until = later.since;
  later.since.reset();
  CHECK(walk(later) == names);
  requireFault([&] { walk({{}, std::string(51, 'x')}); }, Fault::malformed, "tag: has 51 characters");
  NewestQuery tooMany;
  tooMany.limit = 1001;
  requireFault([&] { site.at(ada).videos().newest(ada, tooMany); }, Fault::malformed, "limit");

  ChangeUser change;
  change.name = "bob";
  change.disabled = true;
  site.at(Operator{}).users().change(Operator{}, change);
  CHECK(walk({}) == Names{"b", "a"});
  // To strangers the owner's page shows the same, to the owner all.
  UserVideosQuery of;
  of.user = "ada";
  CHECK(site.at(Anonymous{}).videos().listOf(Anonymous{}, of).items.size() == 2);
  CHECK(site.at(ada).videos().listOf(ada, of).items.size() == 4);
}

TEST_CASE("where strangers may not watch, lists tell them the names of public videos and no more") {
  const StreamAccess stream = GENERATE(StreamAccess::session, StreamAccess::signed_);
  Site site(GENERATE(eachWay()), [&](Settings& settings) { settings.access.stream = stream; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "public name");
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = "a secret", .tags = {{"x"}}});
  UserVideosQuery of;
  of.user = "ada";
  const auto look = [&](const Credential& by) {
    const Video newest = site.at(by).videos().newest(by, {}).items.at(0);
    const Video listed = site.at(by).videos().listOf(by, of).items.at(0);
    CHECK(newest.name == "public name");
    CHECK(listed.name == "public name");
    CHECK(newest.description == listed.description);
    CHECK(newest.sha256 == listed.sha256);
    CHECK(newest.tags == listed.tags);
    return newest;
  };
  const Video named = look(Anonymous{});
  CHECK(named.description.empty());
  CHECK(named.sha256.empty());
  CHECK(named.size == 0);
  CHECK(named.tags.empty());
  CHECK(look(ada).description == "a secret");
  CHECK(look(bob).description == (stream == StreamAccess::session ? "a secret" : ""));
  requireFault([&] { site.at(Anonymous{}).videos().show(Anonymous{}, {video, {}}); }, Fault::unauthenticated);
  CommentQuery comments;
  comments.video = video;
  requireFault([&] { site.at(Anonymous{}).comments().list(Anonymous{}, comments); }, Fault::unauthenticated);
  if (stream == StreamAccess::session) {
    CHECK_NOTHROW(site.at(bob).comments().list(bob, comments));
  } else {
    requireFault([&] { site.at(bob).videos().show(bob, {video, {}}); }, Fault::notFound);
    requireFault([&] { site.at(bob).comments().list(bob, comments); }, Fault::notFound);
    requireFault([&] { site.at(bob).comments().post(bob, {video, "x", {}}); }, Fault::notFound);
  }
}

TEST_CASE("tags are normalised, listed and bounded, and go with their video") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.deletions.delay = {}; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  Videos& videos = site.at(ada).videos();
  using Tags = std::vector<std::string>;
  const auto set = [&](const Tags& tags) {
    return videos.set(ada, {.id = video, .name = {}, .description = {}, .tags = tags}).tags;
  };
  CHECK(videos.show(ada, {video, {}}).tags.empty());
  CHECK(set({" Sea ", "beach", "SEA", "ä b"}) == Tags{"beach", "sea", "ä b"});
  CHECK(videos.set(ada, {.id = video, .name = "y", .description = {}}).tags.size() == 3);
  CHECK(videos.show(ada, {video, {}}).tags == Tags{"beach", "sea", "ä b"});
  VideoQuery query;
  query.tag = "Sea";
  CHECK(videos.list(ada, query).items.at(0).tags.size() == 3);
  CHECK(site.at(bob).videos().list(bob, query).items.empty());
  CHECK(site.at(Operator{}).videos().list(Operator{}, query).items.size() == 1);
  query.sha256 = videos.show(ada, {video, {}}).sha256;
  CHECK(videos.list(ada, query).items.size() == 1);
  query.tag = "hill";
  CHECK(videos.list(ada, query).items.empty());
  query.sha256.reset();
  query.sort = VideoSort::name;
  requireFault([&] { videos.list(ada, query); }, Fault::malformed, "sort");

  requireFault([&] { set({"good", std::string(200, 'x')}); }, Fault::malformed, "xxxx");
  requireFault([&] { set({std::string(200, 'x')}); }, Fault::malformed, "tags: ");
  requireFault([&] { set({"a,b"}); }, Fault::malformed, "comma");
  requireFault([&] { set({" "}); }, Fault::malformed, "0 characters");
  requireFault([&] { set({"a\nb"}); }, Fault::malformed, "control character");
  requireFault([&] { set({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}); }, Fault::malformed, "at most 10");
  CHECK(videos.show(ada, {video, {}}).tags.size() == 3);
  CHECK(set({std::string(50, 'x')}).size() == 1);
  CHECK(set({}).empty());

  set({"last"});
  videos.remove(ada, {{video, {}}, {}});
  site.at(Operator{}).deletions().drain(Operator{}, {});
  waitFor("the purge", [&] {
    try {
      videos.show(ada, {video, {}});
      return false;
    } catch (const Error&) {
      return true;
    }
  });
  Database database(site.data());
  CHECK(database.run("SELECT tag FROM video_tags WHERE video_id = '" + video.text + "'").empty());
}

TEST_CASE("a list by tag reads no more for videos that it does not show") {
  const SqliteSteps steps;
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId ready = site.video(ada, "ada", "listed");
  Videos& videos = site.local().videos();
  videos.set(ada, {.id = ready, .name = {}, .description = {}, .tags = {{"sea"}}});
  VideoQuery query;
  query.tag = "sea";
  const auto look = [&] {
    CHECK(videos.newest(Anonymous{}, {{}, "sea"}).items.size() == 1);
    CHECK(videos.list(ada, query).items.size() == 1);
  };
  look();
  const std::int64_t before = steps.of(look);
  Database database(site.data());
  const auto add = [&](const std::string& prefix, const std::string& owner, const std::string& state,
                       const std::string& visibility, const std::string& blocked) {
    database.run(
        "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO video_info "
        "(id, author_id, name, state, display_ctime, create_time, visibility, blocked) SELECT '" +
        prefix + "' || i, (SELECT id FROM users WHERE login_name = '" + owner + "'), 'x', '" + state + "', '', 1, '" +
        visibility + "', " + blocked + " FROM n");
  };
  add("fa", "bob", "pending", "public", "NULL");
  add("fb", "bob", "ready", "private", "NULL");
  add("fc", "bob", "ready", "public", "'why'");
  add("fd", "ada", "deleted", "public", "NULL");
  database.run("INSERT INTO video_tags SELECT id, 'sea', author_id, state, listed FROM video_info WHERE id > 'f'");
  CHECK(before > 0);
  const std::int64_t after = steps.of(look);
  CHECK(after < before * 2);
  CHECK(videos.list(bob, query).items.size() == 50);
  query.state = VideoState::deleted;
  CHECK(videos.list(Operator{}, query).items.size() == 50);
}

TEST_CASE("a list by tag follows its videos: blocked, deleted, restored, given to another user") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x");
  Videos& videos = site.at(ada).videos();
  videos.set(ada, {.id = video, .name = {}, .description = {}, .tags = {{"sea"}}});
  VideoQuery query;
  query.tag = "sea";
  const auto isNewest = [&] { return !site.at(bob).videos().newest(bob, {{}, "sea"}).items.empty(); };
  const auto isListed = [&](const Credential& by) { return !site.at(by).videos().list(by, query).items.empty(); };
  const auto show = [&](Visibility visibility) {
    videos.set(ada, {.id = video, .name = {}, .description = {}, .visibility = visibility});
  };
  CHECK(isNewest());
  show(Visibility::unlisted);
  CHECK_FALSE(isNewest());
  CHECK(isListed(ada));
  show(Visibility::public_);
  CHECK(isNewest());
  site.at(root).videos().block(root, {video, "why"});
  CHECK_FALSE(isNewest());
  CHECK(isListed(ada));
  site.at(root).videos().unblock(root, {video, {}});
  CHECK(isNewest());
  videos.remove(ada, {{video, {}}, {}});
  CHECK_FALSE(isNewest());
  CHECK_FALSE(isListed(ada));
  query.state = VideoState::deleted;
  CHECK(isListed(ada));
  query.state.reset();
  videos.restore(ada, {video, {}});
  CHECK(isNewest());
  CHECK(isListed(ada));
  CHECK_FALSE(isListed(bob));
  site.at(root).users().remove(root, {"ada", "bob"});
  CHECK(isNewest());
  CHECK(isListed(bob));
}

#include "http/router.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace video::http;
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace http_router_test {

struct Ask {
  std::string id;
  std::optional<std::string> note;
};
struct Post {
  std::string id;
  std::string text;
  std::int64_t count = 0;
};
struct Search {
  std::string user;
  std::int64_t limit = 50;
  std::optional<std::string> cursor;
};
struct Put {
  std::string id;
  std::optional<std::int64_t> size;
  std::optional<std::string> sha256;
};
struct Item {
  std::string said;
};

}  // namespace http_router_test

template <>
struct video::Fields<http_router_test::Ask> {
  using T = http_router_test::Ask;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"note", &T::note, ""}};
};
template <>
struct video::Fields<http_router_test::Post> {
  using T = http_router_test::Post;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"text", &T::text, ""}, Field{"count", &T::count, ""}};
};
template <>
struct video::Fields<http_router_test::Search> {
  using T = http_router_test::Search;
  static constexpr std::tuple list{Field{"user", &T::user, ""}, Field{"limit", &T::limit, ""},
                                   Field{"cursor", &T::cursor, ""}};
};
template <>
struct video::Fields<http_router_test::Put> {
  using T = http_router_test::Put;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"size", &T::size, ""},
                                   Field{"sha256", &T::sha256, ""}};
};
template <>
struct video::Fields<http_router_test::Item> {
  static constexpr std::string_view plural = "items";
  static constexpr std::tuple list{Field{"said", &http_router_test::Item::said, ""}};
};

namespace {

using http_router_test::Ask;
using http_router_test::Item;
using http_router_test::Post;
using http_router_test::Put;
using http_router_test::Search;

std::string describe(const Credential& by) {
  if (const auto* secret = std::get_if<Secret>(&by)) return secret->text + (secret->cookie ? " by cookie" : "");
  if (const auto* link = std::get_if<SignedLink>(&by))
    return fmt::format("link {} {} {}", link->share, link->expires, link->signature);
  if (const auto* operator_ = std::get_if<Operator>(&by))
    return "operator" + (operator_->as ? " as " + *operator_->as : "");
  return "nobody";
}

class Bytes : public ContentReader {
 public:
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    const std::size_t count = std::min<std::size_t>({to.size(), 3, text.size() - offset});
    std::memcpy(to.data(), text.data() + offset, count);
    return count;
  }
  std::string text = "0123456789";
};

/// A router with a route of each kind, and the answers it gives to made-up requests.
struct Site {
  explicit Site(const LimiterOptions& limits = {})
      : router({{"https://front.example"}, [this](const AccessLine& line) { keep(line); }, [this] { return version; }},
               limits) {
    const auto echo = [](auto& by, const Ask& wanted) {
      return Item{fmt::format("{}|{}|{}", wanted.id, wanted.note.value_or("-"), describe(by))};
    };
    const auto say = [&](const char* text) { return [text](auto&, const Nothing&) { return Item{text}; }; };
    router.serve(Endpoint<Ask, Item>{{"things.show", Method::get, "/things/{id}"}}, echo);
    router.serve(Endpoint<Nothing, Item>{{"things.best", Method::get, "/things/best"}}, say("the best"));
    router.serve(Endpoint<Ask, void>{{"things.delete", Method::delete_, "/things/{id}", 204}},
                 [](auto&, const Ask&) {});
    router.serve(
        Endpoint<Post, Item>{{"things.post", Method::post, "/things/{id}/notes", 201}},
        [](auto&, const Post& wanted) { return Item{fmt::format("{}|{}|{}", wanted.id, wanted.text, wanted.count)}; });
    router.serve(Endpoint<Search, Page<Item>>{{"things.list", Method::get, "/user/{user}/things"}},
                 [](auto&, const Search& wanted) {
                   checkLimit(wanted.limit);
                   Page<Item> page{{{std::to_string(wanted.limit)}}, {}};
                   if (wanted.cursor != "last") page.nextCursor = "a&b";
                   return page;
                 });
    for (const auto method : {Method::post, Method::get})
      router.serve(Endpoint<Ask, void>{{"deletions.enqueue", method, "/video-delete-record/{id}", 200, scheduler}},
                   [this](auto& by, const Ask&) { enqueuedBy = describe(by); });
    router.serve(Endpoint<Ask, Item>{{"shared.show", Method::get, "/shared/{id}", 200, api, false, true}},
                 [this](auto&, const Ask& wanted) {
                   ++made;
                   if (wanted.id == "none") throw Error(Fault::notFound);
                   return Item{wanted.id};
                 });
    router.serve(Endpoint<Nothing, Item>{{"tasks.list", Method::get, "/tasks", 200, scheduler}}, say("tasks"));
    router.serve(Endpoint<Nothing, Item>{{"pages.home", Method::get, "/", 200, web}}, say("home"));
    router.serve(Endpoint<Nothing, Item>{{"server.healthz", Method::get, "/healthz", 200, allRoles}}, say("alive"));
    router.serveContent(
        Endpoint<Ask, Content>{{"videos.open", Method::get, "/videos/{id}", 200, stream, true}},
        [](auto& by, const Ask& wanted) {
          if (wanted.id != "v") throw Error(Fault::notFound, "video " + wanted.id + ": not found");
          ContentMeta meta{10, "video/mp4", "\"tag\"", Time{std::chrono::seconds{784111777}}, describe(by) + ".mp4"};
          return Content{meta, std::make_shared<Bytes>()};
        });
    const auto take = [](auto&, const Put& wanted, const ByteSource& bytes) {
      std::string got = fmt::format("{} {} ", wanted.size.value_or(-1), wanted.sha256.value_or("-").substr(0, 4));
      bytes.push([&](std::span<const std::byte> piece) {
        got.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      });
      if (got.ends_with("huge")) throw Error(Fault::tooLarge, "file: over the limit");
      return Item{got};
    };
    const auto leave = [](const Item&, const Exchange&, Answer&) {};
    for (const auto method : {Method::post, Method::put})
      router.serveUpload(Endpoint<Put, Item>{{"uploads.put", method, "/upload/{id}", 201, stream, true}}, take, leave);
    router.serveRaw({"things.fail", Method::get, "/fail/{what}"}, [](const Exchange& exchange, Answer& answer) {
      answer.set("X-Half", "done");
      const auto what = *exchange.pathParameter("what");
      if (what == "foreign") throw std::runtime_error("secret of std");
      if (what == "number") throw 42;
      for (const auto& [name, fault] : {std::pair{"database", Fault::databaseFailed},
                                        {"internal", Fault::internal},
                                        {"unreachable", Fault::unreachable},
                                        {"version", Fault::versionMismatch},
                                        {"busy", Fault::busy},
                                        {"login", Fault::unauthenticated},
                                        {"disk", Fault::diskFull}})
        if (what == name) throw Error(fault, "secret \xff\r\n of it");
      throw Error(Fault::tooMany, "slow down", std::chrono::seconds(7));
    });
  }

  void keep(const AccessLine& line) {
    log.push_back(
        fmt::format("{} {} {} {} {} {}", line.operation, line.method, line.path, line.peer, line.status, line.bytes));
  }

  Answer ask(Method method, const std::string& target, const Headers& headers = {}, const std::string& body = {}) {
    Head head;
    head.method = method;
    head.methodName = nameOf(method);
    const std::size_t mark = std::min(target.find('?'), target.size());
    head.path = target.substr(0, mark);
    head.query = mark < target.size() ? target.substr(mark + 1) : "";
    head.headers = headers;
    head.headers.emplace_back("Host", "a");
    if (!body.empty()) head.contentLength = body.size();
    Answer answer;
    const auto use = router.begin(head, peer, listener, answer);
    if (!use) return answer;
    const ByteSource bytes{[&](const ByteSink& sink) { sink(std::as_bytes(std::span(body))); }, body.size(), false};
    router.serve({head, peer, listener, *use == BodyUse::collect ? body : std::string_view(),
                  *use == BodyUse::stream ? &bytes : nullptr},
                 answer);
    return answer;
  }
  Answer get(const std::string& target, const Headers& headers = {}) { return ask(Method::get, target, headers); }

  std::vector<std::string> log;
  std::string enqueuedBy;
  std::uint64_t version = 1;
  int made = 0;
  Listener listener;
  Peer peer{"1.2.3.4", false};
  Router router;
};

std::string textOf(const Answer& answer) {
  std::string text;
  for (const Segment& segment : answer.content) text += segment.bytes;
  return text;
}
std::string header(const Answer& answer, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : answer.headers)
    if (key == name) all += all.empty() ? value : " AND " + value;
  return all;
}
bool says(const Answer& answer, std::string_view text) {
  return textOf(answer).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("routes are found by path and method") {
  Site site;
  struct Case {
    Method method;
    const char* target;
    int status;
    const char* text;
  };
  const Case cases[] = {
      {Method::get, "/things/7", 200, R"({"said":"7|-|nobody"})"},
      {Method::get, "/things/best", 200, R"({"said":"the best"})"},
      {Method::delete_, "/things/best", 204, ""},  // back from the literal
      {Method::get, "/things/7?note=a+b%26", 200, "7|a b&|nobody"},
      {Method::get, "/things/a%2Fb%20c", 200, "a/b c|"},
      {Method::get, "/things/%2e%2e", 200, "..|"},
      {Method::get, "/things", 404, "no such path"},
      {Method::get, "/things/7/", 404, "no such path"},
      {Method::get, "/things/7/x/y", 404, "no such path"},
      {Method::get, "//things/7", 404, "no such path"},
      {Method::get, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n", 404, "no such path"},
      {Method::options, "/nowhere", 404, "no such path"},
      {Method::get, "/things/", 400, "id: must not be empty"},
      {Method::get, "/user//things", 400, "user: must not be empty"},
      {Method::get, "/video-delete-record/", 400, "id: must not be empty"},
      {Method::get, "/things/%00", 400, "percent-encoding"},
      {Method::get, "/things/%zz", 400, "percent-encoding"},
      {Method::get, "/things/a%4", 400, "percent-encoding"},
      {Method::get, "/things/%ff", 404, "no such path"},
      {Method::get, "/things/7?note=%zz", 400, "note: bad percent-encoding"},
      {Method::get, "/things/7?note=%ff", 400, "note: not valid UTF-8"},
      {Method::get, "/", 200, "home"},
  };
  for (const Case& one : cases) {
    INFO(nameOf(one.method) << ' ' << one.target);
    const Answer answer = site.ask(one.method, one.target);
    CHECK(answer.status == one.status);
    INFO(textOf(answer));
    CHECK(says(answer, one.text));
  }
  const std::pair<const char*, const char*> allowed[] = {{"/things/7", "GET, HEAD, DELETE, OPTIONS"},
                                                         {"/things/7/notes", "POST, OPTIONS"},
                                                         {"/upload/v", "POST, PUT, OPTIONS"},
                                                         {"/healthz", "GET, HEAD, OPTIONS"}};
  for (const auto& [path, allow] : allowed) {
    INFO(path);
    Answer answer = site.ask(Method::options, path);
    CHECK(answer.status == 204);
    CHECK(header(answer, "Allow") == allow);
    for (const Method method : {Method::patch, Method::other}) {
      answer = site.ask(method, path, {}, "{}");
      CHECK(answer.status == 405);
      CHECK(header(answer, "Allow") == allow);
      CHECK(header(answer, "X-Error-Code") == "014");
    }
  }
  CHECK_THROWS_AS(site.router.serveRaw({"x.y", Method::get, "/things/{other}"}, nullptr), Error);
}

TEST_CASE("HEAD says what GET would, without its content") {
  Site site;
  Answer answer = site.ask(Method::head, "/things/7");
  CHECK(answer.status == 200);
  CHECK(answer.content.empty());
  CHECK(answer.headLength == textOf(site.get("/things/7")).size());
  answer = site.ask(Method::head, "/videos/v", {{"Range", "bytes=0-1"}});
  CHECK(answer.status == 200);
  CHECK(answer.headLength == 10);
  answer = site.ask(Method::head, "/things/");
  CHECK(answer.status == 400);
  CHECK(answer.content.empty());
  CHECK(answer.headLength > 10);
  CHECK(header(answer, "X-Error-Detail") == "id: must not be empty");
}

TEST_CASE("a listener answers what its roles are for") {
  Site site;
  const std::pair<const char*, unsigned> paths[] = {
      {"/things/7", api | web}, {"/videos/v", stream | web}, {"/tasks", scheduler}, {"/", web}, {"/healthz", allRoles}};
  for (const unsigned role : {api, stream, scheduler, web})
    for (const auto& [path, roles] : paths) {
      INFO(path << " for role " << role);
      site.listener.roles = role;
      CHECK(site.get(path).status == ((roles & role) != 0 ? 200 : 404));
      CHECK(site.ask(Method::options, path).status == ((roles & role) != 0 ? 204 : 404));
    }
}

TEST_CASE("fields come from path, query and body; what is missing or wrong is named") {
  Site site;
  const std::pair<const char*, const char*> bodies[] = {
      {R"({"text":"x","count":3})", R"({"said":"7|x|3"})"},
      {R"({"text":"x","count":3,"id":"8","other":[1]})", R"({"said":"7|x|3"})"},
      {R"({"count":3})", "text: is missing"},
      {R"({"text":5,"count":3})", "text: must be a string"},
      {R"({"text":null,"count":3})", "text: must be a string"},
      {R"({"text":"x","count":"3"})", "count: must be a whole number"},
      {R"({"text":"x","count":1e99})", "count: must be a whole number"},
      {R"({"text":"x","count":3)", "body"},
      {"[]", "body: must be a JSON object"},
      {"", "text: is missing"},
      {"{\"text\":\"\xff\",\"count\":3}", "body"},
  };
  for (const auto& [body, text] : bodies) {
    INFO(body);
    const Answer answer = site.ask(Method::post, "/things/7/notes?text=q", {{"Content-Type", "text/plain"}}, body);
    CHECK(answer.status == (text[0] == '{' ? 201 : 400));
    INFO(textOf(answer));
    CHECK(says(answer, text));
  }
  const std::pair<const char*, const char*> limits[] = {
      {"", "50"},           {"?limit=1", "\"1\""},        {"?limit=1000", "1000"},
      {"?limit=0", "400"},  {"?limit=1001", "400"},       {"?limit=-1", "400"},
      {"?limit=", "400"},   {"?limit=5x", "400"},         {"?limit=99999999999999999999", "400"},
      {"?limit=+5", "400"}, {"?limit=3&limit=4", "\"3\""}};
  for (const auto& [query, text] : limits) {
    INFO(query);
    const Answer answer = site.get("/user/ada/things" + std::string(query));
    INFO(textOf(answer));
    if (answer.status == 400)
      CHECK((std::string(text) == "400" && says(answer, "limit: ")));
    else
      CHECK(says(answer, text));
  }
}

TEST_CASE("a page links to the next one") {
  Site site;
  Answer answer = site.get("/user/a%20b/things?limit=3&cursor=old&x=%3C%3E");
  CHECK(textOf(answer) == R"({"items":[{"said":"3"}],"next_cursor":"a&b"})");
  CHECK(header(answer, "Link") == R"(</user/a%20b/things?limit=3&x=%3C%3E&cursor=a%26b>; rel="next")");
  CHECK(header(site.get("/user/a/things?x=<\">"), "Link") ==
        R"(</user/a/things?x=%3C%22%3E&cursor=a%26b>; rel="next")");
  answer = site.get("/user/ada/things?cursor=last");
  CHECK(says(answer, R"("next_cursor":null)"));
  CHECK(header(answer, "Link").empty());
}

TEST_CASE("an error is one body and its headers, and ours stay inside") {
  Site site;
  struct Case {
    const char* path;
    int status;
    const char* body;  // without the request id
  };
  const Case cases[] = {
      {"/fail/foreign", 500, R"({"error":"Internal service error","error_code":"004",)"},
      {"/fail/number", 500, R"({"error":"Internal service error","error_code":"004",)"},
      {"/fail/internal", 500, R"({"error":"Internal service error","error_code":"004",)"},
      {"/fail/unreachable", 500, R"({"error":"Internal service error","error_code":"004",)"},
      {"/fail/database", 500, R"({"error":"DB ops failed","error_code":"003",)"},
      {"/fail/login", 401,
       R"({"error":"User authentication failed.","error_code":"002","detail":"secret %FF%0D%0A of it",)"},
      {"/fail/busy", 503, R"({"error":"Busy","error_code":"016","detail":"secret %FF%0D%0A of it",)"},
      {"/fail/disk", 507, R"({"error":"Insufficient storage","error_code":"012","detail":"secret %FF%0D%0A of it",)"},
      {"/fail/slow", 429, R"({"error":"Too many requests","error_code":"009","detail":"slow down",)"},
  };
  for (const Case& one : cases) {
    INFO(one.path);
    const Answer answer = site.get(one.path, {{"X-Request-Id", "mine.1"}});
    CHECK(answer.status == one.status);
    CHECK(textOf(answer) == one.body + std::string(R"("request_id":"mine.1"})"));
    CHECK(header(answer, "X-Error-Code").size() == 3);
    CHECK(header(answer, "Content-Type") == "application/json; charset=utf-8");
    CHECK(header(answer, "Cache-Control") == "no-store");
    CHECK(header(answer, "X-Half").empty());
    CHECK(header(answer, "X-Error-Detail").empty());
    CHECK(header(answer, "WWW-Authenticate") == (one.status == 401 ? "Bearer" : ""));
    CHECK(header(answer, "Retry-After") == (one.status == 429 ? "7" : one.status == 503 ? "1" : ""));
    const Answer head = site.ask(Method::head, one.path);
    CHECK((header(head, "X-Error-Detail").find("secret") != std::string::npos) ==
          (one.status != 500 && one.status != 429));
  }
  const Answer plain = site.get("/videos/caf%C3%A9");
  CHECK(plain.status == 404);
  CHECK(textOf(plain) == "Not found");
  CHECK(header(plain, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(header(plain, "X-Error-Detail") == "video caf%C3%A9: not found");
  CHECK(textOf(site.ask(Method::delete_, "/videos/v")) == "Method Not Allowed");
  CHECK(textOf(site.get("/videos/")) == "Request body is not correct");

  Answer refused;
  site.router.refuse(408, "the head did not come in time", refused);
  CHECK(refused.status == 408);
  CHECK(header(refused, "X-Error-Code") == "015");
  CHECK(says(refused, "the head did not come in time"));
}

TEST_CASE("every answer has a request id: the request's own where it is sane") {
  Site site;
  const std::string longest(64, 'a');
  for (const std::string& good : {std::string("a"), std::string("A.b_c-9"), longest})
    CHECK(header(site.get("/healthz", {{"x-request-id", good}}), "X-Request-Id") == good);
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\"b"), longest + "a"}) {
    const std::string made = header(site.get("/healthz", {{"X-Request-Id", bad}}), "X-Request-Id");
    CHECK(made.size() == 12);
    CHECK(made != header(site.get("/healthz"), "X-Request-Id"));
  }
}

TEST_CASE("who asks is read off the request") {
  Site site;
  struct Case {
    Headers headers;
    const char* who;  // or a status
    const char* target = "/things/7";
  };
  const char* link = "/videos/v?share=s&exp=9&sig=x%3D";
  const std::vector<Case> cases = {
      {{}, "nobody"},
      {{{"X-Session-Id", "s"}}, "s"},
      {{{"authorization", "bearer  s"}}, "s"},
      {{{"Authorization", "Bearer s"}, {"X-Session-Id", "s"}}, "s"},
      {{{"Authorization", "Basic s"}}, "nobody"},
      {{{"Authorization", "Bearers"}}, "nobody"},
      {{{"Cookie", "a=1; session=s; b=2"}}, "s by cookie"},
      {{{"Cookie", "a=\"1; session=s"}}, "s by cookie"},
      {{{"Cookie", "mysession=s; session="}}, "nobody"},
      {{{"Cookie", "session=s"}, {"X-Session-Id", "s"}}, "s"},
      {{{"Cookie", "session=s"}, {"X-Session-Id", "t"}}, "400"},
      {{{"Cookie", "session=s; session=t"}}, "400"},
      {{{"X-Session-Id", "s"}, {"X-Session-Id", "t"}}, "400"},
      {{{"X-Session-Id", "s"}, {"Authorization", "Bearer t"}}, "400"},
      {{{"X-User-Name", "ada"}}, "nobody"},
      {{{"X-Videod-As", "ada"}}, "403"},
      {{{"X-Forwarded-For", "1.1.1.1"}}, "nobody"},
      {{}, "nobody", "/things/7?session=s&share=s&exp=9&sig=x"},
      {{}, "link s 9 x=", link},
      {{{"Cookie", "session=s"}}, "link s 9 x=", link},
      {{{"X-Session-Id", "s"}}, "s", link},
      {{{"X-Videod-As", "ada"}}, "403", link},
      {{}, "nobody", "/videos/v?share=s&sig=x"},
      {{}, "nobody", "/videos/v?share=%ff&exp=9&sig=x"},
  };
  const auto check = [&site](const Case& one) {
    for (const auto& [name, value] : one.headers) UNSCOPED_INFO(name << ": " << value);
    const Answer answer = site.get(one.target, one.headers);
    const std::string said = textOf(answer) + header(answer, "Content-Disposition");
    INFO(one.target << " " << answer.status << " " << said);
    if (answer.status != 200)
      CHECK(std::to_string(answer.status) == one.who);
    else
      CHECK((said.find("|" + std::string(one.who) + '"') != std::string::npos ||
             said.find('"' + std::string(one.who) + ".mp4") != std::string::npos));
  };
  for (const Case& one : cases) check(one);

  site.listener.operatorSocket = true;
  site.peer = {"", true};
  const std::vector<Case> onSocket = {
      {{}, "operator"},
      {{{"X-Videod-As", "ada"}}, "operator as ada"},
      {{{"X-Videod-As", ""}}, "400"},
      {{{"X-Session-Id", "s"}}, "s"},
      {{{"X-Session-Id", "s"}, {"X-Videod-As", "ada"}}, "400"},
      {{{"Forwarded", "for=x"}}, "403"},
      {{{"x-forwarded-host", "x"}}, "403"},
      {{{"X-Forwarded-For", "x"}, {"X-Session-Id", "s"}}, "403"},
      {{{"X-Real-IP", "x"}}, "403"},
  };
  for (const Case& one : onSocket) check(one);
  site.peer.mayBeOperator = false;
  check({{}, "403"});
  check({{{"X-Session-Id", "s"}}, "403"});
}

TEST_CASE("a page of another site changes nothing") {
  Site site;
  const Headers cookie{{"Cookie", "session=s"}};
  const Headers foreign{{"Cookie", "session=s"}, {"Sec-Fetch-Site", "cross-site"}};
  CHECK(site.get("/things/7", foreign).status == 200);
  for (const Headers& headers : {cookie, foreign, Headers{{"Origin", "http://evil.example"}}}) {
    CHECK(site.ask(Method::delete_, "/things/7", headers).status == 403);
    CHECK(site.ask(Method::post, "/things/7/notes", headers, "{}").status == 403);
    CHECK(site.ask(Method::put, "/upload/v", headers, "x").status == 403);
    CHECK(site.get("/video-delete-record/7", headers).status == 403);
  }
  CHECK(site.ask(Method::delete_, "/things/7", {{"Cookie", "session=s"}, {"Origin", "http://a"}}).status == 204);
  CHECK(site.ask(Method::delete_, "/things/7", {{"Cookie", "session=s"}, {"Origin", "https://front.example"}}).status ==
        204);
  CHECK(site.ask(Method::delete_, "/things/7", {{"X-Session-Id", "s"}, {"Origin", "http://evil.example"}}).status ==
        204);
  CHECK(site.enqueuedBy.empty());

  CHECK(site.get("/video-delete-record/7").status == 200);
  CHECK(site.enqueuedBy == "nobody");
  site.listener.trusted = true;
  CHECK(site.get("/video-delete-record/7").status == 200);
  CHECK(site.enqueuedBy == "operator");
  CHECK(says(site.get("/things/7"), "nobody"));
  site.enqueuedBy.clear();
  CHECK(site.get("/video-delete-record/7", {{"Sec-Fetch-Site", "cross-site"}}).status == 403);
  CHECK(site.enqueuedBy.empty());
}

TEST_CASE("a content is served whole, in part, or not at all") {
  Site site({1, 1, 1});
  struct Case {
    Headers headers;
    int status;
    const char* content;
    const char* range = "";
  };
  const std::vector<Case> cases = {
      {{}, 200, "0123456789"},
      {{{"Range", "bytes=2-4"}}, 206, "234", "bytes 2-4/10"},
      {{{"Range", "bytes=-2"}}, 206, "89", "bytes 8-9/10"},
      {{{"Range", "bytes=2-4"}, {"If-Range", "\"tag\""}}, 206, "234", "bytes 2-4/10"},
      {{{"Range", "bytes=2-4"}, {"If-Range", "\"old\""}}, 200, "0123456789"},
      {{{"Range", "bytes=20-"}, {"If-Range", "\"old\""}}, 200, "0123456789"},
      {{{"Range", "bytes=20-"}}, 416, "Range Not Satisfiable", "bytes */10"},
      {{{"Range", "bytes=20-"}, {"If-None-Match", "\"tag\""}}, 304, ""},
      {{{"If-Match", "\"old\""}, {"Range", "bytes=2-4"}}, 412, "Precondition Failed"},
  };
  for (const Case& one : cases) {
    for (const auto& [name, value] : one.headers) UNSCOPED_INFO(name << ": " << value);
    const Answer answer = site.get("/videos/v", one.headers);
    CHECK(answer.status == one.status);
    CHECK(textOf(answer) == one.content);
    CHECK(header(answer, "Content-Range") == one.range);
    CHECK(header(answer, "ETag") == (one.status < 400 ? "\"tag\"" : ""));
    CHECK(header(answer, "X-Content-Type-Options") == "nosniff");
    if (one.status < 300) CHECK(header(answer, "Content-Type") == "video/mp4");
    CHECK(site.router.limiter().counts().streams == (one.status < 300 ? 1 : 0));
  }
  CHECK(header(site.get("/videos/v"), "Cache-Control") == "no-cache");
  CHECK(header(site.get("/videos/v", {{"X-Session-Id", "s"}}), "Cache-Control") == "private, no-cache");

  const Answer held = site.get("/videos/v");
  const Answer second = site.get("/videos/v");
  CHECK(second.status == 429);
  CHECK(textOf(second) == "Too many requests");
  CHECK(header(second, "Retry-After") == "1");
  CHECK(header(second, "ETag").empty());
  CHECK(site.ask(Method::head, "/videos/v").status == 200);
}

TEST_CASE("an upload comes raw or as a form") {
  Site site({1, 1, 1});
  const std::string digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
  CHECK(textOf(site.ask(Method::put, "/upload/v", {}, "movie")) == R"({"said":"5 - movie"})");
  CHECK(textOf(site.ask(Method::put, "/upload/v")) == R"({"said":"0 - "})");
  CHECK(says(site.ask(Method::put, "/upload/v", {{"Content-Digest", digest}}, "m"), "1 e3b0 m"));
  CHECK(says(site.ask(Method::put, "/upload/v", {{"Content-Digest", "md5=:AA==:"}, {"Content-Digest", digest}}, "m"),
             "1 e3b0 m"));
  CHECK(site.ask(Method::put, "/upload/v", {{"Content-Digest", "sha-256=x"}}, "m").status == 400);
  CHECK(site.ask(Method::put, "/upload/v", {{"Content-Range", "bytes 5-9/10"}}, "movie").status == 400);
  CHECK(site.ask(Method::put, "/upload/v", {}, "huge").status == 413);

  const Headers form{{"Content-Type", "multipart/form-data; boundary=b"}, {"Content-Digest", digest}};
  const auto formOf = [](const char* content) {
    return fmt::format("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{}\r\n--b--", content);
  };
  CHECK(says(site.ask(Method::post, "/upload/v", form, formOf("movie")), "-1 - movie"));
  const Answer large = site.ask(Method::post, "/upload/v", form, formOf("huge"));
  CHECK(large.status == 400);
  CHECK(textOf(large) == "File is too big");
  CHECK(header(large, "X-Error-Code") == "008");
  CHECK(site.ask(Method::post, "/upload/v", {}, "movie").status == 400);
  CHECK(site.ask(Method::post, "/upload/v").status == 400);
  CHECK(site.router.limiter().counts().uploads == 0);

  Head head;
  head.method = Method::put;
  head.path = "/upload/v";
  head.chunked = true;
  Answer first;
  CHECK(site.router.begin(head, site.peer, site.listener, first) == BodyUse::stream);
  CHECK(site.router.limiter().counts().uploads == 1);
  CHECK(site.ask(Method::put, "/upload/v", {}, "m").status == 429);
  first = {};
  CHECK(site.router.limiter().counts().uploads == 0);
}

TEST_CASE("a request is logged once, when its answer is let go") {
  Site site;
  {
    const Answer answer = site.get("/things/7?note=secret");
    CHECK(site.log.empty());
  }
  site.ask(Method::head, "/things/7");
  site.get("/nowhere");
  site.ask(Method::post, "/things/7/notes", {{"X-Session-Id", "s"}}, R"({"text":"x","count":1})");
  site.ask(Method::post, "/nowhere", {}, "x");
  site.get("/videos/v", {{"Range", "bytes=0-3"}});
  site.get("/videos/v", {{"If-None-Match", "*"}});
  site.ask(Method::put, "/upload/v", {}, "m");
  std::vector<std::string> known;
  for (const std::string& line : site.log) known.push_back(line.substr(0, line.rfind(' ')));
  CHECK(known ==
        std::vector<std::string>{"things.show GET /things/7 1.2.3.4 200", "things.show HEAD /things/7 1.2.3.4 200",
                                 " GET /nowhere 1.2.3.4 404", "things.post POST /things/7/notes 1.2.3.4 201",
                                 " POST /nowhere 1.2.3.4 404", "videos.open GET /videos/v 1.2.3.4 206",
                                 "videos.open GET /videos/v 1.2.3.4 304", "uploads.put PUT /upload/v 1.2.3.4 201"});
  CHECK(site.log[0].ends_with(fmt::format(" {}", textOf(site.get("/things/7?note=secret")).size())));
  CHECK(site.log[1].ends_with(" 0"));
  CHECK(site.log[5].ends_with(" 4"));
}

TEST_CASE("a reply that visitors share is made once per change of the data") {
  Site site;
  const auto madeBy = [&site](const std::string& target, const Headers& headers = {}) {
    site.made = 0;
    const Answer answer = site.get(target, headers);
    CHECK(header(answer, "X-Request-Id").find(" AND ") == std::string::npos);
    return site.made;
  };
  CHECK(madeBy("/shared/a") == 1);
  CHECK(madeBy("/shared/a") == 0);
  CHECK(textOf(site.get("/shared/a")) == R"({"said":"a"})");
  CHECK(madeBy("/shared/a?note=x") == 1);
  CHECK(madeBy("/shared/a", {{"X-Session-Id", "s"}}) == 1);
  CHECK(madeBy("/shared/none") == 1);
  CHECK(madeBy("/shared/none") == 1);
  site.version = 2;
  CHECK(madeBy("/shared/a") == 1);
  CHECK(madeBy("/shared/a") == 0);
}

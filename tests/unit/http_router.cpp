#include "http_router.hpp"

using namespace video;
using namespace video::http;
using namespace http_router_test;

TEST_CASE("the caller is determined once, when the request is admitted") {
  Site site;
  Head head;
  head.methodName = "GET";
  head.path = "/things/7";
  head.headers = {{"X-Session-Id", "s"}};
  Answer answer;
  const auto admission = site.router.begin(head, site.peer, site.listener, answer);
  REQUIRE(admission);
  head.headers = {{"X-Session-Id", "another"}};
  site.router.serve({head, site.peer, site.listener, {}, nullptr}, *admission, answer);
  CHECK(says(answer, "7|-|s\""));
}

TEST_CASE("a route is found by path and method") {
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
      {Method::delete_, "/things/best", 204, ""},  // the literal segment has no DELETE
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
  CHECK_THROWS_AS(site.router.serveRaw({.name = "x.y", .method = Method::get, .path = "/things/{other}"}, nullptr),
                  Error);
}

TEST_CASE("HEAD answers like GET, without the content") {
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

TEST_CASE("OPTIONS * lists the methods of the server") {
  Site site;
  const Answer answer = site.ask(Method::options, "*");
  CHECK(answer.status == 204);
  CHECK(header(answer, "Allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
}

TEST_CASE("a listener serves only the routes of its roles") {
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

TEST_CASE("fields are read from path, query and body, and an error names the field") {
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

TEST_CASE("a page links to the next page") {
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

TEST_CASE("an error reply has a uniform body and header fields, and hides the detail of internal errors") {
  Site site;
  struct Case {
    const char* path;
    int status;
    const char* body;  // without the request ID
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
  CHECK(textOf(site.get("/videos/")) == "Request is not correct");
  CHECK(textOf(site.get("/videos/v?x=%zz")) == "Request is not correct");
  CHECK(header(site.get("/videos/v?x=%zz"), "X-Error-Detail") == "x: bad percent-encoding in the query");
  CHECK(says(site.get("/user/u/things?limit=x"), R"("error":"Request is not correct")"));
  CHECK(says(site.ask(Method::put, "/upload/v?x=%zz", {}, "movie"), "Request is not correct"));
  CHECK(says(site.ask(Method::post, "/things/t/notes", {}, "{"), R"("error":"Request body is not correct")"));
  CHECK(says(site.ask(Method::post, "/things/t/notes"), R"("error":"Request body is not correct")"));

  Answer refused;
  site.router.refuse(408, "the head did not come in time", nullptr, site.peer, site.listener, nullptr, refused);
  CHECK(refused.status == 408);
  CHECK(header(refused, "X-Error-Code") == "015");
  CHECK(says(refused, "the head did not come in time"));
}

TEST_CASE("every reply has a request ID, the one of the request if that is valid") {
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

TEST_CASE("the caller is determined from the request's credentials") {
  Site site;
  struct Case {
    Headers headers;
    const char* who;  // the caller, or the status of the refusal
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
      {{}, "link s 9 x=", "/videos/v?%73hare=s&exp=9&si%67=x%3D"},
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

TEST_CASE("a reply to a request with a signature lets no page tell its URL to others") {
  Site site;
  for (const char* const signature : {"sig=x", "si%67=x", "%73%69%67=x", "sig"})
    for (const char* const path : {"/videos/v", "/things/7", "/nothing"}) {
      INFO(path << " " << signature);
      CHECK(header(site.get(std::string(path) + "?" + signature), "Referrer-Policy") == "no-referrer");
      CHECK(header(site.get(std::string(path) + "?a=" + signature), "Referrer-Policy").empty());
    }
  CHECK(header(site.get("/things/7?exp=%zz&s%69g=x"), "Referrer-Policy") == "no-referrer");
  CHECK(header(site.get("/things/7?sig%zz=x&Sig=x&s+ig=x"), "Referrer-Policy").empty());
}

TEST_CASE("a request from a page of another site changes nothing") {
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
  site.listener.address = "a:80";
  CHECK(site.get("/video-delete-record/7").status == 200);
  CHECK(site.enqueuedBy == "operator");
  CHECK(says(site.get("/things/7"), "nobody"));
  site.enqueuedBy.clear();
  CHECK(site.get("/video-delete-record/7", {{"Sec-Fetch-Site", "cross-site"}}).status == 403);
  CHECK(site.enqueuedBy.empty());
}

TEST_CASE("a trusted listener answers nobody whom a page of another site may have sent") {
  Site site;
  site.listener.trusted = true;
  site.listener.address = "127.0.0.1:9001";
  site.listener.publicUrl = "https://tasks.example/base";
  const auto asked = [&](Method method, const std::string& path, const Headers& headers) {
    return site.ask(method, path, headers);
  };
  struct Case {
    Headers headers;
    bool good;
  };
  const Case cases[] = {
      {{{"Host", "127.0.0.1:9001"}}, true},
      {{{"Host", "localhost:9001"}}, true},
      {{{"Host", "tasks.example"}}, true},
      {{{"Host", "TASKS.example:443"}}, true},
      {{{"Host", "tasks.example:8443"}}, false},
      {{{"Host", "127.0.0.1"}}, false},
      {{{"Host", "127.0.0.1:9002"}}, false},
      {{{"Host", "10.0.0.1:9001"}}, false},
      {{{"Host", "evil.example:9001"}}, false},  // made to resolve to 127.0.0.1
      {{{"Host", "localhost.evil.example:9001"}}, false},
      {{{"Host", "127.0.0.1.evil.example:9001"}}, false},
      {{{"Host", ""}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Origin", "http://127.0.0.1:9001"}}, true},
      {{{"Host", "tasks.example"}, {"Origin", "https://tasks.example"}}, true},
      {{{"Host", "127.0.0.1:9001"}, {"Origin", "https://tasks.example"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Origin", "http://127.0.0.1:8000"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Origin", "https://front.example"}}, false},  // not even a listed one
      {{{"Host", "127.0.0.1:9001"}, {"Origin", "null"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Origin", ""}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Referer", "http://127.0.0.1:9001/tasks?x=http://evil.example"}}, true},
      {{{"Host", "127.0.0.1:9001"}, {"Referer", "http://evil.example/127.0.0.1:9001"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Referer", "http://127.0.0.1:9001@evil.example/"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Sec-Fetch-Site", "same-origin"}}, true},
      {{{"Host", "127.0.0.1:9001"}, {"Sec-Fetch-Site", "none"}}, true},
      {{{"Host", "127.0.0.1:9001"}, {"Sec-Fetch-Site", "same-site"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Sec-Fetch-Site", "cross-site"}}, false},
      {{{"Host", "127.0.0.1:9001"}, {"Sec-Fetch-Site", "cross-site"}, {"X-Session-Id", "s"}}, false},
  };
  for (const Case& one : cases) {
    for (const auto& [name, value] : one.headers) UNSCOPED_INFO(name << ": " << value);
    site.enqueuedBy.clear();
    CHECK(asked(Method::get, "/video-delete-record/7", one.headers).status == (one.good ? 200 : 403));
    CHECK(site.enqueuedBy == (one.good ? "operator" : ""));
    CHECK(asked(Method::get, "/healthz", one.headers).status == (one.good ? 200 : 403));
    CHECK(asked(Method::options, "/video-delete-record/7", one.headers).status == (one.good ? 204 : 403));
    CHECK(asked(Method::get, "/nowhere", one.headers).status == (one.good ? 404 : 403));
  }
  const std::tuple<const char*, const char*, bool> hosts[] = {
      {"0.0.0.0:9001", "10.0.0.1:9001", true}, {"0.0.0.0:9001", "localhost:9001", true},
      {"[::]:9001", "[fe80::1]:9001", true},   {"0.0.0.0:9001", "10.0.0.1:19001", true},
      {"0.0.0.0:9001", "evil:9001", false},    {"[::1]:9001", "[::1]:9001", true},
      {"[::1]:9001", "[::2]:9001", false},     {"unix:/run/v.sock", "localhost", true},
      {"unix:/run/v.sock", "evil", false},     {"10.0.0.1:80", "10.0.0.1", true},
      {"10.0.0.1:80", "localhost", false},     {"scheduler:9001", "Scheduler:9001", true},
  };
  for (const auto& [address, host, good] : hosts) {
    INFO(address << " asked as " << host);
    site.listener.address = address;
    CHECK(asked(Method::get, "/healthz", {{"Host", host}}).status == (good ? 200 : 403));
  }
}

TEST_CASE("where trusted_get is false, a GET changes something only for a program") {
  Site site;
  site.listener.address = "a:80";
  site.listener.trusted = true;
  site.listener.trustedGet = false;
  const std::string path = "/video-delete-record/7";
  CHECK(site.get(path).status == 403);
  CHECK(says(site.get(path), "X-Videod-Request"));
  CHECK(site.get(path, {{"X-Videod-Request", "0"}}).status == 403);
  CHECK(site.get(path, {{"X-Videod-Request", "1"}, {"Origin", "http://evil.example"}}).status == 403);
  CHECK(site.enqueuedBy.empty());
  CHECK(site.ask(Method::post, path, {}, "{}").status == 200);
  CHECK(site.get(path, {{"X-Videod-Request", "1"}}).status == 200);
  CHECK(site.get("/tasks").status == 200);
}

TEST_CASE("the access log says who asked with which program, also where a request is refused") {
  Site site;
  site.get("/things/7", {{"X-Session-Id", "s"}, {"User-Agent", "curl/8"}});
  site.get("/things/7", {{"User-Agent", std::string(1000, 'x')}});
  site.ask(Method::delete_, "/things/7", {{"Cookie", "session=s"}, {"Origin", "https://evil.example"}});
  CHECK(site.callers ==
        std::vector<std::string>{"s some curl/8", "nobody some " + std::string(256, 'x'), "s by cookie some "});

  // What the transport refuses: with a head, what it says; without, the address at least.
  site.log.clear();
  Head head;
  head.methodName = "POST";
  head.path = "/things/7/notes";
  for (const Head* const with : {static_cast<const Head*>(nullptr), static_cast<const Head*>(&head)}) {
    Answer answer;
    site.router.refuse(400, "request line: bad", with, site.peer, site.listener, nullptr, answer);
    CHECK(answer.status == 400);
  }
  REQUIRE(site.log.size() == 2);
  CHECK(site.log[0].starts_with("   1.2.3.4 400 "));
  CHECK(site.log[1].starts_with(" POST /things/7/notes 1.2.3.4 400 "));
}

TEST_CASE("a peer that acts as a proxy without being trusted is told once, and only so many are") {
  TrustedProxies proxies;
  proxies.add("10.0.0.1");
  Site site({}, proxies);
  const auto send = [&](const std::string& address, const std::string& header) {
    site.peer.address = address;
    CHECK(site.get("/things/7", {{header, "192.0.2.1"}}).status == 200);
  };
  send("10.0.0.1", "X-Forwarded-For");
  send("10.0.0.2", "X-Other");
  CHECK(site.router.proxyWarnings().empty());
  for (const char* header : {"X-Forwarded-For", "forwarded", "X-Real-IP"}) send("10.0.0.2", header);
  REQUIRE(site.router.proxyWarnings().size() == 1);
  CHECK(site.router.proxyWarnings()[0].starts_with("10.0.0.2 sends X-Forwarded-For"));
  site.listener.address = "unix:/run/x.sock";
  send("", "X-Forwarded-For");
  CHECK(site.router.proxyWarnings().at(0).find("unix:/run/x.sock") != std::string::npos);
  CHECK(site.router.proxyWarnings().at(1).starts_with("10.0.0.2"));
  for (int i = 0; i < 100; ++i) send("10.0.1." + std::to_string(i), "X-Forwarded-For");
  CHECK(site.router.proxyWarnings().size() == 16);
}

#include "http_router.hpp"

using namespace video;
using namespace video::http;
using namespace http_router_test;

TEST_CASE("ranges and conditions decide what is served of a content") {
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

TEST_CASE("an upload is accepted raw or as a form") {
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
  auto admission = site.router.begin(head, site.peer, site.listener, first);
  REQUIRE(admission);
  CHECK(admission->body == BodyUse::stream);
  CHECK(site.router.limiter().counts().uploads == 1);
  CHECK(site.ask(Method::put, "/upload/v", {}, "m").status == 429);
  admission.reset();
  CHECK(site.router.limiter().counts().uploads == 0);
}

TEST_CASE("a request is logged once, when its answer is destroyed") {
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

TEST_CASE("a shared reply is made once per change of the data") {
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

TEST_CASE(
    "behind a trusted proxy, the log and the limiter use the client's address and the cross-site check its host") {
  TrustedProxies proxies;
  proxies.add("1.2.3.0/24");
  Site site({10, 1, 1}, proxies);
  const Headers forwarded{{"X-Forwarded-For", "9.9.9.9, 5.6.7.8"}, {"X-Forwarded-Host", "shop.example"}};
  const Answer held = site.get("/videos/v", forwarded);
  CHECK(held.status == 200);
  CHECK(site.get("/videos/v", forwarded).status == 429);
  CHECK(site.get("/videos/v", {{"X-Forwarded-For", "5.6.7.9"}}).status == 200);
  CHECK(site.log.front().find(" 5.6.7.8 429") != std::string::npos);

  Headers fromPage = forwarded;
  fromPage.insert(fromPage.end(), {{"Cookie", "session=s"}, {"Origin", "https://shop.example"}});
  CHECK(site.ask(Method::post, "/things/t/notes", fromPage, R"({"text":"x","count":1})").status == 201);

  site.peer.address = "1.2.4.1";  // not a trusted proxy: its header fields are ignored
  const Answer direct = site.get("/videos/v", forwarded);
  CHECK(direct.status == 200);
  CHECK(site.get("/videos/v").status == 429);
  CHECK(site.ask(Method::post, "/things/t/notes", fromPage, R"({"text":"x","count":1})").status == 403);
}

TEST_CASE("a trusted proxy gets the path of the content, any other client its bytes") {
  TrustedProxies proxies;
  proxies.add("1.2.3.4");
  Site site({1, 1, 1}, proxies, "/internal/");
  for (Headers headers : {Headers{}, Headers{{"Range", "bytes=2-4"}}, Headers{{"If-None-Match", "\"tag\""}}}) {
    headers.emplace_back("X-Forwarded-For", "5.6.7.8");
    const Answer told = site.get("/videos/v", headers);
    CHECK(told.status == 200);
    CHECK(header(told, "X-Accel-Redirect") == "/internal/ab/abcd.mp4");
    CHECK(header(told, "Content-Type") == "video/mp4");
    CHECK_FALSE(header(told, "Content-Disposition").empty());
    CHECK(header(told, "ETag").empty());  // the proxy sends its own
    CHECK(textOf(told).empty());
  }
  CHECK(site.get("/videos/none").status == 404);
  CHECK(site.router.limiter().counts().streams == 0);
  CHECK(textOf(site.get("/videos/v")) == "0123456789");  // not forwarded: a program on the proxy's machine
  site.peer.address = "1.2.3.5";
  const Answer sent = site.get("/videos/v");
  CHECK(header(sent, "X-Accel-Redirect").empty());
  CHECK(textOf(sent) == "0123456789");
}

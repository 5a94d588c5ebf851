// The site's pages, as a browser gets them; what they do there is tested in tests/web.
#include <httplib.h>

#include <fstream>
#include <regex>

#include "base/json.hpp"
#include "catch.hpp"
#include "contract/site.hpp"
#include "shares/shares.hpp"
#include "web/assets.hpp"

using namespace video;
using namespace video::test;

namespace {

httplib::Headers cookieOf(const Credential& by) {
  return {{"Cookie", "session=" + std::get<Secret>(by).text}, {"Sec-Fetch-Site", "same-origin"}};
}

const char* const form = "application/x-www-form-urlencoded";

bool isBuiltIn() {
  if (!web::assets().empty()) return true;
  WARN("skipped: built without the pages");
  return false;
}

}  // namespace

TEST_CASE("every page has a strict content security policy, and sends no referrer to other sites") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  const Credential ada = site.user("ada", Role::admin);
  const VideoId video = site.video(ada, "ada", "a film");
  httplib::Client client(site.url());
  for (const std::string& path :
       {std::string("/"), std::string("/signin"), std::string("/signin?next=/account"), std::string("/userhome"),
        std::string("/account"), std::string("/admin"), "/v/" + video.text, "/embed/" + video.text,
        std::string("/u/ada"), std::string("/v/none")}) {
    CAPTURE(path);
    httplib::Headers headers = cookieOf(ada);
    headers.emplace("Accept", "text/html");
    const auto page = client.Get(path, headers);
    REQUIRE(page);
    CHECK(page->status == (path == "/v/none" ? 404 : 200));
    CHECK(page->get_header_value("Content-Type") == "text/html; charset=utf-8");
    const std::string policy = page->get_header_value("Content-Security-Policy");
    CHECK(policy ==
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
          "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for "
          "'script'");
    CHECK(page->get_header_value("Referrer-Policy") == "same-origin");
    CHECK(page->get_header_value("X-Content-Type-Options") == "nosniff");
    CHECK(page->body.find("<!doctype html>") == 0);
    CHECK(page->body.find("{{") == std::string::npos);
    CHECK_FALSE(std::regex_search(page->body, std::regex(R"(<style| style=| on[a-z]+=|<script>)")));
  }
}

TEST_CASE("files have names that change with their content and are cached for good; pages are revalidated") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  httplib::Client client(site.url());
  client.set_decompress(false);
  const auto home = client.Get("/", {{"Accept-Encoding", "identity"}});
  REQUIRE(home);
  std::smatch found;
  REQUIRE(std::regex_search(home->body, found, std::regex(R"x(href="(/assets/app-[A-Z0-9]+\.css)")x")));
  const std::string path = found[1].str();
  for (const auto& [accepted, coding] :
       {std::pair("", ""), std::pair("gzip", "gzip"), std::pair("gzip, br", "br"), std::pair("br;q=0.1, gzip", "gzip"),
        std::pair("br;q=0, gzip;q=0", ""), std::pair("*", "br"), std::pair("identity", "")}) {
    CAPTURE(accepted);
    const auto file = client.Get(path, {{"Accept-Encoding", accepted}});
    REQUIRE(file);
    CHECK(file->status == 200);
    CHECK(file->get_header_value("Content-Type") == "text/css; charset=utf-8");
    CHECK(file->get_header_value("Content-Encoding") == coding);
    CHECK(file->get_header_value("Vary") == "Accept-Encoding");
    CHECK(file->get_header_value("Cache-Control") == "public, max-age=31536000, immutable");
    const std::string tag = file->get_header_value("ETag");
    const auto again = client.Get(path, {{"Accept-Encoding", accepted}, {"If-None-Match", tag}});
    REQUIRE(again);
    CHECK(again->status == 304);
    CHECK(again->body.empty());
  }
  CHECK(client.Get("/assets/app.css")->status == 404);
  CHECK(client.Get("/assets/..%2F..%2Fetc%2Fpasswd")->status == 404);

  CHECK(home->get_header_value("Cache-Control") == "no-cache");
  CHECK(home->get_header_value("Vary") == "Cookie, Accept-Language, Accept-Encoding");
  CHECK(client.Get("/", {{"Accept-Encoding", "identity"}, {"If-None-Match", home->get_header_value("ETag")}})->status ==
        304);
  CHECK(client.Get("/", {{"Accept-Encoding", "gzip"}})->get_header_value("Content-Encoding") == "gzip");
}

TEST_CASE("a page has the language and theme that its reader has chosen or that the browser asks for") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  httplib::Client client(site.url());
  const auto has = [&](const httplib::Headers& headers, const std::string& text) {
    const auto page = client.Get("/", headers);
    REQUIRE(page);
    CHECK(page->body.find(text) != std::string::npos);
  };
  has({}, "<html lang=\"en\" data-theme=\"auto\"");
  has({{"Accept-Language", "zh-Hans-CN,zh;q=0.9,en;q=0.8"}}, "<html lang=\"zh-CN\"");
  has({{"Accept-Language", "de, en;q=0.5, zh;q=0.7"}}, "<html lang=\"zh-CN\"");
  has({{"Accept-Language", "zho"}}, "<html lang=\"en\"");
  has({{"Accept-Language", "zh"}, {"Cookie", "lang=en; theme=dark"}}, "<html lang=\"en\" data-theme=\"dark\"");
  has({{"Cookie", "theme=\"><script>"}}, "data-theme=\"auto\"");
}

TEST_CASE("forms sign in, register and sign out, and redirect only within the site") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  site.user("ada");
  httplib::Client client(site.url());
  const auto in = client.Post("/signin", "user_name=ada&pwd=password-of-ada&next=%2Fv%2F1%3Ft%3D2", form);
  REQUIRE(in);
  CHECK(in->status == 303);
  CHECK(in->get_header_value("Location") == "/v/1?t=2");
  const std::string cookie = in->get_header_value("Set-Cookie");
  CHECK(std::regex_search(cookie, std::regex("^session=[^;]{40,}; HttpOnly; SameSite=Lax; Path=/; Max-Age=[0-9]+$")));
  const std::string session = cookie.substr(0, cookie.find(';'));

  const auto own = client.Get("/userhome", {{"Cookie", session}});
  CHECK(own->body.find("data-user=\"ada\"") != std::string::npos);
  CHECK(std::regex_search(own->body, std::regex("data-renew=\"[1-9][0-9]*\"")));
  CHECK(client.Get("/signin")->body.find("data-renew=\"\"") != std::string::npos);
  CHECK(client.Post("/signout", {{"Cookie", session}}, "", form)->status == 403);  // no word on where it comes from
  const auto out = client.Post("/signout", {{"Cookie", session}, {"Sec-Fetch-Site", "same-origin"}}, "", form);
  CHECK(out->status == 303);
  CHECK(out->get_header_value("Set-Cookie").starts_with("session=;"));
  const auto after = client.Get("/userhome", {{"Cookie", session}});
  CHECK(after->status == 303);
  const std::string location = after->get_header_value("Location");  // which this version of httplib may have decoded
  CHECK((location == "/signin?next=%2Fuserhome" || location == "/signin?next=/userhome"));
  CHECK(after->get_header_value("Set-Cookie").starts_with("session=;"));  // it would make the page's requests fail
  CHECK(client.Post("/signout", {{"Cookie", session}, {"Sec-Fetch-Site", "same-origin"}}, "", form)->status == 303);

  const auto made = client.Post("/register", "user_name=ben&pwd=password-of-ben", form);
  CHECK(made->status == 303);
  CHECK(made->get_header_value("Location") == "/userhome");
  CHECK_FALSE(made->get_header_value("Set-Cookie").empty());

  const auto refused = [&](const char* path, const std::string& body, int status, const std::string& text) {
    CAPTURE(path, body);
    const auto answer = client.Post(path, body, form);
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->body.find("role=\"alert\"") != std::string::npos);
    CHECK(answer->body.find(text) != std::string::npos);
    CHECK(answer->get_header_value("Set-Cookie").empty());
    CHECK(answer->get_header_value("Cache-Control") == "no-store");
  };
  refused("/signin", "user_name=ada&pwd=wrong", 401, "value=\"ada\"");
  refused("/signin", "user_name=%22%3E%3Cscript%3E&pwd=x", 401, "value=\"&quot;&gt;&lt;script&gt;\"");
  refused("/signin", "", 401, "wrong");
  refused("/register", "user_name=ADA&pwd=password-of-ada", 409, "taken");
  refused("/register", "user_name=carl&pwd=short", 400, "value=\"carl\"");
  refused("/register", "user_name=a%20b&pwd=password-of-ada", 400, "cannot be used");
}

TEST_CASE("the page of a video exists for those who may see the video, and for nobody else") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const Credential ben = site.user("ben");
  const VideoId video = site.video(ada, "ada", "a <b>film</b>");
  httplib::Client client(site.url());
  const auto statusFor = [&](const std::string& prefix, const Credential& by, const std::string& query = "") {
    const httplib::Headers headers = std::holds_alternative<Secret>(by) ? cookieOf(by) : httplib::Headers{};
    return client.Get(prefix + video.text + query, headers)->status;
  };
  const auto open = client.Get("/v/" + video.text);
  CHECK(open->status == 200);
  CHECK(open->get_header_value("X-Robots-Tag").empty());
  CHECK(open->body.find("<h1>a &lt;b&gt;film&lt;/b&gt;</h1>") != std::string::npos);
  CHECK(open->body.find("<video src=\"/videos/" + video.text + "\" controls") != std::string::npos);
  CHECK(open->body.find("<meta property=\"og:title\" content=\"a &lt;b&gt;film&lt;/b&gt;\">") != std::string::npos);
  CHECK(open->body.find("<meta property=\"og:video\" content=\"" + site.url() + "/videos/" + video.text + "\">") !=
        std::string::npos);
  CHECK(open->body.find("<b>film") == std::string::npos);

  site.at(ada).subtitles().put(ada, {video, "en", "\"><script>"}, sourceOf("1\n00:00:01,000 --> 00:00:02,000\nx\n"));
  const std::string track = client.Get("/v/" + video.text)->body;
  CHECK(track.find("<track kind=\"subtitles\" src=\"/videos/" + video.text +
                   "/subtitles/en\" srclang=\"en\" label=\"&quot;&gt;&lt;script&gt;\"></video>") != std::string::npos);

  std::string chinese;
  for (int i = 0; i < 150; ++i) chinese += "a字";  // four bytes
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = chinese + "\nsecond line"});
  CHECK(client.Get("/v/" + video.text)
            ->body.find("<meta name=\"description\" content=\"" + chinese.substr(0, 300) + "\">") != std::string::npos);
  site.at(ada).videos().set(ada, {.id = video, .name = {}, .description = "a" + chinese});
  CHECK(client.Get("/v/" + video.text)
            ->body.find("<meta name=\"description\" content=\"a" + chinese.substr(0, 297) + "\">") !=
        std::string::npos);

  SetVideo wanted{.id = video, .name = {}, .description = {}, .visibility = Visibility::unlisted};
  site.at(ada).videos().set(ada, wanted);
  CHECK(client.Get("/v/" + video.text)->get_header_value("X-Robots-Tag") == "noindex");
  wanted.visibility = Visibility::private_;
  site.at(ada).videos().set(ada, wanted);
  NewShare share;
  share.video = video;
  share.expires = systemClock().now() + std::chrono::hours{1};
  const std::string url = site.at(ada).shares().create(ada, share).url;
  const std::string link = url.substr(url.find('?'));
  for (const std::string prefix : {"/v/", "/embed/"}) {
    CHECK(statusFor(prefix, Anonymous{}) == 404);
    CHECK(statusFor(prefix, ben) == 404);
    CHECK(statusFor(prefix, ada) == 200);
    CHECK(statusFor(prefix, Anonymous{}, link) == 200);
    CHECK(statusFor(prefix, ben, link) == 200);
    CHECK(statusFor(prefix, ben, link.substr(0, link.size() - 1)) >= 400);
  }
  const auto shared = client.Get("/v/" + video.text + link, cookieOf(ben));
  CHECK(shared->body.find("data-user=\"ben\"") != std::string::npos);
  CHECK(shared->get_header_value("X-Robots-Tag") == "noindex");
  std::string policies;
  const auto [first, last] = shared->headers.equal_range("Referrer-Policy");
  for (auto one = first; one != last; ++one) policies += one->second + ' ';
  CHECK(policies == "same-origin no-referrer ");  // the last one counts
  CHECK(client.Get("/oembed?url=" + site.url() + "/v/" + video.text)->status == 404);
}

TEST_CASE("what other sites embed has the listener's public_url, and is no wider than they ask for") {
  if (!isBuiltIn()) return;
  Site site(Way::remote, [](Settings& settings) {
    settings.listeners.front().publicUrl = "https://video.example";
    settings.web.embed = {"https://blog.example"};
  });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "a film");
  httplib::Client client(site.url());
  const auto page = client.Get("/v/" + video.text);
  CHECK(page->body.find("<meta property=\"og:url\" content=\"https://video.example/v/" + video.text + "\">") !=
        std::string::npos);
  const auto said = client.Get("/oembed?maxwidth=120&url=https://video.example/v/" + video.text);
  REQUIRE(said);
  CHECK(said->status == 200);
  CHECK(said->body.find("\"width\":120,\"height\":67") != std::string::npos);
  CHECK(said->body.find("https://video.example/embed/" + video.text) != std::string::npos);
  CHECK(said->body.find("thumbnail") == std::string::npos);
  site.local().renditions().setThumbnail(ada, {video}, sourceOf(picture()));
  const auto pictured = client.Get("/oembed?maxwidth=120&url=https://video.example/v/" + video.text);
  REQUIRE(pictured);
  CHECK(pictured->body.find("\"thumbnail_url\":\"https://video.example/videos/" + video.text + "/thumbnail") !=
        std::string::npos);
  CHECK(pictured->body.find("\"thumbnail_width\":120,\"thumbnail_height\":67") != std::string::npos);

  const auto policyOf = [&](const std::string& path) {
    const auto answer = client.Get(path, {{"Accept", "text/html"}});
    REQUIRE(answer);
    CHECK(answer->status == 404);
    return answer->get_header_value("Content-Security-Policy");
  };
  CHECK(policyOf("/embed/none").find("frame-ancestors https://blog.example;") != std::string::npos);
  CHECK(policyOf("/v/none").find("frame-ancestors 'none';") != std::string::npos);
}

TEST_CASE("for a path that does not exist, browsers get a page and programs get JSON") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  httplib::Client client(site.url());
  const auto ask = [&](const std::string& path, const std::string& accept) {
    const auto answer = client.Get(path, {{"Accept", accept}});
    REQUIRE(answer);
    CHECK(answer->status == 404);
    CHECK_FALSE(answer->get_header_value("X-Error-Code").empty());
    return answer->get_header_value("Content-Type");
  };
  const std::string browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  CHECK(ask("/nothing", browser) == "text/html; charset=utf-8");
  CHECK(client.Get("/nothing", {{"Accept", browser}})->body.find("<h1>Page not found</h1>") != std::string::npos);
  CHECK(ask("/nothing", "*/*") == "application/json; charset=utf-8");
  CHECK(ask("/nothing", "application/json, text/html;q=0.5") == "application/json; charset=utf-8");
  CHECK(ask("/u/nobody", browser) == "text/html; charset=utf-8");
  CHECK(ask("/user/nobody/videos", browser) == "application/json; charset=utf-8");  // the API stays as it is
  CHECK(client.Post("/nothing", {{"Accept", browser}}, "", form)->get_header_value("Content-Type") ==
        "text/html; charset=utf-8");
}

TEST_CASE("an envelope reaches only the API of this site, and anything but an envelope is refused") {
  TempDirectory folder;
  std::ofstream(folder.path() / "home.html") << "<!DOCTYPE html><title>Mine</title>";
  Site site(Way::remote, [&](Settings& settings) { settings.web.root = folder.path(); });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  httplib::Client client(site.url());
  const auto post = [&](const std::string& body, const httplib::Headers& headers = {}) {
    const auto answer = client.Post("/api", headers, body, form);
    REQUIRE(answer);
    CHECK(answer->get_header_value("Content-Type") == "text/plain; charset=utf-8");
    return std::pair(answer->status, answer->body);
  };
  const auto wrapped = [&](const std::string& url, const std::string& method) {
    return post(R"({"url":")" + url + R"(","method":")" + method + R"("})");
  };
  const std::string comments = "/videos/" + video.text + "/comments";
  const std::pair<int, std::string> none(200, R"({"comments":[],"next_cursor":null})");
  // Of a URL with another host, only the path counts; nothing listens on port 1.
  for (const char* const host : {"http://127.0.0.1:1", "https://user@other.example:8000", "http://[::1]", ""})
    CHECK(wrapped(host + comments, "GET") == none);
  const auto direct = client.Get("/nothing");
  REQUIRE(direct);
  const auto unknown = wrapped("http://other.example/nothing", "GET");
  CHECK(unknown.first == 404);
  CHECK(parseJson(unknown.second).at("error_code") == parseJson(direct->body).at("error_code"));
  for (const char* const method : {"PUT", "PATCH", "HEAD", "OPTIONS", "get", "CONNECT", ""})
    CHECK(wrapped(comments, method) == std::pair<int, std::string>(400, "Bad api request"));
  for (const char* const body :
       {"", "text", "[]", "7", "{}", R"({"method":"GET"})", R"({"url":"/newest"})", R"({"url":7,"method":"GET"})",
        R"({"url":"/a b","method":"GET"})", R"({"url":"/newest","method":"GET","req_body":{}})"})
    CHECK(post(body).first == 400);
  const httplib::Headers session{{"X-Session-Id", std::get<Secret>(ada).text}};
  const auto comment = [&](const std::string& reqBody) {
    return post(R"({"url":"http://other.example:8000)" + comments + R"(","method":"POST")" + reqBody + "}", session);
  };
  CHECK(comment("").first == 400);  // a missing req_body is an empty one
  CHECK(comment(R"(,"req_body":"{\"content\":\"hello\"}")") == std::pair<int, std::string>(201, "ok"));
  CHECK(parseJson(wrapped(comments, "GET").second).at("comments").size() == 1);
}

TEST_CASE("a user's page has the display name, even without videos, and one canonical address") {
  if (!isBuiltIn()) return;
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  ChangeUser change;
  change.name = "ada";
  change.displayName.emplace();
  *change.displayName = Nullable<std::string>("Ada <L>");
  site.at(ada).users().change(ada, change);
  httplib::Client client(site.url());
  CHECK(client.Get("/u/ada")->body.find("<h1>Ada &lt;L&gt;</h1><p class=\"muted\">@ada</p>") != std::string::npos);
  const auto other = client.Get("/u/ADA");
  CHECK(other->status == 301);
  CHECK(other->get_header_value("Location") == "/u/ada");
}

TEST_CASE("the site shows the name, links and logo from the configuration") {
  if (!isBuiltIn()) return;
  TempDirectory folder;
  const auto logo = folder.path() / "logo.svg";
  std::ofstream(logo) << "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
  Site site(Way::remote, [&](Settings& settings) {
    settings.web.name = "Ada & Ben";
    settings.web.logo = logo;
    settings.web.imprint = "https://a.example/?a=1&b=2";
    settings.web.registrationIsOpen = false;
  });
  httplib::Client client(site.url());
  const auto home = client.Get("/");
  CHECK(home->body.find("<title>Ada &amp; Ben</title>") != std::string::npos);
  CHECK(home->body.find("href=\"https://a.example/?a=1&amp;b=2\"") != std::string::npos);
  CHECK(home->body.find("#register") == std::string::npos);
  CHECK(client.Get("/signin")->body.find("action=\"/register\"") == std::string::npos);
  const auto picture = client.Get("/logo");
  CHECK(picture->get_header_value("Content-Type") == "image/svg+xml");
  CHECK(picture->get_header_value("Content-Security-Policy") ==
        "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  std::ofstream(logo) << "no picture";
  requireFault([&] { Site(Way::remote, [&](Settings& settings) { settings.web.logo = logo; }); }, Fault::malformed,
               "web.logo");
}

// What pages of other origins may read and send.
#include "http/routing/cors.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "http_router.hpp"

using namespace http_router_test;

namespace {

using HeaderNames = std::set<std::string>;

HeaderNames namesIn(const std::string& list) {
  const std::regex name("[A-Za-z-]+");
  HeaderNames names;
  for (std::sregex_iterator at(list.begin(), list.end(), name), end; at != end; ++at) names.insert(at->str());
  return names;
}

/// The header fields that the sources of the server name in calls like this.
HeaderNames namedInSources(const std::regex& call) {
  HeaderNames names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(VIDEO_SOURCE_DIR "/lib")) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".cpp") || path.find("/http/client/") != std::string::npos) continue;
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) names.insert((*at)[1]);
  }
  return names;
}

const Headers page{{"Origin", "https://front.example"}};
const Headers foreign{{"Origin", "https://other.example"}};

Headers withHeader(Headers headers, const std::string& name, const std::string& value) {
  headers.emplace_back(name, value);
  return headers;
}

}  // namespace

TEST_CASE("every header field that the server reads or writes is allowed or exposed to pages of listed origins") {
  HeaderNames readNames = namedInSources(std::regex(R"re(\.header(?:Values)?\("([A-Z][A-Za-z-]+)"\))re"));
  readNames.merge(namedInSources(std::regex(R"re(equalWithoutCase\((?:name|key), "([A-Z][A-Za-z-]+)"\))re")));
  // What a page cannot set or must not, what it may set anyway, what only proxies and browsers may say, and what
  // cross-origin requests themselves are about.
  for (const char* const other : {"Host",
                                  "Date",
                                  "Connection",
                                  "Content-Length",
                                  "Transfer-Encoding",
                                  "Expect",
                                  "Cookie",
                                  "Origin",
                                  "Referer",
                                  "Sec-Fetch-Site",
                                  "Forwarded",
                                  "X-Real-IP",
                                  "X-Forwarded-For",
                                  "X-Forwarded-Proto",
                                  "X-Forwarded-Host",
                                  "Access-Control-Request-Method",
                                  "Content-Disposition",
                                  "Upload-Concat",
                                  "Accept",
                                  "Accept-Encoding",
                                  "Accept-Language",
                                  "User-Agent"})
    readNames.erase(other);
  CHECK(readNames.size() >= 10);
  const HeaderNames allowed = namesIn(cors::readHeaders());
  for (const std::string& name : readNames) {
    INFO(name);
    CHECK(allowed.contains(name));
  }
  CHECK(allowed.contains(std::string(credential_names::secretHeader)));
  CHECK_FALSE(allowed.contains(std::string(credential_names::changeHeader)));
  CHECK_FALSE(allowed.contains(std::string(credential_names::operatorAsHeader)));

  HeaderNames written = namedInSources(std::regex(R"re(\.set\("([A-Z][A-Za-z-]+)")re"));
  // What any page may read, what none may, and what is for the browser or a search engine.
  for (const char* const other :
       {"Cache-Control", "Content-Type", "Last-Modified", "Set-Cookie", "Vary", "X-Accel-Redirect",
        "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
        "Access-Control-Max-Age", "Access-Control-Expose-Headers", "X-Robots-Tag", "Content-Encoding"})
    written.erase(other);
  CHECK(written.size() >= 10);
  const HeaderNames exposed = namesIn(cors::writtenHeaders());
  for (const std::string& name : written) {
    INFO(name);
    CHECK(exposed.contains(name));
  }
}

TEST_CASE("pages of listed origins read every reply, errors too; pages of others none") {
  Site site;
  const std::pair<Method, const char*> requests[] = {
      {Method::get, "/things/7"},       {Method::head, "/things/7"},  {Method::get, "/shared/a"},
      {Method::get, "/shared/a"},       {Method::get, "/nowhere"},    {Method::get, "/fail/database"},
      {Method::get, "/things/?x=%zz"},  {Method::patch, "/things/7"}, {Method::delete_, "/things/7"},
      {Method::post, "/things/7/notes"}};
  for (const auto& [method, path] : requests) {
    INFO(nameOf(method) << ' ' << path);
    const Answer listed = site.ask(method, path, page);
    CHECK(header(listed, "Access-Control-Allow-Origin") == "https://front.example");
    CHECK(header(listed, "Access-Control-Allow-Credentials") == "true");
    CHECK(header(listed, "Access-Control-Expose-Headers").find("X-Error-Code") != std::string::npos);
    CHECK(header(listed, "Vary") == "Origin");
    for (const Headers& headers : {foreign, Headers{}, Headers{{"Origin", "null"}}, Headers{{"Origin", ""}}}) {
      const Answer other = site.ask(method, path, headers);
      CHECK(header(other, "Access-Control-Allow-Origin").empty());
      CHECK(header(other, "Access-Control-Allow-Credentials").empty());
      CHECK(header(other, "Vary") == "Origin");
    }
  }
  CHECK(site.made == 1);  // the shared reply has nothing of the one who asked first
  Head head;
  head.headers.assign(page.begin(), page.end());
  Answer refused;
  site.router.refuse(413, "body: more than 64 KiB", &head, site.peer, site.listener, nullptr, refused);
  CHECK(header(refused, "Access-Control-Allow-Origin") == "https://front.example");
}

TEST_CASE("a content that anyone may read may be read by any page") {
  Site site({2, 2, 2});
  for (const Headers& headers : {foreign, Headers{}, Headers{{"Origin", "null"}}}) {
    CHECK(header(site.get("/videos/v", headers), "Access-Control-Allow-Origin") == "*");
    CHECK(header(site.get("/videos/v", headers), "Access-Control-Allow-Credentials").empty());
    for (const auto& [name, value] :
         Headers{{"Range", "bytes=2-4"}, {"Range", "bytes=99-"}, {"If-Match", "\"x\""}, {"If-None-Match", "*"}})
      CHECK(header(site.get("/videos/v", withHeader(headers, name, value)), "Access-Control-Allow-Origin") == "*");
    for (const Headers& named : {withHeader(headers, "X-Session-Id", "s"), withHeader(headers, "Cookie", "session=s")})
      CHECK(header(site.get("/videos/v", named), "Access-Control-Allow-Origin").empty());
    CHECK(header(site.get("/videos/v?share=a&exp=1&sig=b", headers), "Access-Control-Allow-Origin").empty());
    CHECK(header(site.get("/videos/none", headers), "Access-Control-Allow-Origin").empty());
  }
  const Answer listed = site.get("/videos/v", page);
  CHECK(header(listed, "Access-Control-Allow-Origin") == "https://front.example");
  CHECK(header(listed, "Access-Control-Allow-Credentials") == "true");
  CHECK(header(listed, "Vary") == "Origin");
}

TEST_CASE("a preflight request is answered for listed origins, and for contents") {
  Site site;
  const auto preflight = [&](const std::string& path, const Headers& from, const std::string& method) {
    return site.ask(Method::options, path, withHeader(from, "Access-Control-Request-Method", method));
  };
  for (const char* const path : {"/things/7", "/videos/v"}) {
    INFO(path);
    const Answer listed = preflight(path, page, "DELETE");
    CHECK(listed.status == 204);
    CHECK(header(listed, "Access-Control-Allow-Origin") == "https://front.example");
    CHECK(header(listed, "Access-Control-Allow-Credentials") == "true");
    CHECK(header(listed, "Access-Control-Allow-Methods") == header(listed, "Allow"));
    CHECK(header(listed, "Access-Control-Allow-Headers") == cors::readHeaders());
    CHECK(header(listed, "Access-Control-Max-Age") == "7200");
    CHECK(header(listed, "Vary") == "Origin");
  }
  const Answer refused = preflight("/things/7", foreign, "DELETE");
  CHECK(refused.status == 204);
  CHECK(header(refused, "Allow") == "GET, HEAD, DELETE, OPTIONS");
  for (const char* const name : {"Access-Control-Allow-Origin", "Access-Control-Allow-Methods"})
    CHECK(header(refused, name).empty());

  const Answer content = preflight("/videos/v", foreign, "GET");
  CHECK(header(content, "Access-Control-Allow-Origin") == "*");
  CHECK(header(content, "Access-Control-Allow-Credentials").empty());
  CHECK(header(content, "Access-Control-Allow-Methods") == "GET, HEAD");
  CHECK(namesIn(header(content, "Access-Control-Allow-Headers")).contains("Range"));
  CHECK_FALSE(namesIn(header(content, "Access-Control-Allow-Headers")).contains("X-Session-Id"));
  CHECK(header(preflight("/upload/v", foreign, "PUT"), "Access-Control-Allow-Origin").empty());
  CHECK(header(site.ask(Method::options, "/videos/v", foreign), "Access-Control-Allow-Methods").empty());
}

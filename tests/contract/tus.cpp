// tus 1.0 on the wire. The identifiers are those of github.com/sagikazarmark/tus-conformance-tests (76aa29a); where a
// status differs from what that list expects, the comment says why.
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <regex>
#include <thread>

#include "base/ids.hpp"
#include "base/sha256.hpp"
#include "base/units.hpp"
#include "catch.hpp"
#include "contract/pieces.hpp"
#include "contract/site.hpp"
#include "http/header_values.hpp"
#include "http/tus.hpp"
#include "os/descriptor.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
using namespace std::chrono_literals;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* pieceType = "application/offset+octet-stream";

// A site that takes any file, and a client of ada's that speaks tus.
struct Tus {
  explicit Tus(const std::function<void(Settings&)>& change = {})
      : site(Way::remote,
             [&](Settings& settings) {
               settings.uploads.serveUnknownTypes = true;
               if (change) change(settings);
             }),
        ada(site.user("ada")),
        client(site.url()) {}

  httplib::Response ask(const std::string& method, const std::string& target, const Headers& headers = {},
                        const std::string& body = {}) {
    httplib::Request request;
    request.method = method;
    request.path = target;
    request.headers.emplace("X-Session-Id", std::get<Secret>(ada).text);
    for (const auto& [name, value] : headers) request.headers.emplace(name, value);
    request.body = body;
    httplib::Result result = client.send(request);
    if (!result) result = client.send(request);  // the server may have closed the idle connection
    REQUIRE(result);
    return std::move(*result);
  }
  // Does the same with Tus-Resumable.
  httplib::Response tus(const std::string& method, const std::string& target, Headers headers = {},
                        const std::string& body = {}) {
    headers.emplace_back("Tus-Resumable", "1.0.0");
    return ask(method, target, headers, body);
  }
  // Creates an upload and returns its path.
  std::string create(const std::string& length, Headers headers = {}) {
    headers.emplace_back("Upload-Length", length);
    const httplib::Response reply = tus("POST", "/uploads", headers);
    CHECK(reply.status == 201);
    return reply.get_header_value("Location");
  }
  httplib::Response patch(const std::string& target, const std::string& offset, const std::string& body,
                          Headers headers = {}) {
    headers.emplace_back("Upload-Offset", offset);
    headers.emplace_back("Content-Type", pieceType);
    return tus("PATCH", target, headers, body);
  }
  // The head of a PATCH, for a client that sends a part of its body.
  std::string rawPatch(const std::string& target, std::size_t offset, std::size_t size) const {
    return "PATCH " + target + " HTTP/1.1\r\nHost: x\r\nX-Session-Id: " + std::get<Secret>(ada).text +
           "\r\nTus-Resumable: 1.0.0\r\nContent-Type: " + pieceType + "\r\nUpload-Offset: " + std::to_string(offset) +
           "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  }
  httplib::Response head(const std::string& target) { return tus("HEAD", target); }

  Site site;
  Credential ada;
  httplib::Client client;
};

bool has(const httplib::Response& reply, const std::string& name, const std::string& value) {
  INFO(name << ": " << reply.get_header_value(name));
  CHECK(reply.get_header_value(name) == value);
  return reply.get_header_value(name) == value;
}

std::string sha1Of(const std::string& bytes) {
  Hash hash(HashFunction::sha1);
  hash.add(std::as_bytes(std::span(bytes)));
  return http::tus::writeChecksum(HashFunction::sha1, hash.hex());
}

// A client that sends what it is told to, and no more.
class RawClient {
 public:
  explicit RawClient(const std::string& url) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  void send(const std::string& bytes) {
    REQUIRE(::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == std::ssize(bytes));
  }
  // Sends bytes until that fails, and returns why: EAGAIN if nobody has taken any for 20 s.
  int sendUntilRefused() {
    const timeval patience{20, 0};
    REQUIRE(::setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
    const std::string bytes(100'000, 'x');
    while (::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) continue;
    return errno;
  }
  bool hasReply() const {
    pollfd waits{socket_.number(), POLLIN, 0};
    return ::poll(&waits, 1, 0) == 1;
  }
  // What arrives until the server closes the connection.
  std::string rest() {
    std::string all;
    char piece[4096];
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(socket_.number(), piece, sizeof piece, 0);
      if (got > 0) all.append(piece, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  Descriptor socket_;
};

constexpr const char* hello = "Hello, tus!\n";

}  // namespace

TEST_CASE("tus CP-OPT-001 to 005, CP-VER-003, EXT-CSUM-001 and 002: OPTIONS says what is supported") {
  Tus tus([](Settings& settings) { settings.uploads.maxUpload = 12'345; });
  const httplib::Response reply = tus.ask("OPTIONS", "/uploads");
  CHECK(reply.status == 204);
  has(reply, "Tus-Version", "1.0.0");
  has(reply, "Tus-Extension", "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination");
  has(reply, "Tus-Max-Size", "12345");
  has(reply, "Tus-Checksum-Algorithm", "sha1,sha256");
  CHECK(reply.get_header_value("Allow").find("POST") != std::string::npos);
  CHECK(tus.ask("OPTIONS", "/uploads", {{"Tus-Resumable", "0.1"}}).status == 204);
}

TEST_CASE("tus CP-HEAD-001 to 007: HEAD says where to go on") {
  Tus tus;
  const std::string upload = tus.create("100");
  const httplib::Response reply = tus.head(upload);
  CHECK(reply.status == 200);
  has(reply, "Upload-Offset", "0");                           // 001, 007
  has(reply, "Upload-Length", "100");                         // 002
  has(reply, "Cache-Control", "no-store");                    // 004
  has(reply, "Tus-Resumable", "1.0.0");                       // 006
  const httplib::Response without = tus.ask("HEAD", upload);  // 003
  CHECK(without.status == 412);
  has(without, "Tus-Version", "1.0.0");
  const httplib::Response absent = tus.head("/uploads/non-existent-upload-id-12345");  // 005
  CHECK(absent.status == 404);
  CHECK_FALSE(absent.has_header("Upload-Offset"));
  has(absent, "Tus-Resumable", "1.0.0");
}

TEST_CASE("tus CP-PATCH-001 to 010: PATCH appends a piece") {
  Tus tus;
  const std::string upload = tus.create("100");
  const httplib::Response old = tus.ask("PATCH", upload, {{"Upload-Offset", "0"}, {"Content-Type", pieceType}}, hello);
  CHECK(old.status == 412);  // 001
  has(old, "Tus-Version", "1.0.0");
  CHECK(tus.tus("PATCH", upload, {{"Upload-Offset", "0"}}, hello).status == 415);  // 002
  CHECK(tus.tus("PATCH", upload, {{"Upload-Offset", "0"}, {"Content-Type", "text/plain"}}, hello).status ==
        415);                                                                           // 003
  CHECK(tus.tus("PATCH", upload, {{"Content-Type", pieceType}}, hello).status == 400);  // 004
  CHECK(tus.patch(upload, "-1", hello).status == 400);
  CHECK(tus.patch(upload, "x", hello).status == 400);
  const httplib::Response wrong = tus.patch(upload, "50", hello);  // 005, OPT-ERR-002
  CHECK(wrong.status == 409);
  has(wrong, "Upload-Offset", "0");
  CHECK(tus.patch("/uploads/non-existent-upload-id-12345", "0", hello).status == 404);  // 008
  const std::string small = tus.create("12");
  const httplib::Response done = tus.patch(small, "0", hello);
  CHECK(done.status == 204);            // 006
  has(done, "Upload-Offset", "12");     // 007
  has(done, "Tus-Resumable", "1.0.0");  // 009
  CHECK(done.has_header("X-Video-Id"));
  const std::string smaller = tus.create("5");
  CHECK(tus.patch(smaller, "0", hello).status == 400);  // 010; the list expects 413
  has(tus.head(smaller), "Upload-Offset", "0");
  const httplib::Response again = tus.patch(small, "12", hello);  // OPT-COMP-001
  CHECK(again.status == 409);
  has(again, "Upload-Offset", "12");
  has(tus.head(small), "Upload-Offset", "12");  // OPT-COMP-002
}

TEST_CASE("tus CP-VER-001 and 002, CP-ERR-001 and 002: another version, and malformed requests") {
  Tus tus;
  const std::string upload = tus.create("100");
  for (const char* const version : {"99.99.99", "0.0.1"}) {
    const httplib::Response reply = tus.ask("HEAD", upload, {{"Tus-Resumable", version}});
    CHECK(reply.status == 412);
    has(reply, "Tus-Version", "1.0.0");
    has(reply, "X-Error-Code", "010");
  }
  CHECK(tus.ask("POST", "/uploads", {{"Upload-Length", "100"}}).status == 412);
  CHECK(tus.tus("POST", "/uploads", {{"Upload-Length", "-1"}}).status == 400);
  CHECK(tus.tus("POST", "/uploads", {{"Upload-Length", "99999999999999999999"}}).status == 413);
}

TEST_CASE("tus EXT-CREATE-001 to 010: POST creates an upload") {
  Tus tus;
  const httplib::Response made = tus.tus("POST", "/uploads", {{"Upload-Length", "100"}});
  CHECK(made.status == 201);  // 001
  // 002 and 009; the list expects an absolute URL, but behind a proxy only a path is certainly right.
  CHECK(std::regex_match(made.get_header_value("Location"), std::regex("/uploads/[0-9a-f-]{36}")));
  has(made, "Tus-Resumable", "1.0.0");
  CHECK(made.has_header("X-Video-Id"));
  CHECK(tus.ask("POST", "/uploads", {{"Upload-Length", "100"}}).status == 412);  // 003
  CHECK(tus.tus("POST", "/uploads").status == 400);
  for (const char* const metadata : {"filename dGVzdC50eHQ=,filetype dGV4dC9wbGFpbg==",                 // 004
                                     "filename dGVzdC50eHQ=,content-type dGV4dC9wbGFpbg==,size MTAw",   // 005
                                     "name SGVsbG8gV29ybGQ=,description VGhpcyBpcyBhIHRlc3QgZmlsZQ==",  // 006
                                     "filename dGVzdC50eHQ=, is_confidential, filetype"}) {             // OPT-META-003
    const std::string upload = tus.create("100", {{"Upload-Metadata", metadata}});
    has(tus.head(upload), "Upload-Metadata", metadata);  // 010, OPT-META-006
  }
  CHECK(tus.tus("POST", "/uploads", {{"Upload-Length", "1125899906842624"}}).status == 413);  // 007
  // 008: the list expects 201, but an empty file is not a video, and a client would take it for published.
  CHECK(tus.tus("POST", "/uploads", {{"Upload-Length", "0"}}).status == 400);
}

TEST_CASE("malformed Upload-Metadata is refused by name") {
  Tus tus;
  const std::string longMetadata = "name " + toBase64(std::string(2'000, 'x'));
  for (const auto& [metadata, needle] :
       {std::pair("name not-base64!", "name: its value is not base64"),
        std::pair("name YQ==,name Yg==", "name: given twice"), std::pair("name YQ==,,x Yg==", "is not a key"),
        std::pair("n\xc3\xa4me YQ==", "is not a key"), std::pair(longMetadata.c_str(), "longer than 2048 bytes"),
        std::pair("name /w==", "name")}) {
    INFO(metadata);
    const httplib::Response reply =
        tus.tus("POST", "/uploads", {{"Upload-Length", "100"}, {"Upload-Metadata", metadata}});
    CHECK(reply.status == 400);
    INFO(reply.body);
    CHECK(reply.body.find(needle) != std::string::npos);
  }
}

TEST_CASE("the metadata of an upload says name, owner, video and hash") {
  Tus tus;
  const auto nameWith = [&](const http::tus::Metadata& pairs) {
    const httplib::Response made =
        tus.tus("POST", "/uploads", {{"Upload-Length", "100"}, {"Upload-Metadata", http::tus::writeMetadata(pairs)}});
    CHECK(made.status == 201);
    return tus.site.at(tus.ada).videos().show(tus.ada, {{made.get_header_value("X-Video-Id")}, {}}).name;
  };
  CHECK(nameWith({{"filename", "a.mp4"}, {"filetype", "video/mp4"}}) == "a.mp4");
  CHECK(nameWith({{"name", "Summer"}, {"filename", "a.mp4"}}) == "Summer");
  CHECK(nameWith({{"filename", "a.mp4"}, {"relativePath", "2026/sea/a.mp4"}}) == "2026/sea/a.mp4");
  CHECK(nameWith({{"filename", "a.mp4"}, {"relativePath", "2026/sea"}}) == "2026/sea/a.mp4");
  CHECK(nameWith({{"filename", "a.mp4"}, {"relativePath", "null"}}) == "a.mp4");
  CHECK(nameWith({}) == "video");
  const auto statusWith = [&](const http::tus::Metadata& pairs) {
    return tus.tus("POST", "/uploads", {{"Upload-Length", "100"}, {"Upload-Metadata", http::tus::writeMetadata(pairs)}})
        .status;
  };
  tus.site.user("bob");
  CHECK(statusWith({{"user", "bob"}}) == 403);
  CHECK(statusWith({{"video", "unknown"}}) == 404);
  CHECK(statusWith({{"sha256", "x"}}) == 400);
  CHECK(statusWith({{"visibility", "secret"}}) == 400);
}

TEST_CASE("tus EXT-CWU-001 to 005: POST takes the first piece along") {
  Tus tus;
  const auto post = [&](const std::string& length, const std::string& body, const char* type = pieceType) {
    return tus.tus("POST", "/uploads", {{"Upload-Length", length}, {"Content-Type", type}}, body);
  };
  const httplib::Response whole = post("12", hello);
  CHECK(whole.status == 201);         // 001
  has(whole, "Upload-Offset", "12");  // 003, 005
  const httplib::Response found = tus.head(whole.get_header_value("Location"));
  has(found, "Upload-Offset", "12");
  has(found, "Upload-Length", "12");
  CHECK(post("12", hello, "text/plain").status == 415);  // 002
  const httplib::Response part = post("100", hello);     // 004
  CHECK(part.status == 201);
  has(part, "Upload-Offset", "12");
  has(tus.head(part.get_header_value("Location")), "Upload-Offset", "12");
  CHECK(post("5", hello).status == 400);
  CHECK(tus.tus("POST", "/uploads",
                {{"Upload-Length", "12"}, {"Content-Type", pieceType}, {"Upload-Checksum", sha1Of("x")}}, hello)
            .status == 460);
  CHECK(tus.site.at(tus.ada).uploads().list(tus.ada, {}).items.size() == 2);  // what was refused is not there
}

TEST_CASE("tus EXT-DEFER-001 to 005: the length is given later") {
  Tus tus;
  const httplib::Response made = tus.tus("POST", "/uploads", {{"Upload-Defer-Length", "1"}});
  CHECK(made.status == 201);  // 001
  const std::string upload = made.get_header_value("Location");
  const httplib::Response before = tus.head(upload);  // 002
  has(before, "Upload-Defer-Length", "1");
  has(before, "Upload-Offset", "0");
  CHECK_FALSE(before.has_header("Upload-Length"));
  has(tus.patch(upload, "0", hello, {{"Upload-Length", "12"}}), "Upload-Offset", "12");  // 003
  has(tus.head(upload), "Upload-Length", "12");
  const std::string second = tus.tus("POST", "/uploads", {{"Upload-Defer-Length", "1"}}).get_header_value("Location");
  CHECK(tus.patch(second, "0", "test\n", {{"Upload-Length", "100"}}).status == 204);
  CHECK(tus.patch(second, "5", "more\n", {{"Upload-Length", "200"}}).status == 400);                           // 004
  CHECK(tus.tus("POST", "/uploads", {{"Upload-Defer-Length", "1"}, {"Upload-Length", "100"}}).status == 400);  // 005
  CHECK(tus.tus("POST", "/uploads", {{"Upload-Defer-Length", "2"}}).status == 400);
}

TEST_CASE("tus EXT-EXPIRE-001 to 005: an upload says when it expires, and is 410 afterwards") {
  const std::regex date("(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT");
  Tus tus;
  const httplib::Response made = tus.tus("POST", "/uploads", {{"Upload-Length", "100"}});
  CHECK(std::regex_match(made.get_header_value("Upload-Expires"), date));  // 001, 003
  const std::string upload = made.get_header_value("Location");
  CHECK(std::regex_match(tus.patch(upload, "0", hello).get_header_value("Upload-Expires"), date));  // 002
  CHECK(std::regex_match(tus.head(upload).get_header_value("Upload-Expires"), date));
  Tus brief([](Settings& settings) { settings.uploads.ttl = 1ms; });
  const std::string expired = brief.create("100");
  REQUIRE(soon([&] { return brief.head(expired).status == 410; }));  // 004, 005
  CHECK(brief.patch(expired, "0", hello).status == 410);
}

TEST_CASE("tus EXT-CSUM-003 to 008: a piece is checked, and can be sent again") {
  Tus tus;
  const std::string upload = tus.create("12");
  const auto patch = [&](const std::string& checksum) {
    return tus.patch(upload, "0", hello, {{"Upload-Checksum", checksum}});
  };
  CHECK(patch("sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAAA").status == 460);  // 004
  has(tus.head(upload), "Upload-Offset", "0");                      // 005
  CHECK(patch("unknownalgo AAAAAAAAAA").status == 400);             // 006
  CHECK(patch("sha1").status == 400);
  for (const char* const malformed : {"", "sha1 !"}) CHECK(patch(malformed).status == 400);
  const std::string none = "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  CHECK(tus.patch(upload, "0", hello, {{"Upload-Checksum", none}, {"Upload-Checksum", none}}).status == 400);
  for (const char* const name : {"Content-Encoding", "Content-Range"})
    CHECK(tus.patch(upload, "0", hello, {{name, "gzip"}}).status == 400);
  has(patch("sha1 E7X121m3do5RTtnrOi5XTG9Uq0A="), "Upload-Offset", "12");  // 003, 007, 008
}

TEST_CASE("tus EXT-TERM-001 to 005: DELETE removes an upload") {
  Tus tus;
  const std::string upload = tus.create("100");
  const httplib::Response without = tus.ask("DELETE", upload);
  CHECK(without.status == 412);  // 002
  has(without, "Tus-Version", "1.0.0");
  CHECK(tus.tus("DELETE", upload).status == 204);                                   // 001
  CHECK(tus.head(upload).status == 404);                                            // 003
  CHECK(tus.tus("DELETE", "/uploads/non-existent-upload-id-99999").status == 404);  // 004
  const std::string whole = tus.create("12");
  CHECK(tus.patch(whole, "0", hello).status == 204);
  CHECK(tus.tus("DELETE", whole).status == 204);  // 005
}

TEST_CASE("a POST stands for PATCH or DELETE if X-HTTP-Method-Override says so") {
  Tus tus;
  const std::string upload = tus.create("100");
  const Headers piece{{"Upload-Offset", "0"}, {"Content-Type", pieceType}, {"X-HTTP-Method-Override", "PATCH"}};
  const httplib::Response done = tus.tus("POST", upload, piece, hello);
  CHECK(done.status == 204);
  has(done, "Upload-Offset", "12");
  CHECK(tus.tus("POST", upload, {{"X-HTTP-Method-Override", "PUT"}}).status == 400);
  CHECK(tus.tus("POST", upload).status == 400);
  CHECK(tus.tus("POST", upload, {{"X-HTTP-Method-Override", "DELETE"}}).status == 204);
  CHECK(tus.head(upload).status == 404);
}

TEST_CASE("a signed link comes back in the Location, so that its holder needs nothing else") {
  Tus tus;
  const AddedVideo video = tus.site.at(tus.ada).videos().add(tus.ada, {"ada", "x"});
  const std::string query = video.uploadUrl.substr(video.uploadUrl.find('?'));
  const std::string metadata = http::tus::writeMetadata({{"video", video.id.text}});
  tus.ada = Secret{"", false};
  tus.client.set_default_headers({{"Tus-Resumable", "1.0.0"}});
  const auto made = tus.client.Post("/uploads" + query, {{"Upload-Length", "12"}, {"Upload-Metadata", metadata}},
                                    std::string(), "text/plain");
  REQUIRE(made);
  CHECK(made->status == 201);
  const std::string upload = made->get_header_value("Location");
  CHECK(upload.ends_with(query));
  const auto done = tus.client.Patch(upload, {{"Upload-Offset", "0"}}, hello, pieceType);
  REQUIRE(done);
  CHECK(done->status == 204);
  CHECK(done->get_header_value("X-Video-Id") == video.id.text);
}

TEST_CASE("pages of other origins can use tus") {
  Tus tus([](Settings& settings) { settings.origins = {"https://a.example"}; });
  const httplib::Response preflight =
      tus.ask("OPTIONS", "/uploads", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "POST"}});
  CHECK(preflight.get_header_value("Access-Control-Allow-Methods").find("POST") != std::string::npos);
  for (const char* const name : {"Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset",
                                 "Upload-Checksum", "Upload-Defer-Length", "X-HTTP-Method-Override"}) {
    INFO(name);
    CHECK(preflight.get_header_value("Access-Control-Allow-Headers").find(name) != std::string::npos);
  }
  const httplib::Response one =
      tus.ask("OPTIONS", "/uploads/x", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "PATCH"}});
  CHECK(one.get_header_value("Access-Control-Allow-Methods").find("PATCH") != std::string::npos);
  const httplib::Response made =
      tus.tus("POST", "/uploads", {{"Upload-Length", "100"}, {"Origin", "https://a.example"}});
  for (const char* const name : {"Location", "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires",
                                 "Tus-Resumable", "X-Video-Id"}) {
    INFO(name);
    CHECK(made.get_header_value("Access-Control-Expose-Headers").find(name) != std::string::npos);
  }
}

TEST_CASE("HEAD of an upload is locked, and no server error, while the daemon stops or the database fails") {
  Tus tus;
  const std::string upload = tus.create("100");
  tus.site.local().uploads().drain();
  for (const httplib::Response& reply : {tus.head(upload), tus.patch(upload, "0", hello)}) {
    CHECK(reply.status == 423);
    CHECK(reply.has_header("Retry-After"));
  }
}

TEST_CASE("a piece that gets no turn among the uploads waits, and is then locked, not refused as too many") {
  Tus tus([](Settings& settings) {
    settings.limiter.uploads = 1;
    settings.uploads.patience = 50ms;
  });
  const std::string upload = tus.create("100");
  auto holder = std::make_unique<RawClient>(tus.site.url());
  holder->send(tus.rawPatch(tus.create("100000"), 0, 100'000) + std::string(40'000, 'x'));
  waitFor("the other upload has begun", [&] { return countFiles(tus.site.data() / "incoming") == 1; });
  const httplib::Response reply = tus.patch(upload, "0", hello);
  CHECK(reply.status == 423);
  CHECK(reply.has_header("Retry-After"));
  CHECK(tus.head(upload).status == 200);  // needs no turn
  std::jthread ender([&] { holder.reset(); });
  CHECK(soon([&] { return tus.patch(upload, "0", hello).status == 204; }));
}

TEST_CASE("a HEAD does not wait for a piece of the same upload that waits for a token") {
  Tus tus([](Settings& settings) {
    settings.limiter.uploads = 1;
    settings.uploads.patience = 60s;
    settings.transport.progressTimeout = 60s;
  });
  RawClient holder(tus.site.url());
  holder.send(tus.rawPatch(tus.create("100000"), 0, 100'000) + std::string(40'000, 'x'));
  waitFor("the other upload has begun", [&] { return countFiles(tus.site.data() / "incoming") == 1; });
  const std::string upload = tus.create("100");
  RawClient waiting(tus.site.url());
  waiting.send(tus.rawPatch(upload, 0, 12) + hello);
  tus.client.set_read_timeout(10s);
  // Before it has its turn, HEAD does not meet it.
  waitFor("the piece is told that a newer request continues the upload", [&] {
    CHECK(tus.head(upload).status == 200);
    return waiting.hasReply();
  });
  const std::string reply = waiting.rest();
  CHECK(reply.starts_with("HTTP/1.1 423 "));
  CHECK(reply.find("X-Error-Reason: newer-request\r\n") != std::string::npos);
}

TEST_CASE("every reply at the paths of tus names the version, and Content-Digest of a piece is checked") {
  Tus tus;
  const std::string upload = tus.create("24");
  const std::string digest = http::writeContentDigest(hashOf(hello));
  const std::pair<httplib::Response, int> replies[] = {
      {tus.tus("PUT", upload), 405},
      {tus.tus("PATCH", "/uploads"), 405},
      {tus.tus("POST", upload, {{"X-HTTP-Method-Override", "PUT"}}), 400},
      {tus.ask("HEAD", upload), 412},
      {tus.tus("HEAD", "/uploads/none"), 404},
      {tus.tus("POST", "/uploads", {{"Upload-Length", "9223372036854775807"}}), 413},
      {tus.patch(upload, "0", hello, {{"Content-Digest", "sha-256=:AAAA:"}}), 400},
      {tus.patch(upload, "0", hello, {{"Content-Digest", http::writeContentDigest(hashOf("other"))}}), 400},
      {tus.patch(upload, "0", hello, {{"Content-Digest", digest}, {"Upload-Checksum", sha1Of("other")}}), 460},
      {tus.head(upload), 200},
      {tus.patch(upload, "0", hello, {{"Content-Digest", digest}, {"Upload-Checksum", sha1Of(hello)}}), 204},
  };
  for (const auto& [reply, status] : replies) {
    INFO(reply.body);
    CHECK(reply.status == status);
    CHECK(reply.get_header_value_count("Tus-Resumable") == 1);
    has(reply, "Tus-Resumable", "1.0.0");
    if (reply.has_header("Upload-Offset")) has(reply, "Upload-Offset", status == 204 ? "12" : "0");
  }
}

TEST_CASE("a client that still sends when a newer request wins learns that at once") {
  Tus tus;
  const std::string upload = tus.create("1000000000");
  RawClient sender(tus.site.url());
  sender.send(tus.rawPatch(upload, 0, 1'000'000'000));
  int ended = EAGAIN;
  std::jthread sending([&] { ended = sender.sendUntilRefused(); });
  waitFor("bytes arrive", [&] {
    std::error_code none;
    return std::filesystem::file_size(tus.site.data() / "incoming" / upload.substr(9), none) > 1'000'000 && !none;
  });
  CHECK(tus.head(upload).status == 200);
  sending.join();
  CHECK(ended != EAGAIN);
}

TEST_CASE("a newer HEAD or PATCH wins over a PATCH whose client is frozen, also if that has the last upload token") {
  Tus tus([](Settings& settings) { settings.limiter.uploadsPerAddress = 1; });
  const std::string bytes = movie(200'000);
  const std::string upload = tus.create("200000");
  const std::string file = tus.site.data() / "incoming" / upload.substr(9);
  std::size_t offset = 0;
  for (const bool isPatch : {false, true}) {
    RawClient frozen(tus.site.url());
    const std::size_t before = offset;
    frozen.send(tus.rawPatch(upload, offset, bytes.size() - offset) + bytes.substr(offset, 40'000));
    waitFor("some bytes have arrived", [&] {
      std::error_code none;
      return std::filesystem::file_size(file, none) >= offset + 40'000 - 16'384 && !none;
    });
    if (isPatch) {  // it learns the offset, because 409 names it
      const httplib::Response reply = tus.patch(upload, "0", bytes.substr(0, 10));
      CHECK(reply.status == 409);
      offset = std::stoul(reply.get_header_value("Upload-Offset"));
    } else {
      const httplib::Response reply = tus.head(upload);
      CHECK(reply.status == 200);
      offset = std::stoul(reply.get_header_value("Upload-Offset"));
    }
    CHECK(offset >= before + 40'000 - 16'384);
    CHECK(offset <= before + 40'000);
    const std::string reply = frozen.rest();
    CHECK(reply.starts_with("HTTP/1.1 423 "));
    CHECK(reply.find("X-Error-Reason: newer-request\r\n") != std::string::npos);
  }
  const httplib::Response done = tus.patch(upload, std::to_string(offset), bytes.substr(offset));
  CHECK(done.status == 204);
  CHECK(tus.ask("GET", "/videos/" + done.get_header_value("X-Video-Id")).body == bytes);
}

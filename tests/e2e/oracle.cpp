// Conditional and range requests (RFC 9110 §13, §14), asked of videod and of a real nginx that serves the same file.
#include <fmt/format.h>

#include <fstream>

#include "base/units.hpp"
#include "catch.hpp"
#include "e2e/nginx.hpp"

using namespace video;
using namespace video::e2e;

namespace {

constexpr std::size_t clipSize = 100'000;

std::string clip() {
  std::string bytes = mp4Front();
  for (std::uint32_t value = 1; bytes.size() < clipSize; value = value * 1664525 + 1013904223)
    bytes += static_cast<char>(value >> 24);
  return bytes;
}

/// The same file behind either server, with what that server says of it.
struct ServedFile {
  std::string address;
  std::string path;
  std::string etag;
  Time modified{};

  Answered get(const std::string& headers, const std::string& method = "GET",
               const std::string& version = "1.1") const {
    return ask(address,
               fmt::format("{} {} HTTP/{}\r\nHost: a\r\nConnection: close\r\n{}\r\n", method, path, version, headers));
  }
  void look() {
    const Answered answered = get("", "HEAD");
    REQUIRE(answered.status == 200);
    etag = answered.header("ETag");
    modified = parseHttpTime(answered.header("Last-Modified")).value();
    // Until then If-Range with this date is false.
    test::waitFor("the second of the modification is over",
                  [&] { return systemClock().now() >= modified + std::chrono::seconds{1}; });
  }
  /// {tag}, {exact}, {before} and {after} stand for what only this server knows.
  std::string filled(std::string text) const {
    const auto fill = [&](const std::string& mark, const std::string& with) {
      for (std::size_t at = 0; (at = text.find(mark)) != std::string::npos;) text.replace(at, mark.size(), with);
    };
    fill("{tag}", etag);
    fill("{exact}", formatHttpTime(modified));
    fill("{before}", formatHttpTime(modified - std::chrono::hours{1}));
    fill("{after}", formatHttpTime(modified + std::chrono::hours{1}));
    return text;
  }
};

/// What matters of an answer, in a form that two servers can share.
std::string essence(const Answered& answered, const std::string& method) {
  std::string text = fmt::format("{}", answered.status);
  if (answered.status == 416 || answered.status == 206) text += " " + answered.header("Content-Range");
  if (answered.status == 304 || answered.status / 100 == 2) {
    CHECK_FALSE(answered.header("ETag").empty());
    CHECK_FALSE(answered.header("Last-Modified").empty());
  }
  if (answered.status / 100 != 2) return text;
  const std::string type = answered.header("Content-Type");
  constexpr std::string_view multipart = "multipart/byteranges; boundary=";
  std::string body = answered.body;
  if (type.starts_with(multipart)) {
    const std::string boundary = type.substr(multipart.size());
    text += " parts";
    for (std::size_t at = 0; (at = body.find("--" + boundary, at)) != std::string::npos; ++at)
      body.replace(at + 2, boundary.size(), "B");
  } else {
    text += " " + type;
  }
  if (method == "GET") CHECK(answered.header("Content-Length") == std::to_string(answered.body.size()));
  if (method == "HEAD") text += " " + answered.header("Content-Length");
  return fmt::format("{} {} bytes\n{}", text, body.size(), body);
}

struct Case {
  std::string headers;  ///< without CR LF at the end
  int status;
  const char* differs = "";  ///< where nginx answers otherwise: the paragraph of RFC 9110 that has it our way
  std::string method = "GET";
  std::string version = "1.1";
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // One range
      {"", 200},
      {"Range: bytes=0-0", 206},
      {"Range: bytes=0-99", 206},
      {"Range: bytes=99999-99999", 206},
      {"Range: bytes=99990-200000", 206},
      {"Range: bytes=500-", 206},
      {"Range: bytes=0-", 206},
      {"Range: bytes=-1", 206},
      {"Range: bytes=-100000", 206},
      {"Range: bytes=-200000", 206},
      {"Range: BYTES=5-9", 206},
      {"Range: bytes= 5-9", 206},
      {"Range: bytes=5-9 ", 206},
      {"Range: bytes=0-99999999999999999999", 206, "14.1.2: a last position past the end is the end"},
      {"range: bytes=5-9", 206},
      {"Range: bytes=5-9", 206, "", "GET", "1.0"},
      {"Range: bytes=5-9", 200, "14.2: only GET has ranges", "HEAD"},
      {"", 200, "", "HEAD"},
      // None of it, or none at all
      {"Range: bytes=100000-", 416},
      {"Range: bytes=100000-100001", 416},
      {"Range: bytes=99999999999999999999-", 416},
      {"Range: bytes=-0", 416},
      {"Range: bytes=5-4", 416},
      {"Range: bytes=", 416, "14.2: a malformed range may be refused with 416"},
      {"Range: bytes=-", 416},
      {"Range: bytes=--1", 416},
      {"Range: bytes=1", 416},
      {"Range: bytes=a-b", 416},
      {"Range: bytes=1-2-3", 416},
      {"Range: bytes=+1-2", 416},
      {"Range: bytes=0x1-2", 416},
      {"Range: bytes=0-1,x", 416},
      {"Range: bytes=1 - 2", 416, "14.1.1: no blanks within a range"},
      {"Range: bytes=200000-,300000-", 416},
      {"Range: items=0-1", 200},
      {"Range: bytes", 200},
      {"Range: bytes 0-1", 200},
      {"Range: bytes =0-1", 200},
      {"Range:", 200},
      // Several
      {"Range: bytes=0-1,4-5", 206},
      {"Range: bytes=0-9,500-599,-10", 206},
      {"Range: bytes=500-599,0-9", 206},
      {"Range: bytes= 0-1 , 4-5", 206},
      {"Range: bytes=0-1,200000-", 206},
      {"Range: bytes=200000-,0-1", 206},
      {"Range: bytes=0-,0-,0-", 206, "15.3.7.2: overlapping ranges become one"},
      {"Range: bytes=0-3,2-5", 206, "15.3.7.2: overlapping ranges become one"},
      {"Range: bytes=0-9,10-19", 206, "15.3.7.2: ranges without a gap become one"},
      {"Range: bytes=0-49999,50001-99999", 200, "14.2: parts and their heads would be more than the whole"},
      {"Range: bytes=,0-1,,4-5,", 206, "5.6.1.2: empty elements of a list do not count"},
      {"Range: bytes=5-4,0-1", 416, "14.1.1: an invalid range makes the whole header one"},
      {"Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30", 206},
      {"Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,32-32", 200},
      // Conditions
      {"If-None-Match: {tag}", 304},
      {"If-None-Match: W/{tag}", 304},
      {"If-None-Match: \"x\", {tag}", 304},
      {"If-None-Match: *", 304},
      {"If-None-Match: \"x\"", 200},
      {"If-None-Match: {tag}", 304, "", "HEAD"},
      {"If-None-Match: {tag}\r\nRange: bytes=0-1", 304},
      {"If-Modified-Since: {exact}", 304},
      {"If-Modified-Since: {after}", 304},
      {"If-Modified-Since: {before}", 200},
      {"If-Modified-Since: yesterday", 200},
      {"If-None-Match: \"x\"\r\nIf-Modified-Since: {after}", 200},
      {"If-None-Match: {tag}\r\nIf-Modified-Since: {before}", 304, "13.2.2 step 3: If-None-Match alone counts"},
      {"If-Match: {tag}", 200},
      {"If-Match: \"x\", {tag}", 200},
      {"If-Match: *", 200},
      {"If-Match: \"x\"", 412},
      {"If-Match: W/{tag}", 412},
      {"If-Match: \"x\"\r\nRange: bytes=0-1", 412},
      {"If-Match: {tag}\r\nRange: bytes=0-1", 206},
      {"If-Match: {tag}\r\nIf-None-Match: {tag}", 304},
      {"If-Match: \"x\"", 412, "", "HEAD"},
      {"If-Unmodified-Since: {exact}", 200},
      {"If-Unmodified-Since: {after}", 200},
      {"If-Unmodified-Since: {before}", 412},
      {"If-Unmodified-Since: yesterday", 200, "13.1.4: a date that is none does not count"},
      {"If-Match: {tag}\r\nIf-Unmodified-Since: {before}", 200, "13.2.2 step 2: only without If-Match"},
      // If-Range
      {"If-Range: {tag}\r\nRange: bytes=0-1", 206},
      {"If-Range: \"x\"\r\nRange: bytes=0-1", 200},
      {"If-Range: W/{tag}\r\nRange: bytes=0-1", 200},
      {"If-Range: {exact}\r\nRange: bytes=0-1", 206},
      {"If-Range: {before}\r\nRange: bytes=0-1", 200},
      {"If-Range: {after}\r\nRange: bytes=0-1", 200},
      {"If-Range: yesterday\r\nRange: bytes=0-1", 200},
      {"If-Range: \"x\"\r\nRange: bytes=200000-", 200},
      {"If-Range: {tag}\r\nRange: bytes=200000-", 416},
      {"If-Range: {tag}", 200},
      {"If-Range: {tag}\r\nRange: bytes=0-1,4-5", 206},
      // Methods
      {"Content-Length: 0", 405, "", "PUT"},
      {"", 405, "", "DELETE"},
  };
  return all;
}

/// A user's new video with the content of `file`; its id.
std::string upload(const Daemon& daemon, const std::string& file) {
  const std::string data = daemon.dataDirectory().string();
  REQUIRE(videoctl({"--data-dir", data, "user", "add", "ada", "--password-stdin"}, {{}, "long enough", {}}).status ==
          0);
  const Ended uploaded = videoctl({"--data-dir", data, "-o", "id", "video", "upload", file, "--user", "ada"});
  REQUIRE(uploaded.status == 0);
  return uploaded.out.substr(0, uploaded.out.find('\n'));
}

}  // namespace

TEST_CASE("conditional and range requests are answered as nginx does, except where RFC 9110 differs") {
  if (!Nginx::isInstalled()) return;
  const TempDirectory folder;
  const std::string file = (folder / "clip.mp4").string();
  std::ofstream(file, std::ios::binary) << clip();

  Daemon daemon("[http]\nidle_timeout = \"10s\"\n");
  ServedFile ours{daemon.address(), "/videos/" + upload(daemon, file), {}, {}};

  const Nginx nginx(fmt::format("root {}; default_type video/mp4; types {{}} if_modified_since before; max_ranges 16;",
                                folder.path().string()));
  ServedFile theirs{nginx.address(), "/clip.mp4", {}, {}};
  ours.look();
  theirs.look();

  CHECK(cases().size() >= 60);
  for (const Case& one : cases()) {
    INFO(one.method << " HTTP/" << one.version << "\n" << one.headers);
    const std::string headers = one.headers.empty() ? "" : one.headers + "\r\n";
    const Answered answer = ours.get(ours.filled(headers), one.method, one.version);
    const Answered oracle = theirs.get(theirs.filled(headers), one.method, one.version);
    CHECK(answer.status == one.status);
    const bool same = essence(answer, one.method) == essence(oracle, one.method);
    INFO("nginx: " << oracle.head << "\nvideod: " << answer.head);
    CHECK(same == std::string_view(one.differs).empty());
  }
}

TEST_CASE("an nginx in front sends the files, and passes on the client's address") {
  if (!Nginx::isInstalled()) return;
  const TempDirectory folder;
  const std::string file = (folder / "clip.mp4").string();
  std::ofstream(file, std::ios::binary) << clip();
  Daemon daemon("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n[stream]\nx_accel_redirect = \"/internal/\"\n");
  const std::string path = "/videos/" + upload(daemon, file);
  const Nginx nginx(
      fmt::format("location / {{ proxy_pass http://{}; proxy_set_header X-Forwarded-For 203.0.113.9; }}\n"
                  "location /internal/ {{ internal; alias {}/blobs/; }}",
                  daemon.address(), daemon.dataDirectory().string()));
  ServedFile site{nginx.address(), path, {}, {}};
  site.look();
  const Answered whole = site.get("");
  CHECK(whole.status == 200);
  CHECK(whole.body == clip());
  CHECK(whole.header("Content-Type") == "video/mp4");
  CHECK(whole.header("Content-Disposition").find("clip") != std::string::npos);
  CHECK(whole.header("X-Accel-Redirect").empty());
  const Answered part = site.get("Range: bytes=10-19\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == clip().substr(10, 10));
  CHECK(site.get(site.filled("If-None-Match: {tag}\r\n")).status == 304);
  CHECK(site.get("Range: bytes=200000-\r\n").status == 416);
  site.path = "/videos/01930000-0000-7000-8000-000000000000";
  CHECK(site.get("").status == 404);
  site.path = "/internal/";
  CHECK(site.get("").status == 404);
  daemon.waitForLog("address=203.0.113.9");
}

// What can only be tested over HTTP: malformed bodies, paths and header fields, and the bytes of replies.
#include <httplib.h>
#include <sqlite3.h>

#include <fstream>
#include <regex>

#include "base/json.hpp"
#include "catch.hpp"
#include "comments/fields.hpp"
#include "contract/site.hpp"
#include "media_bytes.hpp"
#include "shares/fields.hpp"
#include "tokens/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

// A client that sends paths without encoding them.
struct Wire {
  explicit Wire(Site& site) : client(site.url()) { client.set_url_encode(false); }

  httplib::Result post(const std::string& path, const std::string& body, const std::string& session = {}) {
    return client.Post(path, headers(session), body, "application/x-www-form-urlencoded");
  }
  httplib::Result get(const std::string& path, const std::string& session = {}) {
    return client.Get(path, headers(session));
  }

  static httplib::Headers headers(const std::string& session) {
    if (session.empty()) return {};
    return {{"X-Session-Id", session}};
  }

  httplib::Client client;
};

std::string secretOf(const Credential& by) {
  return std::get<Secret>(by).text;
}

void checkError(const httplib::Result& result, int status, const std::string& code, const std::string& needle = {}) {
  REQUIRE(result);
  CHECK(result->status == status);
  CHECK(result->get_header_value("X-Error-Code") == code);
  CHECK_FALSE(result->get_header_value("X-Request-Id").empty());
  INFO(result->body);
  CHECK(result->body.find(needle) != std::string::npos);
}

// Replaces IDs, times and secrets, which differ at each run.
std::string normalised(std::string text) {
  const std::pair<const char*, const char*> patterns[] = {
      {R"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})", "UUID"},
      {R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)", "TIME"},
      {R"([A-Z][a-z]{2} \d\d \d{4}, \d\d:\d\d:\d\d)", "DISPLAYTIME"},
      {R"("session_id":"[A-Za-z0-9_-]{43}")", R"("session_id":"SECRET")"},
      {R"("token":"vdt_[A-Za-z0-9_-]{43}")", R"("token":"SECRET")"},
      {R"(exp=\d+&sig=[A-Za-z0-9_-]+)", "exp=N&sig=SIGNATURE"},
      {R"("id":"[a-z2-7]{12}")", R"("id":"TOKENID")"},
      {R"("cursor":"[A-Za-z0-9_-]+")", R"("cursor":"CURSOR")"},
      {R"(share=[a-z2-7]{12})", "share=SHAREID"},
      {R"(/drop/[a-z2-7]{12})", "/drop/SHAREID"},
      {R"(127\.0\.0\.1:\d+)", "127.0.0.1:PORT"},
      {R"("request_id":"[^"]+")", R"("request_id":"REQUEST")"},
  };
  for (const auto& [pattern, with] : patterns) text = std::regex_replace(text, std::regex(pattern), with);
  return text;
}

// Returns the cursor of a page.
std::string nextOf(const httplib::Result& page) {
  REQUIRE(page);
  return nlohmann::json::parse(page->body).at("next_cursor");
}

}  // namespace

TEST_CASE("an invalid body or query is refused, and the error names the field") {
  Site site(Way::remote);
  const std::string ada = secretOf(site.user("ada"));
  const VideoId video = site.video(Operator{"ada"}, "ada", "x");
  Wire wire(site);
  const std::string comments = "/videos/" + video.text + "/comments";

  checkError(wire.post("/user", "{"), 400, "001", "body");
  checkError(wire.post("/user", ""), 400, "001");
  checkError(wire.post("/user", "[]"), 400, "001", "must be a JSON object");
  checkError(wire.post("/user", R"({"pwd":"long enough"})"), 400, "001", "user_name: is missing");
  checkError(wire.post("/user", R"({"user_name":5,"pwd":"long enough"})"), 400, "001", "user_name: must be a string");
  checkError(wire.post("/user", R"({"user_name":null,"pwd":"long enough"})"), 400, "001", "user_name");
  checkError(wire.post("/user", R"({"user_name":"x","pwd":["y"]})"), 400, "001", "pwd: must be a string");
  checkError(wire.post("/user", "{\"user_name\":\"\xff\",\"pwd\":\"long enough\"}"), 400, "001",
             "user_name: not valid UTF-8");
  checkError(wire.post("/user", R"({"user_name":"a\u0000b","pwd":"long enough"})"), 400, "001", "user_name");
  CHECK(wire.post(comments, "{\"content\":\"a\\nb\"}", ada)->status == 201);
  checkError(wire.post(comments, R"({"content":"a\u0007b"})", ada), 400, "001", "content: has a control character");
  checkError(wire.post(comments, R"({"content":"x","position_ms":"soon"})", ada), 400, "001", "position_ms");
  checkError(wire.post(comments, R"({"content":"x","position_ms":1.5})", ada), 400, "001", "position_ms");
  checkError(wire.post(comments, R"({"content":"x","position_ms":99999999999999999999})", ada), 400, "001",
             "position_ms");
  checkError(wire.post("/user", "{\"user_name\":\"" + std::string(70'000, 'x') + "\"}"), 413, "008");
  checkError(wire.post("/user", std::string(40, '[') + std::string(40, ']')), 400, "001", "32 levels");
  checkError(wire.get("/video?limit=0", ada), 400, "001", "limit");
  checkError(wire.get("/video?limit=many", ada), 400, "001", "limit");
  checkError(wire.get("/video?since=yesterday", ada), 400, "001", "since");
  checkError(wire.get("/video?state=lost", ada), 400, "001", "state");
  CHECK(wire.post("/user", R"({"user_name":"extra","pwd":"long enough","unknown":{"field":[1]}})")->status == 201);
}

TEST_CASE("an invalid ID or path never reaches a file") {
  Site site(Way::remote);
  const std::string ada = secretOf(site.user("ada"));
  Wire wire(site);
  for (const std::string id :
       {"..", "../../video.db", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2fvideo.db", "%2Fetc%2Fpasswd",
        "0193e1a0-0000-7000-8000-000000000000", "'--", "%25", "%F0%9F%8E%AC"}) {
    INFO(id);
    for (const std::string prefix : {"/videos/", "/video/", "/user/ada/videos/"}) {
      const auto result = wire.get(prefix + id, ada);
      REQUIRE(result);
      CHECK((result->status == 404 || result->status == 400));
    }
    const auto put = wire.client.Put("/upload/" + id, Wire::headers(ada), movie(500), "video/mp4");
    REQUIRE(put);
    CHECK((put->status == 404 || put->status == 400 || put->status == 403 || put->status == 405));
  }
  for (const std::string id : {"%00", "a%00b", "%", "%zz"}) {
    INFO(id);
    const auto result = wire.get("/videos/" + id, ada);
    REQUIRE(result);
    CHECK(result->status == 400);
  }
  CHECK(wire.get("/videos/%c3%28", ada)->status == 404);  // not UTF-8
  CHECK(wire.get("/videos/" + std::string(4000, 'x'), ada)->status == 404);
  CHECK(wire.get("/videos/" + std::string(9000, 'x'), ada)->status == 414);
  CHECK(wire.get("/videos/", ada)->status == 400);
  CHECK(wire.client.Head("/video-delete-record/x")->status == 405);
  CHECK(wire.post("/video-delete-record/", "")->status == 400);
  CHECK(wire.get("/video-delete-record/")->status == 400);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(countFiles(site.data() / "blobs") == 0);
}

TEST_CASE("a form uploads a video, and is refused with the errors of the original service") {
  Site site(Way::remote, [](Settings& settings) { settings.uploads.maxUpload = 10'000; });
  const Credential by = site.user("ada");
  const std::string ada = secretOf(by);
  const std::string bytes = movie(6000);
  const VideoId video = site.at(by).videos().add(by, {"ada", "x"}).id;
  Wire wire(site);
  const std::string path = "/upload/" + video.text;
  const auto form = [&](const std::string& field, const std::string& content) {
    return wire.client.Post(path, Wire::headers(ada),
                            httplib::MultipartFormDataItems{{field, content, "a.mp4", "video/mp4"}});
  };
  const auto done = form("file", bytes);
  REQUIRE(done);
  CHECK(done->status == 201);
  CHECK(done->body == "Uploaded successfully");
  CHECK(wire.get("/videos/" + video.text)->body == bytes);

  checkError(form("file", movie(10'001)), 400, "008", "File is too big");
  checkError(form("other", bytes), 400, "001");
  checkError(form("file", ""), 400, "001");
  const auto put = wire.client.Put(path, Wire::headers(ada), movie(10'001), "video/mp4");
  checkError(put, 413, "008", "File is too big");
  CHECK(wire.client.Put(path, Wire::headers(ada), bytes, "video/mp4")->status == 204);
  CHECK(wire.get("/videos/" + video.text)->body == bytes);

  const AddedVideo other = site.at(by).videos().add(by, {"ada", "y"});
  checkError(wire.client.Put(path, bytes, "video/mp4"), 401, "002");
  CHECK(wire.client.Put(other.uploadUrl, bytes, "video/mp4")->status == 201);
  std::string forged = other.uploadUrl;
  forged.replace(forged.find(other.id.text), other.id.text.size(), video.text);
  checkError(wire.client.Put(forged, bytes, "video/mp4"), 403, "005");
}

TEST_CASE("a video name cannot inject header fields, even if the database has a bad one") {
  Site site(Way::remote);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x");
  Wire wire(site);
  const std::string evil = "a.mp4\"\r\nX-Injected: 1\r\n\r\n<b>";
  checkError(wire.post("/user/ada/videos", R"({"name":"a\r\nX-Injected: 1"})", secretOf(ada)), 400, "001", "name");
  for (const std::string& name : {std::string("\"; filename=evil"), std::string("é\\\"%0d%0a"), evil}) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open((site.data() / "video.db").c_str(), &database) == SQLITE_OK);
    sqlite3_stmt* change = nullptr;
    REQUIRE(sqlite3_prepare_v2(database, "UPDATE video_info SET name = ?", -1, &change, nullptr) == SQLITE_OK);
    sqlite3_bind_text(change, 1, name.c_str(), -1, SQLITE_TRANSIENT);
    CHECK(sqlite3_step(change) == SQLITE_DONE);
    sqlite3_finalize(change);
    sqlite3_close(database);
    const auto result = wire.get("/videos/" + video.text);
    REQUIRE(result);
    CHECK(result->status == 200);
    CHECK(result->body.size() == movie().size());
    CHECK_FALSE(result->has_header("X-Injected"));
    CHECK(result->get_header_value_count("Content-Disposition") <= 1);
    CHECK(result->get_header_value("Content-Disposition").starts_with("inline; filename=\""));
  }
}

TEST_CASE("ranges, conditions and HEAD work over HTTP") {
  Site site(Way::remote);
  const Credential by = site.user("ada");
  const std::string bytes = movie(5000);
  const VideoId video = site.video(by, "ada", "x", bytes);
  Wire wire(site);
  const std::string path = "/videos/" + video.text;
  const auto get = [&](const std::string& name, const std::string& value) {
    return wire.client.Get(path, httplib::Headers{{name, value}});
  };
  auto result = get("Range", "bytes=10-19");
  REQUIRE(result);
  CHECK(result->status == 206);
  CHECK(result->body == bytes.substr(10, 10));
  CHECK(result->get_header_value("Content-Range") == "bytes 10-19/5000");
  CHECK(get("Range", "bytes=4990-")->body == bytes.substr(4990));
  CHECK(get("Range", "bytes=-10")->body == bytes.substr(4990));
  CHECK(get("Range", "bytes=4990-9999")->body == bytes.substr(4990));
  result = get("Range", "bytes=5000-");
  REQUIRE(result);
  CHECK(result->status == 416);
  CHECK(result->get_header_value("Content-Range") == "bytes */5000");
  CHECK(get("Range", "bytes=20-10")->status == 416);
  CHECK(get("Range", "lines=1-2")->status == 200);
  const std::string etag = wire.get(path)->get_header_value("ETag");
  CHECK(get("If-None-Match", etag)->status == 304);
  CHECK(get("If-Match", "\"other\"")->status == 412);
  CHECK(wire.get("/videos/nothing")->get_header_value("X-Error-Reason") == "no-such-video");
  const auto head = wire.client.Head(path);
  REQUIRE(head);
  CHECK(head->get_header_value("Content-Length") == "5000");
  CHECK(head->get_header_value("Accept-Ranges") == "bytes");
  CHECK(head->get_header_value("Content-Type") == "video/mp4");
}

TEST_CASE("If-Range with the date of a content that was replaced in the same second gives the new one whole") {
  Site site(Way::remote);
  const Credential by = site.user("ada");
  const VideoId video = site.video(by, "ada", "x", movie(5000, 1));
  Wire wire(site);
  const std::string path = "/videos/" + video.text;
  const std::string date = wire.get(path)->get_header_value("Last-Modified");
  CHECK_FALSE(date.empty());
  site.at(by).uploads().put(by, {video, {}}, sourceOf(movie(5000, 2)));
  const auto result = wire.client.Get(path, {{"Range", "bytes=4000-"}, {"If-Range", date}});
  REQUIRE(result);
  CHECK(result->status == 200);
  CHECK(result->body == movie(5000, 2));
  CHECK(result->get_header_value("Last-Modified") != date);
}

TEST_CASE("a file of unknown type is for saving, not for showing") {
  Site site(Way::remote, [](Settings& settings) { settings.uploads.serveUnknownTypes = true; });
  const Credential by = site.user("ada");
  const VideoId video = site.video(by, "ada", "page.html", "<script>alert(1)</script>");
  const VideoId movieId = site.video(by, "ada", "x.mp4");
  Wire wire(site);
  const auto result = wire.get("/videos/" + video.text);
  REQUIRE(result);
  CHECK(result->get_header_value("Content-Type") == "application/octet-stream");
  CHECK(result->get_header_value("Content-Disposition") == "attachment; filename=\"page.html\"");
  CHECK(result->get_header_value("X-Content-Type-Options") == "nosniff");
  CHECK(wire.get("/videos/" + movieId.text)->get_header_value("Content-Disposition") == "inline; filename=\"x.mp4\"");
}

TEST_CASE(
    "a link in the query of comments must be valid to read them and is ignored to post one, and a bad query is not the "
    "body's fault") {
  Site site(Way::remote);
  const Credential by = site.user("ada");
  const VideoId video = site.video(by, "ada", "x");
  Wire wire(site);
  const std::string path = "/videos/" + video.text + "/comments";
  const std::string link = "?share=aaaaaaaaaaaa&exp=1&sig=nonsense";
  CHECK(wire.get(path + link)->status == 403);
  const httplib::Headers cookie{{"Cookie", "session=" + secretOf(by)}, {"Sec-Fetch-Site", "same-origin"}};
  const auto posted = wire.client.Post(path + link, cookie, R"({"content":"hi"})", "application/json");
  REQUIRE(posted);
  CHECK(posted->status == 201);
  checkError(wire.get(path + "?x=%zz"), 400, "001", R"("detail":"x: bad percent-encoding in the query")");
  CHECK(wire.get(path + "?x=%zz")->body.find("body") == std::string::npos);
  CHECK(wire.get("/videos/" + video.text + "?x=%zz")->body == "Request is not correct");
}

TEST_CASE("an upload above the limit gets 429 with Retry-After") {
  Site site(Way::remote, [](Settings& settings) { settings.limiter.uploads = 0; });
  const Credential by = site.user("ada");
  const VideoId video = site.at(by).videos().add(by, {"ada", "x"}).id;
  Wire wire(site);
  const auto put = wire.client.Put("/upload/" + video.text, Wire::headers(secretOf(by)), movie(500), "video/mp4");
  checkError(put, 429, "009", "Too many requests");
  CHECK_FALSE(put->get_header_value("Retry-After").empty());
}

TEST_CASE("the JSON of every endpoint is as recorded") {
  Site site(Way::remote, [](Settings& settings) {
    for (auto& [name, timing] : settings.tasks.timings) timing.enabled = false;
  });
  const Credential by = site.user("ada");
  const std::string ada = secretOf(by);
  const std::string root = secretOf(site.user("root", Role::admin));
  const VideoId video = site.video(by, "ada", "a \"name\"");
  Wire wire(site);
  std::string recorded;
  const auto record = [&](const std::string& operation, const httplib::Result& result) {
    REQUIRE(result);
    recorded += operation + " " + std::to_string(result->status) + "\n" + normalised(result->body) + "\n";
  };
  record("users.add", wire.post("/user", R"({"user_name":"bob","pwd":"long enough"})"));
  record("users.add conflict", wire.post("/user", R"({"user_name":"bob","pwd":"long enough"})"));
  record("users.list", wire.get("/user", root));
  record("users.show", wire.get("/user/ada", ada));
  record("sessions.login", wire.post("/user/ada", R"({"user_name":"ada","pwd":"password-of-ada"})"));
  record("sessions.login refused", wire.post("/user/ada", R"({"user_name":"ada","pwd":"wrong"})"));
  record("sessions.whoami", wire.get("/session", ada));
  record("tokens.create", wire.post("/user/ada/tokens", R"({"label":"cron","scope":"read","expires":null})", ada));
  record("videos.add", wire.post("/user/ada/videos", R"({"name":"second"})", ada));
  record("videos.list", wire.get("/video?state=ready", ada));
  record("videos.listOf", wire.get("/user/ada/videos"));
  record("videos.show", wire.get("/video/" + video.text));
  record("videos.show not found", wire.get("/video/unknown"));
  record("uploads.begin", wire.post("/upload/" + video.text + "/begin", R"({"size":5})", ada));
  record("uploads.rehearse", wire.post("/user/ada/uploads/rehearse",
                                       R"({"name":"x","size":5,"ahead":0,"front":"000000186674797069736f6d"})", ada));
  record("uploads.status", wire.get("/upload/" + video.text + "/status", ada));
  NewUpload resumable;
  resumable.name = "third";
  resumable.size = 10;
  const UploadId upload = site.local().uploads().create(by, resumable).id;
  site.local().uploads().append(by, {.id = upload}, sourceOf("12345"));
  record("uploads.show", wire.get("/uploads/" + upload.text, ada));
  record("uploads.list", wire.get("/uploads", ada));
  site.local().uploads().abort(by, {upload});
  record("uploads.show not found", wire.get("/uploads/" + upload.text, ada));
  record("comments.post", wire.post("/videos/" + video.text + "/comments", R"({"content":"hi","position_ms":5})", ada));
  record("comments.list", wire.get("/videos/" + video.text + "/comments"));
  record("users.change display_name",
         wire.client.Patch("/user/ada", Wire::headers(ada), R"({"display_name":"Ada L."})", "text/plain"));
  const auto posted = wire.post("/videos/" + video.text + "/comments", R"({"content":"first"})", ada);
  const CommentId first = fromJson<Comment>(posted->body).id;
  const auto replied =
      wire.post("/videos/" + video.text + "/comments", R"({"content":"reply","parent_id":")" + first.text + "\"}", ada);
  record("comments.post reply", replied);
  const CommentId reply = fromJson<Comment>(replied->body).id;
  record("comments.hide", wire.post("/comments/" + reply.text + "/hide", "{}", root));
  record("comments.listHeld", wire.get("/comments/held", root));
  record("comments.approve", wire.post("/comments/" + reply.text + "/approve", "{}", root));
  record("comments.remove.rehearse",
         wire.post("/videos/" + video.text + "/comments/" + first.text + "/delete/rehearse", "{}", ada));
  wire.client.Delete("/videos/" + video.text + "/comments/" + first.text, Wire::headers(ada));
  record("comments.list deleted", wire.get("/videos/" + video.text + "/comments"));
  record("comments.list parent", wire.get("/videos/" + video.text + "/comments?parent=" + first.text));
  record("comments.listBy", wire.get("/user/ada/comments", ada));
  record("comments.removeBy.rehearse",
         wire.post("/user/ada/comments/delete/rehearse", R"({"since":"2026-01-01T00:00:00Z"})", root));
  record("comments.removeBy", wire.client.Delete("/user/ada/comments?since=1", Wire::headers(root)));
  record("videos.set comments_off",
         wire.client.Patch("/video/" + video.text, Wire::headers(ada), R"({"comments_off":true})", "text/plain"));
  record("comments.post off", wire.post("/videos/" + video.text + "/comments", R"({"content":"x"})", ada));
  wire.client.Patch("/video/" + video.text, Wire::headers(ada), R"({"comments_off":false})", "text/plain");
  record("comments.post danmaku",
         wire.post("/videos/" + video.text + "/comments",
                   R"({"content":"a\nb","position_ms":1500,"mode":"top","color":16711680,"size":"big"})", ada));
  record("comments.import",
         wire.client.Put("/videos/" + video.text + "/danmaku", Wire::headers(ada),
                         R"(<i><d p="2,1,25,255,1600000000,0,anna,77">x</d><d p="3,7,25,255,1,0,anna,78">y</d></i>)",
                         "application/xml"));
  record("comments.export", wire.get("/videos/" + video.text + "/danmaku?format=ndjson"));
  record("comments.export csv", wire.get("/videos/" + video.text + "/danmaku?format=csv"));
  record("comments.heat", wire.get("/videos/" + video.text + "/heat"));
  record("comments.list dplayer", wire.get("/danmaku/v3/?id=" + video.text + "&max=10"));
  record("comments.post dplayer", wire.post("/danmaku/v3/",
                                            R"({"token":"x","id":")" + video.text +
                                                R"(","author":"eve","time":4.25,"text":"z","color":16777215,"type":2})",
                                            ada));
  record("views.watch", wire.post("/videos/" + video.text + "/watch", R"({"position_ms":20000})", ada));
  record("views.resume", wire.get("/videos/" + video.text + "/watch", ada));
  record("views.history", wire.get("/user/ada/history", ada));
  record("users.change history_off",
         wire.client.Patch("/user/ada", Wire::headers(ada), R"({"history_off":true})", "text/plain"));
  record("videos.set danmaku_off",
         wire.client.Patch("/video/" + video.text, Wire::headers(ada), R"({"danmaku_off":true})", "text/plain"));
  wire.client.Patch("/video/" + video.text, Wire::headers(ada), R"({"danmaku_off":false})", "text/plain");
  wire.client.Patch("/user/ada", Wire::headers(ada), R"({"display_name":null})", "text/plain");
  record("deletions.enqueue", wire.post("/video-delete-record/" + video.text, "", root));
  record("deletions.list", wire.get("/deletions", root));
  record("videos.restore", wire.post("/video/" + video.text + "/restore", "", ada));
  record("tasks.list", wire.get("/tasks", root));
  record("tasks.show", wire.get("/tasks/backup", root));
  record("deletions.drain", wire.post("/deletions/drain", "{}", root));
  record("deletions.retry", wire.post("/deletions/" + video.text + "/retry", "{}", root));
  record("tasks.run", wire.post("/tasks/report-sweep/run", "{}", root));
  record("tasks.history", wire.get("/tasks/media-probe/history", root));
  record("tokens.list", wire.get("/tokens", ada));
  const auto login =
      wire.post("/user/ada/tokens", R"({"label":"login","scope":"full","expires_in_ms":3600000,"login":true})", ada);
  record("tokens.create login", login);
  record("tokens.list login", wire.get("/tokens?limit=1&cursor=" + nextOf(wire.get("/tokens?limit=1", ada)), ada));
  wire.client.Delete("/tokens/" + fromJson<CreatedToken>(login->body).id.text, Wire::headers(ada));
  record("sessions.list", wire.get("/user/ada/sessions", ada));
  record("users.change", wire.client.Patch("/user/ada", Wire::headers(root), R"({"bytes_quota_own":0})", "text/plain"));
  const std::string one = "/video/" + video.text;
  record("videos.set", wire.client.Patch(one, Wire::headers(ada), R"({"name":"a name"})", "text/plain"));
  record("videos.set description",
         wire.client.Patch(one, Wire::headers(ada), R"({"description":"two\nlines"})", "text/plain"));
  record("videos.set tags", wire.client.Patch(one, Wire::headers(ada), R"({"tags":["Sea","beach"]})", "text/plain"));
  record("videos.newest", wire.get("/newest?tag=sea"));
  record("videos.set visibility",
         wire.client.Patch(one, Wire::headers(ada), R"({"visibility":"private"})", "text/plain"));
  record("videos.set wrong visibility",
         wire.client.Patch(one, Wire::headers(ada), R"({"visibility":"secret"})", "text/plain"));
  const auto pictured =
      wire.client.Put("/videos/" + video.text + "/thumbnail", Wire::headers(ada), picture(), "image/png");
  record("renditions.setThumbnail", pictured);
  record("renditions.setThumbnail refused",
         wire.client.Put("/videos/" + video.text + "/thumbnail", Wire::headers(ada), movie(), "image/png"));
  record("videos.show thumbnail", wire.get(one, ada));
  record("renditions.list", wire.get(one + "/renditions", ada));
  record("renditions.listQueued", wire.get("/renditions?state=waiting", ada));
  record("renditions.render", wire.post(one + "/render", "{}", ada));
  record("renditions.removeThumbnail", wire.client.Delete("/videos/" + video.text + "/thumbnail", Wire::headers(ada)));
  record("videos.delete.rehearse", wire.post(one + "/delete/rehearse", "{}", ada));
  record("videos.restore.rehearse refused", wire.post(one + "/restore/rehearse", "{}", ada));
  record("deletions.drain.rehearse", wire.post("/deletions/drain/rehearse", R"({"include_not_due":true})", root));
  record("users.remove.rehearse", wire.post("/user/ada/delete/rehearse", "{}", ada));
  const auto verifying = wire.post(one + "/verify", "", ada);
  record("videos.verify", verifying);
  CHECK(verifying->get_header_value("Location") == one + "/verify");
  waitFor("the verification",
          [&] { return wire.get(one + "/verify", ada)->body.find("end_time") != std::string::npos; });
  record("videos.verifyStatus", wire.get(one + "/verify", ada));
  record("videos.known", wire.get("/user/ada/content?sha256=" + std::string(64, '0'), ada));
  const std::string shares = "/video/" + video.text + "/shares";
  record("shares.create", wire.post(shares, R"({"what":"view","expires":"2100-01-01T00:00:00Z","label":"x"})", ada));
  record("shares.list", wire.get(shares, ada));
  const httplib::Headers asAda = Wire::headers(ada);
  const std::string subtitles = "/videos/" + video.text + "/subtitles";
  record("subtitles.put", wire.client.Put(subtitles + "/EN?label=English", asAda,
                                          "1\n00:00:01,000 --> 00:00:02,000\nHello\n", "text/plain"));
  record("subtitles.list", wire.get(subtitles, ada));
  record("subtitles.open", wire.get(subtitles + "/en", ada));
  record("videos.set chapters",
         wire.client.Patch(one, asAda, R"({"description":"0:00 Start\n1:02 The cave"})", "text/plain"));
  record("videos.chapters", wire.get("/videos/" + video.text + "/chapters", ada));
  const auto dropped = wire.post(
      "/user/ada/shares", R"({"what":"drop","expires":"2100-01-01T00:00:00Z","label":"x","max_bytes":100000})", ada);
  record("shares.create drop", dropped);
  const std::string url = fromJson<CreatedShare>(dropped->body).url;
  record("videos.drop", wire.post(url.substr(url.find("/drop/")), R"({"name":"x","size":5})"));
  record("shares.list drops", wire.get("/user/ada/shares", ada));
  const std::string report = R"({"reason":"spam","text":"two\nlines","contact":"a@example.org"})";
  record("reports.video", wire.post("/videos/" + video.text + "/reports", report, ada));
  record("reports.video again", wire.post("/videos/" + video.text + "/reports", report, ada));
  record("reports.user", wire.post("/user/bob/reports", report, ada));
  record("reports.list", wire.get("/reports", root));
  const std::string reported = "/reports/" + site.local().reports().list(Operator{}, {}).items.at(0).id.text;
  record("reports.show", wire.get(reported, root));
  record("reports.resolve", wire.post(reported + "/resolve", R"({"decision":"blocked","text":"seen"})", root));
  record("reports.made", wire.get("/user/ada/reports-made", ada));
  record("videos.set user_name", wire.client.Patch(one, Wire::headers(root), R"({"user_name":"bob"})", "text/plain"));
  wire.client.Patch(one, Wire::headers(root), R"({"user_name":"ada"})", "text/plain");
  record("users.mute for_ms", wire.post("/user/bob/mute", R"({"for_ms":3600000})", root));
  record("users.mute", wire.post("/user/bob/mute", R"({"until":"2100-01-01T00:00:00Z"})", root));
  record("users.show muted", wire.get("/user/bob", root));
  record("videos.block", wire.post(one + "/block", R"({"reason":"a reason"})", root));
  record("videos.unblock", wire.client.Delete(one + "/block", Wire::headers(root)));
  const std::string hash = site.local().videos().show(Operator{}, {video, {}}).sha256;
  record("contents.block", wire.post("/blocked-contents", "{\"sha256\":\"" + hash + R"(","reason":"a reason"})", root));
  record("uploads.begin blocked", wire.post("/upload/" + video.text + "/begin", "{\"sha256\":\"" + hash + "\"}", ada));
  record("contents.list", wire.get("/blocked-contents", root));
  record("server.healthz", wire.get("/healthz"));
  record("server.readyz", wire.get("/readyz"));
  record("exports.start", wire.post("/user/ada/export", "{}", ada));
  record("server.limits", wire.get("/server/limits", root));
  record("server.reload", wire.post("/server/reload", "", root));
  const std::string phone =
      "/video/" + site.video(by, "ada", "phone", sampleFile(VIDEO_SOURCE_DIR, "boxes", "xyz_mov")).text;
  record("videos.show location", wire.get(phone, ada));
  record("uploads.stripLocation", wire.post(phone + "/strip-location", "", ada));
  record("uploads.stripLocation again", wire.post(phone + "/strip-location", "", ada));
  record("videos.show stripped", wire.get(phone, ada));

  const std::string path = VIDEO_SOURCE_DIR "/tests/contract/golden/json.txt";
  std::ifstream file(path);
  const std::string golden(std::istreambuf_iterator<char>(file), {});
  if (recorded != golden) std::ofstream(VIDEO_BINARY_DIR "/json.txt") << recorded;
  INFO("the new record is json.txt in the build folder; any difference is a change of the protocol");
  CHECK(recorded == golden);
}

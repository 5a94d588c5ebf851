// Accounts as strangers meet them: two daemons on one directory, cookies, pages of other sites, the operator's socket.
#include <httplib.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

void addUser(const fs::path& data, const std::string& name, const std::string& role = "user") {
  REQUIRE(videoctl({"--data-dir", data.string(), "user", "add", name, "--role", role, "--password-stdin"},
                   {{}, "password of " + name, {}})
              .status == 0);
}

httplib::Result signIn(httplib::Client& client, const std::string& name, const httplib::Headers& headers = {}) {
  return client.Post("/user/" + name, headers, R"({"pwd":"password of )" + name + "\"}", jsonType);
}

std::string sessionOf(httplib::Client& client, const std::string& name) {
  const auto result = signIn(client, name);
  REQUIRE(result);
  REQUIRE(result->status == 200);
  std::string session = nlohmann::json::parse(result->body).at("session_id");
  keepSecret(session);
  return session;
}

int statusOf(const httplib::Result& result) {
  REQUIRE(result);
  return result->status;
}

}  // namespace

TEST_CASE(
    "what one daemon revokes, another daemon on the same directory refuses at the next request, even under load") {
  Daemon first;
  Daemon second({}, {}, first.dataDirectory());
  addUser(first.dataDirectory(), "ada");
  addUser(first.dataDirectory(), "writer");
  httplib::Client a(first.url());
  httplib::Client b(second.url());
  const std::string writer = sessionOf(a, "writer");
  const auto video = nlohmann::json::parse(
      a.Post("/user/writer/videos", {{"X-Session-Id", writer}}, R"({"name":"x"})", jsonType)->body);
  const std::string content = mp4Front() + std::string(500, 'x');
  REQUIRE(statusOf(a.Put("/upload/" + video.at("id").get<std::string>(), {{"X-Session-Id", writer}}, content,
                         "video/mp4")) == 201);
  const std::string comments = "/videos/" + video.at("id").get<std::string>() + "/comments";

  std::atomic<int> written = 0;
  std::vector<std::jthread> load;
  for (const std::string& url : {first.url(), second.url()})
    load.emplace_back([&, url](const std::stop_token& stop) {
      httplib::Client client(url);
      client.set_keep_alive(true);
      while (!stop.stop_requested())
        if (const auto done = client.Post(comments, {{"X-Session-Id", writer}}, R"({"content":"hi"})", jsonType))
          written += done->status == 201 ? 1 : 0;
    });
  for (int round = 0; round < 20; ++round) {
    const std::string session = sessionOf(a, "ada");
    const httplib::Headers by{{"X-Session-Id", session}};
    CHECK(statusOf(b.Get("/session", by)) == 200);
    CHECK(statusOf(a.Get("/session", by)) == 200);
    CHECK(statusOf((round % 2 == 0 ? a : b).Delete("/session", by)) == 204);
    CHECK(statusOf(b.Get("/session", by)) == 401);
    CHECK(statusOf(a.Get("/session", by)) == 401);
  }
  const std::string session = sessionOf(a, "ada");
  CHECK(statusOf(b.Get("/session", {{"X-Session-Id", session}})) == 200);
  CHECK(videoctl({"--data-dir", first.dataDirectory().string(), "user", "disable", "ada"}).status == 0);
  CHECK(statusOf(b.Get("/session", {{"X-Session-Id", session}})) == 401);
  CHECK(statusOf(a.Get("/session", {{"X-Session-Id", session}})) == 401);
  load.clear();
  CHECK(written > 0);
}

TEST_CASE("the session cookie lasts no longer than the session") {
  Daemon daemon("[session]\nttl = \"2h\"\nmax = \"1h\"\n");
  addUser(daemon.dataDirectory(), "ada");
  httplib::Client client(daemon.url());
  const auto result = signIn(client, "ada");
  REQUIRE(result);
  const std::string session = nlohmann::json::parse(result->body).at("session_id");
  keepSecret(session);
  CHECK(result->get_header_value("Set-Cookie").find("; Max-Age=3600") != std::string::npos);
  const std::string again = client.Get("/session", {{"Cookie", "session=" + session}})->get_header_value("Set-Cookie");
  const std::size_t at = again.find("; Max-Age=");
  REQUIRE(at != std::string::npos);
  const int left = std::stoi(again.substr(at + 10));
  CHECK(left < 3600);  // the sign-in was a moment ago
  CHECK(left > 3400);
}

TEST_CASE("the session cookie is not available to scripts and other sites") {
  Daemon daemon("[access]\nsecure_cookies = \"always\"\n[session]\nttl = \"2h\"\n");
  addUser(daemon.dataDirectory(), "ada");
  httplib::Client client(daemon.url());
  const auto result = signIn(client, "ada", {{"Sec-Fetch-Site", "same-origin"}});
  REQUIRE(result);
  const std::string session = nlohmann::json::parse(result->body).at("session_id");
  keepSecret(session);
  CHECK(result->get_header_value("Set-Cookie") ==
        "session=" + session + "; HttpOnly; SameSite=Lax; Path=/; Max-Age=7200; Secure");
  const httplib::Headers cookie{{"Cookie", "session=" + session}};
  CHECK(client.Get("/session", cookie)->get_header_value("Set-Cookie").find("Max-Age=7200") != std::string::npos);
  CHECK_FALSE(client.Get("/session", {{"X-Session-Id", session}})->has_header("Set-Cookie"));

  // Pages of other sites change nothing, and sign nobody in (login CSRF).
  const auto from = [&](const std::string& name, const std::string& value) {
    return httplib::Headers{{"Cookie", "session=" + session}, {name, value}};
  };
  const std::string label = R"({"label":"x","scope":"read","expires":null})";
  const auto create = [&](const httplib::Headers& headers) {
    return statusOf(client.Post("/user/ada/tokens", headers, label, jsonType));
  };
  CHECK(create(from("Sec-Fetch-Site", "cross-site")) == 403);
  CHECK(create(from("Sec-Fetch-Site", "same-site")) == 403);
  CHECK(create(from("Sec-Fetch-Site", "same-origin")) == 201);
  CHECK(create(from("Sec-Fetch-Site", "none")) == 201);
  CHECK(create(from("Origin", "https://evil.example")) == 403);
  CHECK(create(from("Origin", "null")) == 403);
  CHECK(create(from("Origin", daemon.url())) == 201);
  CHECK(create(cookie) == 403);
  CHECK(create({{"X-Session-Id", session}, {"Sec-Fetch-Site", "cross-site"}}) == 201);
  CHECK(create({{"Authorization", "Bearer " + session}, {"Origin", "https://evil.example"}}) == 201);
  CHECK(statusOf(signIn(client, "ada", {{"Sec-Fetch-Site", "cross-site"}})) == 403);
  CHECK(statusOf(signIn(client, "ada", {{"Origin", "https://evil.example"}})) == 403);
  CHECK(statusOf(signIn(client, "ada", {{"Origin", daemon.url()}})) == 200);
  CHECK(statusOf(signIn(client, "ada")) == 200);
  CHECK(statusOf(client.Delete("/session", from("Sec-Fetch-Site", "cross-site"))) == 403);
  CHECK(statusOf(client.Get("/video-delete-record/x", from("Sec-Fetch-Site", "cross-site"))) == 403);
  CHECK(statusOf(client.Get("/session", from("Sec-Fetch-Site", "cross-site"))) == 200);
}

TEST_CASE("a client without credentials is anonymous whatever its headers claim, even on loopback") {
  Daemon daemon;
  addUser(daemon.dataDirectory(), "ada");
  addUser(daemon.dataDirectory(), "root", "admin");
  httplib::Client client(daemon.url());
  const std::string root = sessionOf(client, "root");
  for (const httplib::Headers& claim :
       std::vector<httplib::Headers>{{},
                                     {{"X-User-Name", "root"}},
                                     {{"X-Forwarded-For", "127.0.0.1"}, {"X-Real-IP", "127.0.0.1"}},
                                     {{"Forwarded", "for=127.0.0.1;proto=https"}},
                                     {{"Authorization", "Basic cm9vdDpyb290"}},
                                     {{"REMOTE_ADDR", "127.0.0.1"}}}) {
    CHECK(statusOf(client.Get("/user", claim)) == 401);
    CHECK(statusOf(client.Get("/session", claim)) == 401);
    CHECK(statusOf(client.Get("/deletions", claim)) == 401);
    CHECK(statusOf(client.Delete("/user/ada", claim)) == 401);
    CHECK(statusOf(client.Get("/video-delete-record/x", claim)) == 401);
    CHECK(statusOf(client.Get("/metrics", claim)) != 200);
  }
  CHECK(statusOf(client.Get("/user", {{"X-Videod-As", "root"}})) == 403);
  for (const std::string& query :
       std::vector<std::string>{"session=" + root, "session_id=" + root, "token=" + root, "access_token=" + root})
    CHECK(statusOf(client.Get("/user?" + query)) == 401);
  CHECK(statusOf(client.Get("/user", {{"X-Session-Id", root}})) == 200);

  const auto name = [&](const std::string& wanted) {
    return statusOf(
        client.Post("/user", nlohmann::json{{"user_name", wanted}, {"pwd", "long enough"}}.dump(), jsonType));
  };
  CHECK(name("ADA") == 409);
  CHECK(name("Ada") == 409);
  for (const std::string alike : {"аda", "ada\u200b", "ａｄａ", "ad\u0430", " ada", "ada ", "ada\u0301"})
    CHECK(name(alike) == 400);
}

TEST_CASE("behind a trusted proxy, password guesses are counted per client") {
  Daemon daemon("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n[access]\nlogin_attempts = 2\n");
  httplib::Client proxy(daemon.url());
  const auto guess = [&](const std::string& name, const std::string& client) {
    const httplib::Headers headers{{"X-Forwarded-For", client}};
    return statusOf(proxy.Post("/user/" + name, headers, R"({"pwd":"a wrong one"})", jsonType));
  };
  CHECK(guess("one", "192.0.2.1") == 401);
  CHECK(guess("two", "192.0.2.1") == 401);
  CHECK(guess("three", "192.0.2.1") == 429);
  CHECK(guess("three", "192.0.2.2") == 401);
  CHECK(guess("three", "192.0.2.3, 192.0.2.2") == 401);
  CHECK(guess("four", "192.0.2.3, 192.0.2.2") == 429);  // what the client says itself is not looked at
}

TEST_CASE("sign-ins beyond the hashing queue are asked to try again later") {
  Daemon daemon("[access]\npassword_opslimit = 1\npassword_memlimit = \"32MiB\"\nlogin_attempts = 1000000\n");
  std::atomic<int> refused = 0;
  std::atomic<int> looked = 0;
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < 80; ++i)
      all.emplace_back([&, i] {
        httplib::Client client(daemon.url());
        client.set_read_timeout(std::chrono::minutes{2});
        const auto result = client.Post("/user/nobody" + std::to_string(i), R"({"pwd":"a wrong one"})", jsonType);
        if (result && result->status == 401) ++looked;
        if (result && result->status == 429 && result->has_header("Retry-After")) ++refused;
      });
  }
  CHECK(looked >= 32);  // so many callers of one address may wait
  CHECK(refused > 0);
  CHECK(looked + refused == 80);
}

TEST_CASE("the signing key can come from systemd") {
  const TempDirectory given;
  std::ofstream(given / "signing.key") << std::string(32, 'k');
  const Given environment{{{"CREDENTIALS_DIRECTORY", given.path().string()}}, {}, {}};
  const TempDirectory home;
  const std::vector<std::string> words{builtProgram("videod"), "--data-dir", (home / "data").string(), "--listen",
                                       "127.0.0.1:0"};
  for (int i = 0; i < 2; ++i) {
    Program daemon(words, environment);
    daemon.waitForError("msg=ready");
    std::ifstream key(home / "data/signing.key");
    CHECK(std::string(std::istreambuf_iterator<char>(key), {}) == std::string(32, 'k'));
    daemon.signal(SIGTERM);
    CHECK(daemon.wait().status == 0);
  }
  std::ofstream(given / "signing.key") << "short";
  CHECK(run(words, environment).status == 2);
}

TEST_CASE("the operator on the host can let a locked-out user in again") {
  Daemon daemon;
  const auto operate = [&](std::vector<std::string> words, const std::string& input) {
    words.insert(words.begin(), {"--data-dir", daemon.dataDirectory().string()});
    return videoctl(words, {{}, input, {}}).status;
  };
  addUser(daemon.dataDirectory(), "root", "admin");
  httplib::Client client(daemon.url());
  const std::string session = sessionOf(client, "root");
  CHECK(operate({"user", "disable", "root"}, {}) == 0);
  CHECK(statusOf(client.Get("/session", {{"X-Session-Id", session}})) == 401);
  CHECK(statusOf(signIn(client, "root")) == 401);
  CHECK(operate({"user", "enable", "root"}, {}) == 0);
  CHECK(operate({"user", "passwd", "root", "--password-stdin"}, "something else") == 0);
  CHECK(statusOf(signIn(client, "root")) == 401);
  keepSecret("something else");
  CHECK(statusOf(client.Post("/user/root", R"({"pwd":"something else"})", jsonType)) == 200);
}

TEST_CASE("a link that videoctl creates plays until it is revoked") {
  TempDirectory folder;
  Daemon daemon("[stream]\naccess = \"signed\"\n");
  const std::string data = daemon.dataDirectory().string();
  addUser(data, "ada");
  const std::string file = (folder / "a.mp4").string();
  std::ofstream(file) << mp4Front() + std::string(3000, 'a');
  const auto ctl = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--data-dir", data});
    Ended ended = videoctl(words);
    REQUIRE(ended.status == 0);
    while (ended.out.ends_with('\n')) ended.out.pop_back();
    return ended.out;
  };
  const std::string video = ctl({"-o", "id", "video", "upload", file, "--user", "ada"});
  const std::string url = ctl({"share", "create", video, "--expires", "7d"});
  REQUIRE(url.starts_with("http://127.0.0.1:8000/videos/" + video + "?share="));
  const std::string path = url.substr(url.find("/videos/"));
  httplib::Client client(daemon.url());
  CHECK(statusOf(client.Get("/videos/" + video)) == 401);
  CHECK(statusOf(client.Get(path)) == 200);
  CHECK(statusOf(client.Head(path)) == 200);
  CHECK(statusOf(client.Delete("/video/" + video + path.substr(path.find('?')))) == 401);
  const std::string upload = ctl({"share", "create", video, "--upload"});
  CHECK(statusOf(client.Put(upload.substr(upload.find("/upload/")), mp4Front() + std::string(100, 'b'), "video/mp4")) ==
        204);
  ctl({"share", "revoke", video, ctl({"-o", "id", "share", "list", video, "--limit", "1"})});
  CHECK(statusOf(client.Get(path)) == 403);
  const std::string second = ctl({"share", "create", video});
  ctl({"data", "rotate-key", "--yes"});
  CHECK(statusOf(client.Get(second.substr(second.find("/videos/")))) == 403);
}

TEST_CASE("one of several daemons owns the operator socket, on a path of any length") {
  const TempDirectory folder;
  const fs::path deep = folder / std::string(90, 'd') / std::string(90, 'e') / "data";
  fs::create_directories(deep.parent_path());
  const std::string config = "[task.video-clear]\nevery = \"1h\"\n";
  Daemon first(config, {}, deep);
  Daemon second(config, {}, deep);
  second.waitForLog("another daemon owns the operator socket");
  const fs::path file = folder / "ctl.toml";
  std::ofstream(file) << "data_dir = \"" << deep.string() << "\"\n";
  const auto ctl = [&](std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin(), {"--config", file.string(), "-v"});
    return videoctl(words, {{}, input, {}});
  };
  const Ended added = ctl({"user", "add", "ada", "--password-stdin"}, "password of ada");
  CHECK(added.status == 0);
  CHECK(added.err.find("socket " + (deep / "videod.sock").string()) != std::string::npos);
  CHECK(ctl({"--as", "ada", "session", "whoami", "--columns", "user_name,kind", "--no-header"}).out ==
        "ada\toperator\n");
  CHECK(ctl({"--as", "nobody", "session", "whoami"}).status == 4);
  CHECK(first.terminate() == 0);
  // The other one does not take the socket over: the way is direct now.
  const Ended direct = ctl({"user", "show", "ada"});
  CHECK(direct.status == 0);
  CHECK(direct.err.find("direct " + deep.string()) != std::string::npos);
}

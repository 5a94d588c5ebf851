// videoctl at a server that means it harm.
#include "e2e/hostile.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

const std::string secret = "vdt_" + std::string(43, 'x');

Ended ctlAt(const std::string& url, const Words& words, const std::string& timeout = "30s") {
  return videoctl(join({"--server", url, "--timeout", timeout}, words), {{{"VIDEOCTL_TOKEN", secret}}, {}, {}});
}

// Whether a text has what a terminal would obey: control characters but line ends and tabs, and those of direction.
bool isHarmless(const std::string& text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
  for (const char* const bad : {"\u009b", "\u202e", "\u2066", "\u200f"})
    if (text.find(bad) != std::string::npos) return false;
  return true;
}

constexpr const char* evil = "a\x1b]0;x\x07-\u202ec\u009b2J\u2066d\u200f\x7f";

// The list of a real server, with other values in its items.
std::string listWith(const std::string& key, const std::string& value) {
  static const std::string real = [] {
    Site site("remote");
    const std::string file = write(site.folder / "a.mp4", content('a'));
    REQUIRE(site.run("ada", {"video", "upload", file}).status == 0);
    return run({"curl", "-sf", site.daemon.url() + "/video", "-H", "Authorization: Bearer " + site.tokens["ada"]}).out;
  }();
  auto list = nlohmann::json::parse(real);
  REQUIRE(list.at("videos").size() == 1);
  list["videos"][0][key] = value;
  return list.dump();
}

}  // namespace

TEST_CASE("a body, header fields or a header line without end do not keep videoctl busy, nor fill its memory") {
  const std::string kind = GENERATE("body", "fields", "line");
  CAPTURE(kind);
  const Hostile server([&](const Hostile& its, int socket, const std::string&) {
    std::string piece;
    if (kind == "body") {
      its.send(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
      piece = "100000\r\n" + std::string(1 << 20, ' ') + "\r\n";
    } else {
      its.send(socket, "HTTP/1.1 200 OK\r\n");
      if (kind == "line") its.send(socket, "X-Long: ");
      while (piece.size() < 60'000) piece += kind == "line" ? "0123456789" : "X-More: 0123456789\r\n";
    }
    while (its.send(socket, piece)) {
    }
  });
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const std::string bound;
#else
  const std::string bound = "ulimit -v 1500000; ";  // KiB of address space: it ends with another status beyond that
#endif
  const Ended ended =
      run({"sh", "-c", bound + "exec \"$0\" \"$@\"", builtProgram("videoctl"), "--server", server.url, "video", "list"},
          {{{"VIDEOCTL_TOKEN", secret}}, {}, {}});
  INFO(ended.err);
  CHECK(ended.status == 8);
  CHECK(ended.err.find(server.url) != std::string::npos);
  CHECK(ended.out.empty());
}

TEST_CASE("a trickle is no progress: a reply and an upload end, with the timeout's exit status") {
  const std::string kind = GENERATE("head", "body");
  const Hostile server([&](const Hostile& its, int socket, const std::string&) {
    its.send(socket, "HTTP/1.1 200 OK\r\n");
    if (kind == "body") its.send(socket, "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n");
    while (its.send(socket, kind == "body" ? " " : "X"))
      std::this_thread::sleep_for(std::chrono::milliseconds{10});  // not a wait: this makes the reply slow
  });
  const Ended ended = ctlAt(server.url, {"video", "list"}, "300ms");
  INFO(ended.err);
  CHECK(ended.status == 8);
  CHECK(ended.err.find("too slowly") != std::string::npos);
}

TEST_CASE("a list whose cursors go round, or whose pages are empty for ever, ends") {
  const std::string kind = GENERATE("round", "empty");
  std::atomic<int> asked = 0;
  const std::string page = kind == "round" ? listWith("name", "x") : R"({"videos":[]})";
  const Hostile server([&](const Hostile& its, int socket, const std::string&) {
    auto list = nlohmann::json::parse(page);
    const int number = asked++;
    list["next_cursor"] = "c" + std::to_string(kind == "round" ? number % 5 : number);
    its.sendJson(socket, list.dump());
  });
  const Ended ended = ctlAt(server.url, {"-o", "id", "video", "list"});
  INFO(ended.err);
  CHECK(ended.status == 8);
  CHECK(ended.err.find("does not end") != std::string::npos);
  CHECK(asked < 1100);
}

TEST_CASE("what a server says never reaches a terminal as control or direction, in any format") {
  const std::string list = listWith("name", evil);
  const Hostile server([&](const Hostile& its, int socket, const std::string&) { its.sendJson(socket, list); });
  for (const char* const format : {"table", "tsv", "json", "ndjson", "id"}) {
    CAPTURE(format);
    const Ended ended = ctlAt(server.url, {"-o", format, "video", "list"});
    INFO(ended.out << ended.err);
    CHECK(isHarmless(ended.out + ended.err));
    if (ended.status != 0) continue;  // refused
    CHECK_FALSE(ended.out.empty());
    if (std::string(format) == "json") CHECK(nlohmann::json::parse(ended.out).at("videos")[0].at("name") == evil);
  }
  const auto complete = [](const std::string& url) {
    return videoctl({"__complete", "--server", url, "video", "show", ""}, {{{"VIDEOCTL_TOKEN", secret}}, {}, {}}).out;
  };
  CHECK_FALSE(complete(server.url).empty());
  CHECK(isHarmless(complete(server.url)));

  const std::string other = listWith("id", evil);
  const Hostile ids([&](const Hostile& its, int socket, const std::string&) { its.sendJson(socket, other); });
  for (const char* const format : {"table", "tsv", "json", "ndjson", "id"}) {
    const Ended ended = ctlAt(ids.url, {"-o", format, "video", "list"});
    CHECK(isHarmless(ended.out + ended.err));
    if (std::string(format) == "id") CHECK(ended.status != 0);
  }
  CHECK(isHarmless(complete(ids.url)));

  const Hostile error([&](const Hostile& its, int socket, const std::string&) {
    nlohmann::json said;
    said["error"] = said["detail"] = evil;
    its.send(socket, "HTTP/1.1 404 X\r\nX-Error-Code: 006\r\nX-Request-Id: " + std::string("a\x1b[2Jb") +
                         "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(said.dump().size()) + "\r\n\r\n" + said.dump());
  });
  for (const char* const format : {"table", "json"}) {
    const Ended ended = ctlAt(error.url, {"-o", format, "video", "show", "x"});
    INFO(ended.err);
    CHECK(ended.status != 0);
    CHECK(isHarmless(ended.out + ended.err));
  }
}

TEST_CASE("a server's token cannot put anything else into the contexts") {
  const std::string token = GENERATE(as<std::string>(), "x\"\n[context.evil]\nserver = \"http://evil.example\"\n",
                                     "x'''\"\"\"\\", "vdt_good");
  const TempDirectory home;
  const Hostile server([&](const Hostile& its, int socket, const std::string& request) {
    nlohmann::json said;
    if (request.starts_with("POST /user/ada/tokens"))
      said = {{"id", "aaaaaaaaaaaa"}, {"token", token},     {"user_name", "ada"}, {"label", "x"},
              {"scope", "full"},      {"expires", nullptr}, {"success", true}};
    else if (request.starts_with("POST /user/ada"))
      said = {{"success", true}, {"session_id", std::string(43, 's')}, {"user_name", "ada"}};
    its.sendJson(socket, said.is_null() ? "{}" : said.dump(), request.starts_with("POST") ? 201 : 200);
  });
  Given given{{{"XDG_CONFIG_HOME", home.path().string()}}, "password of ada", {}};
  const Ended ended = videoctl({"--server", server.url, "session", "login", "ada", "--password-stdin"}, given);
  INFO(ended.err);
  const fs::path file = home / "videoctl/contexts.toml";
  const bool isBad = token.find('\n') != std::string::npos;
  CHECK((ended.status == 0) != isBad);
  CHECK(isHarmless(ended.err));
  CHECK(fs::exists(file) != isBad);
  if (isBad) return;
  const auto list = nlohmann::json::parse(videoctl({"-o", "json", "context", "list"}, given).out);
  REQUIRE(list.at("contexts").size() == 1);
  CHECK(list.at("contexts")[0].at("server") == server.url);
}

TEST_CASE("a server's user name reaches neither the terminal nor the contexts, unless it is one") {
  const TempDirectory home;
  const Hostile server([&](const Hostile& its, int socket, const std::string& request) {
    nlohmann::json said;
    if (request.starts_with("POST /user/"))
      said = {{"id", "aaaaaaaaaaaa"}, {"token", "vdt_good"}, {"user_name", evil}, {"label", "x"},
              {"scope", "full"},      {"expires", nullptr},  {"success", true},   {"session_id", std::string(43, 's')}};
    its.sendJson(socket, said.is_null() ? "{}" : said.dump(), request.starts_with("POST") ? 201 : 200);
  });
  const Ended ended = videoctl({"--server", server.url, "session", "login", "ada", "--password-stdin"},
                               {{{"XDG_CONFIG_HOME", home.path().string()}}, "password of ada", {}});
  INFO(ended.err);
  CHECK(ended.status == 8);
  CHECK(isHarmless(ended.out + ended.err));
  CHECK_FALSE(fs::exists(home / "videoctl/contexts.toml"));
}

TEST_CASE("a picture that a server sends has the size and one of the types of a picture") {
  const TempDirectory folder;
  const auto get = [&](const std::string& type, std::size_t size) {
    const Hostile server([&](const Hostile& its, int socket, const std::string&) {
      its.send(socket, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Type: " + type +
                           "\r\nConnection: close\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                           std::string(std::min<std::size_t>(size, 4 << 20), 'x'));
    });
    return videoctl({"--server", server.url, "video", "thumbnail", "x", "--to", folder.path().string()},
                    {{{"VIDEOCTL_TOKEN", secret}}, {}, {}});
  };
  using Sent = std::pair<std::string, std::size_t>;
  for (const auto& [type, size] : {Sent{"image/x-sh", 10}, Sent{"image/../../x", 10}, Sent{"image/png", 524'289}}) {
    const Ended ended = get(type, size);
    CAPTURE(type, ended.err);
    CHECK(ended.status == 8);
    CHECK(fs::is_empty(folder.path()));
  }
  const Ended good = get("image/png", 10);
  INFO(good.err);
  CHECK(good.status == 0);
  CHECK(fs::exists(folder / "x.png"));
}

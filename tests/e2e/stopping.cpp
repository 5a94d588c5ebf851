// The daemon while it stops.
#include <signal.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/nginx.hpp"
#include "os/descriptor.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::e2e;

TEST_CASE("while an upload keeps the daemon from stopping, clients with resumable ones are told to wait") {
  Daemon daemon("[http]\nshutdown_timeout = \"60s\"\n");
  const auto post = [&](const std::string& path, const std::string& body, std::vector<std::string> more) {
    more.insert(more.end(), {"-d", body});
    return get(daemon.url() + path, more);
  };
  const auto fieldOf = [](const std::pair<std::string, std::string>& reply, const char* name) {
    REQUIRE(reply.first == "201");
    return nlohmann::json::parse(reply.second).at(name).get<std::string>();
  };
  const std::string session =
      "X-Session-Id: " + fieldOf(post("/user", R"({"user_name":"anna","pwd":"correct horse"})", {}), "session_id");
  const std::string video = fieldOf(post("/user/anna/videos", R"({"name":"x"})", {"-H", session}), "id");
  const std::vector<std::string> tus{"-H", session, "-H", "Tus-Resumable: 1.0.0", "-D", "-"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), tus.begin(), tus.end());
    return more;
  };
  const std::string made = get(daemon.url() + "/uploads", with({"-X", "POST", "-H", "Upload-Length: 10"})).second;
  const std::size_t at = made.find("Location: ") + 10;
  REQUIRE(at > 10);
  const std::string upload = daemon.url() + made.substr(at, made.find('\r', at) - at);
  CHECK(get(upload, with({"-I"})).first == "200");

  const Descriptor sender = connectTo(daemon.address());
  const std::string bytes = mp4Front();
  send(sender, "PUT /upload/" + video + " HTTP/1.1\r\nHost: x\r\n" + session +
                   "\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\nExpect: 100-continue\r\n\r\n");
  char answer[1024]{};
  REQUIRE(::recv(sender.number(), answer, sizeof answer, 0) > 0);
  daemon.signal(SIGTERM);
  test::waitFor("requests are refused", [&] { return get(daemon.url() + "/user/anna").first == "503"; });
  for (const std::vector<std::string>& how : {std::vector<std::string>{"-I"},
                                              {"-X", "PATCH", "-H", "Upload-Offset: 0", "-H",
                                               "Content-Type: application/offset+octet-stream", "-d", "hello"}}) {
    const auto [status, text] = get(upload, with(how));
    CHECK(status == "423");
    for (const char* const field : {"Retry-After: 5\r", "Connection: close\r", "Tus-Resumable: 1.0.0\r"})
      CHECK(text.find(field) != std::string::npos);
  }
  CHECK(get(daemon.url() + "/healthz").first == "200");
  CHECK(get(daemon.url() + "/readyz").first == "503");
  CHECK(get(upload, {"-X", "OPTIONS"}).first == "204");
  CHECK(get("http://localhost/user", {"--unix-socket", (daemon.dataDirectory() / "videod.sock").string()}).first ==
        "000");
  send(sender, bytes);
  const ssize_t got = ::recv(sender.number(), answer, sizeof answer, 0);
  REQUIRE(got > 0);
  CHECK(std::string_view(answer, static_cast<std::size_t>(got)).starts_with("HTTP/1.1 201"));
  CHECK(daemon.wait() == 0);
}

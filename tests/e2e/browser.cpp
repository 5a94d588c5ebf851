// The upload page in a real browser: Debian's Chromium, headless, told what to do by its DevTools protocol over a pipe.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/nginx.hpp"
#include "os/descriptor.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::e2e;
using nlohmann::json;

namespace {

class Browser {
 public:
  Browser() {
    int commands[2];
    int answers[2];
    REQUIRE(::pipe(commands) == 0);
    REQUIRE(::pipe(answers) == 0);
    to_ = Descriptor(commands[1]);
    from_ = Descriptor(answers[0]);
    ::fcntl(to_.number(), F_SETFD, FD_CLOEXEC);
    ::fcntl(from_.number(), F_SETFD, FD_CLOEXEC);
    const Descriptor in(commands[0]);
    const Descriptor out(answers[1]);
    program_ = std::make_unique<Program>(std::vector<std::string>{
        "bash", "-c", fmt::format("exec 3<&{} 4>&{} \"$@\"", in.number(), out.number()), "-", "chromium", "--headless",
        "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
        "--user-data-dir=" + home_.path().string(), "about:blank"});
    const json targets = call("Target.getTargets", json::object());
    for (const json& target : targets.at("targetInfos"))
      if (target.at("type") == "page")
        session_ =
            call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}}).at("sessionId");
  }

  static bool isInstalled() {
    if (run({"sh", "-c", "command -v chromium"}).status == 0) return true;
    WARN("skipped: chromium is not installed");
    return false;
  }

  /// A method of the DevTools protocol; what it gives.
  json call(const std::string& method, const json& parameters) {
    json message{{"id", ++id_}, {"method", method}, {"params", parameters}};
    if (!session_.empty()) message["sessionId"] = session_;
    const std::string text = message.dump() + '\0';
    REQUIRE(::write(to_.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    for (;;) {
      const json answer = json::parse(next());
      if (answer.value("id", 0) != id_) continue;
      if (answer.contains("error")) throw std::runtime_error(answer.dump());
      return answer.at("result");
    }
  }
  std::string evaluate(const std::string& expression) {
    const json result = call("Runtime.evaluate", {{"expression", expression}}).at("result");
    return result.value("value", std::string());
  }
  /// What the promise that `expression` makes is fulfilled with, as text.
  std::string await(const std::string& expression) {
    const json result = call("Runtime.evaluate", {{"expression", expression}, {"awaitPromise", true}});
    if (result.contains("exceptionDetails")) throw std::runtime_error(result.dump());
    return result.at("result").value("value", std::string());
  }
  /// Waits until the text of the page has `needle`; all of it.
  std::string waitFor(const std::string& needle) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      std::string text;
      try {
        text = evaluate("document.readyState == 'complete' ? document.documentElement.outerHTML : ''");
      } catch (const std::runtime_error& failure) {
        if (std::string_view(failure.what()).find("navigated") == std::string_view::npos) throw;  // asked too early
      }
      if (text.find(needle) != std::string::npos) return text;
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the page stays\n" + text);
    }
  }

 private:
  std::string next() {
    std::size_t end = 0;
    while ((end = in_.find('\0')) == std::string::npos) {
      pollfd wanted{from_.number(), POLLIN, 0};
      char piece[4096];
      const ssize_t got = ::poll(&wanted, 1, 60'000) > 0 ? ::read(from_.number(), piece, sizeof piece) : 0;
      if (got <= 0) throw std::runtime_error("chromium says nothing:\n" + program_->errorSoFar());
      in_.append(piece, static_cast<std::size_t>(got));
    }
    std::string message = in_.substr(0, end);
    in_.erase(0, end + 1);
    return message;
  }

  TempDirectory home_;
  Descriptor to_;
  Descriptor from_;
  std::unique_ptr<Program> program_;
  std::string session_;
  std::string in_;
  int id_ = 0;
};

/// One red frame of 16 by 16, in WebM.
constexpr const char* tinyWebm =
    "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQJChYECGFOAZwEAAAAAAAG/EU2bdLpNu4tTq4QVSalmU6yBoU27i1OrhBZU"
    "rmtTrIHGTbuMU6uEElTDZ1OsggEMTbuMU6uEHFO7a1OsggGp7AEAAAAAAABZAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAVSalmoCrXsYMPQkBNgIRM"
    "YXZmV0GETGF2ZkSJiECPQAAAAAAAFlSua8GuAQAAAAAAADjXgQFzxYgAAAAAAAAAAZyBACK1nIN1bmSIgQCGhVZfVlA4g4EBI+OD"
    "hDuaygDgibCBELqBEJqBAhJUw2fRc3POY8CLY8WIAAAAAAAAAAFnyJhFo4dFTkNPREVSRIeLTGF2YyBsaWJ2cHhnyKJFo4hEVVJB"
    "VElPTkSHlDAwOjAwOjAxLjAwMDAwMDAwMAAAH0O2dcLngQCjvYEAAIDwAgCdASoQABAAAEcIhYWImYSIAgICdaoD+AP6Ag1N7gD+"
    "/W7z/+Rv4+dG/8jj//xKnuOJ4//8RoAcU7trkbuPs4EAt4r3gQHxggFi8IED";

}  // namespace

TEST_CASE("pages of other origins: a listed one uses the API, any one plays what is public") {
  if (!Browser::isInstalled()) return;
  Daemon front;  // its pages are on two origins: 127.0.0.1, which is listed, and localhost
  const std::string port = front.address().substr(front.address().rfind(':'));
  Daemon daemon("[http]\norigins = [\"" + front.url() + "\"]\n");
  Browser browser;
  const auto visit = [&](const std::string& origin) {
    browser.call("Page.navigate", {{"url", origin + "/version"}});
    browser.waitFor("videod");
    REQUIRE(browser.evaluate("location.origin") == origin);
  };
  // Status and body, or the name of the error; `after` says what else of the answer is wanted.
  const auto fetch = [&](const std::string& path, const std::string& options, const std::string& after = "''") {
    return browser.await(
        fmt::format("fetch('{}{}', {}).then(async a => a.status + ' ' + {} + ' ' + await a.text()).catch(e => e.name)",
                    daemon.url(), path, options, after));
  };

  visit(front.url());
  const std::string made =
      fetch("/user", R"({method: 'POST', credentials: 'include', body: '{"user_name":"anna","pwd":"long enough"}'})");
  REQUIRE(made.starts_with("201 "));
  const std::string session = json::parse(made.substr(made.find('{')))["session_id"];
  CHECK(fetch("/session", "{credentials: 'include'}").find("\"anna\"") != std::string::npos);  // by its cookie
  CHECK(fetch("/session", "{}").starts_with("401 "));
  const std::string headers = "headers: {'X-Session-Id': '" + session + "', 'Content-Type': 'application/json'}";
  const std::string added = fetch("/user/anna/videos", "{method: 'POST', " + headers + R"(, body: '{"name":"clip"}'})");
  REQUIRE(added.starts_with("201 "));
  const json video = json::parse(added.substr(added.find('{')));
  const std::string path = "/videos/" + video["id"].get<std::string>();
  CHECK(fetch(video["upload_url"].get<std::string>(),
              fmt::format("{{method: 'PUT', body: Uint8Array.from(atob('{}'), c => c.charCodeAt(0))}}", tinyWebm))
            .starts_with("201 "));
  CHECK(fetch("/nowhere", "{}", "a.headers.get('X-Error-Code')").starts_with("404 006 "));
  CHECK(fetch("/video/" + video["id"].get<std::string>(), "{method: 'PATCH', " + headers + R"(, body: '{"name":"b"}'})")
            .starts_with("200 "));

  visit("http://localhost" + port);
  CHECK(fetch("/user/anna/videos", "{}") == "TypeError");
  CHECK(fetch("/user/anna/videos", "{method: 'POST', " + headers + R"(, body: '{"name":"clip"}'})") == "TypeError");
  CHECK(fetch(path, "{credentials: 'include'}") == "TypeError");
  CHECK(fetch(path, "{headers: {Range: 'bytes=1-2', 'If-Match': '*'}}", "a.headers.get('Content-Range')")
            .starts_with("206 bytes 1-2/"));
  // Whether it plays, and a page may look at its pictures.
  const auto play = [&](const std::string& crossOrigin) {
    return browser.await(fmt::format(R"(new Promise(done => {{
      const video = document.createElement('video');
      video.crossOrigin = '{}';
      video.onloadeddata = () => {{
        const pen = document.createElement('canvas').getContext('2d');
        pen.drawImage(video, 0, 0);
        try {{ pen.getImageData(0, 0, 1, 1); done('readable'); }} catch (e) {{ done(e.name); }}
      }};
      video.onerror = () => done('error');
      video.preload = 'auto';
      video.src = '{}';
      document.body.append(video);
    }}))",
                                     crossOrigin, daemon.url() + path));
  };
  CHECK(play("anonymous") == "readable");
  CHECK(play("use-credentials") == "error");
}

TEST_CASE("what a browser cannot play, it plays in the form that was made of it") {
  if (!Browser::isInstalled() || run({"sh", "-c", "command -v ffmpeg"}).status != 0) return;
  Daemon daemon("[media]\ntranscode = \"h264\"\n[task.renditions]\nevery = \"1s\"\njitter = \"0s\"\n");
  const TempDirectory folder;
  const auto ctl = [&](const Words& words) {
    const Ended ended = videoctl(join({"--direct", "--data-dir", daemon.dataDirectory().string()}, words),
                                 {{}, "password of anna", folder.path()});
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    return line(ended.out);
  };
  ctl({"user", "add", "anna", "--password-stdin"});
  std::map<std::string, std::string> ids;
  for (const std::string name : {"a.mkv", "a.ts", "a.flv", "a.avi", "hevc.mkv"}) {
    const std::string codecs = name == "hevc.mkv" ? "-c:v libx265 -x265-params log-level=0 -c:a ac3"
                                                  : "-c:v libx264 -pix_fmt yuv420p -c:a aac";
    REQUIRE(run({"sh", "-c",
                 "ffmpeg -v error -f lavfi -i testsrc=s=160x120:d=1:r=10 -f lavfi -i sine=d=1 " + codecs + " " + name},
                {{}, {}, folder.path()})
                .status == 0);
    ids[name] = ctl({"-o", "id", "video", "upload", name, "--user", "anna"});
  }
  Browser browser;
  browser.call("Page.navigate", {{"url", daemon.url() + "/version"}});
  browser.waitFor("videod");
  const auto play = [&](const std::string& path) {
    return browser.await(fmt::format(R"(new Promise(done => {{
      const video = document.createElement('video');
      video.onloadeddata = () => done('plays ' + video.videoWidth);
      video.onerror = () => done('error');
      video.preload = 'auto';
      video.src = '{}';
      document.body.append(video);
    }}))",
                                     path));
  };
  CHECK(play("/videos/" + ids["a.avi"]) == "error");
  CHECK(play("/videos/" + ids["a.flv"]) == "error");
  for (const auto& [name, id] : ids) {
    CAPTURE(name);
    ctl({"video", "render", id});
    waitForPlayable(daemon.dataDirectory(), id);
    CHECK(play("/videos/" + id + "?form=play") == "plays 160");
  }
}

TEST_CASE("the upload page uploads in a browser") {
  if (!Browser::isInstalled()) return;
  const TempDirectory home;
  const std::string file = (home / "clip.mp4").string();
  const std::string bytes = mp4Front() + std::string(300'000, 'v');
  std::ofstream(file, std::ios::binary) << bytes;
  Daemon daemon;
  const auto api = [&](const std::string& path, const std::string& body, const std::string& session) {
    return json::parse(run({"curl", "-s", "-d", body, "-H", "X-Session-Id: " + session, daemon.url() + path}).out);
  };
  const std::string session = api("/user", R"({"user_name":"anna","pwd":"long enough"})", "")["session_id"];
  const json video = api("/user/anna/videos", R"({"name":"clip"})", session);

  Browser browser;
  browser.call("Page.navigate", {{"url", daemon.url() + "/testpage"}});
  browser.waitFor("upload_url");
  browser.evaluate("document.querySelector('input').value = '" + video["upload_url"].get<std::string>() +
                   "'; document.querySelector('button').click()");
  browser.waitFor("multipart/form-data");
  const json root = browser.call("DOM.getDocument", json::object()).at("root");
  const json input =
      browser.call("DOM.querySelector", {{"nodeId", root.at("nodeId")}, {"selector", "input[type=file]"}});
  browser.call("DOM.setFileInputFiles", {{"nodeId", input.at("nodeId")}, {"files", {file}}});
  browser.evaluate("document.querySelector('button').click()");
  browser.waitFor("Uploaded successfully");

  const Answered got = ask(daemon.address(), "GET /videos/" + video["id"].get<std::string>() +
                                                 " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(got.status == 200);
  CHECK(got.body == bytes);
}

TEST_CASE("the upload page sends nothing to another site") {
  Daemon daemon;
  const auto page = [&](const std::string& query) {
    return ask(daemon.address(), "GET /testpage" + query + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  };
  CHECK(page("").header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page("").header("Content-Security-Policy").starts_with("default-src 'none'"));
  CHECK(page("?video=0193-a").body.find("action=\"/upload/0193-a\"") != std::string::npos);
  CHECK(page("?video=/upload/v?share=a%26exp=1%26sig=b_-")
            .body.find("action=\"/upload/v?share=a&amp;exp=1&amp;sig=b_-\"") != std::string::npos);
  for (const char* const bad :
       {"?video=", "?video=%22%3E%3Cscript%3E", "?video=//evil.example", "?video=/upload/../user", "?video=/upload/"}) {
    INFO(bad);
    CHECK(page(bad).status == 400);
  }
}

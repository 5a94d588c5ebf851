#include "http/client/sentry.hpp"

#include <httplib.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "quiet_log.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::http;
using observe::LogField;

namespace {

// Takes envelopes as Sentry does.
class FakeSentry {
 public:
  FakeSentry() {
    server_.Post("/prefix/api/42/envelope/", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(request.body);
      auth_ = request.get_header_value("X-Sentry-Auth");
      type_ = request.get_header_value("Content-Type");
      response.status = status;
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    test::waitFor("the endpoint listens", [this] { return server_.is_running(); });
  }
  ~FakeSentry() { server_.stop(); }

  std::string dsn() const { return "http://abc123@127.0.0.1:" + std::to_string(port_) + "/prefix/42"; }
  std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  std::string auth() {
    const std::lock_guard lock(mutex_);
    return auth_;
  }
  std::string type() {
    const std::lock_guard lock(mutex_);
    return type_;
  }
  std::atomic<int> status = 200;

 private:
  httplib::Server server_;
  std::mutex mutex_;
  std::vector<std::string> bodies_;
  std::string auth_;
  std::string type_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("a DSN names the endpoint, and is never repeated when it is wrong") {
  const SentryDsn dsn("https://k3y@sentry.example:9000/some/where/42");
  CHECK(dsn.origin == "https://sentry.example:9000");
  CHECK(dsn.path == "/some/where/api/42/envelope/");
  CHECK(dsn.key == "k3y");
  CHECK(SentryDsn("http://k@[::1]/1").origin == "http://[::1]");
  for (const char* const bad : {"", "x", "https://sentry.example/1", "https://k@sentry.example/", "https://k@/1",
                                "ftp://k@sentry.example/1", "https://k:s@sentry.example/1", "https://k@a/1\n",
                                "https://k@sentry.example/1?x=y", "https://k@sentry.example/project"}) {
    INFO(bad);
    try {
      SentryDsn{bad};
      FAIL_CHECK("taken");
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::malformed);
      CHECK(error.detail() == "must be a DSN like \"https://KEY@sentry.example/1\", or empty");
    }
  }
}

TEST_CASE("what may be private is cut out of a text") {
  CHECK(scrubbed("database: disk I/O error") == "database: disk […] error");
  CHECK(scrubbed("cannot open /var/lib/videod/blobs/ab/x.mp4: No such file") == "cannot open […]: No such file");
  CHECK(scrubbed("\"/srv/a b\" and C:\\x") == "\"[…] b\" and […]");
  CHECK(scrubbed("video 01930000-0000-7000-8000-000000000000: is gone") == "video […]: is gone");
  CHECK(scrubbed("token vdt_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq expired") == "token […] expired");
  CHECK(scrubbed("sig=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi") == "sig=[…]");
  CHECK(scrubbed("from 192.0.2.7 and 2001:db8::7 by ada@example.org") == "from […] and […] by […]");
  CHECK(scrubbed("a plain sentence: 12 of 24 failed, code 5.") == "a plain sentence: 12 of 24 failed, code 5.");
  CHECK(scrubbed("from 10.0.0.1. and fe80::1%eth0") == "from […] and […]");
  CHECK(scrubbed("user ada: has a new video; no such user: none") == "user […]: has a new video; no such user: none");
  CHECK(scrubbed("\xff") == "\xef\xbf\xbd");
  CHECK(scrubbed(std::string(100'000, 'x')).size() < 3000);
}

TEST_CASE("an event has the message, the error and what is known to be harmless") {
  const Time moment{std::chrono::milliseconds{1'800'000'000'123}};
  const auto event = nlohmann::json::parse(sentryEvent("0123456789abcdef0123456789abcdef", moment, "request failed",
                                                       {{"op", "videos.open"},
                                                        {"request_id", "r-1"},
                                                        {"code", "003"},
                                                        {"user", "ada"},
                                                        {"address", "192.0.2.7"},
                                                        {"path", "/videos/1"},
                                                        {"error", "cannot open /srv/x"}}));
  CHECK(event["event_id"] == "0123456789abcdef0123456789abcdef");
  CHECK(event["timestamp"] == "2027-01-15T08:00:00.123Z");
  CHECK(event["level"] == "error");
  CHECK(event["release"] == "videod@" VIDEO_VERSION);
  CHECK(event["message"]["formatted"] == "request failed: cannot open […]");
  CHECK(event["tags"] == nlohmann::json{{"op", "videos.open"}, {"code", "003"}, {"request_id", "r-1"}});
  CHECK(event["fingerprint"] == nlohmann::json{"request failed", "videos.open", "003"});
  for (const char* const secret : {"ada", "192.0.2.7", "/videos", "/srv"})
    CHECK(event.dump().find(secret) == std::string::npos);
  const auto task =
      nlohmann::json::parse(sentryEvent("0", moment, "task failed", {{"task", "orphan-sweep"}, {"error", "\xff"}}));
  CHECK(task["tags"]["task"] == "orphan-sweep");
  CHECK(task["message"]["formatted"] == "task failed: \xef\xbf\xbd");
}

TEST_CASE("errors are sent as envelopes, one each") {
  FakeSentry endpoint;
  SentryReporter reporter{SentryDsn(endpoint.dsn())};
  reporter.report("it broke", {{"error", "why"}});
  reporter.report("it broke again", {});
  test::waitFor("both are sent", [&] { return reporter.counts().sent == 2; });
  REQUIRE(endpoint.bodies().size() == 2);
  CHECK(endpoint.type() == "application/x-sentry-envelope");
  CHECK(endpoint.auth() == "Sentry sentry_version=7, sentry_client=videod/" VIDEO_VERSION ", sentry_key=abc123");
  std::istringstream lines(endpoint.bodies()[0]);
  std::string header;
  std::string item;
  std::string event;
  std::getline(std::getline(std::getline(lines, header), item), event);
  const auto id = nlohmann::json::parse(header)["event_id"].get<std::string>();
  CHECK(id.size() == 32);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(nlohmann::json::parse(item)["type"] == "event");
  CHECK(nlohmann::json::parse(item)["length"] == event.size());
  CHECK(nlohmann::json::parse(event)["event_id"] == id);
  CHECK(nlohmann::json::parse(event)["message"]["formatted"] == "it broke: why");
  CHECK(reporter.counts().dropped == 0);
}

TEST_CASE("errors that cannot be sent are dropped and counted, and those that come too fast") {
  const test::QuietLog quiet;
  FakeSentry endpoint;
  endpoint.status = 500;
  SentryReporter reporter{SentryDsn(endpoint.dsn())};
  reporter.report("refused", {});
  test::waitFor("it is dropped", [&] { return reporter.counts().dropped == 1; });
  endpoint.status = 200;
  reporter.report("taken", {});
  test::waitFor("the next is sent", [&] { return reporter.counts().sent == 1; });
  for (int i = 0; i < 100; ++i) reporter.report("a flood", {});
  test::waitFor("all are sent or dropped", [&] { return reporter.counts().sent + reporter.counts().dropped == 102; });
  CHECK(reporter.counts().sent == 29);  // 30 a minute, one of which was refused
  endpoint.status = 429;
  SentryReporter told{SentryDsn(endpoint.dsn())};
  told.report("too many", {});
  test::waitFor("it is refused", [&] { return told.counts().dropped == 1; });
  const std::size_t asked = endpoint.bodies().size();
  told.report("not sent for a while", {});
  test::waitFor("it is dropped", [&] { return told.counts().dropped == 2; });
  CHECK(endpoint.bodies().size() == asked);
  SentryReporter nobody{SentryDsn("http://k@127.0.0.1:1/1")};
  nobody.report("nobody listens", {});
  test::waitFor("it is dropped", [&] { return nobody.counts().dropped == 1; });
}

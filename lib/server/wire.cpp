#include "base/error.hpp"
#include "http/router.hpp"
#include "server/server.hpp"

namespace video {
namespace {

using http::Method;
constexpr http::Route healthz{"server.healthz", Method::get, "/healthz", 200, http::allRoles};
constexpr http::Route readyz{"server.readyz", Method::get, "/readyz", 200, http::allRoles};
constexpr http::Route version{"server.version", Method::get, "/version", 200, http::allRoles};

void say(http::Answer& answer, std::string json) {
  answer.set("Content-Type", "application/json; charset=utf-8");
  answer.content.push_back({std::move(json), nullptr, 0, 0});
}

}  // namespace

void serveServer(http::Router& router, ServerHealth health) {
  router.serveRaw(healthz, [](const http::Exchange&, http::Answer& answer) { say(answer, R"({"status":"alive"})"); });
  router.serveRaw(readyz, [health](const http::Exchange&, http::Answer& answer) {
    if (!health.isReady()) throw Error(Fault::unavailable, "not ready");
    say(answer, health.isDiskLow() ? R"({"status":"ready","degraded":["disk"]})" : R"({"status":"ready"})");
  });
  router.serveRaw(version, [](const http::Exchange&, http::Answer& answer) {
    say(answer, R"({"name":"videod","version":")" VIDEO_VERSION R"(","api":1})");
  });
}

}  // namespace video

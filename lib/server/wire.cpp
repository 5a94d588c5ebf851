#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "server/fields.hpp"
#include "server/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr http::Route healthz{.name = "server.healthz",
                              .method = Method::get,
                              .path = "/healthz",
                              .roles = http::allRoles,
                              .summary = "Check that the daemon is alive"};
constexpr http::Route readyz{.name = "server.readyz",
                             .method = Method::get,
                             .path = "/readyz",
                             .roles = http::allRoles,
                             .summary = "Check that the daemon is ready and writes succeed"};
constexpr http::Route version{.name = "server.version",
                              .method = Method::get,
                              .path = "/version",
                              .roles = http::allRoles,
                              .summary = "Show the versions of videod and of the API"};
constexpr http::Route metrics{.name = "server.metrics",
                              .method = Method::get,
                              .path = "/metrics",
                              .roles = http::allRoles,
                              .summary = "Get metrics in Prometheus's text format",
                              .flags = {.trustedListener = true}};
constexpr Endpoint<Nothing, ServerStatus> status{{.name = "server.status",
                                                  .method = Method::get,
                                                  .path = "/server/status",
                                                  .roles = http::allRoles,
                                                  .summary = "Show the state of the daemon"}};
constexpr Endpoint<Nothing, ServerLimits> limits{
    {.name = "server.limits",
     .method = Method::get,
     .path = "/server/limits",
     .roles = http::allRoles,
     .summary = "Show the limits on streams, uploads and connections and their use"}};
constexpr Endpoint<Nothing, Reloaded> reload{{.name = "server.reload",
                                              .method = Method::post,
                                              .path = "/server/reload",
                                              .roles = http::allRoles,
                                              .summary = "Reload the configuration"}};
}  // namespace wire

class RemoteServer : public Server {
 public:
  explicit RemoteServer(http::Client& server) : server_(server) {}
  ServerStatus status(const Credential& by, const Nothing& wanted) override {
    return server_.call(wire::status, by, wanted);
  }
  ServerLimits limits(const Credential& by, const Nothing& wanted) override {
    return server_.call(wire::limits, by, wanted);
  }
  Reloaded reload(const Credential& by, const Nothing& wanted) override {
    return server_.call(wire::reload, by, wanted);
  }

 private:
  http::Client& server_;
};

void say(http::Answer& answer, std::string text, const char* type = "application/json; charset=utf-8") {
  answer.set("Content-Type", type);
  answer.content.push_back({std::move(text), nullptr, 0, 0});
}

}  // namespace

std::unique_ptr<Server> makeRemoteServer(http::Client& server) {
  return std::make_unique<RemoteServer>(server);
}

void serveServer(http::Router& router, LocalServer& server) {
  router.serveRaw(wire::healthz,
                  [](const http::Exchange&, http::Answer& answer) { say(answer, R"({"status":"alive"})"); });
  router.serveRaw(wire::readyz, [&](const http::Exchange&, http::Answer& answer) {
    const ServerStatus status = server.daemon().status();
    if (!status.ready)
      throw Error(Fault::unavailable, status.notReady.empty() ? "not ready" : "not ready: " + status.notReady);
    std::string text = R"({"status":"ready")";
    if (!status.degraded.empty()) {
      text += ",\"degraded\":";
      appendJson(text, status.degraded);
    }
    say(answer, text + '}');
  });
  router.serveRaw(wire::version, [&](const http::Exchange&, http::Answer& answer) {
    std::string text = R"({"name":"videod","version":")" VIDEO_VERSION R"(","api":1,"roles":{)";
    const char* between = "";
    for (const RoleUrl& one : server.daemon().roles()) {
      text += std::exchange(between, ",");
      appendJsonString(text, one.role);
      text += ':';
      appendJsonString(text, one.url);
    }
    say(answer, text + "}}");
  });
  router.serveRaw(wire::metrics, [&](const http::Exchange& exchange, http::Answer& answer) {
    say(answer, server.metrics(exchange.by), "text/plain; version=0.0.4; charset=utf-8");
  });
  router.serve(wire::status, [&](auto& by, auto& wanted) { return server.status(by, wanted); });
  router.serve(wire::limits, [&](auto& by, auto& wanted) { return server.limits(by, wanted); });
  router.serve(wire::reload, [&](auto& by, auto& wanted) { return server.reload(by, wanted); });
}

}  // namespace video

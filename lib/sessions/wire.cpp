#include <algorithm>

#include "base/clock.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "http/routing/session_cookie.hpp"
#include "sessions/fields.hpp"
#include "sessions/make.hpp"

namespace video {
namespace {

using namespace std::chrono_literals;

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Login, SignedIn> login{{.name = "sessions.login",
                                           .method = Method::post,
                                           .path = "/user/{name}",
                                           .summary = "Sign in",
                                           .flags = {.slowRefusal = true}}};
constexpr Endpoint<Nothing, void> logout{
    {.name = "sessions.logout", .method = Method::delete_, .path = "/session", .success = 204, .summary = "Sign out"}};
constexpr Endpoint<OfUserQuery, Page<Session>> list{
    {.name = "sessions.list", .method = Method::get, .path = "/sessions", .summary = "List sessions"}};
constexpr Endpoint<OfUserQuery, Page<Session>> listOf{
    {.name = "sessions.list", .method = Method::get, .path = "/user/{user_name}/sessions", .summary = "List sessions"}};
constexpr Endpoint<SessionRef, void> revoke{{.name = "sessions.revoke",
                                             .method = Method::delete_,
                                             .path = "/sessions/{id}",
                                             .success = 204,
                                             .summary = "Revoke a session"}};
constexpr Endpoint<OfUser, void> revokeAll{{.name = "sessions.revokeAll",
                                            .method = Method::delete_,
                                            .path = "/sessions",
                                            .success = 204,
                                            .summary = "Revoke all sessions"}};
constexpr Endpoint<OfUser, void> revokeAllOf{{.name = "sessions.revokeAll",
                                              .method = Method::delete_,
                                              .path = "/user/{user_name}/sessions",
                                              .success = 204,
                                              .summary = "Revoke all sessions"}};
constexpr Endpoint<Nothing, WhoAmI> whoami{
    {.name = "sessions.whoami", .method = Method::get, .path = "/session", .summary = "Show who is signed in"}};
}  // namespace wire

class RemoteSessions : public Sessions {
 public:
  explicit RemoteSessions(http::Client& server) : server_(server) {}
  SignedIn login(const Credential& by, const Login& wanted) override { return server_.call(wire::login, by, wanted); }
  void logout(const Credential& by, const Nothing& wanted) override { server_.call(wire::logout, by, wanted); }
  Page<Session> list(const Credential& by, const OfUserQuery& wanted) override {
    return server_.call(wanted.name ? wire::listOf : wire::list, by, wanted);
  }
  void revoke(const Credential& by, const SessionRef& wanted) override { server_.call(wire::revoke, by, wanted); }
  void revokeAll(const Credential& by, const OfUser& wanted) override {
    server_.call(wanted.name ? wire::revokeAllOf : wire::revokeAll, by, wanted);
  }
  WhoAmI whoami(const Credential& by, const Nothing& wanted) override { return server_.call(wire::whoami, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Sessions> makeRemoteSessions(http::Client& server) {
  return std::make_unique<RemoteSessions>(server);
}

void serveSessions(http::Router& router, Sessions& sessions, const http::CookieOptions& cookies) {
  router.serve(
      wire::login,
      [&](auto& by, Login& wanted, const http::Exchange& exchange) {
        wanted.address = exchange.request.peer.address;
        return sessions.login(by, wanted);
      },
      [cookies](const SignedIn& given, const http::Exchange& exchange, http::Answer& answer) {
        http::setSessionCookie(exchange, answer, given.sessionId.value(), cookies);
      });
  router.serve(
      wire::logout, [&](auto& by, auto& wanted) { sessions.logout(by, wanted); },
      [](const http::Exchange&, http::Answer& answer) { http::clearSessionCookie(answer); });
  for (const auto& endpoint : {wire::list, wire::listOf})
    router.serve(endpoint, [&](auto& by, auto& wanted) { return sessions.list(by, wanted); });
  router.serve(wire::revoke, [&](auto& by, auto& wanted) { sessions.revoke(by, wanted); });
  for (const auto& endpoint : {wire::revokeAll, wire::revokeAllOf})
    router.serve(endpoint, [&](auto& by, auto& wanted) { sessions.revokeAll(by, wanted); });
  router.serve(
      wire::whoami, [&](auto& by, auto& wanted) { return sessions.whoami(by, wanted); },
      [cookies](const WhoAmI& caller, const http::Exchange& exchange, http::Answer& answer) {
        // The request may have extended the session, so extend the browser's cookie too.
        const auto* secret = std::get_if<Secret>(&exchange.by);
        if (secret == nullptr || !secret->cookie) return;
        http::CookieOptions its = cookies;
        if (caller.latest) its.lifetime = std::clamp(*caller.latest - systemClock().now(), 0ms, its.lifetime);
        http::setSessionCookie(exchange, answer, secret->text, its);
      });
}

}  // namespace video

#include "http/client.hpp"
#include "http/router.hpp"
#include "http/session_cookie.hpp"
#include "sessions/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Login, SignedIn> login{
    {.operation = "sessions.login", .method = Method::post, .path = "/user/{name}", .tarpit = true}};
constexpr Endpoint<Nothing, void> logout{{"sessions.logout", Method::delete_, "/session", 204}};
constexpr Endpoint<OfUserQuery, Page<Session>> list{{"sessions.list", Method::get, "/sessions"}};
constexpr Endpoint<OfUserQuery, Page<Session>> listOf{{"sessions.list", Method::get, "/user/{user_name}/sessions"}};
constexpr Endpoint<SessionRef, void> revoke{{"sessions.revoke", Method::delete_, "/sessions/{id}", 204}};
constexpr Endpoint<OfUser, void> revokeAll{{"sessions.revokeAll", Method::delete_, "/sessions", 204}};
constexpr Endpoint<OfUser, void> revokeAllOf{
    {"sessions.revokeAll", Method::delete_, "/user/{user_name}/sessions", 204}};
constexpr Endpoint<Nothing, WhoAmI> whoami{{"sessions.whoami", Method::get, "/session"}};
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
      wire::login, [&](auto& by, auto& wanted) { return sessions.login(by, wanted); },
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
      [cookies](const WhoAmI&, const http::Exchange& exchange, http::Answer& answer) {
        // A session slides, and with it the cookie of a page that asks who it is.
        const auto* secret = std::get_if<Secret>(&exchange.by);
        if (secret != nullptr && secret->cookie) http::setSessionCookie(exchange, answer, secret->text, cookies);
      });
}

}  // namespace video

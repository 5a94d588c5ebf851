#include "http/client.hpp"
#include "http/router.hpp"
#include "http/session_cookie.hpp"
#include "sessions/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Login, SignedIn> login{{"sessions.login", Method::post, "/user/{name}"}};
constexpr Endpoint<Nothing, void> logout{{"sessions.logout", Method::delete_, "/session", 204}};
constexpr Endpoint<Nothing, WhoAmI> whoami{{"sessions.whoami", Method::get, "/session"}};
}  // namespace wire

class RemoteSessions : public Sessions {
 public:
  explicit RemoteSessions(http::Client& server) : server_(server) {}
  SignedIn login(const Credential& by, const Login& wanted) override { return server_.call(wire::login, by, wanted); }
  void logout(const Credential& by, const Nothing& wanted) override { server_.call(wire::logout, by, wanted); }
  WhoAmI whoami(const Credential& by, const Nothing& wanted) override { return server_.call(wire::whoami, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Sessions> makeRemoteSessions(http::Client& server) {
  return std::make_unique<RemoteSessions>(server);
}

void serveSessions(http::Router& router, Sessions& sessions) {
  router.serve(
      wire::login, [&](auto& by, auto& wanted) { return sessions.login(by, wanted); },
      [](const SignedIn& given, const http::Exchange&, http::Answer& answer) {
        http::setSessionCookie(answer, given.sessionId.value());
      });
  router.serve(
      wire::logout, [&](auto& by, auto& wanted) { sessions.logout(by, wanted); },
      [](const http::Exchange&, http::Answer& answer) { http::clearSessionCookie(answer); });
  router.serve(wire::whoami, [&](auto& by, auto& wanted) { return sessions.whoami(by, wanted); });
}

}  // namespace video

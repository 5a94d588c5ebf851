#include "http/client.hpp"
#include "http/router.hpp"
#include "http/session_cookie.hpp"
#include "users/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewUser, SignedIn> add{{"users.add", Method::post, "/user", 201}};
constexpr Endpoint<ListQuery, Page<User>> list{{"users.list", Method::get, "/user"}};
constexpr Endpoint<UserName, User> show{{"users.show", Method::get, "/user/{user_name}"}};
constexpr Endpoint<ChangeUser, User> change{
    {.operation = "users.change", .method = Method::patch, .path = "/user/{user_name}", .tarpit = true}};
constexpr Endpoint<RemoveUser, void> remove{{"users.remove", Method::delete_, "/user/{user_name}", 204}};
}  // namespace wire

class RemoteUsers : public Users {
 public:
  explicit RemoteUsers(http::Client& server) : server_(server) {}
  SignedIn add(const Credential& by, const NewUser& wanted) override { return server_.call(wire::add, by, wanted); }
  Page<User> list(const Credential& by, const ListQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  User show(const Credential& by, const UserName& wanted) override { return server_.call(wire::show, by, wanted); }
  User change(const Credential& by, const ChangeUser& wanted) override {
    return server_.call(wire::change, by, wanted);
  }
  void remove(const Credential& by, const RemoveUser& wanted) override { server_.call(wire::remove, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Users> makeRemoteUsers(http::Client& server) {
  return std::make_unique<RemoteUsers>(server);
}

void serveUsers(http::Router& router, Users& users, const http::CookieOptions& cookies) {
  router.serve(
      wire::add, [&](auto& by, auto& wanted) { return users.add(by, wanted); },
      [cookies](const SignedIn& given, const http::Exchange& exchange, http::Answer& answer) {
        if (given.sessionId) http::setSessionCookie(exchange, answer, *given.sessionId, cookies);
      });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return users.list(by, wanted); });
  router.serve(wire::show, [&](auto& by, auto& wanted) { return users.show(by, wanted); });
  router.serve(wire::change, [&](auto& by, auto& wanted) { return users.change(by, wanted); });
  router.serve(wire::remove, [&](auto& by, auto& wanted) { users.remove(by, wanted); });
}

}  // namespace video

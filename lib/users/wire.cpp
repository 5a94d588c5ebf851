#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "http/routing/session_cookie.hpp"
#include "users/fields.hpp"
#include "users/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewUser, SignedIn> add{{.name = "users.add",
                                           .method = Method::post,
                                           .path = "/user",
                                           .success = 201,
                                           .summary = "Register or add a user",
                                           .flags = {.slowRefusal = true}}};
constexpr Endpoint<ListQuery, Page<User>> list{
    {.name = "users.list", .method = Method::get, .path = "/user", .summary = "List all users"}};
constexpr Endpoint<UserName, User> show{
    {.name = "users.show", .method = Method::get, .path = "/user/{user_name}", .summary = "Show a user"}};
constexpr Endpoint<ChangeUser, ChangedUser> change{
    {.name = "users.change",
     .method = Method::patch,
     .path = "/user/{user_name}",
     .summary = "Change a user's password, display name, role or quota, or disable the account",
     .flags = {.slowRefusal = true}}};
constexpr Endpoint<RemoveUser, void> remove{{.name = "users.remove",
                                             .method = Method::delete_,
                                             .path = "/user/{user_name}",
                                             .success = 204,
                                             .summary = "Delete an account with its videos and comments"}};
constexpr Endpoint<RemoveUser, User> rehearseRemove{{.name = "users.remove.rehearse",
                                                     .method = Method::post,
                                                     .path = "/user/{user_name}/delete/rehearse",
                                                     .summary = "Show what deleting an account would do"}};
constexpr Endpoint<MuteUser, void> mute{{.name = "users.mute",
                                         .method = Method::post,
                                         .path = "/user/{user_name}/mute",
                                         .success = 204,
                                         .summary = "Keep a user from commenting and reporting until a time"}};
constexpr Endpoint<UserName, void> unmute{{.name = "users.unmute",
                                           .method = Method::delete_,
                                           .path = "/user/{user_name}/mute",
                                           .success = 204,
                                           .summary = "Let a muted user comment and report again"}};
}  // namespace wire

class RemoteUsers : public Users {
 public:
  explicit RemoteUsers(http::Client& server) : server_(server) {}
  SignedIn add(const Credential& by, const NewUser& wanted) override { return server_.call(wire::add, by, wanted); }
  Page<User> list(const Credential& by, const ListQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  User show(const Credential& by, const UserName& wanted) override { return server_.call(wire::show, by, wanted); }
  ChangedUser change(const Credential& by, const ChangeUser& wanted) override {
    return server_.call(wire::change, by, wanted);
  }
  void remove(const Credential& by, const RemoveUser& wanted) override { server_.call(wire::remove, by, wanted); }
  User rehearseRemove(const Credential& by, const RemoveUser& wanted) override {
    return server_.rehearse(wire::rehearseRemove, by, wanted);
  }
  void mute(const Credential& by, const MuteUser& wanted) override { server_.call(wire::mute, by, wanted); }
  void unmute(const Credential& by, const UserName& wanted) override { server_.call(wire::unmute, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Users> makeRemoteUsers(http::Client& server) {
  return std::make_unique<RemoteUsers>(server);
}

void serveUsers(http::Router& router, Users& users, const http::CookieOptions& cookies) {
  router.serve(
      wire::add,
      [&](auto& by, NewUser& wanted, const http::Exchange& exchange) {
        wanted.address = exchange.request.peer.address;
        return users.add(by, wanted);
      },
      [cookies](const SignedIn& given, const http::Exchange& exchange, http::Answer& answer) {
        if (given.sessionId) http::setSessionCookie(exchange, answer, *given.sessionId, cookies);
      });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return users.list(by, wanted); });
  router.serve(wire::show, [&](auto& by, auto& wanted) { return users.show(by, wanted); });
  router.serve(wire::change, [&](auto& by, ChangeUser& wanted, const http::Exchange& exchange) {
    wanted.address = exchange.request.peer.address;
    return users.change(by, wanted);
  });
  router.serve(wire::remove, [&](auto& by, auto& wanted) { users.remove(by, wanted); });
  router.serve(wire::rehearseRemove, [&](auto& by, auto& wanted) { return users.rehearseRemove(by, wanted); });
  router.serve(wire::mute, [&](auto& by, auto& wanted) { users.mute(by, wanted); });
  router.serve(wire::unmute, [&](auto& by, auto& wanted) { users.unmute(by, wanted); });
}

}  // namespace video

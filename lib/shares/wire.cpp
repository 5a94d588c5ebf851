#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "shares/fields.hpp"
#include "shares/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewShare, CreatedShare> create{{.name = "shares.create",
                                                   .method = Method::post,
                                                   .path = "/video/{video}/shares",
                                                   .success = 201,
                                                   .summary = "Create a signed link to a video"}};
constexpr Endpoint<ShareQuery, Page<Share>> list{{.name = "shares.list",
                                                  .method = Method::get,
                                                  .path = "/video/{video}/shares",
                                                  .summary = "List a video's signed links"}};
constexpr Endpoint<ShareRef, void> revoke{{.name = "shares.revoke",
                                           .method = Method::delete_,
                                           .path = "/video/{video}/shares/{id}",
                                           .success = 204,
                                           .summary = "Revoke a signed link"}};
constexpr Endpoint<NewShare, CreatedShare> createDrop{
    {.name = "shares.create",
     .method = Method::post,
     .path = "/user/{user_name}/shares",
     .success = 201,
     .summary = "Create a link through which guests upload videos to a user"}};
constexpr Endpoint<ShareQuery, Page<Share>> listDrops{{.name = "shares.list",
                                                       .method = Method::get,
                                                       .path = "/user/{user_name}/shares",
                                                       .summary = "List the links through which guests upload"}};
constexpr Endpoint<ShareRef, void> revokeDrop{{.name = "shares.revoke",
                                               .method = Method::delete_,
                                               .path = "/user/{user_name}/shares/{id}",
                                               .success = 204,
                                               .summary = "Revoke a link through which guests upload"}};
}  // namespace wire

class RemoteShares : public Shares {
 public:
  explicit RemoteShares(http::Client& server) : server_(server) {}
  CreatedShare create(const Credential& by, const NewShare& wanted) override {
    return server_.call(wanted.user ? wire::createDrop : wire::create, by, wanted);
  }
  Page<Share> list(const Credential& by, const ShareQuery& wanted) override {
    return server_.call(wanted.user ? wire::listDrops : wire::list, by, wanted);
  }
  void revoke(const Credential& by, const ShareRef& wanted) override {
    server_.call(wanted.user ? wire::revokeDrop : wire::revoke, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Shares> makeRemoteShares(http::Client& server) {
  return std::make_unique<RemoteShares>(server);
}

void serveShares(http::Router& router, Shares& shares) {
  const auto create = [&](auto& by, NewShare& wanted, const http::Exchange& exchange) {
    const http::Listener& listener = exchange.request.listener;
    if (!listener.operatorSocket && (listener.roles & http::stream) != 0) wanted.site = originOf(exchange.request);
    return shares.create(by, wanted);
  };
  const auto list = [&](auto& by, auto& wanted) { return shares.list(by, wanted); };
  const auto revoke = [&](auto& by, auto& wanted) { shares.revoke(by, wanted); };
  router.serve(wire::create, create);
  router.serve(wire::createDrop, create);
  router.serve(wire::list, list);
  router.serve(wire::listDrops, list);
  router.serve(wire::revoke, revoke);
  router.serve(wire::revokeDrop, revoke);
}

}  // namespace video

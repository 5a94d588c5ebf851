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
}  // namespace wire

class RemoteShares : public Shares {
 public:
  explicit RemoteShares(http::Client& server) : server_(server) {}
  CreatedShare create(const Credential& by, const NewShare& wanted) override {
    return server_.call(wire::create, by, wanted);
  }
  Page<Share> list(const Credential& by, const ShareQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  void revoke(const Credential& by, const ShareRef& wanted) override { server_.call(wire::revoke, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Shares> makeRemoteShares(http::Client& server) {
  return std::make_unique<RemoteShares>(server);
}

void serveShares(http::Router& router, Shares& shares) {
  router.serve(wire::create, [&](auto& by, NewShare& wanted, const http::Exchange& exchange) {
    const http::Listener& listener = exchange.request.listener;
    if (!listener.operatorSocket && (listener.roles & http::stream) != 0) wanted.site = originOf(exchange.request);
    return shares.create(by, wanted);
  });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return shares.list(by, wanted); });
  router.serve(wire::revoke, [&](auto& by, auto& wanted) { shares.revoke(by, wanted); });
}

}  // namespace video

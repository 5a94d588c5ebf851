#include "http/client.hpp"
#include "http/router.hpp"
#include "shares/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewShare, CreatedShare> create{{"shares.create", Method::post, "/video/{video}/shares", 201}};
constexpr Endpoint<ShareQuery, Page<Share>> list{{"shares.list", Method::get, "/video/{video}/shares"}};
constexpr Endpoint<ShareRef, void> revoke{{"shares.revoke", Method::delete_, "/video/{video}/shares/{id}", 204}};
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
  router.serve(wire::create, [&](auto& by, auto& wanted) { return shares.create(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return shares.list(by, wanted); });
  router.serve(wire::revoke, [&](auto& by, auto& wanted) { shares.revoke(by, wanted); });
}

}  // namespace video

#include "contents/fields.hpp"
#include "contents/make.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<BlockContent, NewlyBlockedContent> block{{.name = "contents.block",
                                                             .method = Method::post,
                                                             .path = "/blocked-contents",
                                                             .summary = "Refuse uploads of a content"}};
constexpr Endpoint<ContentRef, void> unblock{{.name = "contents.unblock",
                                              .method = Method::delete_,
                                              .path = "/blocked-contents/{sha256}",
                                              .success = 204,
                                              .summary = "Accept uploads of a blocked content again"}};
constexpr Endpoint<ListQuery, Page<BlockedContent>> list{
    {.name = "contents.list", .method = Method::get, .path = "/blocked-contents", .summary = "List blocked contents"}};
}  // namespace wire

class RemoteContents : public Contents {
 public:
  explicit RemoteContents(http::Client& server) : server_(server) {}
  NewlyBlockedContent block(const Credential& by, const BlockContent& wanted) override {
    return server_.call(wire::block, by, wanted);
  }
  void unblock(const Credential& by, const ContentRef& wanted) override { server_.call(wire::unblock, by, wanted); }
  Page<BlockedContent> list(const Credential& by, const ListQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Contents> makeRemoteContents(http::Client& server) {
  return std::make_unique<RemoteContents>(server);
}

void serveContents(http::Router& router, Contents& contents) {
  router.serve(wire::block, [&](auto& by, auto& wanted) { return contents.block(by, wanted); });
  router.serve(wire::unblock, [&](auto& by, auto& wanted) { contents.unblock(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return contents.list(by, wanted); });
}

}  // namespace video

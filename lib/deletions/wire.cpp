#include "deletions/fields.hpp"
#include "deletions/make.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<VideoRef, void> enqueue{{.name = "deletions.enqueue",
                                            .method = Method::post,
                                            .path = "/video-delete-record/{id}",
                                            .roles = http::scheduler,
                                            .summary = "Delete a video and queue it for purging",
                                            .flags = {.trustedListener = true}}};
constexpr Endpoint<VideoRef, void> enqueueByGet{{.name = "deletions.enqueue",
                                                 .method = Method::get,
                                                 .path = "/video-delete-record/{id}",
                                                 .roles = http::scheduler,
                                                 .summary = "Delete a video and queue it for purging",
                                                 .flags = {.trustedListener = true, .changes = true}}};
constexpr Endpoint<DeletionQuery, DeletionPage> list{{.name = "deletions.list",
                                                      .method = Method::get,
                                                      .path = "/deletions",
                                                      .roles = http::scheduler,
                                                      .summary = "List the deleted videos waiting to be purged"}};
constexpr Endpoint<Drain, DrainStarted> drain{{.name = "deletions.drain",
                                               .method = Method::post,
                                               .path = "/deletions/drain",
                                               .success = 202,
                                               .roles = http::scheduler,
                                               .summary = "Purge the videos that are due"}};
constexpr Endpoint<RehearseDrain, Page<Deletion>> rehearseDrain{{.name = "deletions.drain.rehearse",
                                                                 .method = Method::post,
                                                                 .path = "/deletions/drain/rehearse",
                                                                 .roles = http::scheduler,
                                                                 .summary = "Show what a drain would purge"}};
constexpr Endpoint<DeletionRef, Deletion> retry{{.name = "deletions.retry",
                                                 .method = Method::post,
                                                 .path = "/deletions/{video_id}/retry",
                                                 .roles = http::scheduler,
                                                 .summary = "Retry a failed purge with a fresh count of tries"}};
}  // namespace wire

class RemoteDeletions : public Deletions {
 public:
  explicit RemoteDeletions(http::Client& server) : server_(server) {}
  void enqueue(const Credential& by, const VideoRef& wanted) override { server_.call(wire::enqueue, by, wanted); }
  DeletionPage list(const Credential& by, const DeletionQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  DrainStarted drain(const Credential& by, const Drain& wanted) override {
    return server_.call(wire::drain, by, wanted);
  }
  Page<Deletion> rehearseDrain(const Credential& by, const RehearseDrain& wanted) override {
    return server_.rehearse(wire::rehearseDrain, by, wanted);
  }
  Deletion retry(const Credential& by, const DeletionRef& wanted) override {
    return server_.call(wire::retry, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Deletions> makeRemoteDeletions(http::Client& server) {
  return std::make_unique<RemoteDeletions>(server);
}

void serveDeletions(http::Router& router, Deletions& deletions) {
  router.serve(wire::enqueue, [&](auto& by, auto& wanted) { deletions.enqueue(by, wanted); });
  router.serve(wire::enqueueByGet, [&](auto& by, auto& wanted) { deletions.enqueue(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return deletions.list(by, wanted); });
  router.serve(wire::drain, [&](auto& by, auto& wanted) { return deletions.drain(by, wanted); });
  router.serve(wire::rehearseDrain, [&](auto& by, auto& wanted) { return deletions.rehearseDrain(by, wanted); });
  router.serve(wire::retry, [&](auto& by, auto& wanted) { return deletions.retry(by, wanted); });
}

}  // namespace video

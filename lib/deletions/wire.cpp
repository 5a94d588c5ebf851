#include "deletions/fields.hpp"
#include "http/client.hpp"
#include "http/router.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<RemoveVideo, void> remove{{"videos.delete", Method::delete_, "/video/{id}", 204}};
constexpr Endpoint<RemoveVideo, void> removeOf{
    {"videos.delete", Method::delete_, "/user/{user_name}/videos/{id}", 204}};
constexpr Endpoint<VideoRef, Video> restore{{"videos.restore", Method::post, "/video/{id}/restore"}};
constexpr Endpoint<VideoRef, void> enqueue{
    {"deletions.enqueue", Method::post, "/video-delete-record/{id}", 200, http::scheduler}};
constexpr Endpoint<VideoRef, void> enqueueByGet{
    {"deletions.enqueue", Method::get, "/video-delete-record/{id}", 200, http::scheduler}};
constexpr Endpoint<DeletionQuery, DeletionPage> list{
    {"deletions.list", Method::get, "/deletions", 200, http::scheduler}};
constexpr Endpoint<Drain, DrainStarted> drain{
    {"deletions.drain", Method::post, "/deletions/drain", 202, http::scheduler}};
constexpr Endpoint<DeletionRef, Deletion> retry{
    {"deletions.retry", Method::post, "/deletions/{video_id}/retry", 200, http::scheduler}};
}  // namespace wire

class RemoteDeletions : public Deletions {
 public:
  explicit RemoteDeletions(http::Client& server) : server_(server) {}
  void remove(const Credential& by, const RemoveVideo& wanted) override { server_.call(wire::remove, by, wanted); }
  Video restore(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::restore, by, wanted);
  }
  void enqueue(const Credential& by, const VideoRef& wanted) override { server_.call(wire::enqueue, by, wanted); }
  DeletionPage list(const Credential& by, const DeletionQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  DrainStarted drain(const Credential& by, const Drain& wanted) override {
    return server_.call(wire::drain, by, wanted);
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
  router.serve(wire::remove, [&](auto& by, auto& wanted) { deletions.remove(by, wanted); });
  router.serve(wire::removeOf, [&](auto& by, auto& wanted) { deletions.remove(by, wanted); });
  router.serve(wire::restore, [&](auto& by, auto& wanted) { return deletions.restore(by, wanted); });
  router.serve(wire::enqueue, [&](auto& by, auto& wanted) { deletions.enqueue(by, wanted); });
  router.serve(wire::enqueueByGet, [&](auto& by, auto& wanted) { deletions.enqueue(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return deletions.list(by, wanted); });
  router.serve(wire::drain, [&](auto& by, auto& wanted) { return deletions.drain(by, wanted); });
  router.serve(wire::retry, [&](auto& by, auto& wanted) { return deletions.retry(by, wanted); });
}

}  // namespace video

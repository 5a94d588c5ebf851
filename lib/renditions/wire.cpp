#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "renditions/fields.hpp"
#include "renditions/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<RenditionsOf, Page<Rendition>> list{
    {.name = "renditions.list",
     .method = Method::get,
     .path = "/video/{id}/renditions",
     .summary = "List the picture and playable form of a video and their state"}};
constexpr Endpoint<ThumbnailQuery, Content> thumbnail{{.name = "renditions.thumbnail",
                                                       .method = Method::get,
                                                       .path = "/videos/{id}/thumbnail",
                                                       .roles = http::stream,
                                                       .summary = "Get the picture of a video",
                                                       .mediaType = "image/*",
                                                       .flags = {.takesLink = true}}};
constexpr Endpoint<RenditionsOf, void> setThumbnail{
    {.name = "renditions.setThumbnail",
     .method = Method::put,
     .path = "/videos/{id}/thumbnail",
     .success = 204,
     .roles = http::stream,
     .summary = "Set the picture of a video: JPEG, PNG or WebP, at most 512 KiB"}};
constexpr Endpoint<RenditionsOf, void> removeThumbnail{{.name = "renditions.removeThumbnail",
                                                        .method = Method::delete_,
                                                        .path = "/videos/{id}/thumbnail",
                                                        .success = 204,
                                                        .roles = http::stream,
                                                        .summary = "Remove the picture of a video"}};
constexpr Endpoint<RenderVideo, Rendition> render{{.name = "renditions.render",
                                                   .method = Method::post,
                                                   .path = "/video/{id}/render",
                                                   .success = 202,
                                                   .summary = "Make a form of a video that every browser plays"}};
constexpr Endpoint<RenditionQuery, Page<Rendition>> listQueued{
    {.name = "renditions.listQueued",
     .method = Method::get,
     .path = "/renditions",
     .summary = "List the pictures and playable forms of all videos that were given up, or are to be made"}};
}  // namespace wire

class RemoteRenditions : public Renditions {
 public:
  explicit RemoteRenditions(http::Client& server) : server_(server) {}
  Page<Rendition> list(const Credential& by, const RenditionsOf& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  Content thumbnail(const Credential& by, const ThumbnailQuery& wanted) override {
    return server_.open(wire::thumbnail, by, wanted);
  }
  void setThumbnail(const Credential& by, const RenditionsOf& wanted, const ByteSource& bytes) override {
    server_.send(wire::setThumbnail, by, wanted, bytes);
  }
  void removeThumbnail(const Credential& by, const RenditionsOf& wanted) override {
    server_.call(wire::removeThumbnail, by, wanted);
  }
  Rendition render(const Credential& by, const RenderVideo& wanted) override {
    return server_.call(wire::render, by, wanted);
  }
  Page<Rendition> listQueued(const Credential& by, const RenditionQuery& wanted) override {
    return server_.call(wire::listQueued, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Renditions> makeRemoteRenditions(http::Client& server) {
  return std::make_unique<RemoteRenditions>(server);
}

void serveRenditions(http::Router& router, Renditions& renditions) {
  router.serve(wire::list, [&](auto& by, auto& wanted) { return renditions.list(by, wanted); });
  router.serveContent(wire::thumbnail, [&](auto& by, auto& wanted) { return renditions.thumbnail(by, wanted); });
  router.serveUpload(
      wire::setThumbnail,
      [&](auto& by, auto& wanted, const ByteSource& bytes) { renditions.setThumbnail(by, wanted, bytes); },
      [](const http::Exchange&, http::Answer&) {});
  router.serve(wire::removeThumbnail, [&](auto& by, auto& wanted) { renditions.removeThumbnail(by, wanted); });
  router.serve(wire::render, [&](auto& by, auto& wanted) { return renditions.render(by, wanted); });
  router.serve(wire::listQueued, [&](auto& by, auto& wanted) { return renditions.listQueued(by, wanted); });
}

}  // namespace video

#include "http/client.hpp"
#include "http/router.hpp"
#include "videos/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewVideo, AddedVideo> add{{"videos.add", Method::post, "/user/{user_name}/videos", 201}};
constexpr Endpoint<VideoQuery, Page<Video>> list{{"videos.list", Method::get, "/video"}};
constexpr Endpoint<UserVideosQuery, Page<Video>> listOf{
    {"videos.listOf", Method::get, "/user/{user_name}/videos", 200, http::api, false, true}};
constexpr Endpoint<ContentQuery, KnownContent> known{{"videos.known", Method::get, "/user/{user_name}/content"}};
constexpr Endpoint<VideoRef, Video> show{{"videos.show", Method::get, "/video/{id}", 200, http::api, false, true}};
constexpr Endpoint<VideoRef, Video> showOf{{"videos.show", Method::get, "/user/{user_name}/videos/{id}"}};
constexpr Endpoint<RenameVideo, Video> rename{{"videos.rename", Method::patch, "/video/{id}"}};
constexpr Endpoint<VideoRef, VerifiedVideo> verify{{"videos.verify", Method::post, "/video/{id}/verify"}};
constexpr Endpoint<VideoRef, Content> open{{"videos.open", Method::get, "/videos/{id}", 200, http::stream, true}};
}  // namespace wire

class RemoteVideos : public Videos {
 public:
  explicit RemoteVideos(http::Client& server) : server_(server) {}
  AddedVideo add(const Credential& by, const NewVideo& wanted) override { return server_.call(wire::add, by, wanted); }
  Page<Video> list(const Credential& by, const VideoQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) override {
    return server_.call(wire::listOf, by, wanted);
  }
  KnownContent known(const Credential& by, const ContentQuery& wanted) override {
    return server_.call(wire::known, by, wanted);
  }
  Video show(const Credential& by, const VideoRef& wanted) override { return server_.call(wire::show, by, wanted); }
  Video rename(const Credential& by, const RenameVideo& wanted) override {
    return server_.call(wire::rename, by, wanted);
  }
  VerifiedVideo verify(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::verify, by, wanted);
  }
  Content open(const Credential& by, const VideoRef& wanted) override { return server_.open(wire::open, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Videos> makeRemoteVideos(http::Client& server) {
  return std::make_unique<RemoteVideos>(server);
}

void serveVideos(http::Router& router, Videos& videos) {
  router.serve(wire::add, [&](auto& by, auto& wanted) { return videos.add(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return videos.list(by, wanted); });
  router.serve(wire::listOf, [&](auto& by, auto& wanted) { return videos.listOf(by, wanted); });
  router.serve(wire::known, [&](auto& by, auto& wanted) { return videos.known(by, wanted); });
  router.serve(wire::show, [&](auto& by, auto& wanted) { return videos.show(by, wanted); });
  router.serve(wire::showOf, [&](auto& by, auto& wanted) { return videos.show(by, wanted); });
  router.serve(wire::rename, [&](auto& by, auto& wanted) { return videos.rename(by, wanted); });
  router.serve(wire::verify, [&](auto& by, auto& wanted) { return videos.verify(by, wanted); });
  router.serveContent(wire::open, [&](auto& by, auto& wanted) { return videos.open(by, wanted); });
}

}  // namespace video

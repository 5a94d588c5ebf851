#include <fmt/format.h>

#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "videos/fields.hpp"
#include "videos/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewVideo, AddedVideo> add{{.name = "videos.add",
                                              .method = Method::post,
                                              .path = "/user/{user_name}/videos",
                                              .success = 201,
                                              .summary = "Create a pending video to upload to"}};
constexpr Endpoint<VideoQuery, Page<Video>> list{{.name = "videos.list",
                                                  .method = Method::get,
                                                  .path = "/video",
                                                  .summary = "List videos",
                                                  .header = {"X-List-Fields", "name, reverse"}}};
constexpr Endpoint<UserVideosQuery, Page<Video>> listOf{{.name = "videos.listOf",
                                                         .method = Method::get,
                                                         .path = "/user/{user_name}/videos",
                                                         .summary = "List a user's videos",
                                                         .flags = {.sharedReply = true}}};
constexpr Endpoint<NewestQuery, Page<Video>> newest{{.name = "videos.newest",
                                                     .method = Method::get,
                                                     .path = "/newest",
                                                     .summary = "List the public videos of all users, newest first",
                                                     .flags = {.sharedReply = true}}};
constexpr Endpoint<ContentQuery, KnownContent> known{
    {.name = "videos.known",
     .method = Method::get,
     .path = "/user/{user_name}/content",
     .summary = "Check whether a user has some content, or has deleted it"}};
constexpr Endpoint<VideoRef, Video> show{{.name = "videos.show",
                                          .method = Method::get,
                                          .path = "/video/{id}",
                                          .summary = "Show a video",
                                          .flags = {.sharedReply = true, .takesLink = true}}};
constexpr Endpoint<VideoRef, Video> showOf{{.name = "videos.show",
                                            .method = Method::get,
                                            .path = "/user/{user_name}/videos/{id}",
                                            .summary = "Show a video",
                                            .flags = {.takesLink = true}}};
constexpr Endpoint<SetVideo, Video> set{
    {.name = "videos.set",
     .method = Method::patch,
     .path = "/video/{id}",
     .summary = "Change a video's name, description, visibility, tags or comments"}};
constexpr Endpoint<RemoveVideo, void> remove{{.name = "videos.delete",
                                              .method = Method::delete_,
                                              .path = "/video/{id}",
                                              .success = 204,
                                              .summary = "Delete a video; it can be restored until it is purged"}};
constexpr Endpoint<RemoveVideo, void> removeOf{{.name = "videos.delete",
                                                .method = Method::delete_,
                                                .path = "/user/{user_name}/videos/{id}",
                                                .success = 204,
                                                .summary = "Delete a video; it can be restored until it is purged"}};
constexpr Endpoint<RemoveVideo, Video> rehearseRemove{{.name = "videos.delete.rehearse",
                                                       .method = Method::post,
                                                       .path = "/video/{id}/delete/rehearse",
                                                       .summary = "Show what deleting a video would do"}};
constexpr Endpoint<VideoRef, Video> restore{{.name = "videos.restore",
                                             .method = Method::post,
                                             .path = "/video/{id}/restore",
                                             .summary = "Restore a deleted video"}};
constexpr Endpoint<VideoRef, Video> rehearseRestore{{.name = "videos.restore.rehearse",
                                                     .method = Method::post,
                                                     .path = "/video/{id}/restore/rehearse",
                                                     .summary = "Show what restoring a deleted video would do"}};
constexpr Endpoint<VideoRef, VerifiedVideo> verify{
    {.name = "videos.verify",
     .method = Method::post,
     .path = "/video/{id}/verify",
     .success = 202,
     .summary = "Start to re-read a video's file and compare it with its recorded SHA-256"}};
constexpr Endpoint<VideoRef, VerifiedVideo> verifyStatus{
    {.name = "videos.verifyStatus",
     .method = Method::get,
     .path = "/video/{id}/verify",
     .summary = "Show the state of the latest verification of a video's file"}};
constexpr Endpoint<BlockVideo, Video> block{{.name = "videos.block",
                                             .method = Method::post,
                                             .path = "/video/{id}/block",
                                             .summary = "Hide a video from all but its owner and moderators"}};
constexpr Endpoint<VideoRef, void> unblock{{.name = "videos.unblock",
                                            .method = Method::delete_,
                                            .path = "/video/{id}/block",
                                            .success = 204,
                                            .summary = "Unblock a video"}};
constexpr Endpoint<OpenVideo, Content> open{{.name = "videos.open",
                                             .method = Method::get,
                                             .path = "/videos/{id}",
                                             .roles = http::stream,
                                             .summary = "Stream a video, whole or by byte ranges",
                                             .mediaType = "video/*",
                                             .flags = {.plainErrors = true, .takesLink = true}}};
constexpr Endpoint<VideoRef, Content> chapters{{.name = "videos.chapters",
                                                .method = Method::get,
                                                .path = "/videos/{id}/chapters",
                                                .roles = http::stream,
                                                .summary = "Get a video's chapters as a chapters track",
                                                .mediaType = "text/vtt",
                                                .flags = {.takesLink = true}}};
constexpr Endpoint<DropVideo, DroppedVideo> drop{
    {.name = "videos.drop",
     .method = Method::post,
     .path = "/drop/{id}",
     .success = 201,
     .roles = http::stream,
     .summary = "Create a video through a drop link, whose query it takes, to upload to",
     .flags = {.takesLink = true}}};
}  // namespace wire

void noIndexUnlessPublic(const Video& video, const http::Exchange&, http::Answer& answer) {
  if (video.visibility != Visibility::public_) answer.set("X-Robots-Tag", "noindex");
}

class RemoteVideos : public Videos {
 public:
  explicit RemoteVideos(http::Client& server) : server_(server) {}
  AddedVideo add(const Credential& by, const NewVideo& wanted) override { return server_.call(wire::add, by, wanted); }
  DroppedVideo drop(const Credential& by, const DropVideo& wanted) override {
    return server_.call(wire::drop, by, wanted);
  }
  Page<Video> list(const Credential& by, const VideoQuery& wanted) override {
    if (wanted.name) return server_.callKnowing("name", wire::list, by, wanted);
    if (wanted.reverse.value_or(false)) return server_.callKnowing("reverse", wire::list, by, wanted);
    return server_.call(wire::list, by, wanted);
  }
  Page<Video> listOf(const Credential& by, const UserVideosQuery& wanted) override {
    return server_.call(wire::listOf, by, wanted);
  }
  Page<Video> newest(const Credential& by, const NewestQuery& wanted) override {
    return server_.call(wire::newest, by, wanted);
  }
  KnownContent known(const Credential& by, const ContentQuery& wanted) override {
    return server_.call(wire::known, by, wanted);
  }
  Video show(const Credential& by, const VideoRef& wanted) override { return server_.call(wire::show, by, wanted); }
  Video set(const Credential& by, const SetVideo& wanted) override { return server_.call(wire::set, by, wanted); }
  void remove(const Credential& by, const RemoveVideo& wanted) override { server_.call(wire::remove, by, wanted); }
  Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) override {
    return server_.rehearse(wire::rehearseRemove, by, wanted);
  }
  Video restore(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::restore, by, wanted);
  }
  Video rehearseRestore(const Credential& by, const VideoRef& wanted) override {
    return server_.rehearse(wire::rehearseRestore, by, wanted);
  }
  VerifiedVideo verify(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::verify, by, wanted);
  }
  VerifiedVideo verifyStatus(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::verifyStatus, by, wanted);
  }
  Content open(const Credential& by, const OpenVideo& wanted) override { return server_.open(wire::open, by, wanted); }
  Content chapters(const Credential& by, const VideoRef& wanted) override {
    return server_.open(wire::chapters, by, wanted);
  }
  Video block(const Credential& by, const BlockVideo& wanted) override { return server_.call(wire::block, by, wanted); }
  void unblock(const Credential& by, const VideoRef& wanted) override { server_.call(wire::unblock, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Videos> makeRemoteVideos(http::Client& server) {
  return std::make_unique<RemoteVideos>(server);
}

void serveVideos(http::Router& router, Videos& videos) {
  router.serve(wire::add, [&](auto& by, auto& wanted) { return videos.add(by, wanted); });
  router.serve(wire::drop, [&](auto& by, auto& wanted) { return videos.drop(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return videos.list(by, wanted); });
  router.serve(wire::listOf, [&](auto& by, auto& wanted) { return videos.listOf(by, wanted); });
  router.serve(wire::newest, [&](auto& by, auto& wanted) { return videos.newest(by, wanted); });
  router.serve(wire::known, [&](auto& by, auto& wanted) { return videos.known(by, wanted); });
  const auto show = [&](auto& by, auto& wanted) { return videos.show(by, wanted); };
  router.serve(wire::show, show, noIndexUnlessPublic);
  router.serve(wire::showOf, show, noIndexUnlessPublic);
  router.serve(
      wire::set, [&](auto& by, auto& wanted) { return videos.set(by, wanted); }, noIndexUnlessPublic);
  router.serve(wire::remove, [&](auto& by, auto& wanted) { videos.remove(by, wanted); });
  router.serve(wire::removeOf, [&](auto& by, auto& wanted) { videos.remove(by, wanted); });
  router.serve(wire::rehearseRemove, [&](auto& by, auto& wanted) { return videos.rehearseRemove(by, wanted); });
  router.serve(wire::restore, [&](auto& by, auto& wanted) { return videos.restore(by, wanted); });
  router.serve(wire::rehearseRestore, [&](auto& by, auto& wanted) { return videos.rehearseRestore(by, wanted); });
  router.serve(
      wire::verify, [&](auto& by, auto& wanted) { return videos.verify(by, wanted); },
      [](const VerifiedVideo& started, const http::Exchange&, http::Answer& answer) {
        answer.set("Location", fmt::format("/video/{}/verify", started.id.text));
      });
  router.serve(wire::verifyStatus, [&](auto& by, auto& wanted) { return videos.verifyStatus(by, wanted); });
  router.serve(wire::block, [&](auto& by, auto& wanted) { return videos.block(by, wanted); });
  router.serve(wire::unblock, [&](auto& by, auto& wanted) { videos.unblock(by, wanted); });
  router.serveContent(wire::chapters, [&](auto& by, auto& wanted) { return videos.chapters(by, wanted); });
  router.serveContent(wire::open, [&](auto& by, auto& wanted) { return videos.open(by, wanted); });
}

}  // namespace video

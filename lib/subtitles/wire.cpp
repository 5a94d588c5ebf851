#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "subtitles/fields.hpp"
#include "subtitles/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewSubtitle, StoredSubtitle> put{{.name = "subtitles.put",
                                                     .method = Method::put,
                                                     .path = "/videos/{video}/subtitles/{lang}",
                                                     .success = 201,
                                                     .summary = "Store subtitles in a language, WebVTT or SubRip"}};
constexpr Endpoint<SubtitleQuery, Page<Subtitle>> list{{.name = "subtitles.list",
                                                        .method = Method::get,
                                                        .path = "/videos/{video}/subtitles",
                                                        .summary = "List a video's subtitles",
                                                        .flags = {.sharedReply = true, .takesLink = true}}};
constexpr Endpoint<SubtitleRef, Content> open{{.name = "subtitles.open",
                                               .method = Method::get,
                                               .path = "/videos/{video}/subtitles/{lang}",
                                               .roles = http::stream,
                                               .summary = "Get subtitles as WebVTT",
                                               .mediaType = "text/vtt",
                                               .flags = {.takesLink = true}}};
constexpr Endpoint<SubtitleRef, void> remove{{.name = "subtitles.remove",
                                              .method = Method::delete_,
                                              .path = "/videos/{video}/subtitles/{lang}",
                                              .success = 204,
                                              .summary = "Delete subtitles"}};
}  // namespace wire

class RemoteSubtitles : public Subtitles {
 public:
  explicit RemoteSubtitles(http::Client& server) : server_(server) {}
  StoredSubtitle put(const Credential& by, const NewSubtitle& wanted, const ByteSource& bytes) override {
    return server_.upload(wire::put, by, wanted, bytes);
  }
  Page<Subtitle> list(const Credential& by, const SubtitleQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  Content open(const Credential& by, const SubtitleRef& wanted) override {
    return server_.open(wire::open, by, wanted);
  }
  void remove(const Credential& by, const SubtitleRef& wanted) override { server_.call(wire::remove, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Subtitles> makeRemoteSubtitles(http::Client& server) {
  return std::make_unique<RemoteSubtitles>(server);
}

void serveSubtitles(http::Router& router, Subtitles& subtitles) {
  router.serveUpload(
      wire::put, [&](auto& by, auto& wanted, const ByteSource& bytes) { return subtitles.put(by, wanted, bytes); },
      [](const StoredSubtitle& stored, const http::Exchange&, http::Answer& answer) {
        if (stored.replaced) answer.status = 200;
      });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return subtitles.list(by, wanted); });
  router.serveContent(wire::open, [&](auto& by, auto& wanted) { return subtitles.open(by, wanted); });
  router.serve(wire::remove, [&](auto& by, auto& wanted) { subtitles.remove(by, wanted); });
}

}  // namespace video

#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "views/fields.hpp"
#include "views/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<WatchVideo, Watching> watch{
    {.name = "views.watch",
     .method = Method::post,
     .path = "/videos/{video}/watch",
     .summary = "Record that you are watching a video, and get the danmaku posted since the last call",
     .flags = {.takesLink = true}}};
constexpr Endpoint<ResumeQuery, ResumePoint> resume{
    {.name = "views.resume",
     .method = Method::get,
     .path = "/videos/{video}/watch",
     .summary = "Show where you left off, and how many viewers there are now",
     .flags = {.takesLink = true}}};
constexpr Endpoint<HistoryQuery, Page<HistoryEntry>> history{{.name = "views.history",
                                                              .method = Method::get,
                                                              .path = "/user/{user_name}/history",
                                                              .summary = "List the videos that a user has watched"}};
constexpr Endpoint<ClearHistory, void> clear{{.name = "views.clear",
                                              .method = Method::delete_,
                                              .path = "/user/{user_name}/history",
                                              .success = 204,
                                              .summary = "Clear a user's history, or remove one video from it"}};
}  // namespace wire

class RemoteViews : public Views {
 public:
  explicit RemoteViews(http::Client& server) : server_(server) {}
  Watching watch(const Credential& by, const WatchVideo& wanted) override {
    return server_.call(wire::watch, by, wanted);
  }
  ResumePoint resume(const Credential& by, const ResumeQuery& wanted) override {
    return server_.call(wire::resume, by, wanted);
  }
  Page<HistoryEntry> history(const Credential& by, const HistoryQuery& wanted) override {
    return server_.call(wire::history, by, wanted);
  }
  void clear(const Credential& by, const ClearHistory& wanted) override { server_.call(wire::clear, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Views> makeRemoteViews(http::Client& server) {
  return std::make_unique<RemoteViews>(server);
}

void serveViews(http::Router& router, Views& views) {
  router.serve(wire::watch, [&](auto& by, WatchVideo& wanted, const http::Exchange& exchange) {
    wanted.address = exchange.request.peer.address;
    wanted.agent = exchange.request.head.header("User-Agent");
    return views.watch(by, wanted);
  });
  router.serve(wire::resume, [&](auto& by, auto& wanted) { return views.resume(by, wanted); });
  router.serve(wire::history, [&](auto& by, auto& wanted) { return views.history(by, wanted); });
  router.serve(wire::clear, [&](auto& by, auto& wanted) { views.clear(by, wanted); });
}

}  // namespace video

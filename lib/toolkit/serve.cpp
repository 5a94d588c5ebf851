#include "comments/make.hpp"
#include "contents/make.hpp"
#include "deletions/make.hpp"
#include "exports/make.hpp"
#include "http/routing/router.hpp"
#include "renditions/make.hpp"
#include "reports/make.hpp"
#include "server/make.hpp"
#include "sessions/make.hpp"
#include "shares/make.hpp"
#include "subtitles/make.hpp"
#include "tasks/make.hpp"
#include "tokens/make.hpp"
#include "toolkit/toolkit.hpp"
#include "uploads/make.hpp"
#include "users/make.hpp"
#include "videos/make.hpp"

namespace video {
namespace {

constexpr http::Route openapi{.name = "server.openapi",
                              .method = http::Method::get,
                              .path = "/openapi.json",
                              .roles = http::allRoles,
                              .summary = "Get this document"};

}  // namespace

void serve(http::Router& router, LocalToolkit& toolkit, const http::CookieOptions& cookies) {
  serveUsers(router, toolkit.users(), cookies);
  serveSessions(router, toolkit.sessions(), cookies);
  serveTokens(router, toolkit.tokens());
  serveVideos(router, toolkit.videos());
  serveRenditions(router, toolkit.renditions());
  serveUploads(router, toolkit.uploads());
  serveSubtitles(router, toolkit.subtitles());
  serveShares(router, toolkit.shares());
  serveComments(router, toolkit.comments());
  serveReports(router, toolkit.reports());
  serveContents(router, toolkit.contents());
  serveDeletions(router, toolkit.deletions());
  serveExports(router, toolkit.exports());
  serveTasks(router, toolkit.tasks());
  serveServer(router, toolkit.server());
  router.serveRaw(openapi, [&router](const http::Exchange&, http::Answer& answer) {
    static const auto document = std::make_shared<const std::string>(openApi(router));  // the same for every router
    answer.set("Content-Type", "application/json; charset=utf-8");
    answer.content.push_back({{}, nullptr, 0, 0, document});
  });
}

std::string openApi(const http::Router& router) {
  return router.openApi({"videod", VIDEO_VERSION,
                         "Users, videos, comments and their upkeep. Fields and operations are only added.", "MIT"});
}

}  // namespace video

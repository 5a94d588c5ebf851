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
#include "views/make.hpp"
#include "web/own_pages.hpp"
#include "web/web.hpp"

namespace video {
namespace {

constexpr http::Route openapi{.name = "server.openapi",
                              .method = http::Method::get,
                              .path = "/openapi.json",
                              .roles = http::allRoles,
                              .summary = "Get this document"};

}  // namespace

void serve(http::Router& router, LocalToolkit& toolkit, const http::CookieOptions& cookies, const WebOptions& web) {
  serveUsers(router, toolkit.users(), cookies);
  serveSessions(router, toolkit.sessions(), cookies);
  serveTokens(router, toolkit.tokens());
  serveVideos(router, toolkit.videos());
  serveRenditions(router, toolkit.renditions());
  serveUploads(router, toolkit.uploads());
  serveSubtitles(router, toolkit.subtitles());
  serveShares(router, toolkit.shares());
  serveComments(router, toolkit.comments());
  serveViews(router, toolkit.views());
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
  if (web.root.empty())
    serveWeb(router, {toolkit.users(), toolkit.sessions(), toolkit.videos()}, web, cookies);
  else
    serveOwnPages(router, web.root);
}

std::string openApi(const http::Router& router) {
  return router.openApi({"videod", VIDEO_VERSION,
                         "Users, videos, comments and their upkeep. Fields and operations are only added.", "MIT"});
}

}  // namespace video

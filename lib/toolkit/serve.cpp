#include "toolkit/toolkit.hpp"

namespace video {

void serve(http::Router& router, LocalToolkit& toolkit, const http::CookieOptions& cookies) {
  serveUsers(router, toolkit.users(), cookies);
  serveSessions(router, toolkit.sessions(), cookies);
  serveTokens(router, toolkit.tokens());
  serveVideos(router, toolkit.videos());
  serveUploads(router, toolkit.uploads());
  serveShares(router, toolkit.shares());
  serveComments(router, toolkit.comments());
  serveDeletions(router, toolkit.deletions());
  serveTasks(router, toolkit.tasks());
  serveServer(router, toolkit.server());
}

}  // namespace video

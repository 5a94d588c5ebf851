#include "toolkit/toolkit.hpp"

namespace video {

void serve(http::Router& router, LocalToolkit& toolkit) {
  serveUsers(router, toolkit.users());
  serveSessions(router, toolkit.sessions());
  serveTokens(router, toolkit.tokens());
  serveVideos(router, toolkit.videos());
  serveUploads(router, toolkit.uploads());
  serveComments(router, toolkit.comments());
  serveDeletions(router, toolkit.deletions());
  serveTasks(router, toolkit.tasks());
  serveServer(router, toolkit.server());
}

}  // namespace video

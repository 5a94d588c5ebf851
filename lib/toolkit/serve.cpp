#include <array>

#include "http/router.hpp"
#include "toolkit/toolkit.hpp"

namespace video {
namespace {

constexpr http::Route openapi{"server.openapi", http::Method::get, "/openapi.json", 200, http::allRoles};

constexpr std::array summaries{
    http::Summary{"users.add", "Make a user, and sign it in"},
    http::Summary{"users.list", "List all users"},
    http::Summary{"users.show", "Show a user"},
    http::Summary{"users.change", "Change a user's password, role, quota or whether it may come in"},
    http::Summary{"users.remove", "End an account, with its videos and comments"},
    http::Summary{"sessions.login", "Sign in"},
    http::Summary{"sessions.logout", "End this session"},
    http::Summary{"sessions.list", "List sessions"},
    http::Summary{"sessions.revoke", "End a session"},
    http::Summary{"sessions.revokeAll", "End all sessions"},
    http::Summary{"sessions.whoami", "Show who is asking"},
    http::Summary{"tokens.create", "Make an API token, which is shown this once"},
    http::Summary{"tokens.list", "List API tokens"},
    http::Summary{"tokens.revoke", "End an API token"},
    http::Summary{"tokens.revokeAll", "End all API tokens"},
    http::Summary{"videos.add", "Make a video that waits for its content"},
    http::Summary{"videos.list", "List videos"},
    http::Summary{"videos.listOf", "List a user's videos"},
    http::Summary{"videos.known", "Show whether a user has a content, or had it and deleted it"},
    http::Summary{"videos.show", "Show a video"},
    http::Summary{"videos.rename", "Give a video another name"},
    http::Summary{"videos.verify", "Read a video's content and compare it with what came"},
    http::Summary{"videos.open", "Play a video, whole or in ranges"},
    http::Summary{"videos.delete", "Delete a video; until it is cleared it can be restored"},
    http::Summary{"videos.restore", "Take a deleted video back"},
    http::Summary{"uploads.put", "Upload a video's content"},
    http::Summary{"uploads.begin", "Ask whether a content would be taken, before it is sent"},
    http::Summary{"uploads.status", "Show what became of an upload"},
    http::Summary{"uploads.rehearse", "Ask what an upload would meet, before a video is made for it"},
    http::Summary{"uploads.testpage", "Get a page that uploads"},
    http::Summary{"shares.create", "Make a signed link to a video"},
    http::Summary{"shares.list", "List a video's signed links"},
    http::Summary{"shares.revoke", "End a signed link"},
    http::Summary{"comments.post", "Comment on a video"},
    http::Summary{"comments.list", "List a video's comments"},
    http::Summary{"comments.remove", "Remove a comment"},
    http::Summary{"deletions.enqueue", "Put a video into the deletion queue"},
    http::Summary{"deletions.list", "List the deletion queue"},
    http::Summary{"deletions.drain", "Work the deletion queue off now"},
    http::Summary{"deletions.retry", "Give a failed deletion all its tries again"},
    http::Summary{"tasks.list", "List the scheduler's tasks"},
    http::Summary{"tasks.show", "Show a task"},
    http::Summary{"tasks.run", "Run a task now"},
    http::Summary{"tasks.history", "List the last runs of a task"},
    http::Summary{"server.healthz", "Say that the daemon is alive"},
    http::Summary{"server.readyz", "Say whether writes succeed"},
    http::Summary{"server.version", "Show the versions of the program and of the API"},
    http::Summary{"server.metrics", "Get everything that is counted, for Prometheus"},
    http::Summary{"server.status", "Show how the daemon is"},
    http::Summary{"server.limits", "Show the limiter's buckets"},
    http::Summary{"server.reload", "Read the configuration again"},
    http::Summary{"server.openapi", "Get this document"},
};

}  // namespace

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
  router.serveRaw(openapi, [&router](const http::Exchange&, http::Answer& answer) {
    static const std::string document = openApi(router);  // the same for every router: it is what the program can do
    answer.set("Content-Type", "application/json; charset=utf-8");
    answer.content.push_back({document, nullptr, 0, 0});
  });
}

std::string openApi(const http::Router& router) {
  return router.openApi(VIDEO_VERSION, summaries);
}

}  // namespace video

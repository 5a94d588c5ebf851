#include "comments/make.hpp"
#include "contents/make.hpp"
#include "deletions/make.hpp"
#include "exports/make.hpp"
#include "http/client/client.hpp"
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

namespace video {
namespace {

class RemoteToolkit : public Toolkit {
 public:
  explicit RemoteToolkit(const http::ClientOptions& options)
      : server_(options),
        users_(makeRemoteUsers(server_)),
        sessions_(makeRemoteSessions(server_)),
        tokens_(makeRemoteTokens(server_)),
        videos_(makeRemoteVideos(server_)),
        renditions_(makeRemoteRenditions(server_)),
        uploads_(makeRemoteUploads(server_)),
        subtitles_(makeRemoteSubtitles(server_)),
        shares_(makeRemoteShares(server_)),
        comments_(makeRemoteComments(server_)),
        views_(makeRemoteViews(server_)),
        reports_(makeRemoteReports(server_)),
        contents_(makeRemoteContents(server_)),
        deletions_(makeRemoteDeletions(server_)),
        exports_(makeRemoteExports(server_)),
        tasks_(makeRemoteTasks(server_)),
        daemon_(makeRemoteServer(server_)) {}

  Users& users() override { return *users_; }
  Sessions& sessions() override { return *sessions_; }
  Tokens& tokens() override { return *tokens_; }
  Videos& videos() override { return *videos_; }
  Renditions& renditions() override { return *renditions_; }
  Uploads& uploads() override { return *uploads_; }
  Subtitles& subtitles() override { return *subtitles_; }
  Shares& shares() override { return *shares_; }
  Comments& comments() override { return *comments_; }
  Views& views() override { return *views_; }
  Reports& reports() override { return *reports_; }
  Contents& contents() override { return *contents_; }
  Deletions& deletions() override { return *deletions_; }
  Exports& exports() override { return *exports_; }
  Tasks& tasks() override { return *tasks_; }
  Server& server() override { return *daemon_; }

 private:
  http::Client server_;
  std::unique_ptr<Users> users_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<Videos> videos_;
  std::unique_ptr<Renditions> renditions_;
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<Subtitles> subtitles_;
  std::unique_ptr<Shares> shares_;
  std::unique_ptr<Comments> comments_;
  std::unique_ptr<Views> views_;
  std::unique_ptr<Reports> reports_;
  std::unique_ptr<Contents> contents_;
  std::unique_ptr<Deletions> deletions_;
  std::unique_ptr<Exports> exports_;
  std::unique_ptr<Tasks> tasks_;
  std::unique_ptr<Server> daemon_;
};

}  // namespace

std::unique_ptr<Toolkit> openRemote(const http::ClientOptions& options) {
  return std::make_unique<RemoteToolkit>(options);
}

}  // namespace video

#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "comments/comments.hpp"
#include "contents/contents.hpp"
#include "data/data.hpp"
#include "deletions/deletions.hpp"
#include "exports/exports.hpp"
#include "renditions/renditions.hpp"
#include "reports/reports.hpp"
#include "server/server.hpp"
#include "sessions/sessions.hpp"
#include "settings/settings.hpp"
#include "shares/shares.hpp"
#include "subtitles/subtitles.hpp"
#include "tasks/tasks.hpp"
#include "tokens/tokens.hpp"
#include "uploads/uploads.hpp"
#include "users/users.hpp"
#include "videos/videos.hpp"
#include "views/views.hpp"
#include "web/web.hpp"

namespace video {

namespace http {
class Client;
class Router;
struct ClientOptions;
}  // namespace http

/// All operations in one object. They work the same on a data directory and through a daemon. Each function returns the
/// operations of one noun, which live as long as the toolkit.
class Toolkit {
 public:
  virtual ~Toolkit() = default;
  virtual Users& users() = 0;            ///< user accounts
  virtual Sessions& sessions() = 0;      ///< signing in and out
  virtual Tokens& tokens() = 0;          ///< API tokens
  virtual Videos& videos() = 0;          ///< videos
  virtual Renditions& renditions() = 0;  ///< pictures and playable forms of videos
  virtual Uploads& uploads() = 0;        ///< uploads
  virtual Subtitles& subtitles() = 0;    ///< subtitles of videos
  virtual Shares& shares() = 0;          ///< signed links
  virtual Comments& comments() = 0;      ///< comments
  virtual Views& views() = 0;            ///< viewers and watch history
  virtual Reports& reports() = 0;        ///< reports of videos, comments and users
  virtual Contents& contents() = 0;      ///< contents that nobody may upload
  virtual Deletions& deletions() = 0;    ///< the queue of deletions
  virtual Exports& exports() = 0;        ///< exports of a user's data
  virtual Tasks& tasks() = 0;            ///< the scheduler's tasks
  virtual Server& server() = 0;          ///< the daemon itself
};

/// Figures of an open data directory, for metrics.
struct DataFigures {
  store::WriterCounters writer;
  std::uint64_t logBytes = 0;    ///< size of the write-ahead log
  std::uint64_t freeBytes = 0;   ///< free for this process on the file system
  std::uint64_t floorBytes = 0;  ///< below which writes that need more space are refused
  access::CacheCounts cache;     ///< of sessions and tokens
};

/// The toolkit on a data directory, with additional functions for a daemon.
class LocalToolkit : public Toolkit {
 public:
  LocalUploads& uploads() override = 0;
  LocalComments& comments() override = 0;
  LocalTasks& tasks() override = 0;
  LocalServer& server() override = 0;
  /// Imports from another site.
  virtual DataImport& dataImport() = 0;
  /// Returns a number that changes whenever any process changes the data. May be called from any thread.
  virtual std::uint64_t dataVersion() const = 0;
  /// Describes the caller behind a credential, for the access log. May be called from any thread.
  virtual observe::LoggedCaller callerOf(const Credential& by) noexcept = 0;
  /// Returns why writes fail, or nothing if they succeed (for /readyz). May be called from any thread.
  virtual std::string whyNotReady() = 0;
  /// Runs `work`, which makes files: if it throws diskFull, releases the reserve and runs it once more.
  virtual void runWithRoom(const std::function<void()>& work) = 0;
  /// Returns whether free space is below the floor. May be called from any thread.
  virtual bool isDiskLow() = 0;
  /// Returns how many videos have a content that was found missing or damaged, up to 1000. May be called from any
  /// thread.
  virtual std::size_t damagedContents() = 0;
  /// Returns problems that do not keep the daemon from serving (for /readyz): `disk` (free space is below the floor),
  /// `contents` (some are missing or damaged), `clock` (it jumped, and nothing is purged by the new time). May be
  /// called from any thread.
  virtual std::vector<std::string> degraded() = 0;
  /// Returns figures for metrics. May be called from any thread.
  virtual DataFigures figures() = 0;
  /// Returns every SQL text run so far, for the test of query plans.
  virtual std::vector<std::string> statements() const = 0;
};

/// Opens a data directory and holds its LOCK shared. `origin` says where the path came from, for errors. With `migrate`
/// (the daemon), first creates the data directory if the folder is missing or empty, and migrates an older schema.
/// Throws Error.
std::unique_ptr<LocalToolkit> openLocal(const Settings& settings, std::string_view origin, bool migrate = false);

/// Makes the toolkit that works through a daemon's HTTP API. Does not connect before the first operation.
std::unique_ptr<Toolkit> openRemote(const http::ClientOptions& options);

/// Adds the routes of all operations and of the site's pages; router and toolkit must outlive the last request.
void serve(http::Router& router, LocalToolkit& toolkit, const http::CookieOptions& cookies, const WebOptions& web = {});

/// Returns the OpenAPI document of the routes added so far, as GET /openapi.json does.
std::string openApi(const http::Router& router);

/// Switches from root to the owner of the data directory, for the rest of the process. Call it in direct mode, after
/// opening the user's own files and before touching the data directory. Throws forbidden if the caller is neither root
/// nor the owner.
void becomeDataOwner(const Settings& settings);

/// Makes the operations on the data directory as a whole; see makeLocalData.
std::unique_ptr<Data> openData(const Settings& settings, std::string_view origin);

}  // namespace video

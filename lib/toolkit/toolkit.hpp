#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "comments/comments.hpp"
#include "data/data.hpp"
#include "deletions/deletions.hpp"
#include "server/server.hpp"
#include "sessions/sessions.hpp"
#include "settings/settings.hpp"
#include "shares/shares.hpp"
#include "tasks/tasks.hpp"
#include "tokens/tokens.hpp"
#include "uploads/uploads.hpp"
#include "users/users.hpp"
#include "videos/videos.hpp"

namespace video {

namespace http {
class Client;
class Router;
struct ClientOptions;
}  // namespace http

/// All doors in one object; who holds it cannot tell which side of the wire they are on.
class Toolkit {
 public:
  virtual ~Toolkit() = default;
  virtual Users& users() = 0;
  virtual Sessions& sessions() = 0;
  virtual Tokens& tokens() = 0;
  virtual Videos& videos() = 0;
  virtual Uploads& uploads() = 0;
  virtual Shares& shares() = 0;
  virtual Comments& comments() = 0;
  virtual Deletions& deletions() = 0;
  virtual Tasks& tasks() = 0;
  virtual Server& server() = 0;
};

/// The toolkit over a data directory, with what a daemon needs beside it.
class LocalToolkit : public Toolkit {
 public:
  LocalTasks& tasks() override = 0;
  LocalServer& server() override = 0;
  /// A number that changes with the data, whoever changes them.
  virtual std::uint64_t dataVersion() const = 0;
  /// Whether writes succeed (`/readyz`).
  virtual bool isReady() = 0;
  /// Whether free space is below the floor (`/readyz` says "degraded").
  virtual bool isDiskLow() = 0;
  /// Every SQL text run so far; what the test of query plans walks.
  virtual std::vector<std::string> statements() const = 0;
};

/// Opens a data directory; holds its LOCK shared. `origin` says where the path came from, for the sentence of a
/// failure. With `migrate` (the daemon), a missing or empty folder is made into one and an older schema is brought up
/// first.
std::unique_ptr<LocalToolkit> openLocal(const Settings& settings, std::string_view origin, bool migrate = false);

/// The same operations through a daemon's HTTP API.
std::unique_ptr<Toolkit> openRemote(const http::ClientOptions& options);

/// Adds the routes of all rooms; both must outlive the last request.
void serve(http::Router& router, LocalToolkit& toolkit, const http::CookieOptions& cookies);

/// The OpenAPI document of the routes that were added, as GET /openapi.json gives it.
std::string openApi(const http::Router& router);

/// In direct mode, before anything of the data directory is touched and after the caller's own files were opened: as
/// root, becomes the directory's owner for the rest of the process. Throws forbidden for anyone else but the owner.
void becomeDataOwner(const Settings& settings);

/// What is done to the data directory as a whole.
std::unique_ptr<Data> openData(const Settings& settings, std::string_view origin);

}  // namespace video

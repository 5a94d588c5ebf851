#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
}  // namespace video::http

namespace video {

/// One bucket of the limiter.
struct Bucket {
  std::string name;          ///< `streams`, `address` (the busiest one), `uploads`
  std::int64_t inUse = 0;    ///< tokens that are out
  std::int64_t most = 0;     ///< tokens there are
  std::int64_t refused = 0;  ///< requests that found none, since the start
};

struct ServerLimits {
  std::vector<Bucket> buckets;
};

/// How a daemon is.
struct ServerStatus {
  std::string version;
  Time started{};
  std::int64_t pid = 0;
  bool ready = false;            ///< writes succeed, and it is not stopping
  bool diskLow = false;          ///< free space is below the floor
  std::int64_t connections = 0;  ///< open, idle ones included
  std::int64_t workers = 0;      ///< threads
  std::string notReady{};        ///< why it is not ready, for /readyz alone; empty where it is
};

/// What reading the configuration again has done; keys as `table.key`.
struct Reloaded {
  std::vector<std::string> changed;  ///< in force from now on
  std::vector<std::string> kept;     ///< changed in the file, but only a restart takes them over
};

/// Where a role is served.
struct RoleUrl {
  std::string role;  ///< `api`, `stream`, `scheduler`, `web`
  std::string url;   ///< without a slash at its end
};

/// What a daemon can say of itself and do about itself.
struct RunningDaemon {
  std::function<ServerStatus()> status;
  std::function<ServerLimits()> limits;
  std::function<Reloaded()> reload;      ///< throws malformed where the file is broken; then nothing has changed
  std::function<std::string()> metrics;  ///< in the text format of Prometheus
  std::function<std::vector<RoleUrl>()> roles;
};

/// The daemon itself. Every function may be called from any thread and throws Error; unreachable where there is no
/// daemon.
class Server {
 public:
  virtual ~Server() = default;
  /// Admin.
  virtual ServerStatus status(const Credential& by, const Nothing&) = 0;
  /// Tokens in use and refused, per bucket. Admin.
  virtual ServerLimits limits(const Credential& by, const Nothing&) = 0;
  /// Reads the configuration again. Admin. Faults: malformed (a broken file; the old configuration stays).
  virtual Reloaded reload(const Credential& by, const Nothing&) = 0;
};

/// The half of a process that opened the data directory: that of a daemon, once `become` was called.
class LocalServer : public Server {
 public:
  /// Before requests come.
  virtual void become(RunningDaemon daemon) = 0;
  virtual const RunningDaemon& daemon() const = 0;
  /// Everything it counts. Admin, or an admin's token of scope `metrics`.
  virtual std::string metrics(const Credential& by) = 0;
};

std::unique_ptr<LocalServer> makeLocalServer(access::Access& access);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Server> makeRemoteServer(http::Client& server);
/// Adds the routes, with /healthz, /readyz and /version, to every listener; both must outlive the last request.
void serveServer(http::Router& router, LocalServer& server);

}  // namespace video

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"

namespace video {

/// One limit of the daemon, with its use.
struct Bucket {
  /// `streams`, `uploads` or `buffered` (bytes in memory); `address`, `upload_address` or `connection_address`:
  /// streams, uploads or connections of the busiest address.
  std::string name;
  std::int64_t inUse = 0;    ///< how many are in use
  std::int64_t most = 0;     ///< the limit
  std::int64_t refused = 0;  ///< requests refused since the daemon started
};

/// All limits of the daemon.
struct ServerLimits {
  std::vector<Bucket> buckets;
};

/// The state of a daemon.
struct ServerStatus {
  std::string version;
  Time started{};
  std::int64_t pid = 0;
  bool ready = false;                   ///< writes succeed and the daemon is not stopping
  bool diskLow = false;                 ///< free space is below the floor
  std::int64_t connections = 0;         ///< open connections, including idle ones
  std::int64_t workers = 0;             ///< threads
  std::vector<std::string> degraded{};  ///< what needs attention: `disk`, `contents`, `clock`
  std::optional<std::vector<std::string>>
      warnings{};          ///< what the operator should configure differently; nothing from an older daemon
  std::string notReady{};  ///< why it is not ready, for /readyz only; empty if it is
};

/// The result of a reload; keys are given as `table.key`.
struct Reloaded {
  std::vector<std::string> changed;  ///< in effect from now on
  std::vector<std::string> kept;     ///< changed in the file, but need a restart
};

/// The URL at which a role is served.
struct RoleUrl {
  std::string role;  ///< `api`, `stream`, `scheduler`, `web`
  std::string url;   ///< without a trailing slash
};

/// Functions through which a running daemon reports its state and reloads. They may be called from any thread.
struct RunningDaemon {
  std::function<ServerStatus()> status;
  std::function<ServerLimits()> limits;
  std::function<Reloaded()> reload;      ///< throws malformed if the configuration is invalid; nothing changes then
  std::function<std::string()> metrics;  ///< in Prometheus's text format
  std::function<std::vector<RoleUrl>()> roles;
};

/// The daemon itself. Every function may be called from any thread and throws Error, with unreachable if no daemon is
/// running.
class Server {
 public:
  virtual ~Server() = default;
  /// Returns the state of the daemon. Admin, operator.
  virtual ServerStatus status(const Credential& by, const Nothing&) = 0;
  /// Returns each limit, how much of it is in use and how many requests it refused. Admin, operator.
  virtual ServerLimits limits(const Credential& by, const Nothing&) = 0;
  /// Reads the configuration again. Admin, operator. Faults: malformed (invalid file; the old configuration stays).
  virtual Reloaded reload(const Credential& by, const Nothing&) = 0;
};

/// The implementation in a process that opened the data directory. It acts for a daemon once `become` was called.
class LocalServer : public Server {
 public:
  /// Makes this the daemon described by `daemon`; call it before the first request.
  virtual void become(RunningDaemon daemon) = 0;
  /// Returns what `become` was given; empty functions before.
  virtual const RunningDaemon& daemon() const = 0;
  /// Returns all metrics, in Prometheus's text format. Admin, operator, or an admin's token with scope `metrics`.
  virtual std::string metrics(const Credential& by) = 0;
};

}  // namespace video

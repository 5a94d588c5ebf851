#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.hpp"
#include "deletions/deletions.hpp"
#include "http/content/limiter.hpp"
#include "http/message.hpp"
#include "http/routing/trusted_proxies.hpp"
#include "http/server/transport.hpp"
#include "observe/log.hpp"
#include "shares/shares.hpp"
#include "store/database.hpp"
#include "tasks/tasks.hpp"
#include "uploads/uploads.hpp"
#include "users/users.hpp"
#include "videos/videos.hpp"

namespace video {

/// What the configuration file says (etc/videod.toml has every key), as every library's own Options; what it does not
/// say is as in `Settings{}`.
struct Settings {
  std::filesystem::path file;  ///< where it was read from; empty for the defaults alone
  std::filesystem::path dataDirectory = "/var/lib/videod";
  std::string adminSocket;  ///< empty: `videod.sock` in the data directory
  std::vector<http::Listener> listeners{http::Listener{}};
  http::CookieOptions cookies;
  std::vector<std::string> origins;  ///< other origins whose pages may change things with a cookie
  http::TrustedProxies proxies;
  std::string accelRedirect;  ///< as RouterOptions::accelRedirect
  http::TransportOptions transport;
  http::LimiterOptions limiter;
  access::AccessOptions access;
  UsersOptions users;
  VideosOptions videos;
  UploadsOptions uploads;
  SharesOptions shares;
  std::string signingKey;  ///< what the daemon's `signing.key` is to hold, 32 bytes; empty: what it holds
  DeletionsOptions deletions;
  TasksOptions tasks;
  store::StoreOptions store;
  observe::LogOptions log;

  /// Where `dataDirectory` comes from, for a person: `data_dir of /etc/videod.toml`, or `the default`.
  std::string origin() const;
};

/// Reads a configuration file. Throws malformed `FILE:LINE: KEY: why` for an unknown key, a wrong type or a value out
/// of range, malformed too where there is no such file, forbidden where it may not be read.
Settings loadSettings(const std::filesystem::path& file);

/// Reads the file `given`, else that of $VIDEOD_CONFIG, else /etc/videod.toml where it stands; else the defaults.
Settings findSettings(const std::optional<std::filesystem::path>& given);

/// Every key as `table.key`, in the order of the file; those of a listener as `listener.key`.
std::vector<std::string> settingsKeys();

/// What is in force, as one `table.key = value` a line.
std::string showSettings(const Settings& settings);

/// Throws malformed, beginning with `what`, unless `address` is `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
void checkAddress(std::string_view what, std::string_view address);

}  // namespace video

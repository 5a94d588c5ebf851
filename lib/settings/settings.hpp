#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.hpp"
#include "comments/comments.hpp"
#include "deletions/deletions.hpp"
#include "http/content/limiter.hpp"
#include "http/message.hpp"
#include "http/routing/trusted_proxies.hpp"
#include "http/server/transport.hpp"
#include "observe/log.hpp"
#include "renditions/renditions.hpp"
#include "reports/reports.hpp"
#include "shares/shares.hpp"
#include "store/database.hpp"
#include "subtitles/subtitles.hpp"
#include "tasks/tasks.hpp"
#include "uploads/uploads.hpp"
#include "users/users.hpp"
#include "videos/videos.hpp"
#include "web/web.hpp"

namespace video {

/// The configuration, as the Options struct of every library. etc/videod.toml lists every key; keys that the file does
/// not set have their values in `Settings{}`.
struct Settings {
  std::filesystem::path file;  ///< the file it was read from; empty: defaults only
  std::filesystem::path dataDirectory = "/var/lib/videod";
  std::string adminSocket;  ///< empty: `videod.sock` in the data directory
  std::vector<http::Listener> listeners{http::Listener{}};
  http::CookieOptions cookies;
  std::vector<std::string> origins;  ///< other origins whose pages may make changes with a cookie
  http::TrustedProxies proxies;
  std::string accelRedirect;  ///< see RouterOptions::accelRedirect
  http::TransportOptions transport;
  std::chrono::milliseconds drain{0};  ///< how long /readyz says 503 before the daemon stops
  http::LimiterOptions limiter;
  access::AccessOptions access;
  UsersOptions users;
  VideosOptions videos;
  UploadsOptions uploads;
  SubtitlesOptions subtitles;
  RenditionsOptions renditions;
  SharesOptions shares;
  CommentsOptions comments;
  ReportsOptions reports;
  std::string signingKey;  ///< the key for signed links, 32 bytes; empty: use `signing.key` of the data directory
  DeletionsOptions deletions;
  TasksOptions tasks;
  WebOptions web;
  store::StoreOptions store;
  observe::LogOptions log;
  std::string sentryDsn;  ///< where errors are sent (see http::SentryDsn); empty: nowhere

  /// Returns whether `web.root` is the data directory, contains it or is in it: then everyone could read its files.
  bool servesData() const;
  /// Returns where `dataDirectory` comes from, to be shown to the user: `data_dir of FILE`, or `the default`.
  std::string origin() const;
};

/// Reads a configuration file. Throws malformed with `FILE:LINE: KEY: why` for an unknown key, a wrong type or a value
/// out of range, malformed if the file does not exist, and forbidden if it may not be read.
Settings loadSettings(const std::filesystem::path& file);

/// Reads the file `given`, else $VIDEOD_CONFIG, else /etc/videod.toml. Returns the defaults if none of them exists;
/// a file that is named explicitly must exist. Throws as `loadSettings` does.
Settings findSettings(const std::optional<std::filesystem::path>& given);

/// Returns every key as `table.key`, those of a listener as `listener.key`.
std::vector<std::string> settingsKeys();

/// Returns the settings in effect as lines of `table.key = value`.
std::string showSettings(const Settings& settings);

}  // namespace video

#include "settings/settings.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "schedule/cron.hpp"
#include "settings/rules.hpp"

namespace video {
namespace {

using namespace config;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::string_view defaultFile = "/etc/videod.toml";
constexpr std::size_t workersKept = 64;  // workers that uploads may not occupy
constexpr std::int64_t maxBytes = std::numeric_limits<std::int64_t>::max();

constexpr std::array roleNames{
    std::pair{std::string_view("api"), http::api}, std::pair{std::string_view("stream"), http::stream},
    std::pair{std::string_view("scheduler"), http::scheduler}, std::pair{std::string_view("web"), http::web}};

// ---- the keys of one [[listener]]

const std::vector<Rule<http::Listener>>& listenerRules() {
  using http::Listener;
  static const std::vector<Rule<Listener>> all{
      {"address",
       [](const Value& value, Listener& to) {
         to.address = value.text();
         checkAddress(fmt::format("{}:{}: {}", value.file, value.node.source().begin.line, value.key), to.address);
       },
       [](const Listener& from) { return from.address; }},
      {"roles",
       [](const Value& value, Listener& to) {
         to.roles = 0;
         for (const std::string& name : readTexts(value)) {
           const auto* const known =
               std::find_if(roleNames.begin(), roleNames.end(), [&](const auto& role) { return role.first == name; });
           if (known == roleNames.end())
             value.refuse("each must be one of \"api\", \"stream\", \"scheduler\", \"web\"");
           to.roles |= known->second;
         }
         if (to.roles == 0) value.refuse("must name at least one role");
       },
       [](const Listener& from) {
         std::string names;
         for (const auto& [name, role] : roleNames)
           if ((from.roles & role) != 0) names += fmt::format("{}{}", names.empty() ? "" : ",", name);
         return names;
       }},
      flag<Listener>(
          "trusted", [](auto& of) -> auto& { return of.trusted; }),
      flag<Listener>(
          "trusted_get", [](auto& of) -> auto& { return of.trustedGet; }),
      {"public_url",
       [](const Value& value, Listener& to) {
         to.publicUrl = value.text();
         while (to.publicUrl.ends_with('/')) to.publicUrl.pop_back();
         const std::size_t scheme = schemeSize(to.publicUrl);
         if (!to.publicUrl.empty() && (scheme == 0 || scheme == to.publicUrl.size() ||
                                       to.publicUrl.find_first_of("?# \"<>") != std::string::npos))
           value.refuse("must be a URL like \"https://video.example\", or empty");
       },
       [](const Listener& from) { return from.publicUrl; }},
  };
  return all;
}

void readListeners(const toml::node& node, const std::string& file, std::vector<http::Listener>& to) {
  const toml::array* const items = node.as_array();
  if (items == nullptr || items->empty() || !items->is_homogeneous<toml::table>())
    Value{node, file, "listener"}.refuse("must be written as [[listener]]");
  to.clear();
  for (const toml::node& item : *items) {
    http::Listener listener;
    for (const auto& [key, value] : *item.as_table()) {
      const Value found{value, file, fmt::format("listener.{}", key.str())};
      const auto rule = std::find_if(listenerRules().begin(), listenerRules().end(),
                                     [&, name = key.str()](const auto& known) { return known.key == name; });
      if (rule == listenerRules().end()) found.refuse("unknown key");
      rule->read(found, listener);
    }
    if (listener.trusted && listener.roles != http::scheduler)
      Value{item, file, "listener.trusted"}.refuse("requires \"scheduler\" to be the only role");
    if (!listener.trustedGet && !listener.trusted)
      Value{item, file, "listener.trusted_get"}.refuse("requires trusted = true");
    to.push_back(std::move(listener));
  }
}

// ---- the keys of the [task.*] tables

void addTaskRules(std::vector<Rule<Settings>>& to) {
  for (const auto& [task, known] : knownTasks()) {
    const std::string table = fmt::format("task.{}.", task);
    const auto timing = [name = task](auto& of) -> auto& {
      return of.tasks.timings.find(name)->second;
    };
    to.push_back(flag<Settings>(
        table + "enabled", [timing](auto& of) -> auto& { return timing(of).enabled; }));
    Rule<Settings> every = duration<Settings>(
        table + "every", 10ms, 24h * 366, [timing](auto& of) -> auto& { return timing(of).every; });
    every.read = [read = every.read, timing](const Value& value, Settings& settings) {
      read(value, settings);
      timing(settings).cron.clear();
    };
    every.show = [show = every.show, timing](const Settings& settings) {
      return timing(settings).cron.empty() ? show(settings) : std::string{};
    };
    every.listed = known.cron.empty();
    to.push_back(std::move(every));
    to.push_back({table + "cron",
                  [timing](const Value& value, Settings& settings) {
                    timing(settings).cron = value.text();
                    timing(settings).every = {};
                    accept(value, [&] { schedule::Cron{value.text()}; });
                  },
                  [timing](const Settings& settings) { return timing(settings).cron; }, !known.cron.empty()});
    to.push_back(duration<Settings>(
        table + "jitter", 0ms, 24h * 31, [timing](auto& of) -> auto& { return timing(of).jitter; }));
    to.push_back(duration<Settings>(
        table + "timeout", 0ms, 24h * 366, [timing](auto& of) -> auto& { return timing(of).timeout; }));
  }
}

// ---- every other key

const std::vector<Rule<Settings>>& rules() {
  using S = Settings;
  using std::pair;
  using Word = std::string_view;
  constexpr std::int64_t kibi = 1024;
  constexpr std::int64_t mebi = kibi * 1024;
  static const std::vector<Rule<Settings>> plain{
      {"data_dir",
       [](const Value& value, S& to) {
         to.dataDirectory = value.text();
         if (to.dataDirectory.empty()) value.refuse("must not be empty");
       },
       [](const S& of) { return of.dataDirectory.string(); }},
      {"admin_socket", [](const Value& value, S& to) { to.adminSocket = value.text(); },
       [](const S& of) { return of.adminSocket; }},

      count<S>(
          "http.max_connections", 1, 1'000'000, [](auto& of) -> auto& { return of.transport.maxConnections; }),
      count<S>(
          "http.max_connections_per_ip", 0, 1'000'000,
          [](auto& of) -> auto& { return of.limiter.connectionsPerAddress; }),
      count<S>(
          "http.workers", 1, 10'000, [](auto& of) -> auto& { return of.transport.workers; }),
      count<S>(
          "http.backlog", 1, 65'535, [](auto& of) -> auto& { return of.transport.backlog; }),
      duration<S>(
          "http.idle_timeout", 100ms, 24h, [](auto& of) -> auto& { return of.transport.idleTimeout; }),
      duration<S>(
          "http.header_timeout", 100ms, 1h, [](auto& of) -> auto& { return of.transport.headerTimeout; }),
      {"http.progress_timeout",
       [](const Value& value, S& to) {
         duration<S>(
             "http.progress_timeout", 100ms, 24h, [](auto& of) -> auto& { return of.transport.progressTimeout; })
             .read(value, to);
         to.uploads.patience = to.transport.progressTimeout;
       },
       [](const S& of) { return fmt::format("{}ms", of.transport.progressTimeout.count()); }},
      size<S>(
          "http.max_header_size", kibi, mebi, [](auto& of) -> auto& { return of.transport.maxHeaderSize; }),
      size<S>(
          "http.max_buffered", mebi, maxBytes, [](auto& of) -> auto& { return of.limiter.buffered; }),
      {"http.trusted_proxies",
       [](const Value& value, S& to) {
         to.proxies = {};
         for (const std::string& proxy : readTexts(value)) accept(value, [&] { to.proxies.add(proxy); });
       },
       [](const S& of) { return fmt::format("{}", fmt::join(of.proxies.all(), ",")); }},
      {"http.origins",
       [](const Value& value, S& to) {
         to.origins = readTexts(value);
         for (const std::string& origin : to.origins)
           if (const std::size_t start = schemeSize(origin);
               start == 0 || origin.size() == start || origin.find_first_of("/?#@ \"<>", start) != std::string::npos)
             value.refuse("must be origins like \"https://video.example\"");
       },
       [](const S& of) { return fmt::format("{}", fmt::join(of.origins, ",")); }},
      duration<S>(
          "http.shutdown_timeout", 0ms, 1h, [](auto& of) -> auto& { return of.transport.shutdownTimeout; }),
      duration<S>(
          "http.drain", 0ms, 1h, [](auto& of) -> auto& { return of.drain; }),

      choice<S>(
          "stream.access",
          std::array{pair{Word("public"), StreamAccess::everyone}, pair{Word("session"), StreamAccess::session},
                     pair{Word("signed"), StreamAccess::signed_}},
          [](auto& of) -> auto& { return of.access.stream; }),
      count<S>(
          "stream.max_connections", 1, 1'000'000, [](auto& of) -> auto& { return of.limiter.streams; }),
      count<S>(
          "stream.max_connections_per_ip", 1, 1'000'000,
          [](auto& of) -> auto& { return of.limiter.streamsPerAddress; }),
      count<S>(
          "stream.max_uploads", 1, 10'000, [](auto& of) -> auto& { return of.limiter.uploads; }),
      count<S>(
          "stream.max_uploads_per_ip", 0, 10'000, [](auto& of) -> auto& { return of.limiter.uploadsPerAddress; }),
      count<S>(
          "stream.max_uploads_per_user", 0, 10'000, [](auto& of) -> auto& { return of.uploads.maxPerUser; }),
      size<S>(
          "stream.min_upload_rate", 0, mebi, [](auto& of) -> auto& { return of.transport.minBodyRate; }),
      {"stream.max_upload",
       [](const Value& value, S& to) {
         size<S>(
             "stream.max_upload", 1, maxBytes, [](auto& of) -> auto& { return of.uploads.maxUpload; })
             .read(value, to);
         to.videos.maxUpload = to.uploads.maxUpload;
       },
       [](const S& of) { return fmt::to_string(of.uploads.maxUpload); }},
      duration<S>(
          "stream.upload_ttl", 1s, 24h * 366, [](auto& of) -> auto& { return of.uploads.ttl; }),
      size<S>(
          "stream.max_rate", 0, maxBytes, [](auto& of) -> auto& { return of.limiter.rate; }),
      choice<S>(
          "stream.unknown_types", std::array{pair{Word("refuse"), false}, pair{Word("serve"), true}},
          [](auto& of) -> auto& { return of.uploads.serveUnknownTypes; }),
      {"stream.x_accel_redirect",
       [](const Value& value, S& to) {
         to.accelRedirect = value.text();
         const auto isPlain = [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '%'; };
         if (!to.accelRedirect.empty() && (!to.accelRedirect.starts_with('/') || !to.accelRedirect.ends_with('/') ||
                                           !std::all_of(to.accelRedirect.begin(), to.accelRedirect.end(), isPlain)))
           value.refuse("must be a path like \"/internal/\", or empty");
       },
       [](const S& of) { return of.accelRedirect; }},
      duration<S>(
          "stream.signed_url_ttl", 1s, 24h * 366, [](auto& of) -> auto& { return of.access.uploadLinkTtl; }),

      choice<S>(
          "access.registration", std::array{pair{Word("open"), true}, pair{Word("admin"), false}},
          [](auto& of) -> auto& { return of.access.openRegistration; }),
      count<S>(
          "access.min_password", 1, 1024, [](auto& of) -> auto& { return of.access.minPassword; }),
      count<S>(
          "access.password_opslimit", 1, 100, [](auto& of) -> auto& { return of.access.passwordOpslimit; }),
      size<S>(
          "access.password_memlimit", 8 * kibi, 4096 * mebi,
          [](auto& of) -> auto& { return of.access.passwordMemlimit; }),
      count<S>(
          "access.password_parallel", 1, 64, [](auto& of) -> auto& { return of.access.passwordParallel; }),

      count<S>(
          "access.login_attempts", 1, 1'000'000, [](auto& of) -> auto& { return of.access.loginAttempts; }),
      duration<S>(
          "access.login_window", 1s, 24h, [](auto& of) -> auto& { return of.access.loginWindow; }),
      count<S>(
          "access.registrations_per_hour", 0, 1'000'000,
          [](auto& of) -> auto& { return of.access.registrationsPerHour; }),
      count<S>(
          "access.comments_per_minute", 0, 1'000'000, [](auto& of) -> auto& { return of.access.commentsPerMinute; }),
      count<S>(
          "access.imports_per_hour", 0, 1'000'000, [](auto& of) -> auto& { return of.access.importsPerHour; }),
      count<S>(
          "access.reports_per_hour", 0, 1'000'000, [](auto& of) -> auto& { return of.access.reportsPerHour; }),
      {"access.max_pending",
       [](const Value& value, S& to) {
         count<S>(
             "access.max_pending", 0, 1'000'000'000, [](auto& of) -> auto& { return of.videos.maxPending; })
             .read(value, to);
         to.uploads.maxPartial = to.videos.maxPending;
       },
       [](const S& of) { return fmt::to_string(of.videos.maxPending); }},

      choice<S>(
          "access.visibility",
          std::array{pair{Word("public"), Visibility::public_}, pair{Word("unlisted"), Visibility::unlisted},
                     pair{Word("private"), Visibility::private_}},
          [](auto& of) -> auto& { return of.videos.visibility; }),

      choice<S>(
          "access.secure_cookies",
          std::array{pair{Word("auto"), http::CookieOptions::Secure::automatic},
                     pair{Word("always"), http::CookieOptions::Secure::always},
                     pair{Word("never"), http::CookieOptions::Secure::never}},
          [](auto& of) -> auto& { return of.cookies.secure; }),

      duration<S>(
          "session.ttl", 1s, 24h * 3660, [](auto& of) -> auto& { return of.access.sessionTtl; }),
      duration<S>(
          "session.max", 0ms, 24h * 3660, [](auto& of) -> auto& { return of.access.sessionMax; }),
      flag<S>(
          "session.sliding", [](auto& of) -> auto& { return of.access.slidingSessions; }),
      count<S>(
          "session.cache", 0, 100'000'000, [](auto& of) -> auto& { return of.access.sessionCache; }),

      size<S>(
          "storage.free_space_floor", 0, maxBytes, [](auto& of) -> auto& { return of.store.freeSpaceFloor; }),
      {"storage.quota",
       [](const Value& value, S& to) {
         size<S>(
             "storage.quota", 0, maxBytes, [](auto& of) -> auto& { return of.users.quota; })
             .read(value, to);
         to.uploads.quota = to.videos.quota = to.subtitles.quota = to.renditions.quota = to.comments.quota =
             to.users.quota;
       },
       [](const S& of) { return fmt::to_string(of.users.quota); }},
      choice<S>(
          "storage.synchronous",
          std::array{pair{Word("full"), store::Synchronous::full}, pair{Word("normal"), store::Synchronous::normal}},
          [](auto& of) -> auto& { return of.store.synchronous; }),
      choice<S>(
          "storage.checkpoints",
          std::array{pair{Word("own"), store::Checkpoints::own}, pair{Word("external"), store::Checkpoints::external}},
          [](auto& of) -> auto& { return of.store.checkpoints; }),
      duration<S>(
          "storage.lock_timeout", 0ms, 1h, [](auto& of) -> auto& { return of.store.lockTimeout; }),
      duration<S>(
          "storage.keep_lost", 0ms, 24h * 36500, [](auto& of) -> auto& { return of.tasks.keepLost; }),

      duration<S>(
          "deletion.delay", 0ms, 24h * 3660, [](auto& of) -> auto& { return of.deletions.delay; }),
      count<S>(
          "deletion.batch", 1, 1000, [](auto& of) -> auto& { return of.deletions.batch; }),
      count<S>(
          "deletion.workers", 1, 64, [](auto& of) -> auto& { return of.deletions.workers; }),
      count<S>(
          "deletion.max_tries", 1, 1000, [](auto& of) -> auto& { return of.deletions.maxTries; }),
      duration<S>(
          "deletion.retry_delay", 1ms, 1h, [](auto& of) -> auto& { return of.deletions.retryDelay; }),
      {"deletion.remember",
       [](const Value& value, S& to) {
         duration<S>(
             "deletion.remember", 0ms, 24h * 36600, [](auto& of) -> auto& { return of.videos.remember; })
             .read(value, to);
         to.deletions.remember = to.videos.remember;
       },
       [](const S& of) { return fmt::format("{}ms", of.videos.remember.count()); }},

      {"moderation.words",
       [](const Value& value, S& to) {
         to.comments.words = readTexts(value);
         if (to.comments.words.size() > 1000) value.refuse("must have at most 1000 words");
         for (const std::string& word : to.comments.words) accept(value, [&] { checkText("each", word, 1, 64); });
       },
       [](const S& of) { return fmt::format("{}", fmt::join(of.comments.words, ",")); }},
      count<S>(
          "moderation.hold_first", 0, 100, [](auto& of) -> auto& { return of.comments.holdFirst; }),

      duration<S>(
          "reports.keep", 0ms, 24h * 36600, [](auto& of) -> auto& { return of.tasks.keepReports; }),
      count<S>(
          "reports.max_by_guests", 0, 1'000'000, [](auto& of) -> auto& { return of.reports.maxOfGuests; }),
      count<S>(
          "reports.max_by_guests_per_subject", 0, 1'000'000,
          [](auto& of) -> auto& { return of.reports.maxOfGuestsPerSubject; }),
      choice<S>(
          "media.transcode",
          std::array{pair{Word("off"), TranscodeMode::off}, pair{Word("remux"), TranscodeMode::remux},
                     pair{Word("h264"), TranscodeMode::h264}},
          [](auto& of) -> auto& { return of.renditions.transcode; }),
      count<S>(
          "media.max_height", 2, 4320, [](auto& of) -> auto& { return of.renditions.maxHeight; }),

      flag<S>(
          "scheduler.run", [](auto& of) -> auto& { return of.tasks.byClock; }),
      duration<S>(
          "task.upload-sweep.older_than", 1s, 24h * 3660,
          [](auto& of) -> auto& { return of.tasks.brokenUploadsAfter; }),
      {"task.backup.to",
       [](const Value& value, S& to) {
         to.tasks.backup.to = value.text();
         if (!to.tasks.backup.to.starts_with('/')) value.refuse("must be an absolute path");
       },
       [](const S& of) { return of.tasks.backup.to; }},
      count<S>(
          "task.backup.keep", 1, 10'000, [](auto& of) -> auto& { return of.tasks.backup.keep; }),
      count<S>(
          "task.verify.share", 1, 100'000, [](auto& of) -> auto& { return of.tasks.verifyShare; }),
  };
  static const std::vector<Rule<Settings>> all = [] {
    std::vector<Rule<Settings>> made = plain;
    made.insert(made.end(), webRules().begin(), webRules().end());
    made.insert(made.end(), logRules().begin(), logRules().end());
    addTaskRules(made);
    return made;
  }();
  return all;
}

// ---- the file

using KeyLines = std::map<std::string, unsigned, std::less<>>;

void readTable(const toml::table& table, const std::string& prefix, const std::string& file, Settings& to,
               KeyLines& lines) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const Value value{node, file, key};
    lines[key] = node.source().begin.line;
    if (key == "listener") {
      readListeners(node, file, to.listeners);
      continue;
    }
    const auto rule = std::find_if(rules().begin(), rules().end(), [&](const auto& known) { return known.key == key; });
    const bool isTable = std::any_of(rules().begin(), rules().end(),
                                     [&](const auto& known) { return known.key.starts_with(key + "."); });
    if (rule != rules().end())
      rule->read(value, to);
    else if (isTable && node.is_table())
      readTable(*node.as_table(), key + ".", file, to, lines);
    else
      value.refuse(isTable ? "must be a table" : "unknown key");
  }
}

// Returns whether two folders are the same, or one is in the other.
bool areNested(const std::filesystem::path& one, const std::filesystem::path& other) {
  const auto partsOf = [](const std::filesystem::path& path) {
    std::error_code ignored;
    std::vector<std::filesystem::path> parts;
    for (const auto& part : std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored))
      if (!part.empty()) parts.push_back(part);
    return parts;
  };
  const auto a = partsOf(one);
  const auto b = partsOf(other);
  return std::equal(a.begin(), a.begin() + std::min(std::ssize(a), std::ssize(b)), b.begin());
}

// Checks keys that depend on each other.
void checkTogether(const Settings& settings, const std::string& file, const KeyLines& lines) {
  for (const auto& [task, timing] : settings.tasks.timings) {
    const std::string table = fmt::format("task.{}.", task);
    const auto refuse = [&](const std::string& key, std::string_view why) {
      const auto line = lines.find(table + key);
      throw Error(Fault::malformed,
                  fmt::format("{}:{}: {}{}: {}", file, line == lines.end() ? 0 : line->second, table, key, why));
    };
    if (lines.contains(table + "every") && lines.contains(table + "cron"))
      refuse("cron", "cannot be combined with every");
    if (timing.cron.empty() && timing.jitter >= timing.every)
      refuse(lines.contains(table + "jitter") ? "jitter" : "every", "jitter must be less than every");
  }
  if (settings.servesData()) {
    const auto line = lines.find("web.root");
    throw Error(Fault::malformed,
                fmt::format("{}:{}: web.root: must not be, contain or be in the data directory, whose files nobody may "
                            "read",
                            file, line == lines.end() ? 0 : line->second));
  }
  if (settings.limiter.uploads + workersKept <= settings.transport.workers) return;
  const bool named = lines.contains("stream.max_uploads");
  const auto line = lines.find(named ? "stream.max_uploads" : "http.workers");
  throw Error(
      Fault::malformed,
      fmt::format("{}:{}: {}: stream.max_uploads ({}) must leave {} of http.workers ({}) free", file, line->second,
                  line->first, settings.limiter.uploads, workersKept, settings.transport.workers));
}

std::string readFile(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  const auto fail = [&](int reason) {
    throw Error(reason == EACCES ? Fault::forbidden : Fault::malformed,
                fmt::format("configuration file {}: {}", file.string(), std::strerror(reason)));
  };
  if (!in) fail(errno);
  if (std::filesystem::is_directory(file)) fail(EISDIR);
  text << in.rdbuf();
  if (in.bad()) fail(EIO);
  return text.str();
}

}  // namespace

bool Settings::servesData() const {
  return !web.root.empty() && areNested(web.root, dataDirectory);
}

std::string Settings::origin() const {
  return file.empty() ? std::string("the default") : fmt::format("data_dir of {}", file.string());
}

Settings loadSettings(const std::filesystem::path& file) {
  const std::string name = file.string();
  Settings settings;
  settings.file = file;
  KeyLines lines;
  try {
    readTable(toml::parse(readFile(file), name), "", name, settings, lines);
  } catch (const toml::parse_error& failure) {
    throw Error(Fault::malformed, fmt::format("{}:{}: {}", name, failure.source().begin.line, failure.description()));
  }
  checkTogether(settings, name, lines);
  settings.web.registrationIsOpen = settings.access.openRegistration;
  settings.cookies.lifetime = settings.access.newSessionTtl();
  for (const http::Listener& listener : settings.listeners)
    if (settings.shares.publicUrl.empty() && (listener.roles & (http::stream | http::web)) != 0)
      settings.shares.publicUrl = listener.publicUrl;
  return settings;
}

Settings findSettings(const std::optional<std::filesystem::path>& given) {
  if (given) return loadSettings(*given);
  const char* const named = std::getenv("VIDEOD_CONFIG");
  if (named != nullptr && *named != '\0') return loadSettings(named);
  std::error_code ignored;
  if (std::filesystem::exists(defaultFile, ignored)) return loadSettings(defaultFile);
  return {};
}

std::vector<std::string> settingsKeys() {
  std::vector<std::string> keys;
  for (const auto& rule : listenerRules()) keys.push_back(fmt::format("listener.{}", rule.key));
  for (const auto& rule : rules())
    if (rule.listed) keys.push_back(rule.key);
  return keys;
}

std::string showSettings(const Settings& settings) {
  std::string text;
  for (const http::Listener& listener : settings.listeners)
    for (const auto& rule : listenerRules()) text += fmt::format("listener.{} = {}\n", rule.key, rule.show(listener));
  for (const auto& rule : rules())
    if (const std::string value = rule.show(settings); rule.listed || !value.empty())
      text += fmt::format("{} = {}\n", rule.key, value);
  return text;
}

}  // namespace video

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "base/address.hpp"
#include "base/error.hpp"
#include "flags.hpp"
#include "http/client/sentry.hpp"
#include "http/routing/router.hpp"
#include "http/server/transport.hpp"
#include "media/ffmpeg.hpp"
#include "metrics.hpp"
#include "observe/guarded.hpp"
#include "observe/log.hpp"
#include "observe/notify.hpp"
#include "os/descriptor.hpp"
#include "os/files.hpp"
#include "os/sandbox.hpp"
#include "schedule/alarm.hpp"
#include "schedule/schedule.hpp"
#include "server/server.hpp"
#include "settings/settings.hpp"
#include "supervision.hpp"
#include "toolkit/toolkit.hpp"

namespace {

using namespace video;

constexpr int badUsage = 2;
constexpr int cannotBeHad = 8;

using video::daemon::Flags;

// The signals that main handles. They are blocked before a second thread starts, so that every thread blocks them.
sigset_t takeSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // a parent may have ignored it; then nobody can wait for a child
  ::signal(SIGXFSZ, SIG_IGN);  // a file over the system's size limit fails its upload, not the daemon
  return signals;
}

void reopenLog() {
  try {
    if (!observe::reopenLog()) return observe::warning("there is no log file to reopen");
    observe::info("log file reopened");
  } catch (const Error& error) {
    observe::error("the log file cannot be reopened, writing to the old one", {{"error", error.what()}});
  }
}

// Returns true on SIGTERM or SIGINT, and false once `most` have passed; until then calls `reload` on every SIGHUP.
bool waitForStop(const sigset_t& signals, const std::function<void()>& reload,
                 std::optional<std::chrono::milliseconds> most = {}) {
  const auto end = std::chrono::steady_clock::now() + most.value_or(std::chrono::milliseconds{0});
  for (;;) {
    int number = 0;
    if (!most) {
      sigwait(&signals, &number);
    } else {
      const auto left = std::max<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now(), {});
      const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      const timespec time{seconds.count(), (left - seconds).count()};
      number = sigtimedwait(&signals, nullptr, &time);
      if (number < 0 && errno == EAGAIN) return false;
    }
    if (number == SIGTERM || number == SIGINT) return true;
    if (number == SIGHUP) reload();
    if (number == SIGUSR1) reopenLog();
  }
}

// The key that systemd passes with LoadCredential=signing.key:FILE; empty if there is none.
std::string givenKey() {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  const std::filesystem::path path = std::filesystem::path(folder == nullptr ? "" : folder) / "signing.key";
  if (folder == nullptr || !std::filesystem::exists(path)) return {};
  std::ifstream file(path, std::ios::binary);
  std::string key(std::istreambuf_iterator<char>(file), {});
  if (!file || key.empty()) throw Error(Fault::malformed, fmt::format("{}: cannot be read or is empty", path.string()));
  return key;
}

Settings readSettings(const Flags& flags) {
  Settings settings = findSettings(flags.config);
  if (flags.dataDirectory) {
    settings.dataDirectory = *flags.dataDirectory;
    if (settings.servesData())
      throw Error(Fault::malformed,
                  "--data-dir: must not be, contain or be in the folder web.root, which everyone can read");
  }
  if (!flags.listen.empty()) settings.listeners.clear();
  for (const std::string& address : flags.listen) {
    checkAddress("--listen", address);
    http::Listener listener;
    listener.address = address;
    settings.listeners.push_back(listener);
  }
  if (flags.noTasks) settings.tasks.byClock = false;
  settings.signingKey = givenKey();
  return settings;
}

// The operator socket, and the lock that says which daemon owns it.
class OperatorSocket {
 public:
  /// Both must outlive this object.
  OperatorSocket(const Settings& settings, LocalToolkit& toolkit)
      : path_(settings.adminSocket.empty() ? (settings.dataDirectory / "videod.sock").string() : settings.adminSocket),
        toolkit_(toolkit) {
    toolkit_.runWithRoom([this] { lock_ = openLock(path_ + ".lock"); });
    isOurs_ = ::flock(lock_.number(), LOCK_EX | LOCK_NB) == 0;
  }

  void listen(http::Transport& transport) const {
    if (!isOurs_) return observe::warning("another daemon owns the operator socket", {{"path", path_}});
    http::Listener listener;
    listener.address = "unix:" + path_;
    listener.operatorSocket = true;
    toolkit_.runWithRoom([&] { transport.listen(listener); });
    observe::info("operator socket", {{"path", path_}});
  }

 private:
  // Its mode does not depend on the umask: users of the socket may see which process holds the lock.
  static Descriptor openLock(const std::string& path) try {
    return os::openOrMake(os::systemFiles(), AT_FDCWD, path, O_RDWR);
  } catch (const Error& error) {
    throw Error(error.fault() == Fault::diskFull ? Fault::diskFull : Fault::unreachable,
                fmt::format("operator socket: {}", error.detail()));
  }

  std::string path_;
  LocalToolkit& toolkit_;
  Descriptor lock_;
  bool isOurs_ = false;
};

http::RouterOptions routerOptions(const Settings& settings, LocalToolkit& toolkit) {
  http::RouterOptions options;
  options.origins = settings.origins;
  options.proxies = settings.proxies;
  options.accelRedirect = settings.accelRedirect;
  options.uploadPatience = settings.transport.progressTimeout;
  options.dataVersion = [&toolkit] { return toolkit.dataVersion(); };
  options.callerOf = [&toolkit](const Credential& by) { return toolkit.callerOf(by); };
  options.accessLog = observe::logAccess;
  options.logsAccess = observe::logsAccess;
  return options;
}

// Stops uploads that can be resumed, then the scheduler, and refuses new requests only then: a task may take a while. A
// second signal stops waiting for running requests.
void stop(schedule::Scheduler& scheduler, http::Router& router, http::Transport& transport, LocalUploads& uploads,
          const sigset_t& signals) {
  std::atomic<bool> stopped = false;
  std::jthread hurrier([&] {
    observe::guarded("the wait for a second signal", [&] {
      waitForStop(signals, [] { observe::warning("stopping: reload ignored"); });
      if (!stopped) transport.stopNow();
    });
  });
  uploads.drain();
  scheduler.stop();
  router.stop();
  transport.stop();
  stopped = true;
  pthread_kill(hurrier.native_handle(), SIGTERM);
}

ServerLimits limitsOf(const http::Limiter& limiter) {
  const http::LimiterOptions most = limiter.options();
  const http::LimiterCounts used = limiter.counts();
  const auto bucket = [](const char* name, std::size_t inUse, std::size_t all, std::uint64_t refused) {
    return Bucket{name, static_cast<std::int64_t>(inUse), static_cast<std::int64_t>(all),
                  static_cast<std::int64_t>(refused)};
  };
  return {{bucket("streams", used.streams, most.streams, used.streamsRefused),
           bucket("address", used.busiestStreams, most.streamsPerAddress, used.streamsOfAddressRefused),
           bucket("uploads", used.uploads, most.uploads, used.uploadsRefused),
           bucket("connection_address", used.busiestConnections, most.connectionsPerAddress,
                  used.connectionsOfAddressRefused),
           bucket("upload_address", used.busiestUploads, most.uploadsPerAddress, used.uploadsOfAddressRefused),
           bucket("buffered", used.buffered, most.buffered, used.bufferedRefused)}};
}

// Holds the settings in effect and applies those that can change while the daemon runs.
class Reloading {
 public:
  Reloading(const Flags& flags, Settings settings, http::Limiter& limiter, LocalToolkit& toolkit)
      : flags_(flags), settings_(std::move(settings)), limiter_(limiter), toolkit_(toolkit) {}

  // Throws if the configuration is invalid; nothing changes then.
  Reloaded reload() {
    const std::lock_guard lock(mutex_);
    const Settings wanted = readSettings(flags_);
    const auto before = linesOf(settings_);
    Settings next = settings_;
    next.limiter = wanted.limiter;
    next.log = wanted.log;
    next.tasks = wanted.tasks;
    next.tasks.byClock = settings_.tasks.byClock;
    next.comments = wanted.comments;
    const auto after = linesOf(next);
    Reloaded reloaded;
    for (const auto& [key, value] : linesOf(wanted)) {
      const auto old = before.find(key);
      if (old != before.end() && old->second == value) continue;
      const auto taken = after.find(key);
      (taken != after.end() && taken->second == value ? reloaded.changed : reloaded.kept).push_back(key);
    }
    observe::setUpLog(next.log);  // throws if the file cannot be opened
    limiter_.setOptions(next.limiter);
    toolkit_.tasks().setOptions(next.tasks);
    toolkit_.comments().setOptions(next.comments);
    settings_ = std::move(next);
    observe::info("reloaded", {{"changed", fmt::format("{}", fmt::join(reloaded.changed, " "))}});
    if (!reloaded.kept.empty())
      observe::warning("some settings need a restart", {{"kept", fmt::format("{}", fmt::join(reloaded.kept, " "))}});
    return reloaded;
  }

 private:
  static std::map<std::string, std::string> linesOf(const Settings& settings) {
    std::map<std::string, std::string> lines;
    std::istringstream text(showSettings(settings));
    for (std::string line; std::getline(text, line);) {
      const std::size_t equals = line.find(" = ");
      lines[line.substr(0, equals)] += line.substr(equals);  // the keys of a listener appear once per listener
    }
    return lines;
  }

  const Flags& flags_;
  std::mutex mutex_;
  Settings settings_;
  http::Limiter& limiter_;
  LocalToolkit& toolkit_;
};

// The URL of a role is that of the first listener that has it.
void addRoles(std::vector<RoleUrl>& roles, const http::Listener& listener, const std::string& address) {
  const std::string url =
      !listener.publicUrl.empty() || address.starts_with("unix:") ? listener.publicUrl : "http://" + address;
  for (const auto& [role, name] : {std::pair(http::api, "api"), std::pair(http::stream, "stream"),
                                   std::pair(http::scheduler, "scheduler"), std::pair(http::web, "web")}) {
    const auto isIt = [name = name](const RoleUrl& known) { return known.role == name; };
    if ((listener.roles & role) != 0 && !url.empty() && std::none_of(roles.begin(), roles.end(), isIt))
      roles.push_back({name, url});
  }
}

// Behind a Unix socket stands a proxy, and if it is not trusted, everybody is one client without an address.
std::vector<std::string> warningsAbout(const Settings& settings) {
  std::vector<std::string> warnings;
  for (const http::Listener& listener : settings.listeners) {
    const std::string& address = listener.address;
    const bool isUnix = address.starts_with("unix:");
    if (isUnix && !settings.proxies.trusts({}, listener))
      warnings.push_back(
          fmt::format("listener {}: http.trusted_proxies does not list \"unix\": its clients have no address, and no "
                      "limit per address applies to them",
                      address));
    // Over plain HTTP a browser does not say which site's page sends a GET, except to this machine itself.
    if (listener.trusted && listener.trustedGet && !isUnix && !isLoopback(address.substr(0, address.rfind(':'))))
      warnings.push_back(fmt::format(
          "listener {}: any web page can delete videos through a browser that reaches it; set trusted_get = "
          "false unless clients need to delete with GET",
          address));
  }
  if (media::installedFfmpeg().isInstalled() && !os::hasLandlock())
    warnings.push_back(
        "the kernel has no Landlock: ffmpeg, which makes pictures and playable forms of what users upload, can read "
        "every file that videod can; without the package ffmpeg there are none");
  return warnings;
}

// Empty where it is ready. What /readyz says, to anyone.
std::string whyNotReady(bool stopping, LocalToolkit& toolkit, const schedule::Scheduler& scheduler,
                        const http::Transport& transport) {
  if (stopping) return "stopping";
  if (const std::string failure = toolkit.whyNotReady(); !failure.empty()) return "the last write failed: " + failure;
  if (transport.hasFailed()) return "the thread that enforces timeouts has failed: restart videod";
  const std::string task = scheduler.failedTask();
  return task.empty() ? task : fmt::format("the thread of task {} has failed: restart videod", task);
}

// Sends errors to log.sentry_dsn, if there is one, as long as this object lives.
class ErrorSender {
 public:
  explicit ErrorSender(const std::string& dsn) {
    if (dsn.empty()) return;
    reporter_.emplace(http::SentryDsn(dsn));
    observe::setErrorObserver([this](std::string_view message, const std::vector<observe::LogField>& fields) {
      reporter_->report(message, fields);
    });
  }
  ~ErrorSender() { observe::setErrorObserver({}); }
  ErrorSender(const ErrorSender&) = delete;
  ErrorSender& operator=(const ErrorSender&) = delete;
  const http::SentryReporter* reporter() const { return reporter_ ? &*reporter_ : nullptr; }

 private:
  std::optional<http::SentryReporter> reporter_;
};

void run(const Flags& flags, Settings settings, std::string_view origin, const sigset_t& signals) {
  observe::setUpLog(settings.log);
  const ErrorSender errors(settings.sentryDsn);  // outlives every other thread
  const Settings asked = settings;
  observe::notifyStatus("Opening " + settings.dataDirectory.string());
  const std::unique_ptr<LocalToolkit> toolkit = openLocal(settings, origin, true);
  const std::unique_ptr<schedule::Scheduler> scheduler = toolkit->tasks().makeScheduler(schedule::systemAlarmClock());

  std::atomic<bool> stopping = false;
  http::Router router(routerOptions(settings, *toolkit), settings.limiter);
  const OperatorSocket operatorSocket(settings, *toolkit);
  http::Transport transport(router, settings.transport);
  Reloading reloading(flags, asked, router.limiter(), *toolkit);
  const std::vector<std::string> warnings = warningsAbout(settings);
  for (const std::string& warning : warnings) observe::warning(warning);
  RunningDaemon daemon;
  daemon.status = [&, started = systemClock().now()] {
    const http::TransportCounters counters = transport.counters();
    ServerStatus status{VIDEO_VERSION, started, ::getpid()};
    status.notReady = whyNotReady(stopping, *toolkit, *scheduler, transport);
    status.ready = status.notReady.empty();
    status.diskLow = toolkit->isDiskLow();
    status.degraded = toolkit->degraded();
    status.connections = static_cast<std::int64_t>(counters.open);
    status.workers = static_cast<std::int64_t>(counters.workers);
    status.warnings = warnings;
    for (std::string& warning : router.proxyWarnings()) status.warnings->push_back(std::move(warning));
    return status;
  };
  daemon.limits = [&] { return limitsOf(router.limiter()); };
  daemon.reload = [&] { return reloading.reload(); };
  daemon.metrics = [&] { return video::daemon::collectMetrics({*toolkit, router, transport, errors.reporter()}); };
  std::vector<RoleUrl> roles;
  daemon.roles = [&] { return roles; };
  toolkit->server().become(std::move(daemon));
  serve(router, *toolkit, settings.cookies, settings.web);

  for (const int socket : observe::takeHandedSockets()) transport.inherit(socket);
  for (const http::Listener& listener : settings.listeners) {
    const std::string address = transport.listen(listener);
    observe::info("listening", {{"address", address}});
    addRoles(roles, listener, address);
  }
  operatorSocket.listen(transport);
  for (const std::string& address : transport.unclaimed())
    throw Error(Fault::malformed,
                fmt::format("systemd passed a socket for {}, but no listener has this address", address));
  transport.start();
  scheduler->start();
  observe::notifyReady();
  video::daemon::Supervision supervision(*toolkit, transport, router.limiter());
  observe::info("ready", {{"version", VIDEO_VERSION}, {"data_dir", settings.dataDirectory.string()}});

  const auto reload = [&] {
    try {
      reloading.reload();
    } catch (const std::exception& error) {
      observe::error("reload failed, keeping the old configuration", {{"error", error.what()}});
    }
  };
  waitForStop(signals, reload);
  stopping = true;
  supervision.stop();
  if (settings.drain.count() > 0) {
    observe::info("draining", {{"seconds", std::chrono::duration<double>(settings.drain).count()}});
    transport.closeAfterReplies();
    if (waitForStop(signals, reload, settings.drain)) transport.stopNow();
  }
  observe::info("stopping");
  stop(*scheduler, router, transport, toolkit->uploads(), signals);
}

int exitStatusOf(const Error& error) {
  switch (error.fault()) {
    case Fault::malformed: return badUsage;
    case Fault::conflict:
    case Fault::notFound: return cannotBeHad;
    default: return rowOf(error.fault()).exitStatus;
  }
}

}  // namespace

int main(int count, char** arguments) {
  os::openMissingStandardStreams();
  const sigset_t signals = takeSignals();
  CLI::App app("Video server: keeps videos and comments in a data directory and serves them over HTTP.", "videod");
  Flags flags;
  video::daemon::addFlags(app, flags);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : badUsage;
  }
  try {
    Settings settings = readSettings(flags);
    if (flags.check) {
      fmt::print("{}: ok\n", settings.file.empty() ? "defaults" : settings.file.string());
      return 0;
    }
    const std::string origin = flags.dataDirectory ? "--data-dir" : settings.origin();
    run(flags, std::move(settings), origin, signals);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "videod: {}\n", error.what());
    return exitStatusOf(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "videod: {}\n", error.what());
    return rowOf(Fault::internal).exitStatus;
  }
}

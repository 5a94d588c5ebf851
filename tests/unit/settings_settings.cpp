#include "settings/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;

namespace {

// A temporary file with this text, removed by the destructor.
struct File {
  explicit File(const std::string& text) {
    char name[] = "/tmp/video-settings-XXXXXX";
    const int descriptor = ::mkstemp(name);
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    path = name;
    std::ofstream(path) << text;
  }
  ~File() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

// The error for an invalid file, with its name replaced by FILE.
std::string refusal(const std::string& text) {
  const File file(text);
  try {
    loadSettings(file.path);
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::malformed);
    std::string said = error.what();
    if (said.starts_with(file.path.string())) said.replace(0, file.path.string().size(), "FILE");
    return said;
  }
  return "taken";
}

const std::filesystem::path shipped = std::filesystem::path(VIDEO_SOURCE_DIR) / "etc/videod.toml";

}  // namespace

TEST_CASE("an empty file gives the defaults") {
  const File file("");
  const Settings settings = loadSettings(file.path);
  CHECK(showSettings(settings) == showSettings(Settings{}));
  CHECK(settings.file == file.path);
  CHECK(settings.origin() == "data_dir of " + file.path.string());
  CHECK(Settings{}.origin() == "the default");
}

TEST_CASE("the shipped file lists every key with its default") {
  CHECK(showSettings(loadSettings(shipped)) == showSettings(Settings{}));

  std::set<std::string> written;
  std::string table;
  std::ifstream in(shipped);
  for (std::string line; std::getline(in, line);) {
    std::smatch found;
    if (std::regex_search(line, found, std::regex(R"(^\[+([a-z.-]+)\]+)"))) {
      table = found[1].str() + ".";
    } else if (std::regex_search(line, found, std::regex(R"(^([a-z_]+) =)"))) {
      CHECK(written.insert(table + found[1].str()).second);
      CHECK(line.find(" #") != std::string::npos);
    }
  }
  const std::vector<std::string> known = settingsKeys();
  CHECK(written == std::set<std::string>(known.begin(), known.end()));
}

TEST_CASE("every key sets its option") {
  const File file(R"(
data_dir = "/srv/v"
admin_socket = "/run/v.sock"
[[listener]]
address = "[::1]:0"
roles = ["api", "web"]
public_url = "https://video.example/"
[[listener]]
address = "unix:/run/videod/web.sock"
roles = ["scheduler"]
trusted = true
trusted_get = false
[http]
max_connections = 7
max_connections_per_ip = 6
workers = 100
backlog = 8
idle_timeout = "90s"
header_timeout = "2s"
progress_timeout = "3s"
max_header_size = "32KiB"
max_buffered = "3MiB"
trusted_proxies = ["10.0.0.0/8", "unix"]
origins = ["https://a.example", "https://b.example"]
shutdown_timeout = "4s"
drain = "5s"
[stream]
access = "signed"
max_connections = 9
max_connections_per_ip = 10
max_uploads = 36
max_uploads_per_ip = 37
max_uploads_per_user = 0
min_upload_rate = "2KiB"
max_upload = "5GB"
upload_ttl = "3d"
max_rate = "3MB"
x_accel_redirect = "/internal/"
unknown_types = "serve"
signed_url_ttl = "2h"
[access]
registration = "admin"
min_password = 12
password_opslimit = 3
password_memlimit = "20MiB"
password_parallel = 2
login_attempts = 13
login_window = "14m"
registrations_per_hour = 15
comments_per_minute = 16
imports_per_hour = 18
reports_per_hour = 17
max_pending = 17
visibility = "private"
secure_cookies = "never"
[session]
ttl = "1d"
sliding = false
max = "2d"
cache = 11
[storage]
free_space_floor = 1000
quota = "1K"
synchronous = "normal"
checkpoints = "external"
lock_timeout = "250ms"
keep_lost = "3d"
[deletion]
delay = 0
batch = 4
workers = 5
max_tries = 6
retry_delay = "7s"
remember = "8d"
[web]
root = "/srv/pages"
name = "Häfen"
logo = "/etc/logo.svg"
contact = "mailto:hello@video.example"
imprint = "https://video.example/imprint"
terms = "/v/0193e1a0-0000-7000-8000-000000000000"
privacy = "http://video.example/privacy"
embed = ["https://blog.example", "*"]
[moderation]
words = ["spam", "Größe"]
hold_first = 18
[reports]
keep = "20d"
max_by_guests = 19
max_by_guests_per_subject = 18
[media]
transcode = "off"
max_height = 480
[scheduler]
run = false
[task.backup]
enabled = true
cron = "1 2 3 4 5"
jitter = "1s"
timeout = "11s"
to = "/srv/backups"
keep = 3
[task.orphan-sweep]
enabled = false
every = "1d"
jitter = "2s"
timeout = "12s"
[task.thumbnails]
enabled = false
every = "8h"
jitter = "11s"
timeout = "21s"
[task.renditions]
enabled = false
every = "9h"
jitter = "12s"
timeout = "22s"
[task.media-probe]
enabled = false
every = "7h"
jitter = "10s"
timeout = "20s"
[task.report-sweep]
enabled = false
every = "11h"
jitter = "9s"
timeout = "19s"
[task.session-sweep]
enabled = false
every = "8m"
jitter = "3s"
timeout = "13s"
[task.upload-sweep]
enabled = false
cron = "*/5 * * * *"
jitter = "4s"
timeout = "14s"
older_than = "9s"
[task.user-clear]
enabled = false
every = "7s"
jitter = "5s"
timeout = "15s"
[task.video-clear]
enabled = false
every = "8s"
jitter = "6s"
timeout = "16s"
[task.wal-checkpoint]
enabled = false
every = "9s"
jitter = "7s"
timeout = "17s"
[task.view-sweep]
enabled = false
every = "11s"
jitter = "9s"
timeout = "19s"
[task.verify]
enabled = false
every = "10h"
jitter = "8s"
timeout = "18s"
share = 7
[log]
level = "debug"
format = "json"
access = false
access_format = "common"
address = "truncated"
sentry_dsn = "https://abc@sentry.example/1"
)");
  const Settings s = loadSettings(file.path);
  CHECK(s.dataDirectory == "/srv/v");
  CHECK(s.adminSocket == "/run/v.sock");
  REQUIRE(s.listeners.size() == 2);
  CHECK(s.listeners[0].address == "[::1]:0");
  CHECK(s.listeners[0].roles == (http::api | http::web));
  CHECK_FALSE(s.listeners[0].trusted);
  CHECK(s.listeners[0].publicUrl == "https://video.example");
  CHECK(s.shares.publicUrl == "https://video.example");
  CHECK(s.listeners[1].address == "unix:/run/videod/web.sock");
  CHECK(s.listeners[1].roles == http::scheduler);
  CHECK(s.listeners[0].trustedGet);
  CHECK(s.listeners[1].trusted);
  CHECK_FALSE(s.listeners[1].trustedGet);
  CHECK_FALSE(s.listeners[1].operatorSocket);
  CHECK(s.transport.maxConnections == 7);
  CHECK(s.limiter.connectionsPerAddress == 6);
  CHECK(s.transport.workers == 100);
  CHECK(s.transport.backlog == 8);
  CHECK(s.transport.idleTimeout == 90s);
  CHECK(s.transport.headerTimeout == 2s);
  CHECK(s.transport.progressTimeout == 3s);
  CHECK(s.transport.maxHeaderSize == 32 * 1024);
  CHECK(s.limiter.rate == 3'000'000);
  CHECK(s.accelRedirect == "/internal/");
  CHECK(s.web.root == "/srv/pages");
  CHECK(s.proxies.all() == std::vector<std::string>{"10.0.0.0/8", "unix"});
  CHECK(s.origins == std::vector<std::string>{"https://a.example", "https://b.example"});
  CHECK(s.transport.shutdownTimeout == 4s);
  CHECK(s.access.stream == StreamAccess::signed_);
  CHECK(s.videos.visibility == Visibility::private_);
  CHECK(s.limiter.streams == 9);
  CHECK(s.limiter.streamsPerAddress == 10);
  CHECK(s.limiter.uploads == 36);
  CHECK(s.limiter.uploadsPerAddress == 37);
  CHECK(s.limiter.buffered == 3 << 20);
  CHECK(s.uploads.maxPerUser == 0);
  CHECK(s.transport.minBodyRate == 2048);
  CHECK(s.uploads.maxUpload == 5'000'000'000);
  CHECK(s.uploads.ttl == 72h);
  CHECK(s.uploads.patience == 3s);
  CHECK(s.uploads.maxPartial == 17);
  CHECK(s.uploads.serveUnknownTypes);
  CHECK(s.access.uploadLinkTtl == 2h);
  CHECK(s.web.name == "Häfen");
  CHECK(s.web.logo == "/etc/logo.svg");
  CHECK(s.web.contact == "mailto:hello@video.example");
  CHECK(s.web.imprint == "https://video.example/imprint");
  CHECK(s.web.terms == "/v/0193e1a0-0000-7000-8000-000000000000");
  CHECK(s.web.privacy == "http://video.example/privacy");
  CHECK(s.web.embed == std::vector<std::string>{"https://blog.example", "*"});
  CHECK_FALSE(s.web.registrationIsOpen);
  CHECK_FALSE(s.access.openRegistration);
  CHECK(s.access.minPassword == 12);
  CHECK(s.access.passwordOpslimit == 3);
  CHECK(s.access.passwordMemlimit == 20U << 20);
  CHECK(s.access.passwordParallel == 2);
  CHECK(s.access.loginAttempts == 13);
  CHECK(s.access.loginWindow == 14min);
  CHECK(s.access.registrationsPerHour == 15);
  CHECK(s.access.commentsPerMinute == 16);
  CHECK(s.access.importsPerHour == 18);
  CHECK(s.access.reportsPerHour == 17);
  CHECK(s.videos.maxPending == 17);
  CHECK(s.cookies.secure == http::CookieOptions::Secure::never);
  CHECK(s.access.sessionTtl == 24h);
  CHECK(s.cookies.lifetime == 24h);
  CHECK_FALSE(s.access.slidingSessions);
  CHECK(s.access.sessionMax == 48h);
  CHECK(s.access.sessionCache == 11);
  CHECK(s.store.freeSpaceFloor == 1000);
  CHECK(s.users.quota == 1024);
  CHECK(s.uploads.quota == 1024);
  CHECK(s.store.synchronous == store::Synchronous::normal);
  CHECK(s.store.lockTimeout == 250ms);
  CHECK(s.tasks.keepLost == 24h * 3);
  CHECK(s.deletions.delay == 0ms);
  CHECK(s.deletions.batch == 4);
  CHECK(s.deletions.workers == 5);
  CHECK(s.deletions.maxTries == 6);
  CHECK(s.deletions.retryDelay == 7s);
  CHECK(s.deletions.remember == 24h * 8);
  CHECK(s.videos.remember == 24h * 8);
  CHECK(s.comments.words == std::vector<std::string>{"spam", "Größe"});
  CHECK(s.comments.holdFirst == 18);
  CHECK(s.tasks.keepReports == 24h * 20);
  CHECK(s.reports.maxOfGuests == 19);
  CHECK(s.reports.maxOfGuestsPerSubject == 18);
  CHECK(s.renditions.transcode == TranscodeMode::off);
  CHECK(s.renditions.maxHeight == 480);
  CHECK_FALSE(s.tasks.byClock);
  CHECK(s.tasks.brokenUploadsAfter == 9s);
  CHECK(s.tasks.backup.to == "/srv/backups");
  CHECK(s.tasks.backup.keep == 3);
  CHECK(s.store.checkpoints == store::Checkpoints::external);
  const TaskTiming& clear = s.tasks.timings.at("video-clear");
  CHECK_FALSE(clear.enabled);
  CHECK(clear.every == 8s);
  CHECK(clear.cron.empty());
  CHECK(clear.jitter == 6s);
  CHECK(clear.timeout == 16s);
  CHECK(s.tasks.timings.at("upload-sweep").cron == "*/5 * * * *");
  CHECK(s.tasks.timings.at("upload-sweep").every == 0s);
  CHECK(s.tasks.timings.at("orphan-sweep").every == 24h);
  CHECK(s.tasks.timings.at("orphan-sweep").cron.empty());
  CHECK(s.log.level == observe::LogLevel::debug);
  CHECK(s.log.format == observe::LogFormat::json);
  CHECK_FALSE(s.log.access);
  CHECK(s.log.address == observe::LogAddress::truncated);
  CHECK(s.log.accessFormat == observe::AccessFormat::common);
  CHECK(s.sentryDsn == "https://abc@sentry.example/1");
  CHECK(s.drain == 5s);

  // No key in the file above has its default, so this finds any key that is missing there.
  std::istringstream mine(showSettings(s));
  const std::string defaults = showSettings(Settings{});
  for (std::string line; std::getline(mine, line);)
    if (!line.starts_with("listener.")) {
      INFO(line);
      CHECK(defaults.find(line + "\n") == std::string::npos);
    }
}

TEST_CASE("an invalid file is refused with line, key and reason") {
  CHECK(refusal("a = 1\n") == "FILE:1: a: unknown key");
  CHECK(refusal("\n[http]\n\nworker = 1\n") == "FILE:4: http.worker: unknown key");
  CHECK(refusal("[http.extra]\nx = 1\n") == "FILE:1: http.extra: unknown key");
  CHECK(refusal("[task.video-clear]\ncron = \"* * *\"\n") ==
        "FILE:2: task.video-clear.cron: \"* * *\" is not five fields: minute, hour, day of month, month, day of week");
  CHECK(refusal("[task.video-clear]\ncron = \"* * * * *\"\nevery = \"3s\"\n") ==
        "FILE:2: task.video-clear.cron: cannot be combined with every");
  CHECK(refusal("[task.video-clear]\njitter = \"3s\"\n") ==
        "FILE:2: task.video-clear.jitter: jitter must be less than every");
  CHECK(refusal("[task.session-sweep]\nevery = \"5s\"\n") ==
        "FILE:2: task.session-sweep.every: jitter must be less than every");
  CHECK(refusal("[task.nothing]\nevery = \"3s\"\n") == "FILE:1: task.nothing: unknown key");
  CHECK(refusal("[task.backup]\nto = \"backups\"\n") == "FILE:2: task.backup.to: must be an absolute path");
  CHECK(refusal("[task.backup]\nkeep = 0\n") == "FILE:2: task.backup.keep: must be from 1 to 10000");
  CHECK(refusal("[storage]\ncheckpoints = \"none\"\n") ==
        "FILE:2: storage.checkpoints: must be one of \"own\", \"external\"");
  for (const char* root : {"/srv/data", "/srv/data/pages", "/srv", "/srv/./x/../data/"})
    CHECK(refusal("data_dir = \"/srv/data\"\n[web]\nroot = \"" + std::string(root) + "\"\n") ==
          "FILE:3: web.root: must not be, contain or be in the data directory, whose files nobody may read");
  CHECK(refusal("[web]\nroots = \"\"\n") == "FILE:2: web.roots: unknown key");
  CHECK(refusal("[web]\nname = \"\"\n").starts_with("FILE:2: web.name: it: "));
  for (const char* const nonsense : {"x", "//evil.example", "javascript:alert(1)", "https://a b", "https://a/\\\"x"})
    CHECK(refusal(fmt::format("[web]\nimprint = \"{}\"\n", nonsense)) ==
          "FILE:2: web.imprint: must be a URL like \"https://video.example/about\", \"mailto:a@video.example\" or "
          "\"/v/ID\"");
  for (const char* const nonsense : {"x", "https://", "https://a.example/path", "https://a; script-src *", "'self'"})
    CHECK(refusal(fmt::format("[web]\nembed = [\"{}\"]\n", nonsense)) ==
          "FILE:2: web.embed: each must be an origin like \"https://blog.example\", or \"*\" for all");
  CHECK(refusal("[stream]\naccess = \"private\"\n") ==
        "FILE:2: stream.access: must be one of \"public\", \"session\", \"signed\"");
  CHECK(refusal("[[listener]]\npublic_url = \"video.example\"\n") ==
        "FILE:2: listener.public_url: must be a URL like \"https://video.example\", or empty");
  CHECK(refusal("http = 3\n") == "FILE:1: http: must be a table");
  CHECK(refusal("data_dir = 3\n") == "FILE:1: data_dir: must be a quoted string");
  CHECK(refusal("data_dir = \"\"\n") == "FILE:1: data_dir: must not be empty");
  CHECK(refusal("[data_dir]\nx = 1") == "FILE:1: data_dir: must be a quoted string");
  CHECK(refusal("[http]\nworkers = \"many\"\n") == "FILE:2: http.workers: must be a whole number");
  CHECK(refusal("[http]\nworkers = 1.5\n") == "FILE:2: http.workers: must be a whole number");
  CHECK(refusal("[http]\nworkers = 0\n") == "FILE:2: http.workers: must be from 1 to 10000");
  CHECK(refusal("[http]\nbacklog = -1\n") == "FILE:2: http.backlog: must be from 1 to 65535");
  CHECK(refusal("[http]\nidle_timeout = 60\n") == "FILE:2: http.idle_timeout: must be a duration like \"30m\"");
  CHECK(refusal("[http]\nidle_timeout = \"60\"\n") == "FILE:2: http.idle_timeout: must be a duration like \"30m\"");
  CHECK(refusal("[http]\nidle_timeout = \"2d\"\n") == "FILE:2: http.idle_timeout: must be from 0.1 to 86400 seconds");
  CHECK(refusal("[http]\nmax_header_size = \"16 quarts\"\n") ==
        "FILE:2: http.max_header_size: must be a size like \"2GiB\", or bytes");
  CHECK(refusal("[http]\nmax_header_size = 5\n") == "FILE:2: http.max_header_size: must be from 1024 to 1048576 bytes");
  for (const char* const bad : {"internal/", "/internal", "/a b/", "http://x/"})
    CHECK(refusal(fmt::format("[stream]\nx_accel_redirect = \"{}\"\n", bad)) ==
          "FILE:2: stream.x_accel_redirect: must be a path like \"/internal/\", or empty");
  CHECK(refusal("[http]\ntrusted_proxies = [\"10.0.0.0/40\"]\n") ==
        "FILE:2: http.trusted_proxies: \"10.0.0.0/40\" is neither a network (10.0.0.0/8, ::1) nor \"unix\"");
  CHECK(refusal("[http]\norigins = \"x\"\n") == "FILE:2: http.origins: must be a list of strings");
  for (const char* const nonsense : {"x", "https://", "https://a.example/path", "ftp://a.example"})
    CHECK(refusal(fmt::format("[http]\norigins = [\"{}\"]\n", nonsense)) ==
          "FILE:2: http.origins: must be origins like \"https://video.example\"");
  CHECK(refusal("[http]\norigins = [\"x\",\n 3]\n") == "FILE:3: http.origins: must be a quoted string");
  CHECK(refusal("[session]\nsliding = \"yes\"\n") == "FILE:2: session.sliding: must be true or false");
  CHECK(refusal("[log]\nlevel = \"loud\"\n") ==
        "FILE:2: log.level: must be one of \"debug\", \"info\", \"warning\", \"error\", \"off\"");
  for (const char* const bad : {"3", "\"access.log\"", "\"\""})
    CHECK(refusal(fmt::format("[log]\naccess = {}\n", bad)) ==
          "FILE:2: log.access: must be true, false or an absolute path");
  CHECK(refusal("[log]\naccess_format = \"combined\"\n") ==
        "FILE:2: log.access_format: must be one of \"\", \"logfmt\", \"json\", \"common\"");
  CHECK(refusal("[log]\nsentry_dsn = \"https://secret:key@sentry.example/1\"\n") ==
        "FILE:2: log.sentry_dsn: must be a DSN like \"https://KEY@sentry.example/1\", or empty");
  CHECK(refusal("[http]\ndrain = \"2h\"\n") == "FILE:2: http.drain: must be from 0 to 3600 seconds");
  CHECK(refusal("[http]\nworkers = 8\nworkers = 9\n").starts_with("FILE:3: "));
  CHECK(refusal("[http\n").starts_with("FILE:"));
  CHECK(refusal("data_dir = \"\xff\"\n").starts_with("FILE:1: "));
}

TEST_CASE("log.access takes the path of a file") {
  const File file("[log]\naccess = \"/var/log/videod/access.log\"\n");
  const Settings settings = loadSettings(file.path);
  CHECK(settings.log.access);
  CHECK(settings.log.accessFile == "/var/log/videod/access.log");
  CHECK(showSettings(settings).find("log.access = /var/log/videod/access.log\n") != std::string::npos);
}

TEST_CASE("keys that depend on each other are checked together") {
  CHECK(refusal("[http]\nworkers = 127\n") ==
        "FILE:2: http.workers: stream.max_uploads (64) must leave 64 of http.workers (127) free");
  CHECK(refusal("[http]\nworkers = 128\n") == "taken");
  CHECK(refusal("[stream]\nmax_uploads = 449\n") ==
        "FILE:2: stream.max_uploads: stream.max_uploads (449) must leave 64 of http.workers (512) free");
  CHECK(refusal("[stream]\nmax_uploads = 448\n") == "taken");
}

TEST_CASE("an invalid listener is refused") {
  const auto listener = [](const std::string& lines) { return refusal("[[listener]]\n" + lines + "\n"); };
  CHECK(listener("address = \"0.0.0.0:80\"") == "taken");
  CHECK(listener("address = \"localhost:0\"") == "taken");
  CHECK(listener("address = \"[::]:65535\"") == "taken");
  CHECK(listener("address = \"unix:/run/x\"") == "taken");
  for (const char* bad :
       {"", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "::1:8000",
        "[::g]:8000", "[127.0.0.1]:8000", "a b:80", "unix:", "[:80", "http://x:80"})
    CHECK(listener("address = \"" + std::string(bad) + "\"")
              .starts_with("FILE:2: listener.address: \"" + std::string(bad)));
  CHECK(listener("roles = []") == "FILE:2: listener.roles: must name at least one role");
  CHECK(listener("roles = [\"all\"]") ==
        "FILE:2: listener.roles: each must be one of \"api\", \"stream\", \"scheduler\", \"web\"");
  CHECK(listener("trusted_get = false") == "FILE:1: listener.trusted_get: requires trusted = true");
  CHECK(listener("trusted_get = true") == "taken");
  CHECK(listener("port = 80") == "FILE:2: listener.port: unknown key");
  CHECK(listener("trusted = true") == "FILE:1: listener.trusted: requires \"scheduler\" to be the only role");
  for (const char* beside : {"api", "stream", "web"})
    CHECK(listener("trusted = true\nroles = [\"scheduler\", \"" + std::string(beside) + "\"]").find("trusted") !=
          std::string::npos);
  CHECK(refusal("[listener]\naddress = \"127.0.0.1:1\"\n") == "FILE:1: listener: must be written as [[listener]]");
  CHECK(refusal("listener = []\n") == "FILE:1: listener: must be written as [[listener]]");
}

TEST_CASE("the file is --config, else $VIDEOD_CONFIG, else /etc/videod.toml") {
  const File first("[http]\nbacklog = 1\n");
  const File second("[http]\nbacklog = 2\n");
  ::setenv("VIDEOD_CONFIG", second.path.c_str(), 1);
  CHECK(findSettings(first.path).transport.backlog == 1);
  CHECK(findSettings({}).transport.backlog == 2);
  ::setenv("VIDEOD_CONFIG", "/nowhere/videod.toml", 1);
  CHECK_THROWS_WITH(findSettings({}), "configuration file /nowhere/videod.toml: No such file or directory");
  ::setenv("VIDEOD_CONFIG", "", 1);
  if (!std::filesystem::exists("/etc/videod.toml")) CHECK(findSettings({}).file.empty());
  ::unsetenv("VIDEOD_CONFIG");
  if (!std::filesystem::exists("/etc/videod.toml")) CHECK(findSettings({}).file.empty());
  CHECK_THROWS_WITH(findSettings(std::filesystem::path("/tmp")), "configuration file /tmp: Is a directory");
}

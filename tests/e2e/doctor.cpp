// videoctl doctor, on installations that are well and ill.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/front.hpp"
#include "e2e/parity.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

struct Examined {
  int status = 0;
  nlohmann::json findings;

  // What a check says that is not ok; empty where all is.
  std::string faults(const std::string& check) const {
    std::string text;
    for (const auto& one : findings)
      if (one.at("check") == check && one.at("level") != "ok") {
        text += one.at("level").get<std::string>() + ": " + one.at("detail").get<std::string>() + '\n';
        CHECK(one.contains("fix"));
      }
    return text;
  }
  bool has(const std::string& check) const {
    return std::any_of(findings.begin(), findings.end(), [&](const auto& one) { return one.at("check") == check; });
  }
};

Examined doctor(const std::string& config, const Words& more = {}, const Given& given = {}) {
  // Few descriptors: some machines allow any number.
  const Ended ended = run(join({"sh", "-c", "ulimit -Sn 1024; ulimit -Hn 4096 2>/dev/null; exec \"$@\"", "-",
                                builtProgram("videoctl"), "--config", config, "-o", "json", "doctor"},
                               more),
                          given);
  INFO(ended.err);
  Examined examined{ended.status, nlohmann::json::parse(ended.out, nullptr, false)};
  REQUIRE(examined.findings.is_object());
  const auto schema = nlohmann::json::parse(read(fs::path(VIDEO_SOURCE_DIR) / "share/schema/doctor.json"));
  CHECK(faultIn(examined.findings, schema, schema, "it") == "");
  examined.findings = examined.findings.at("findings");
  INFO(examined.findings.dump(1));
  const bool isIll = std::any_of(examined.findings.begin(), examined.findings.end(),
                                 [](const auto& one) { return one.at("level") == "problem"; });
  CHECK(examined.status == (isIll ? 10 : 0));
  return examined;
}

std::string dataDir(const fs::path& path) {
  return "data_dir = \"" + path.string() + "\"\n";
}

}  // namespace

TEST_CASE("the doctor sees what a proxy does to requests") {
  if (!isInstalled("nginx")) return;
  const bool isGood = GENERATE(true, false);
  Front front;
  const std::string rest = "[http]\ntrusted_proxies = [\"127.0.0.1\"]\n[storage]\nfree_space_floor = 0\n" +
                           std::string(idle) + "[[listener]]\naddress = \"127.0.0.1:0\"\npublic_url = \"http://" +
                           front.address + "\"\n";
  Daemon daemon(rest);
  const std::string config = (front.home / "ctl.toml").string();
  write(config, dataDir(daemon.dataDirectory()) + rest);
  REQUIRE(videoctl({"--config", config, "user", "add", "ada", "--password-stdin"}, {{}, "correct horse", {}}).status ==
          0);
  write(front.home / "a.mp4", content('a'));
  REQUIRE(videoctl({"--config", config, "--as", "ada", "video", "upload", (front.home / "a.mp4").string()}).status ==
          0);
  const std::string settings =
      isGood ? "client_max_body_size 0; proxy_request_buffering off; proxy_set_header Host $http_host;\n"
             : "proxy_set_header Authorization \"\"; proxy_set_header Range \"\"; proxy_intercept_errors on; "
               "error_page 404 /404.html;\n";
  const std::string text =
      fmt::format("server {{ listen {}; {} proxy_http_version 1.1; location / {{ proxy_pass http://{}; }} }}\n",
                  front.address, settings, daemon.address());
  const std::string folder = front.home / "";
  write(
      front.home / "nginx.conf",
      fmt::format("daemon off; master_process off; pid {0}pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n"
                  "client_body_temp_path {0}b; proxy_temp_path {0}p; fastcgi_temp_path {0}f; uwsgi_temp_path {0}u; "
                  "scgi_temp_path {0}s;\n{1}}}\n",
                  folder, text));
  const Program nginx({"sh", "-c", "PATH=$PATH:/usr/sbin exec nginx -p \"$0\" -c \"$0/nginx.conf\"", folder});
  test::waitFor("nginx answers", [&] {
    return run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://" + front.address + "/readyz"}).out ==
           "200";
  });
  const Examined examined = doctor(config);
  const std::string faults = examined.faults("proxy");
  for (const char* const check :
       {"config", "daemon", "permissions", "disk", "wal", "versions", "listeners", "passwords", "clock", "proxy"}) {
    INFO(check);
    CHECK(examined.has(check));
    if (isGood || std::string_view(check) != "proxy") CHECK(examined.faults(check) == "");
  }
  if (isGood) return;
  for (const char* const fault : {"replaces error pages", "Authorization", "over 1 MiB",
                                  "collects whole request bodies", "does not pass on the host", "Range"}) {
    INFO(fault << " in " << faults);
    CHECK(faults.find(fault) != std::string::npos);
  }
}

TEST_CASE("the doctor finds each thing that is wrong, and says how to mend it") {
  const TempDirectory home;
  const std::string config = (home / "videod.toml").string();
  write(config, "[http]\nworker = 1\n");
  const Examined broken = doctor(config);
  CHECK(broken.faults("config").find(":2: http.worker: unknown key") != std::string::npos);
  CHECK(broken.findings.size() == 1);

  const fs::path data = home / "data";
  write(config, dataDir(data) + R"(
[[listener]]
address = "0.0.0.0:8000"
public_url = "http://127.0.0.1:1"
[http]
max_connections = 1000000
[access]
password_memlimit = "8MiB"
min_password = 4
[storage]
free_space_floor = "1000TiB"
[task.backup]
enabled = true
to = ")" + (home / "backups").string() +
                    "\"\n");
  CHECK(doctor(config).faults("permissions").find("No such file") != std::string::npos);
  REQUIRE(videoctl({"--config", config, "data", "init"}).status == 0);
  fs::permissions(data, fs::perms::others_read, fs::perm_options::add);
  write(data / "lost+found" / "foreign", "x");
  fs::permissions(data / "lost+found" / "foreign", fs::perms::group_write, fs::perm_options::add);
  if (::geteuid() == 0) REQUIRE(::chown((data / "lost+found" / "foreign").c_str(), 12345, 0) == 0);
  fs::create_directory(home / "backups");
  fs::permissions(home / "backups", fs::perms::all);
  fs::resize_file(write(data / "video.db-wal", ""), 300UL << 20);
  write(home / "systemd-analyze", "#!/bin/sh\necho '-> Overall exposure level for videod.service: 4.2 OK :-)'\n");
  fs::permissions(home / "systemd-analyze", fs::perms::owner_all);
  write(home / "systemctl", "#!/bin/sh\necho 30s\n");
  fs::permissions(home / "systemctl", fs::perms::owner_all);
  const char* const path = std::getenv("PATH");
  const Examined ill =
      doctor(config, {"--unit", "/x/videod.service"},
             {{{"PATH", home.path().string() + ":" + (path == nullptr ? "/usr/bin:/bin" : path)}}, {}, {}});
  const auto says = [&](const char* check, const char* text) {
    INFO(check << ": " << ill.faults(check));
    CHECK(ill.faults(check).find(text) != std::string::npos);
  };
  says("daemon", "none runs");
  says("permissions", "others may write to ");
  says("permissions", "warning: others may look into");
  says("permissions", "problem: task.backup.to: others may write to ");
  if (::geteuid() == 0) says("permissions", "problem: not owned by root");
  says("disk", "problem: ");
  says("wal", "300.0 MiB");
  says("descriptors", "http.max_connections = 1000000 needs ");
  says("unit", "/x/videod.service: exposure level 4.2");
  says("unit", "http.drain and http.shutdown_timeout take up to 30 s, and systemd ends videod after 30 s");
  says("listeners", "problem: 0.0.0.0:8000: others reach it without TLS");
  says("listeners", "http.trusted_proxies is empty");
  says("passwords", "2 passes over 8 MiB");
  says("passwords", "passwords of 4 bytes");
  says("proxy", "cannot be reached");
  CHECK(ill.status == 10);

  CHECK(videoctl({"--server", "http://127.0.0.1:1", "doctor"}).status == 2);
  for (const char* const format : {"table", "tsv", "ndjson", "id"}) {
    INFO(format);
    const Ended ended = videoctl({"--config", config, "-o", format, "doctor"});
    CHECK(ended.status == 10);
    CHECK(ended.out.find("permissions") != std::string::npos);
  }
}

TEST_CASE("the doctor sees a newer program than the one that runs") {
  const TempDirectory home;
  const std::string config = (home / "videod.toml").string();
  write(config, dataDir(home / "data") + "[storage]\nfree_space_floor = 0\n[[listener]]\naddress = \"127.0.0.1:0\"\n");
  fs::copy_file(builtProgram("videod"), home / "videod");
  Program daemon({(home / "videod").string(), "--config", config});
  daemon.waitForError("msg=ready ");
  CHECK(doctor(config).faults("versions") == "");
  write(home / "new", "another");
  fs::rename(home / "new", home / "videod");
  CHECK(doctor(config).faults("versions") == "warning: the daemon still runs what was replaced: videod\n");
  daemon.signal(SIGTERM);
  CHECK(daemon.wait().status == 0);
}

TEST_CASE("the doctor leaves the lost+found of a file system alone, and sees what the daemon may not use") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can give files to others");
    return;
  }
  const TempDirectory home;
  const std::string config = (home / "videod.toml").string();
  const fs::path data = home / "data";
  const fs::path backups = home / "back ups";
  fs::permissions(home.path(), fs::perms::owner_all | fs::perms::others_exec);
  write(config, dataDir(data) + "[storage]\nfree_space_floor = 0\n[task.backup]\nenabled = true\nto = \"" +
                    backups.string() + "\"\n");
  fs::permissions(config, fs::perms::others_read, fs::perm_options::add);
  REQUIRE(videoctl({"--config", config, "data", "init"}).status == 0);
  CHECK(doctor(config).faults("permissions").find("back ups: No such file") != std::string::npos);
  fs::create_directory(backups);
  constexpr uid_t other = 12345;
  for (const auto& entry : fs::recursive_directory_iterator(data))
    if (entry.path().filename() != "lost+found") REQUIRE(::chown(entry.path().c_str(), other, other) == 0);
  REQUIRE(::chown(data.c_str(), other, other) == 0);
  fs::permissions(data / "lost+found", fs::perms::owner_all);
  CHECK(doctor(config).faults("permissions") ==
        "problem: task.backup.to: 12345 may not write to " + backups.string() + "\n");
  REQUIRE(::chown(backups.c_str(), other, other) == 0);
  CHECK(doctor(config).faults("permissions") == "");
}

TEST_CASE("the doctor sees a clock that was set back") {
  Daemon daemon("[task.session-sweep]\nevery = \"10ms\"\njitter = \"0s\"\n[storage]\nfree_space_floor = 0\n");
  const TempDirectory home;
  const std::string config = (home / "ctl.toml").string();
  write(config, dataDir(daemon.dataDirectory()) + "[storage]\nfree_space_floor = 0\n");
  CHECK(doctor(config).faults("clock") == "");
  REQUIRE(videoctl({"--config", config, "user", "add", "ada", "--password-stdin"}, {{}, "correct horse", {}}).status ==
          0);
  write(home / "a.mp4", content('a'));
  REQUIRE(videoctl({"--config", config, "--as", "ada", "video", "upload", (home / "a.mp4").string()}).status == 0);
  if (!isInstalled("sqlite3")) return;
  REQUIRE(run({"sqlite3", (daemon.dataDirectory() / "video.db").string(), ".timeout 10000",
               "UPDATE video_info SET create_time = create_time + 86400000"})
              .status == 0);
  CHECK(doctor(config).faults("clock").find("problem: the clock says ") == 0);
}

TEST_CASE("a daemon is found by the data directory that is given, too") {
  const Daemon daemon;
  const Words here{"--data-dir", daemon.dataDirectory().string()};
  const Ended status = videoctl(join(here, {"server", "status", "--columns", "ready", "--no-header"}));
  CHECK(status.err == "");
  CHECK(status.out == "true\n");
  CHECK(videoctl(join(here, {"-o", "tsv", "doctor"})).out.find("none runs on") == std::string::npos);
  const TempDirectory other;
  REQUIRE(videoctl({"--data-dir", (other / "data").string(), "data", "init"}).status == 0);
  CHECK(videoctl({"--data-dir", (other / "data").string(), "server", "status"}).status == 8);
}

// Lists that are long, and servers behind TLS.
#include <sys/stat.h>

#include <fstream>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/nginx.hpp"

using namespace video;
using namespace video::e2e;

namespace {

// The most memory that a process had, in KiB.
long peakOf(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string text; std::getline(status, text);)
    if (text.starts_with("VmHWM:")) return std::stol(text.substr(6));
  return 0;
}

// A port that nobody has just now.
std::string freePort() {
  const Daemon daemon;
  const std::string address = daemon.address();
  return address.substr(address.rfind(':') + 1);
}

}  // namespace

TEST_CASE("a list is printed while it is read, in constant memory") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  constexpr int many = 30'000;
  REQUIRE(run({"sqlite3", (site.daemon.dataDirectory() / "video.db").string(),
               "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(many) +
                   ") INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, sha256) "
                   "SELECT printf('0193e1a0-0000-7000-8000-%012x', i), 1, 'video ' || i, 'ready', "
                   "'Nov 21 2026, 09:30:00', i, 1000, printf('%064x', i) FROM n"})
              .status == 0);
  const std::string fifo = (site.folder / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Words words{"sh", "-c", "exec \"$0\" \"$@\" > " + fifo, builtProgram("videoctl"), "-o", "ndjson"};
  Given given;
  if (way == "remote") {
    site.run("", {"video", "list", "--limit", "1"});
    given.environment["VIDEOCTL_TOKEN"] = site.tokens[""];
    words = join(words, {"--server", site.daemon.url()});
  } else {
    words = join(words, {"--data-dir", site.daemon.dataDirectory().string()});
  }
  Program list(join(words, {"video", "list"}), given);
  std::ifstream lines(fifo);
  int read = 0;
  const auto readTo = [&](int count) {
    for (std::string text; read < count && std::getline(lines, text); ++read) CHECK(text.starts_with("{\"id\":"));
    return peakOf(list.pid());  // more is to come than a pipe holds: it waits for us
  };
  const long early = readTo(2'000);
  const long late = readTo(many - 2'000);
  CAPTURE(early, late);
  CHECK(early > 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what was freed
  CHECK(late < early + 8192);
  CHECK(late < 32 * 1024);
#endif
  readTo(many);
  CHECK(read == many);
  lines.close();
  CHECK(list.wait().status == 0);
}

TEST_CASE("a server behind TLS is trusted only by its certificate") {
  if (!Nginx::isInstalled()) return;
  Site site("remote");
  const std::string certificate = (site.folder / "cert.pem").string();
  const std::string key = (site.folder / "key.pem").string();
  const Ended made = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-keyout",
                          key, "-out", certificate});
  INFO(made.err);
  REQUIRE(made.status == 0);
  const std::string port = freePort();
  const Nginx nginx("listen 127.0.0.1:" + port + " ssl; ssl_certificate " + certificate + "; ssl_certificate_key " +
                    key + "; location /site/ { proxy_pass " + site.daemon.url() + "/; }");
  site.run("ada", {"video", "list"});
  const std::string url = "https://localhost:" + port;
  const auto list = [&](const Words& flags) {
    return videoctl(join(flags, {"video", "list", "--no-header"}), {{{"VIDEOCTL_TOKEN", site.tokens["ada"]}}, {}, {}});
  };
  const Ended trusted = list({"--server", url + "/site", "--cacert", certificate});
  INFO(trusted.err);
  CHECK(trusted.status == 0);
  const Ended unknown = list({"--server", url + "/site"});
  CHECK(unknown.status == 8);
  CHECK(unknown.err.find("its certificate is self-signed") != std::string::npos);
  const Ended another = list({"--server", url, "--cacert", certificate});
  CHECK(another.status != 0);
  CHECK(another.err.find("answered by nginx, not videod") != std::string::npos);
}

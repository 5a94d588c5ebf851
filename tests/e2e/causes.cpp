// What videoctl says where a server cannot be trusted, is another one, or has a limit.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/nginx.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// Ports that nobody has just now.
std::vector<std::string> freePorts(std::size_t count) {
  std::vector<std::string> ports;
  std::vector<Descriptor> held;
  while (ports.size() < count) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof name;
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&name), length) == 0);
    REQUIRE(::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    ports.push_back(std::to_string(ntohs(name.sin_port)));
    held.push_back(std::move(socket));
  }
  return ports;
}

// Certificates for localhost: its own, one that has expired, one of an authority, one for another name.
struct Certificates {
  Certificates() {
    const std::string home = folder.path().string();
    write(folder / "index.txt", "");
    write(folder / "ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=" + home + "/index.txt\nnew_certs_dir=" + home +
                                 "\npolicy=p\ncopy_extensions=copy\ndefault_md=sha256\nrand_serial=yes\n"
                                 "unique_subject=no\n[p]\ncommonName=supplied\n[req]\ndistinguished_name=n\n[n]\n");
    const std::string fresh = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
    const std::string ofRequest = "openssl ca -batch -notext -config ca.cnf -in localhost.csr ";
    const Ended made =
        run({"sh", "-ec",
             "exec 2>&1\n"
             "openssl req -new -config ca.cnf" +
                 fresh +
                 "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out localhost.csr\n"
                 "openssl req -x509 -key key.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 "
                 "-out own.pem\n"
                 "openssl req -x509 -key key.pem -subj /CN=elsewhere -addext subjectAltName=DNS:elsewhere.example "
                 "-days 2 -out elsewhere.pem\n" +
                 ofRequest +
                 "-selfsign -keyfile key.pem -out expired.pem -startdate 20200101000000Z -enddate 20200201000000Z\n"
                 "openssl req -x509" +
                 fresh + "-subj /CN=authority -days 2 -keyout akey.pem -out authority.pem\n" + ofRequest +
                 "-cert authority.pem -keyfile akey.pem -out leaf.pem -days 2\n"},
            {{}, {}, folder.path()});
    INFO(made.out);
    REQUIRE(made.status == 0);
  }
  std::string operator[](const std::string& name) const { return (folder / (name + ".pem")).string(); }

  TempDirectory folder;
};

std::size_t hintsIn(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("hint:"); at != std::string::npos; at = text.find("hint:", at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("why a server behind TLS is not trusted is said, and what to do about it") {
  if (!Nginx::isInstalled()) return;
  const Certificates certificates;
  const std::vector<std::string> ports = freePorts(6);
  const auto serve = [&](std::size_t port, const std::string& name) {
    return "listen 127.0.0.1:" + ports[port] + " ssl; ssl_certificate " + certificates[name] +
           "; ssl_certificate_key " + certificates["key"] + "; return 404; ";
  };
  const Nginx nginx(serve(0, "own") + "} server { " + serve(1, "elsewhere") + "} server { " + serve(2, "expired") +
                    "} server { " + serve(3, "leaf") + "} server { listen 127.0.0.1:" + ports[4] + "; return 404; ");
  const auto look = [&](std::size_t port, const std::string& trusted, const std::string& scheme = "https") {
    Words words{"--server", scheme + "://localhost:" + ports[port], "--timeout", "10s", "video", "show", "x"};
    if (!trusted.empty()) words.insert(words.begin(), {"--cacert", trusted});
    return videoctl(words);
  };
  const auto check = [](const Ended& ended, const std::string& cause) {
    CAPTURE(ended.err, cause);
    CHECK(ended.status == 8);
    CHECK(ended.err.find(cause) != std::string::npos);
    CHECK(hintsIn(ended.err) == 0);  // the message says what there is to say
  };
  check(look(0, ""), "its certificate is self-signed; if you trust it, give it with --cacert FILE");
  check(look(1, certificates["elsewhere"]), "its certificate is not for localhost");
  check(look(2, certificates["expired"]), "its certificate has expired");
  check(look(3, ""), "its certificate is of an authority that is not known here");
  check(look(4, ""), "does not speak TLS; is it an http:// address?");
  check(look(0, certificates["key"]), "no certificate can be read from " + certificates["key"]);
  for (const auto& [port, trusted] : {std::pair(std::size_t{0}, "own"), std::pair(std::size_t{3}, "authority")}) {
    const Ended ended = look(port, certificates[trusted]);
    CAPTURE(ended.err);
    CHECK(ended.err.find("answered by nginx, not videod: 404") != std::string::npos);
  }
  const Ended plain = look(0, "", "http");
  CAPTURE(plain.err);
  CHECK(plain.err.find("answered by nginx, not videod: 400 Bad Request; use https://") != std::string::npos);
  const Ended unreadable = look(0, certificates["nothing"]);
  CHECK(unreadable.status == 4);
  CHECK(unreadable.err.starts_with("videoctl: " + certificates["nothing"] + ": "));
  // Nobody listens there.
  const Ended nobody = look(5, "");
  CHECK(nobody.status == 8);
  CHECK(nobody.err.find("cannot be reached") != std::string::npos);
  CHECK(hintsIn(nobody.err) == 1);
}

TEST_CASE("a redirect says where to, and a limit whose it is, with one piece of advice") {
  if (!Nginx::isInstalled()) return;
  Site site("remote");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  const std::string port = freePorts(1)[0];
  const Nginx nginx("listen 127.0.0.1:" + port +
                    "; location /old/ { return 301 https://new.example$request_uri; } "
                    "location / { client_max_body_size 1k; proxy_pass " +
                    site.daemon.url() + "/; }");
  const auto ask = [&](const std::string& path, const Words& words) {
    return videoctl(join({"--server", "http://127.0.0.1:" + port + path}, words),
                    {{{"VIDEOCTL_TOKEN", site.tokens["ada"]}}, {}, {}});
  };
  const Ended moved = ask("/old", {"video", "list"});
  CAPTURE(moved.err);
  CHECK(moved.status == 8);
  CHECK(moved.err.find("301 Moved Permanently; it redirects to https://new.example/old/video") != std::string::npos);
  CHECK(hintsIn(moved.err) == 0);
  const Ended proxy = ask("", {"video", "thumbnail", id, "--set", file});
  CAPTURE(proxy.err);
  CHECK(proxy.status == 7);
  CHECK(proxy.err.find("check its client_max_body_size") != std::string::npos);
  CHECK(proxy.err.find("stream.max_upload") == std::string::npos);
  CHECK(hintsIn(proxy.err) == 0);
  const std::string big = write(site.folder / "big.srt", std::string(3 << 20, 'x'));
  const Ended subtitles = site.run("ada", {"video", "subtitle", "add", id, big, "--lang", "en"});
  CAPTURE(subtitles.err);
  CHECK(subtitles.status == 7);
  CHECK(subtitles.err.find("stream.max_upload") == std::string::npos);
  CHECK(hintsIn(subtitles.err) == 0);
}

TEST_CASE("no advice is given where there is none, or that of another command") {
  Site site("remote");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  const auto check = [](const Ended& ended, int status, const std::string& what) {
    CAPTURE(ended.err);
    CHECK(ended.status == status);
    CHECK(ended.err == "videoctl: " + what + "\n");
  };
  check(videoctl({"--server", site.daemon.url(), "session", "login", "ada", "--password-stdin"},
                 {{{"XDG_CONFIG_HOME", site.folder.path()}}, "a wrong one", {}}),
        6, "wrong user name or password");
  check(site.run("ada", {"video", "thumbnail", id, "--set", file}), 7, id + ": picture: must be JPEG, PNG or WebP");
  const Ended subtitles = site.run("ada", {"video", "subtitle", "add", id, file, "--lang", "en"});
  CHECK(subtitles.status == 7);
  CHECK(hintsIn(subtitles.err) == 0);
}

TEST_CASE("the limit for uploads is named where it is that limit") {
  Site site("remote", std::string(idle) + "[stream]\nmax_upload = \"2KiB\"\n");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const Ended ended = site.run("ada", {"video", "upload", file});
  CAPTURE(ended.err);
  CHECK(ended.status == 7);
  CHECK(ended.err.find("hint: the limit is stream.max_upload in the server's configuration") != std::string::npos);
}

#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/nginx.hpp"
#include "temp.hpp"
#include "wait.hpp"

namespace video::e2e {

/// An address and a port on which nobody else listens: every process of the tests has an address of its own.
inline std::string freeAddress() {
  static int port = 20'000;
  const auto pid = static_cast<unsigned>(::getpid());
  return fmt::format("127.{}.{}.{}:{}", 64 + (pid >> 16 & 63), pid >> 8 & 255, pid & 255, ++port);
}

/// The text of a shipped example, with each key replaced by its value, which must be there.
inline std::string example(const std::string& name, const std::map<std::string, std::string>& replaced) {
  std::string text = read(std::filesystem::path(VIDEO_SOURCE_DIR) / "etc/examples" / name);
  for (const auto& [word, with] : replaced) {
    INFO(name << " has no " << word);
    REQUIRE(text.find(word) != std::string::npos);
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + with.size()))
      text.replace(at, word.size(), with);
  }
  return text;
}

/// A server in front of videod for https://video.example, with a certificate of its own.
struct Front {
  Front() {
    REQUIRE(run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", "/CN=video.example", "-addext", "subjectAltName=DNS:video.example", "-keyout",
                 key(), "-out", certificate()})
                .status == 0);
    write(home / "both.pem", read(certificate()) + read(key()));
  }

  std::string certificate() const { return (home / "video.pem").string(); }
  std::string key() const { return (home / "video.key").string(); }
  std::string port() const { return address.substr(address.rfind(':') + 1); }
  std::string host() const { return address.substr(0, address.rfind(':')); }
  std::string url(const std::string& path = {}) const { return "https://video.example:" + port() + path; }

  /// Runs curl against the site as a client with the address 127.0.0.9 does.
  Ended curl(const std::string& path, const std::vector<std::string>& flags = {}) const {
    return run(join({"curl", "-sS", "--max-time", "60", "--interface", "127.0.0.9", "--cacert", certificate(),
                     "--resolve", "video.example:" + port() + ":" + host(), url(path)},
                    flags));
  }
  /// The status of a GET; 000 if nobody answers.
  std::string status(const std::string& path, const std::vector<std::string>& flags = {}) const {
    return curl(path, join({"-o", "/dev/null", "-w", "%{http_code}"}, flags)).out;
  }

  /// Starts the server and waits until the site is ready.
  void start(const std::vector<std::string>& arguments) {
    program = std::make_unique<Program>(arguments, Given{{{"HOME", home.path().string()}}, {}, {}});
    try {
      test::waitFor("the site is ready", [this] { return status("/readyz") == "200"; });
    } catch (const std::exception&) {
      FAIL("the server in front: " << program->errorSoFar());
    }
  }

  /// nginx with this text of a site, such as etc/examples/nginx.conf.
  void startNginx(const std::string& site) {
    const std::string folder = home / "";
    std::string text = fmt::format(
        "daemon off; master_process off; pid {0}pid; error_log stderr;\nevents {{ worker_connections 1024; }}\n"
        "http {{ access_log off;\n",
        folder);
    for (const char* const what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      text += fmt::format("{0}_temp_path {1}{0};\n", what, folder);
    write(home / "nginx.conf", text + site + "}\n");
    start({"sh", "-c", "PATH=$PATH:/usr/sbin exec nginx -p \"$0\" -c \"$0/nginx.conf\"", folder});
  }
  /// nginx by the shipped example.
  void startNginxExample(const Daemon& one, const Daemon& two) {
    startNginx(example("nginx.conf", {{"127.0.0.1:8001", one.address()},
                                      {"127.0.0.1:8002", two.address()},
                                      {"listen 443", "listen " + address},
                                      {"listen 80", "listen " + freeAddress()},
                                      {"/etc/ssl/video.example.pem", certificate()},
                                      {"/etc/ssl/video.example.key", key()},
                                      {"/var/lib/videod/", one.dataDirectory().string() + "/"}}));
  }

  TempDirectory home;
  std::string address = freeAddress();
  std::unique_ptr<Program> program;
};

}  // namespace video::e2e

#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "e2e/program.hpp"
#include "os/descriptor.hpp"

namespace video::e2e {

/// What came back of one request on a connection of its own.
struct Answered {
  int status = 0;
  std::string head;  ///< with its status line, each line with its CR LF
  std::string body;

  /// A header's value; empty where there is none.
  std::string header(const std::string& name) const;
};

/// A connection to `HOST:PORT` or the path of a Unix socket. Throws where there is none.
Descriptor connectTo(const std::string& address);
/// Sends `request` as it stands and reads until the server closes.
Answered ask(const std::string& address, const std::string& request);

/// What curl gets from a URL with these flags: the reply's status, and its body.
inline std::pair<std::string, std::string> get(const std::string& url, const std::vector<std::string>& flags = {}) {
  std::vector<std::string> arguments{"curl", "-s", "-w", "\n%{http_code}", url};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const std::string out = run(arguments).out;
  const std::size_t end = out.rfind('\n');
  return {out.substr(end + 1), out.substr(0, end)};
}

/// Sends all of `text`.
inline void send(const Descriptor& socket, std::string_view text) {
  REQUIRE(::send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// An nginx of our own, as an oracle or in front of videod. Where nginx is not installed, tests say so and end.
class Nginx {
 public:
  static bool isInstalled();
  /// `server` is what stands in its one `server {}`, without `listen`. Returns once it answers.
  explicit Nginx(const std::string& server);

  /// The Unix socket that it listens on.
  std::string address() const { return (home_ / "nginx.sock").string(); }

 private:
  TempDirectory home_;
  std::unique_ptr<Program> program_;
};

}  // namespace video::e2e

#pragma once

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

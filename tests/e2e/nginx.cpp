#include "e2e/nginx.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <stdexcept>

#include "base/text.hpp"
#include "catch.hpp"
#include "os/descriptor.hpp"

namespace video::e2e {

std::string Answered::header(const std::string& name) const {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
    const std::string line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' && equalWithoutCase(line.substr(0, name.size()), name))
      return std::string(trimmed(std::string_view(line).substr(name.size() + 1)));
  }
  return {};
}

Descriptor connectTo(const std::string& address) {
  if (address.starts_with('/')) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    address.copy(to.sun_path, sizeof to.sun_path - 1);
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return socket;
  } else {
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return socket;
  }
  throw std::runtime_error("nobody listens on " + address);
}

Answered ask(const std::string& address, const std::string& request) {
  const Descriptor socket = connectTo(address);
  std::string_view rest = request;
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;  // it may have answered and closed
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string text;
  std::string piece(65536, '\0');
  for (ssize_t got = 0; (got = ::recv(socket.number(), piece.data(), piece.size(), 0)) > 0;)
    text.append(piece, 0, static_cast<std::size_t>(got));
  Answered answered;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answered;
  answered.head = text.substr(0, end + 2);
  answered.body = text.substr(end + 4);
  answered.status = std::stoi(answered.head.substr(9, 3));
  return answered;
}

bool Nginx::isInstalled() {
  if (run({"sh", "-c", "PATH=$PATH:/usr/sbin command -v nginx"}).status == 0) return true;
  WARN("skipped: nginx is not installed (etc/packages.txt: nginx-light)");
  return false;
}

Nginx::Nginx(const std::string& server) {
  const std::string home = home_ / "";
  const auto temporary = [&](const std::string& what) { return what + "_temp_path " + home + what + ";\n"; };
  std::ofstream(home_ / "nginx.conf") << "daemon off; master_process off; pid " << home << "pid; error_log " << home
                                      << "log;\nevents { worker_connections 1024; }\nhttp { access_log off;\n"
                                      << temporary("client_body") << temporary("proxy") << temporary("fastcgi")
                                      << temporary("uwsgi") << temporary("scgi") << "server { listen unix:" << address()
                                      << ";\n"
                                      << server << "\n} }\n";
  program_ = std::make_unique<Program>(
      std::vector<std::string>{"sh", "-c", "PATH=$PATH:/usr/sbin exec nginx -p \"$0\" -c \"$0/nginx.conf\"", home});
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) try {
      connectTo(address());
      return;
    } catch (const std::runtime_error&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::yield();
    }
}

}  // namespace video::e2e

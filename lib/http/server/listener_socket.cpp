#include "http/server/listener_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

#include "base/address.hpp"
#include "base/error.hpp"
#include "os/descriptor.hpp"
#include "os/errors.hpp"
#include "os/unix_address.hpp"

namespace video::http {

namespace {

constexpr std::string_view unixPrefix = "unix:";

[[noreturn]] void fail(const std::string& address, std::string_view why) {
  throw Error(Fault::unreachable, fmt::format("{}: {}", address, why));
}

[[noreturn]] void failWithErrno(const std::string& address) {
  if (errno == ENOSPC || errno == EDQUOT) os::throwErrno(errno, address);
  fail(address, std::generic_category().message(errno));
}

// Whether a process still listens: one that died leaves its socket's file behind.
bool isInUse(const os::UnixAddress& name) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return probe && (::connect(probe.number(), name.get(), name.size()) == 0 || errno == EAGAIN);
}

// Returns what was bound, as the path shows it.
struct stat bindUnix(int socket, const std::string& path, const std::string& address) {
  const os::UnixAddress name(path);
  if (name.error() == ENAMETOOLONG) fail(address, "the socket's path is empty or too long");
  if (name.error() != 0) fail(address, std::generic_category().message(name.error()));
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) fail(address, "the path exists and is not a socket");
    if (isInUse(name)) fail(address, "another process listens there");
    ::unlink(path.c_str());
  }
  // Setting the mode before bind restricts the file from the start; the second chmod undoes the umask.
  if (::fchmod(socket, 0660) != 0 || ::bind(socket, name.get(), name.size()) != 0 || ::chmod(path.c_str(), 0660) != 0 ||
      ::lstat(path.c_str(), &info) != 0)
    failWithErrno(address);
  return info;
}

/// Splits `HOST:PORT` or `[V6]:PORT`.
std::pair<std::string, std::string> splitAddress(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) fail(address, "not HOST:PORT, [V6]:PORT or unix:PATH");
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string::npos)
    fail(address, "write an IPv6 address in brackets");
  if (host.empty() || port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(port) > 65535)
    fail(address, "not HOST:PORT, [V6]:PORT or unix:PATH");
  return {host, port};
}

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

/// Sets options that accepted sockets inherit. Without them a client that does not read would occupy megabytes of
/// kernel memory, and filling it would delay the others; one that does read gets more (connection.cpp).
void setForClients(int socket) {
  constexpr int mostUnsent = 256 * 1024;
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, mostUnsent);
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const std::string& address) {
  const auto [host, port] = splitAddress(address);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int failure = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); failure != 0)
    fail(address, ::gai_strerror(failure));
  return {list, &::freeaddrinfo};
}

Descriptor bindTcp(const addrinfo* list, const std::string& address) {
  Descriptor socket(::socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) failWithErrno(address);
  set(socket.number(), SOL_SOCKET, SO_REUSEADDR, 1);
  setForClients(socket.number());
  if (list->ai_family == AF_INET6) set(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(socket.number(), list->ai_addr, list->ai_addrlen) != 0) failWithErrno(address);
  return socket;
}

std::string textOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    AddressBytes bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, bytes.size());
    return formatAddress(bytes);
  }
  return text;
}

in_port_t portOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

sockaddr_storage boundTo(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  return bound;
}

std::string textWithPort(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool six = address.ss_family == AF_INET6;
  ::inet_ntop(address.ss_family,
              six ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
                  : &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
              text, sizeof text);
  return fmt::format("{}{}{}:{}", six ? "[" : "", text, six ? "]" : "", portOf(address));
}

/// Takes the socket bound to `wanted`, in the notation of `boundAddress`, out of `inherited`.
Descriptor takeInherited(std::vector<Descriptor>& inherited, const std::string& wanted) {
  const auto found = std::find_if(inherited.begin(), inherited.end(),
                                  [&](const Descriptor& one) { return boundAddress(one.number()) == wanted; });
  if (found == inherited.end()) return {};
  Descriptor socket = std::move(*found);
  inherited.erase(found);
  const int flags = ::fcntl(socket.number(), F_GETFL);
  ::fcntl(socket.number(), F_SETFL, flags | O_NONBLOCK);
  ::fcntl(socket.number(), F_SETFD, FD_CLOEXEC);
  return socket;
}

bool mayBeOperator(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  if (peer.uid == 0 || peer.uid == ::geteuid() || peer.gid == ::getegid()) return true;
  std::vector<gid_t> groups(64);
  for (;;) {
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) break;
    if (errno != ERANGE) return false;
    groups.resize(size / sizeof(gid_t));
  }
  groups.resize(size / sizeof(gid_t));
  return std::find(groups.begin(), groups.end(), ::getegid()) != groups.end();
}

}  // namespace

ListenerSocket::~ListenerSocket() {
  // Another process may have taken the path meanwhile.
  struct stat is {};
  if (inode && ::lstat(unixPath.c_str(), &is) == 0 && std::pair(is.st_dev, is.st_ino) == *inode)
    ::unlink(unixPath.c_str());
}

std::string boundAddress(int socket) {
  const sockaddr_storage bound = boundTo(socket);
  if (bound.ss_family != AF_UNIX) return textWithPort(bound);
  return fmt::format("{}{}", unixPrefix, reinterpret_cast<const sockaddr_un&>(bound).sun_path);
}

void openListenerSocket(const Listener& listener, int backlog, std::vector<Descriptor>& inherited, ListenerSocket& to) {
  to.listener = listener;
  to.address = listener.address;
  const bool isUnix = listener.address.compare(0, unixPrefix.size(), unixPrefix) == 0;
  if (isUnix) {
    to.unixPath = listener.address.substr(unixPrefix.size());
    Descriptor socket = takeInherited(inherited, listener.address);
    to.listener.inherited = static_cast<bool>(socket);
    if (!socket) {
      socket = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (!socket) failWithErrno(listener.address);
      const struct stat bound = bindUnix(socket.number(), to.unixPath, listener.address);
      to.inode.emplace(bound.st_dev, bound.st_ino);
    }
    to.socket = std::move(socket);
  } else {
    const AddressList list = resolve(listener.address);
    sockaddr_storage wanted{};
    std::memcpy(&wanted, list->ai_addr, list->ai_addrlen);
    to.socket = takeInherited(inherited, textWithPort(wanted));
    to.listener.inherited = static_cast<bool>(to.socket);
    if (to.listener.inherited)
      setForClients(to.socket.number());
    else
      to.socket = bindTcp(list.get(), listener.address);
    to.address = fmt::format("{}:{}", listener.address.substr(0, listener.address.rfind(':')),
                             portOf(boundTo(to.socket.number())));
    to.listener.address = to.address;
  }
  if (::listen(to.socket.number(), backlog) != 0) failWithErrno(listener.address);
}

Peer peerOf(int socket, const sockaddr_storage& address, const ListenerSocket& listening) {
  if (listening.unixPath.empty()) return {textOf(address)};
  return {{}, listening.listener.operatorSocket && mayBeOperator(socket)};
}

}  // namespace video::http

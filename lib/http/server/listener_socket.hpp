#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/message.hpp"
#include "os/descriptor.hpp"

namespace video::http {

/// A listening socket and its configuration. The destructor removes the file of a Unix socket if it is the one that
/// was bound here.
struct ListenerSocket {
  Listener listener;
  Descriptor socket;
  std::string address;                             ///< with the actual port
  std::string unixPath;                            ///< empty for TCP
  std::optional<std::pair<dev_t, ino_t>> inode{};  ///< the file of a Unix socket bound here

  ListenerSocket() = default;
  ListenerSocket(const ListenerSocket&) = delete;
  ListenerSocket& operator=(const ListenerSocket&) = delete;
  ~ListenerSocket();
};

/// Opens a non-blocking listening socket: takes the one bound to the listener's address out of `inherited`, or binds a
/// new one. A Unix socket gets mode 0660 and replaces the socket of a process that died, but no other kind of file; the
/// path may be of any length. Throws Error (unreachable) that names the address.
void openListenerSocket(const Listener& listener, int backlog, std::vector<Descriptor>& inherited, ListenerSocket& to);

/// Returns the address a socket is bound to, in the notation of listener addresses.
std::string boundAddress(int socket);

/// Returns the peer of a socket accepted from `listening`.
Peer peerOf(int socket, const sockaddr_storage& address, const ListenerSocket& listening);

}  // namespace video::http

#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "http/message.hpp"
#include "os/descriptor.hpp"

namespace video::http {

/// A socket that listens, and what it was asked to be. A Unix socket's file goes with it, unless it was inherited.
struct ListenerSocket {
  Listener listener;
  Descriptor socket;
  std::string address;     ///< with the port it got
  std::string unixPath;    ///< empty: TCP
  bool inherited = false;  ///< bound by somebody else

  ListenerSocket() = default;
  ListenerSocket(const ListenerSocket&) = delete;
  ListenerSocket& operator=(const ListenerSocket&) = delete;
  ~ListenerSocket();
};

/// Takes the socket out of `inherited` that is bound to the listener's address, else binds one; listens, non-blocking.
/// A Unix socket has mode 0660 and replaces a socket (nothing else) at its path, however long that is. Throws Error
/// (unreachable) naming the address.
void openListenerSocket(const Listener& listener, int backlog, std::vector<Descriptor>& inherited, ListenerSocket& to);

/// What a socket is bound to, as a listener's address is written.
std::string boundAddress(int socket);

/// Who is at the other end of a socket accepted from `listening`.
Peer peerOf(int socket, const sockaddr_storage& address, const ListenerSocket& listening);

}  // namespace video::http

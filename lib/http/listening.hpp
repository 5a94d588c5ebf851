#pragma once

#include <sys/socket.h>

#include <string>

#include "base/bytes.hpp"
#include "http/message.hpp"

namespace video::http {

/// A socket that listens, and what it was asked to be. A Unix socket's file goes with it.
struct Listening {
  Listener listener;
  Descriptor socket;
  std::string address;   ///< with the port it got
  std::string unixPath;  ///< empty: TCP

  Listening() = default;
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening();
};

/// Binds and listens, non-blocking. A Unix socket has mode 0660 and replaces a socket (nothing else) at its path,
/// however long that is. Throws Error (unreachable) naming the address.
void openListening(const Listener& listener, int backlog, Listening& to);

/// Who is at the other end of a socket accepted from `listening`.
Peer peerOf(int socket, const sockaddr_storage& address, const Listening& listening);

}  // namespace video::http

#pragma once

#include "base/credential.hpp"
#include "http/endpoint.hpp"
#include "http/message.hpp"

namespace video::http {

/// Who asks (http-api.md, "Who is asking"), and how it was said.
struct Caller {
  Credential by;
  bool cookie = false;  ///< a session came as a cookie, even where the same came as a header too
};

/// Reads the caller's credential off a request. Throws forbidden for what only the operator's socket or only another
/// listener may bear, malformed for two credentials that differ.
Caller readCaller(const Head& head, const Peer& peer, const Listener& listener, const Route& route);

}  // namespace video::http

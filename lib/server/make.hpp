#pragma once

#include <memory>

#include "base/forward.hpp"
#include "server/server.hpp"

namespace video {

/// Makes the implementation for this process; `access` must outlive it.
std::unique_ptr<LocalServer> makeLocalServer(access::Access& access);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Server> makeRemoteServer(http::Client& server);
/// Adds the routes, including /healthz, /readyz, /version and /metrics. Both must outlive the last request.
void serveServer(http::Router& router, LocalServer& server);

}  // namespace video

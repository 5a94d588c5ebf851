#pragma once

#include <memory>

#include "base/forward.hpp"
#include "sessions/sessions.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Sessions> makeLocalSessions(store::Database& database, access::Access& access);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Sessions> makeRemoteSessions(http::Client& server);
/// Adds the routes. All arguments must outlive the last request.
void serveSessions(http::Router& router, Sessions& sessions, const http::CookieOptions& cookies);

}  // namespace video

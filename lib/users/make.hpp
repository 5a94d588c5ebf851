#pragma once

#include <memory>

#include "base/forward.hpp"
#include "users/users.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Users> makeLocalUsers(store::Database& database, access::Access& access, const UsersOptions& options);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Users> makeRemoteUsers(http::Client& server);
/// Adds the routes. All arguments must outlive the last request.
void serveUsers(http::Router& router, Users& users, const http::CookieOptions& cookies);

}  // namespace video

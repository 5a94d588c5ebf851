#pragma once

#include <memory>

#include "base/forward.hpp"
#include "tokens/tokens.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Tokens> makeLocalTokens(store::Database& database, access::Access& access);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Tokens> makeRemoteTokens(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveTokens(http::Router& router, Tokens& tokens);

}  // namespace video

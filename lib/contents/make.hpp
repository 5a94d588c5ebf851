#pragma once

#include <memory>

#include "base/forward.hpp"
#include "contents/contents.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Contents> makeLocalContents(store::Database& database, access::Access& access);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Contents> makeRemoteContents(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveContents(http::Router& router, Contents& contents);

}  // namespace video

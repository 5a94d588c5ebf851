#pragma once

#include <memory>

#include "base/forward.hpp"
#include "views/views.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Views> makeLocalViews(store::Database& database, access::Access& access);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Views> makeRemoteViews(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveViews(http::Router& router, Views& views);

}  // namespace video

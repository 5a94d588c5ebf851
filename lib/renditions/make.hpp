#pragma once

#include <memory>

#include "base/forward.hpp"
#include "renditions/renditions.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<LocalRenditions> makeLocalRenditions(store::Database& database, store::Blobs& blobs,
                                                     access::Access& access, const RenditionsOptions& options);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Renditions> makeRemoteRenditions(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveRenditions(http::Router& router, Renditions& renditions);

}  // namespace video

#pragma once

#include <memory>

#include "base/forward.hpp"
#include "exports/exports.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it. `inBackground`: prepares exports in
/// the background, as a daemon does.
std::unique_ptr<LocalExports> makeLocalExports(store::Database& database, store::Blobs& blobs, access::Access& access,
                                               bool inBackground);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Exports> makeRemoteExports(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveExports(http::Router& router, Exports& exports);

}  // namespace video

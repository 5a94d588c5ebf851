#pragma once

#include <memory>

#include "base/forward.hpp"
#include "uploads/uploads.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Uploads> makeLocalUploads(store::Database& database, store::Blobs& blobs, access::Access& access,
                                          const UploadsOptions& options);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Uploads> makeRemoteUploads(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveUploads(http::Router& router, Uploads& uploads);

}  // namespace video

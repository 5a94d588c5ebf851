#pragma once

#include <functional>
#include <memory>

#include "base/forward.hpp"
#include "uploads/uploads.hpp"
#include "videos/videos.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it. `wakePurge` is called when a content
/// was replaced and waits to be unlinked; it does not wait.
std::unique_ptr<LocalUploads> makeLocalUploads(store::Database& database, store::Blobs& blobs, access::Access& access,
                                               Videos& videos, const UploadsOptions& options,
                                               std::function<void()> wakePurge);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Uploads> makeRemoteUploads(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveUploads(http::Router& router, LocalUploads& uploads);

}  // namespace video

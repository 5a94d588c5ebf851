#pragma once

#include <memory>

#include "base/forward.hpp"
#include "videos/videos.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it. `inBackground`: verifies contents in
/// the background, as a daemon does.
std::unique_ptr<LocalVideos> makeLocalVideos(store::Database& database, store::Blobs& blobs, access::Access& access,
                                             const VideosOptions& options, PurgeOptions purge, bool inBackground);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Videos> makeRemoteVideos(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveVideos(http::Router& router, Videos& videos);

}  // namespace video

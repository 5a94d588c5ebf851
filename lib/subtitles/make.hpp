#pragma once

#include <memory>

#include "base/forward.hpp"
#include "subtitles/subtitles.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Subtitles> makeLocalSubtitles(store::Database& database, access::Access& access,
                                              const SubtitlesOptions& options);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Subtitles> makeRemoteSubtitles(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveSubtitles(http::Router& router, Subtitles& subtitles);

}  // namespace video

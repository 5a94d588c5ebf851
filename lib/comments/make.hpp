#pragma once

#include <memory>

#include "base/forward.hpp"
#include "comments/comments.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<LocalComments> makeLocalComments(store::Database& database, access::Access& access,
                                                 const CommentsOptions& options);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Comments> makeRemoteComments(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveComments(http::Router& router, Comments& comments);

}  // namespace video

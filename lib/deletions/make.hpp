#pragma once

#include <memory>

#include "base/forward.hpp"
#include "deletions/deletions.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it. Deletions are due by `clock`.
std::unique_ptr<LocalDeletions> makeLocalDeletions(store::Database& database, store::Blobs& blobs,
                                                   access::Access& access, const Clock& clock,
                                                   const DeletionsOptions& options);
/// Makes the implementation that calls a daemon over HTTP; the client must outlive it.
std::unique_ptr<Deletions> makeRemoteDeletions(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveDeletions(http::Router& router, Deletions& deletions);

}  // namespace video

#pragma once

#include <memory>

#include "base/forward.hpp"
#include "shares/shares.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Shares> makeLocalShares(store::Database& database, access::Access& access,
                                        const SharesOptions& options);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Shares> makeRemoteShares(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveShares(http::Router& router, Shares& shares);

}  // namespace video

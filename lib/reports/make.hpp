#pragma once

#include <memory>

#include "base/forward.hpp"
#include "reports/reports.hpp"

namespace video {

/// Makes the implementation on the data directory; the arguments must outlive it.
std::unique_ptr<Reports> makeLocalReports(store::Database& database, access::Access& access,
                                          const ReportsOptions& options);
/// Makes the implementation that asks a daemon over HTTP; the client must outlive it.
std::unique_ptr<Reports> makeRemoteReports(http::Client& server);
/// Adds the routes. Both must outlive the last request.
void serveReports(http::Router& router, Reports& reports);

}  // namespace video

#pragma once

#include <filesystem>

namespace video {
namespace http {
class Router;
}

/// Adds the routes of a site that has its own pages (`web.root`): the files below `root`, with `/` as `index.html` or
/// `home.html` and `/userhome` as `userhome.html`, and `POST /api`, through which the original site's pages use the
/// API. The router must outlive the last request. Throws malformed if there is no such folder.
void serveOwnPages(http::Router& router, const std::filesystem::path& root);

/// Adds `POST /api` alone: its body, `{"url":…,"method":…,"req_body":…}`, is a request, which this router answers.
/// Only path and query of the URL count.
void serveEnvelope(http::Router& router);

}  // namespace video

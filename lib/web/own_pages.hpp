#pragma once

#include <filesystem>

namespace video {
namespace http {
class Router;
}

/// Adds the routes of a site with pages of its own (`web.root`): the files below `root`, with `/` as `index.html` or
/// `home.html` and `/userhome` as `userhome.html`, and `POST /api`, by which the original site's pages reach the API.
/// The router must outlive the last request. Throws malformed if there is no such folder.
void serveOwnPages(http::Router& router, const std::filesystem::path& root);

/// Adds `POST /api` alone: a request in an envelope, `{"url":…,"method":…,"req_body":…}`, is made to this router. Only
/// the path of the URL counts.
void serveEnvelope(http::Router& router);

}  // namespace video

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace video {

class Sessions;
class Users;
class Videos;
namespace http {
class Router;
struct CookieOptions;
}  // namespace http

/// How the site's pages present themselves (`[web]` in videod.toml).
struct WebOptions {
  std::filesystem::path root;      ///< folder of the site's own pages, served instead; empty: videod's pages
  std::string name = "videod";     ///< name of the site, 1 to 50 characters
  std::filesystem::path logo;      ///< SVG, PNG, JPEG or WebP file; empty: videod's own
  std::string contact;             ///< `https://…`, `mailto:…` or a path of the site; empty: not linked
  std::string imprint;             ///< the same
  std::string terms;               ///< the same
  std::string privacy;             ///< the same
  std::vector<std::string> embed;  ///< origins whose pages may embed videos; `*`: all; empty: none
  bool registrationIsOpen = true;  ///< whether anyone may register
};

/// The operations that the server needs for the pages; everything else the browser gets from the API.
struct WebRooms {
  Users& users;
  Sessions& sessions;
  Videos& videos;
};

/// Adds the site's pages to the router; nothing if the program was built without them. Call it after all other routes
/// are added: the pages offer only what these can do. Rooms and router must outlive the last request. Throws malformed
/// if the logo cannot be read or is not a picture.
void serveWeb(http::Router& router, const WebRooms& rooms, const WebOptions& options,
              const http::CookieOptions& cookies);

}  // namespace video

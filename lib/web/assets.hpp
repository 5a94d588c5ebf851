#pragma once

#include <string_view>
#include <vector>

namespace video::web {

/// A file of the site's pages, compiled into the program (lib/web/embed.cmake).
struct Asset {
  std::string_view name;    ///< `home.js`, `layout.html`
  std::string_view served;  ///< name below /assets/, with a hash of the content; empty: not served
  std::string_view content;
  std::string_view gzip;                  ///< the content in gzip; empty if it is not served
  std::string_view brotli;                ///< the content in brotli; empty if it is not served
  std::vector<std::string_view> imports;  ///< served names of the modules that it imports, directly or not
};

/// Returns all files; none if the program was built without the pages (-DVIDEO_WEB=OFF).
const std::vector<Asset>& assets();

/// Returns the file of this name, or null.
const Asset* findAsset(std::string_view name);

}  // namespace video::web

#pragma once

#include <string_view>
#include <vector>

namespace video::web {

/// A file of the site's pages, compiled into the program (lib/web/embed.cmake).
struct Asset {
  std::string_view name;    ///< `home.js`, `layout.html`
  std::string_view served;  ///< its name below /assets/, with a hash of its content; empty: it is not served
  std::string_view content;
  std::string_view gzip;                  ///< the content compressed; empty if it is not served
  std::string_view brotli;                ///< the same
  std::vector<std::string_view> imports;  ///< the served names of the modules that it needs, and that those need
};

/// Returns all files; none if the program was built without the pages (-DVIDEO_WEB=OFF).
const std::vector<Asset>& assets();

/// Returns the file of this name, or null.
const Asset* findAsset(std::string_view name);

}  // namespace video::web

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/routes.hpp"

namespace video::http {

/// One sentence on an operation, such as `videos.list`.
using Summary = std::pair<std::string_view, std::string_view>;

/// The OpenAPI 3.1 document of these routes. Throws internal for an operation that has no summary.
std::string openApi(const std::vector<const RouteEntry*>& routes, std::string_view version,
                    std::span<const Summary> summaries);

}  // namespace video::http

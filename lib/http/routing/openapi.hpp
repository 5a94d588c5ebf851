#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/routing/route_table.hpp"

namespace video::http {

/// The OpenAPI 3.1 document of these routes. Throws internal for an operation that has no summary.
std::string openApi(const std::vector<const RouteEntry*>& routes, std::string_view version);

}  // namespace video::http

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/routing/route_table.hpp"

namespace video::http {

/// What an OpenAPI document says of the whole.
struct ApiInfo {
  std::string_view title;
  std::string_view version;
  std::string_view description;
  std::string_view license;  ///< SPDX identifier
};

/// The OpenAPI 3.1 document of these routes. Throws internal for an operation that has no summary.
std::string openApi(const std::vector<const RouteEntry*>& routes, const ApiInfo& info);

}  // namespace video::http

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/routing/route_table.hpp"

namespace video::http {

/// The `info` object of an OpenAPI document.
struct ApiInfo {
  std::string_view title;
  std::string_view version;
  std::string_view description;
  std::string_view license;  ///< SPDX identifier
};

/// Returns the OpenAPI 3.1 document for these routes, as JSON. Throws internal for an operation without a summary.
std::string openApi(const std::vector<const RouteEntry*>& routes, const ApiInfo& info);

}  // namespace video::http

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace video::http {

/// The properties of a state-changing request that the cross-site rule checks.
struct CsrfClues {
  bool cookie = false;      ///< a session was sent as a cookie
  bool credential = false;  ///< any credential was sent, including a cookie
  std::string_view fetchSite;
  std::string_view origin;
  std::string_view host;
};

/// Returns whether such a request is allowed (http-api.md, "Cross-site"). Pages of `origins` are allowed regardless of
/// Sec-Fetch-Site.
bool mayChange(const CsrfClues& clues, const std::vector<std::string>& origins) noexcept;

}  // namespace video::http

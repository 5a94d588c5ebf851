#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace video::http {

/// What the cross-site rule looks at, of a request that can change something.
struct CsrfClues {
  bool cookie = false;      ///< a session came as a cookie
  bool credential = false;  ///< any credential came, a cookie included
  std::string_view fetchSite;
  std::string_view origin;
  std::string_view host;
};

/// Whether such a request may go on (http-api.md, "Cross-site"). A page of one of `origins` may, whatever
/// Sec-Fetch-Site says of it.
bool mayChange(const CsrfClues& clues, const std::vector<std::string>& origins) noexcept;

}  // namespace video::http

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace video::http {

/// The properties of a state-changing request that the cross-site rule checks.
struct CsrfClues {
  bool cookie = false;      ///< a session was sent as a cookie
  bool credential = false;  ///< any credential was sent, including a cookie
  std::string_view fetchSite;
  std::string_view origin;
  std::string_view host;
};

/// Returns whether an Origin header field names one of `origins`.
bool isListed(std::string_view origin, const std::vector<std::string>& origins) noexcept;

/// Returns whether such a request is allowed (http-api.md, "Cross-site"). Pages of `origins` are allowed regardless of
/// Sec-Fetch-Site.
bool mayChange(const CsrfClues& clues, const std::vector<std::string>& origins) noexcept;

/// Returns why a request to a trusted listener may come from a page of another site, or empty if it does not. Whatever
/// it asks for, its host must be the listener's own address or public URL, since another name may have been made to
/// resolve to this address (DNS rebinding), and Origin, Referer and Sec-Fetch-Site must be of this site. `host` is the
/// host that the client requested.
std::string_view whyForeign(const Head& head, std::string_view host, const Listener& listener) noexcept;

}  // namespace video::http

#pragma once

#include <string_view>

#include "http/routing/router.hpp"

namespace video::http {

/// Sets the session cookie (RFC 6265) with the session's secret. Scripts cannot read it (HttpOnly), and only links
/// send it cross-site (SameSite=Lax).
void setSessionCookie(const Exchange& exchange, Answer& answer, std::string_view secret, const CookieOptions& options);

/// Deletes the session cookie.
void clearSessionCookie(Answer& answer);

}  // namespace video::http

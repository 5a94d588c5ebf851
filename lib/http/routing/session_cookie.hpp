#pragma once

#include <string_view>

#include "http/routing/router.hpp"

namespace video::http {

/// Hands a session to a browser as the cookie `session` (RFC 6265): not for scripts, not sent cross-site but by links.
void setSessionCookie(const Exchange& exchange, Answer& answer, std::string_view secret, const CookieOptions& options);

/// Takes it back.
void clearSessionCookie(Answer& answer);

}  // namespace video::http

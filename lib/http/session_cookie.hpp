#pragma once

#include <string_view>

#include "http/router.hpp"

namespace video::http {

/// Hands a session to a browser as the cookie `session` (RFC 6265): not for scripts, not sent cross-site but by links.
inline void setSessionCookie(Answer& answer, std::string_view secret) {
  answer.set("Set-Cookie", fmt::format("session={}; HttpOnly; SameSite=Lax; Path=/", secret));
}

/// Takes it back.
inline void clearSessionCookie(Answer& answer) {
  answer.set("Set-Cookie", "session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
}

}  // namespace video::http

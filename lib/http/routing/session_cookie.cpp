#include "http/routing/session_cookie.hpp"

#include <fmt/format.h>

namespace video::http {
namespace {

bool isSecure(const Request& request, CookieOptions::Secure wanted) {
  if (wanted != CookieOptions::Secure::automatic) return wanted == CookieOptions::Secure::always;
  return request.peer.secure || request.listener.publicUrl.starts_with("https://");
}

}  // namespace

void setSessionCookie(const Exchange& exchange, Answer& answer, std::string_view secret, const CookieOptions& options) {
  answer.set("Set-Cookie",
             fmt::format("{}={}; HttpOnly; SameSite=Lax; Path=/; Max-Age={}{}", credential_names::secretCookie, secret,
                         std::chrono::floor<std::chrono::seconds>(options.lifetime).count(),
                         isSecure(exchange.request, options.secure) ? "; Secure" : ""));
}

void clearSessionCookie(Answer& answer) {
  answer.set("Set-Cookie",
             fmt::format("{}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0", credential_names::secretCookie));
}

}  // namespace video::http

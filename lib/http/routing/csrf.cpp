#include "http/routing/csrf.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace video::http {
namespace {

std::string_view withoutPort(std::string_view authority, std::string_view port) noexcept {
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

bool sameAuthority(std::string_view origin, std::string_view host) noexcept {
  for (const auto& [scheme, port] :
       {std::pair<std::string_view, std::string_view>{"http://", ":80"}, {"https://", ":443"}})
    if (equalWithoutCase(origin.substr(0, scheme.size()), scheme)) {
      const std::string_view authority = withoutPort(origin.substr(scheme.size()), port);
      return !authority.empty() && equalWithoutCase(authority, withoutPort(host, port));
    }
  return false;
}

}  // namespace

bool mayChange(const CsrfClues& clues, const std::vector<std::string>& origins) noexcept {
  if (clues.credential && !clues.cookie) return true;
  const bool listed = !clues.origin.empty() &&
                      std::any_of(origins.begin(), origins.end(),
                                  [&](const std::string& origin) { return equalWithoutCase(origin, clues.origin); });
  if (listed) return true;
  if (!clues.fetchSite.empty()) return clues.fetchSite == "same-origin" || clues.fetchSite == "none";
  if (!clues.origin.empty()) return sameAuthority(clues.origin, clues.host);
  return !clues.cookie;
}

}  // namespace video::http

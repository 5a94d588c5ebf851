#include "http/routing/csrf.hpp"

#include <algorithm>

#include "base/address.hpp"
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

/// Returns scheme, host and port of a URL.
std::string_view originIn(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
}

bool isIpAddress(std::string_view host) noexcept {
  return host.starts_with('[') || (!host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// Returns whether `host`, a name or IP address with or without a port, is the address of a listener.
bool isOwnAddress(std::string_view address, std::string_view host) noexcept {
  const std::size_t end = std::min(host.find(':', host.starts_with('[') ? host.find(']') : 0), host.size());
  const std::string_view asked = host.substr(0, end);
  if (address.starts_with("unix:")) return equalWithoutCase(asked, "localhost");
  const std::size_t colon = address.rfind(':');
  const std::string_view name = address.substr(0, colon);
  const std::string_view port = address.substr(colon);
  if (name == "0.0.0.0" || name == "[::]") return isIpAddress(asked) || isLoopback(asked);
  if (host.substr(end) != port && !(end == host.size() && port == ":80")) return false;
  return equalWithoutCase(asked, name) || (isLoopback(asked) && isLoopback(name));
}

}  // namespace

std::string_view whyForeign(const Head& head, std::string_view host, const Listener& listener) noexcept {
  if (!isOwnAddress(listener.address, host) && !sameAuthority(originIn(listener.publicUrl), host))
    return "Host: must be the listener's own address or public_url";
  for (const auto& [name, value] : head.headers) {
    if (equalWithoutCase(name, "Origin") && !sameAuthority(value, host)) return "Origin: another site";
    if (equalWithoutCase(name, "Referer") && !sameAuthority(originIn(value), host)) return "Referer: another site";
    if (equalWithoutCase(name, "Sec-Fetch-Site") && value != "same-origin" && value != "none")
      return "Sec-Fetch-Site: another site";
  }
  return {};
}

bool isListed(std::string_view origin, const std::vector<std::string>& origins) noexcept {
  return !origin.empty() && std::any_of(origins.begin(), origins.end(),
                                        [&](const std::string& one) { return equalWithoutCase(one, origin); });
}

bool mayChange(const CsrfClues& clues, const std::vector<std::string>& origins) noexcept {
  if (clues.credential && !clues.cookie) return true;
  if (isListed(clues.origin, origins)) return true;
  if (!clues.fetchSite.empty()) return clues.fetchSite == "same-origin" || clues.fetchSite == "none";
  if (!clues.origin.empty()) return sameAuthority(clues.origin, clues.host);
  return !clues.cookie;
}

}  // namespace video::http

#include "http/routing/caller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/percent_encoding.hpp"

namespace video::http {
namespace {

bool isForwarded(std::string_view name) noexcept {
  constexpr std::string_view prefix = "X-Forwarded-";
  return equalWithoutCase(name, "Forwarded") || equalWithoutCase(name, "X-Real-IP") ||
         equalWithoutCase(name.substr(0, prefix.size()), prefix);
}

/// Returns the token of `Bearer TOKEN`, or an empty string for another scheme.
std::string_view bearerOf(std::string_view authorization) noexcept {
  constexpr std::string_view scheme = "Bearer";
  if (!equalWithoutCase(authorization.substr(0, scheme.size()), scheme)) return {};
  authorization.remove_prefix(scheme.size());
  if (authorization.empty() || authorization.front() != ' ') return {};
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return authorization;
}

void addSecret(std::string_view text, std::string_view& secret) {
  if (text.empty()) return;
  if (!secret.empty() && secret != text)
    throw Error(Fault::malformed, "credentials: the request has two different ones");
  secret = text;
}

/// Calls `visit(value)` for each cookie of this name; a `;` in quotes also separates cookies (RFC 6265 §5.4).
template <class Visit>
void forEachCookie(std::string_view cookies, std::string_view name, Visit&& visit) {
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
    pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) visit(pair.substr(name.size() + 1));
  }
}

[[noreturn]] void refuseAs(Fault fault, std::string_view why) {
  throw Error(fault, fmt::format("{}: {}", credential_names::operatorAsHeader, why));
}

}  // namespace

std::optional<SignedLink> signedLinkOf(std::string_view query) {
  if (!hasSignature(query)) return std::nullopt;
  SignedLink link;
  int parts = 0;
  for (auto& [name, value] : parseQuery(query)) {
    std::string* const to = name == credential_names::linkShare       ? &link.share
                            : name == credential_names::linkExpires   ? &link.expires
                            : name == credential_names::linkSignature ? &link.signature
                                                                      : nullptr;
    if (to == nullptr) continue;
    ++parts;
    *to = std::move(value);
  }
  return parts == 3 && isUtf8(link.share) && isUtf8(link.expires) && isUtf8(link.signature) ? std::optional(link)
                                                                                            : std::nullopt;
}

std::string_view cookieOf(const Head& head, std::string_view wanted) noexcept {
  std::string_view found;
  for (const auto& [name, value] : head.headers)
    if (equalWithoutCase(name, "Cookie"))
      forEachCookie(value, wanted, [&](std::string_view text) {
        if (found.empty()) found = text;
      });
  return found;
}

bool hasSignature(std::string_view query) {
  std::string name;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    name.clear();
    if (appendDecoded(name, pair.substr(0, pair.find('=')), true) && name == credential_names::linkSignature)
      return true;
  }
  return false;
}

Caller readCaller(const Head& head, const Peer& peer, const Listener& listener, const Route& route) {
  if (listener.operatorSocket && !peer.mayBeOperator)
    throw Error(Fault::forbidden, "operator socket: only root, the daemon's user and its group may use it");

  std::string_view secret;
  std::string_view fromCookie;
  std::optional<std::string_view> as;
  bool forwarded = false;
  if (route.flags.readsNoCredential) return {Anonymous{}, false, false};
  for (const auto& [name, value] : head.headers) {
    if (name.empty()) continue;
    switch (name.front()) {
      case 'A':
      case 'a':
        if (equalWithoutCase(name, "Authorization")) addSecret(bearerOf(value), secret);
        break;
      case 'C':
      case 'c':
        if (equalWithoutCase(name, "Cookie"))
          forEachCookie(value, credential_names::secretCookie,
                        [&](std::string_view text) { addSecret(text, fromCookie); });
        break;
      case 'X':
      case 'x':
        if (equalWithoutCase(name, credential_names::secretHeader)) addSecret(value, secret);
        if (equalWithoutCase(name, credential_names::operatorAsHeader)) {
          if (as) refuseAs(Fault::malformed, "given twice");
          as = value;
        }
        [[fallthrough]];
      case 'F':
      case 'f': forwarded = forwarded || isForwarded(name); break;
      default: break;
    }
  }
  if (listener.operatorSocket && forwarded)
    throw Error(Fault::forbidden, "operator socket: must not be used behind a proxy");
  if (as && !listener.operatorSocket) refuseAs(Fault::forbidden, "only allowed on the operator socket");
  // A browser sends its cookie automatically, but its user chose the link: the link takes precedence.
  if (secret.empty() && !as && route.flags.takesLink)
    if (auto link = signedLinkOf(head.query)) return {*std::move(link), false, forwarded};
  const bool cookieAlone = secret.empty();
  addSecret(fromCookie, secret);

  if (!secret.empty()) {
    if (as) refuseAs(Fault::malformed, "not allowed together with a session or token");
    return {Secret{std::string(secret), cookieAlone}, !fromCookie.empty(), forwarded};
  }
  if (listener.operatorSocket) {
    if (as && as->empty()) refuseAs(Fault::malformed, "must name a user");
    return {Operator{as ? std::optional(std::string(*as)) : std::nullopt}};
  }
  if (listener.trusted && route.flags.trustedListener) return {Operator{}, false, forwarded};
  return {Anonymous{}, false, forwarded};
}

}  // namespace video::http

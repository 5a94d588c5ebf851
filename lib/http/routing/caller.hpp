#pragma once

#include <optional>
#include <string_view>

#include "base/credential.hpp"
#include "http/endpoint.hpp"
#include "http/message.hpp"

namespace video::http {

/// The caller of a request and how the credential was sent.
struct Caller {
  Credential by;
  bool cookie = false;     ///< a session was sent as a cookie, even if the same one was also sent as a header field
  bool forwarded = false;  ///< the request has a header field that proxies add
};

/// Reads the caller's credential from a request. Throws forbidden for a credential or proxy header field that this
/// listener does not allow, malformed for two different credentials.
Caller readCaller(const Head& head, const Peer& peer, const Listener& listener, const Route& route);

/// Returns whether a query has the signature of a signed link.
bool hasSignature(std::string_view query);

/// Returns the signed link in a query; nothing if there is none or a part of it is missing.
std::optional<SignedLink> signedLinkOf(std::string_view query);

/// Returns the value of a cookie of the request, empty if there is none.
std::string_view cookieOf(const Head& head, std::string_view name) noexcept;

}  // namespace video::http

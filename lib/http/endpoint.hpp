#pragma once

#include <string_view>
#include <utility>

#include "http/message.hpp"

namespace video::http {

/// Deviations from the router's defaults for one operation.
struct RouteFlags {
  bool plainErrors = false;      ///< errors as plain text (the original's stream role)
  bool sharedReply = false;      ///< the reply to an anonymous GET depends only on path, query and data
  bool tooLargeIs400 = false;    ///< an upload that is too large gets 400 instead of 413 (as in the original)
  bool slowRefusal = false;      ///< delay a 429 by half a second, so that password guessing does not occupy workers
  bool takesLink = false;        ///< accepts a signed link in the query as a credential
  bool trustedListener = false;  ///< on a `trusted` listener, a caller without a credential is the operator
  bool noStore = false;          ///< no cache may keep the content that is sent
  bool keepsHeaders = false;     ///< an error reply has the header fields that the handler has set
  /// With a body, ByteSource::start waits for an upload token, and throws locked (423) if there is none; without a
  /// body, it needs none. 423 also while the server stops.
  bool waitsForToken = false;
  bool readsNoCredential = false;  ///< every caller is anonymous: the handler makes a request that reads the credential
  bool changes = false;            ///< a GET that changes something: refuses HEAD, cross-site rules apply
};

/// One HTTP operation: the single definition used by server, client, manual and OpenAPI document. The fields of the
/// request are bound by name: those in braces in `path` to the path, the others to the JSON body (POST, PATCH) or the
/// query (other methods and uploads).
struct Route {
  std::string_view name;  ///< `comments.post`
  Method method = Method::get;
  std::string_view path;        ///< `/videos/{video}/comments`
  int success = 200;            ///< status of a successful reply
  unsigned roles = api;         ///< listener roles that serve it
  std::string_view summary{};   ///< one line for the manual and the document, verb first, no full stop
  std::string_view formPart{};  ///< upload: the form part with the bytes; empty: the raw body
  /// A header field of every reply, of errors too; no name: none.
  std::pair<std::string_view, std::string_view> header{};
  std::string_view mediaType{};  ///< of the reply, for the document; empty: JSON, or up to a raw handler
  RouteFlags flags{};
};

/// A route whose request is parsed into a `Wanted` and whose reply is written from a `Given`; void: no reply body.
template <class Wanted, class Given>
struct Endpoint : Route {};

}  // namespace video::http

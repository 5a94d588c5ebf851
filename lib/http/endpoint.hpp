#pragma once

#include <string_view>

#include "http/message.hpp"

namespace video::http {

/// What the router does differently for one operation.
struct RouteFlags {
  bool plainErrors = false;      ///< errors as plain text (the original's stream role)
  bool sharedReply = false;      ///< the reply to an anonymous GET follows from path, query and data alone
  bool tooLargeIs400 = false;    ///< what is too large is answered 400 instead of 413 (the original's form)
  bool slowRefusal = false;      ///< a 429 goes out half a second late, so that who guesses does not crowd the workers
  bool takesLink = false;        ///< a signed link in the query is a credential
  bool trustedListener = false;  ///< on a listener with `trusted` a caller without a credential is the operator
  bool changes = false;          ///< changes something although it is a GET: HEAD is refused, cross-site rules apply
};

/// One operation on the wire: the constant that feeds both ends, the manual and the OpenAPI document. The request's
/// fields are bound by name: those in braces in `path` from the path, the others from the query (GET, HEAD, DELETE) or
/// the JSON body (POST, PUT, PATCH).
struct Route {
  std::string_view name;  ///< `comments.post`
  Method method = Method::get;
  std::string_view path;         ///< `/videos/{video}/comments`
  int success = 200;             ///< status of an answer that is no error
  unsigned roles = api;          ///< the listeners' roles that serve it
  std::string_view summary{};    ///< one line for manual and document, verb first, without a full stop
  std::string_view formPart{};   ///< of an upload: the part of a form that has the bytes; empty: the body is the bytes
  std::string_view mediaType{};  ///< of the reply, for the document; empty: JSON, or whatever a raw handler writes
  RouteFlags flags{};
};

/// A route whose request is read into a `Wanted` and whose reply is written from a `Given`; void: it has no body.
template <class Wanted, class Given>
struct Endpoint : Route {};

}  // namespace video::http

#pragma once

#include <string_view>

#include "http/message.hpp"

namespace video::http {

/// One operation on the wire: the constant that feeds both ends. The request's fields are bound by name: those in
/// braces in `path` from the path, the others from the query (GET, HEAD, DELETE) or the JSON body (POST, PUT, PATCH).
struct Route {
  std::string_view operation;  ///< `comments.post`
  Method method = Method::get;
  std::string_view path;  ///< `/videos/{video}/comments`
  int success = 200;      ///< status of an answer that is no error
  unsigned roles = api;
  bool plainErrors = false;  ///< errors as plain text (the original's stream role)
  bool shared = false;       ///< the reply to an anonymous GET follows from path, query and data alone
  bool tarpit = false;       ///< a 429 goes out half a second late, so that who guesses does not crowd the workers
};

template <class Wanted, class Given>
struct Endpoint : Route {};

}  // namespace video::http

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/json.hpp"
#include "http/endpoint.hpp"
#include "http/limiter.hpp"
#include "http/message.hpp"

namespace video::http {

/// One request on its way through the router: where its parameters are, and who asks.
class Exchange {
 public:
  const Request& request;
  const Route& route;
  Credential by;
  std::string requestId;

  /// Sets the fields of `wanted` from path, query or body, by name. Throws malformed naming the field.
  template <Described Wanted>
  void read(Wanted& wanted) const;
};

// The rest of this header is the router's author's to shape; rooms rely on these forms only:
//
//   router.serve(endpoint, [&](const Credential& by, const Wanted& wanted) -> Given)          JSON in, JSON out; void: 204
//   router.serve(endpoint, handler, [](const Given& given, const Exchange&, Answer& answer))   the same, then adorned
//   router.serveContent(endpoint, [&](const Credential&, const Wanted&) -> Content)           ranges, conditions, tokens
//   router.serveUpload(endpoint, [&](const Credential&, const Wanted&, const ByteSource&) -> Given, adorn)
//
class Router;

}  // namespace video::http

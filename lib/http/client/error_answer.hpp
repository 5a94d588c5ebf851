#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"

namespace video::http {

/// The parts of a reply that describe an error.
struct ErrorAnswer {
  int status = 0;
  std::string code;
  std::string detailHeader;  ///< decoded
  std::string reason;
  std::string retryAfter;
  std::string requestId;
  std::string server;
  std::string location;
  std::string body;
};

/// Returns the error in a reply of videod, or one that says who else has answered and what to do about it.
Error errorOf(const ErrorAnswer& answer);

/// Returns the reply of a server that did not wait for the whole body, if it is an error or a redirect; httplib would
/// lose it. Does not wait.
std::optional<ErrorAnswer> earlyAnswer(int socket);

}  // namespace video::http

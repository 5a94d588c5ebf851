#pragma once

#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace video::http {

/// The form of an error reply.
struct ErrorForm {
  bool plain = false;          ///< the message as plain text, the detail in a header field (the original's stream role)
  bool head = false;           ///< replies to a HEAD request
  bool body = false;           ///< the request's body may be what is malformed
  bool keepsHeaders = false;   ///< has the header fields that were set before the error
  bool tooLargeIs400 = false;  ///< an upload that is too large gets 400 instead of 413
  std::string_view requestId;
};

/// Turns `answer` into the reply for `error` (http-api.md, "Errors"): replaces its status and content, keeps its header
/// fields. The detail of an internal error is not sent to the client.
void answerError(const Error& error, const ErrorForm& form, Answer& answer);

/// Returns the fault that fits an HTTP status best, for refusals of the transport and replies of other servers. A
/// status without a fault of its own is malformed below 500, otherwise internal.
Fault faultOfStatus(int status) noexcept;

/// Returns the request's X-Request-Id if it is 1 to 64 characters of `[A-Za-z0-9._-]`, otherwise a new one.
std::string requestIdOf(const Head& head);
/// Returns a new request ID of 12 characters, practically unique within a process. May be called from any thread.
std::string makeRequestId();

/// Returns whether `answer` has a header field of this name, ignoring case.
bool hasHeader(const Answer& answer, std::string_view name) noexcept;

/// Returns the size of the reply's content in bytes.
std::uint64_t lengthOf(const Answer& answer) noexcept;

}  // namespace video::http

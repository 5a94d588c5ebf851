#pragma once

#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace video::http {

/// How an error is to look.
struct ErrorForm {
  bool plain = false;          ///< the sentence as plain text, the detail in a header (the original's stream role)
  bool head = false;           ///< the answer is to a HEAD
  bool tooLargeIs400 = false;  ///< what is too large is answered 400 instead of 413
  std::string_view requestId;
};

/// Makes `answer` the answer to `error` (http-api.md, "Errors"): replaces its status and content, keeps its headers.
/// The detail of a failure of our own stays inside.
void answerError(const Error& error, const ErrorForm& form, Answer& answer);

/// The fault that fits an HTTP status best: of a refusal of the transport's, or of another server's answer. A status
/// that no fault has is malformed below 500, else internal.
Fault faultOfStatus(int status) noexcept;

/// The request's own X-Request-Id where it is 1 to 64 of `[A-Za-z0-9._-]`, else a new one.
std::string requestIdOf(const Head& head);
/// A new request id, 12 characters; not repeated within a process. May be called from any thread.
std::string makeRequestId();

/// Whether `answer` has a header of this name, case aside.
bool hasHeader(const Answer& answer, std::string_view name) noexcept;

/// Bytes of the answer's content.
std::uint64_t lengthOf(const Answer& answer) noexcept;

}  // namespace video::http

#pragma once

#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace video::http {

/// How an error is to look.
struct ErrorForm {
  bool plain = false;      ///< the sentence as plain text, the detail in a header (the original's stream role)
  bool head = false;       ///< the answer is to a HEAD
  bool multipart = false;  ///< an upload by form: what is too large goes out under 400
  std::string_view requestId;
};

/// Makes `answer` the answer to `error` (http-api.md, "Errors"): replaces its status and content, keeps its headers.
/// The detail of a failure of our own stays inside.
void answerError(const Error& error, const ErrorForm& form, Answer& answer);

/// The fault for a status that the transport refuses with.
Fault faultOfStatus(int status) noexcept;

/// The request's own X-Request-Id where it is 1 to 64 of `[A-Za-z0-9._-]`, else a new one.
std::string requestIdOf(const Head& head);
std::string makeRequestId();

/// Whether `answer` has a header of this name, the case as ours.
bool hasHeader(const Answer& answer, std::string_view name) noexcept;

/// Bytes of the answer's content.
std::uint64_t lengthOf(const Answer& answer) noexcept;

}  // namespace video::http

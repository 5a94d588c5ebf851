#include "http/routing/cors.hpp"

#include <fmt/format.h>

#include "base/credential.hpp"
#include "http/routing/csrf.hpp"

namespace video::http::cors {

namespace {

/// What a content needs: no credentials.
constexpr std::string_view contentHeaders =
    "If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, X-Request-Id";

}  // namespace

const std::string& readHeaders() {
  static const std::string names = fmt::format(
      "{}, Authorization, Content-Digest, Content-Range, Content-Type, Tus-Resumable, Upload-Checksum, "
      "Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, {}",
      contentHeaders, credential_names::secretHeader);
  return names;
}

const std::string& writtenHeaders() {
  static const std::string names =
      "Accept-Ranges, Allow, Content-Disposition, Content-Range, Date, ETag, Link, Location, Retry-After, "
      "Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Defer-Length, "
      "Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, WWW-Authenticate, X-Error-Code, X-Error-Detail, "
      "X-Error-Reason, X-Request-Id, X-Video-Id";
  return names;
}

void share(const Head* head, const std::vector<std::string>& origins, Answer& answer) {
  const std::string_view origin = head == nullptr || origins.empty() ? std::string_view() : head->header("Origin");
  const bool listed = isListed(origin, origins);
  // A cache must not give one origin the reply to another.
  if (!origins.empty()) answer.set("Vary", "Origin");
  if (!listed && !answer.forAnyOrigin) return;
  answer.set("Access-Control-Allow-Origin", listed ? std::string(origin) : "*");
  if (listed) answer.set("Access-Control-Allow-Credentials", "true");
  answer.set("Access-Control-Expose-Headers", writtenHeaders());
}

void answerPreflight(const Head& head, const std::vector<std::string>& origins, std::string_view allow, bool isContent,
                     Answer& answer) {
  if (head.header("Access-Control-Request-Method").empty()) return;
  const bool listed = isListed(head.header("Origin"), origins);
  if (!listed && !isContent) return;
  answer.forAnyOrigin = !listed;
  answer.set("Access-Control-Allow-Methods", listed ? std::string(allow) : "GET, HEAD");
  answer.set("Access-Control-Allow-Headers", listed ? readHeaders() : std::string(contentHeaders));
  answer.set("Access-Control-Max-Age", "7200");  // the most that Chromium takes
}

}  // namespace video::http::cors

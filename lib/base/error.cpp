#include "base/error.hpp"

#include <array>
#include <utility>

namespace video {
namespace {

// In the order of the enumeration. Every `sentence` is a literal, because what() returns a pointer to it.
constexpr std::array table{
    FaultRow{Fault::malformed, "001", 400, 7, "Request body is not correct", false},
    FaultRow{Fault::unauthenticated, "002", 401, 6, "User authentication failed.", false},
    FaultRow{Fault::databaseFailed, "003", 500, 1, "DB ops failed", false},
    FaultRow{Fault::internal, "004", 500, 1, "Internal service error", false},
    FaultRow{Fault::forbidden, "005", 403, 6, "Permission denied", false},
    FaultRow{Fault::notFound, "006", 404, 4, "Not found", false},
    FaultRow{Fault::conflict, "007", 409, 5, "Conflict", false},
    FaultRow{Fault::tooLarge, "008", 413, 7, "File is too big", false},
    FaultRow{Fault::tooMany, "009", 429, 9, "Too many requests", true},
    FaultRow{Fault::preconditionFailed, "010", 412, 5, "Precondition Failed", false},
    FaultRow{Fault::unavailable, "011", 503, 9, "Service unavailable", true},
    FaultRow{Fault::diskFull, "012", 507, 11, "Insufficient storage", false},
    FaultRow{Fault::overQuota, "013", 507, 7, "Quota exceeded", false},
    FaultRow{Fault::methodNotAllowed, "014", 405, 7, "Method Not Allowed", false},
    FaultRow{Fault::lengthRequired, "014", 411, 7, "Length Required", false},
    FaultRow{Fault::gone, "014", 410, 7, "Gone", false},
    FaultRow{Fault::targetTooLong, "014", 414, 7, "URI Too Long", false},
    FaultRow{Fault::unsupportedMediaType, "014", 415, 7, "Unsupported Media Type", false},
    FaultRow{Fault::rangeNotSatisfiable, "014", 416, 7, "Range Not Satisfiable", false},
    FaultRow{Fault::expectationFailed, "014", 417, 7, "Expectation Failed", false},
    FaultRow{Fault::locked, "014", 423, 9, "Locked", true},
    FaultRow{Fault::headerTooLarge, "014", 431, 7, "Request Header Fields Too Large", false},
    FaultRow{Fault::checksumMismatch, "014", 460, 7, "Checksum Mismatch", false},
    FaultRow{Fault::notImplemented, "014", 501, 7, "Not Implemented", false},
    FaultRow{Fault::versionNotSupported, "014", 505, 7, "HTTP Version Not Supported", false},
    FaultRow{Fault::requestTimeout, "015", 408, 8, "Request Timeout", true},
    FaultRow{Fault::busy, "016", 503, 9, "Busy", true},
    FaultRow{Fault::versionMismatch, "017", 500, 12, "Version mismatch", false},
    FaultRow{Fault::contentUnavailable, "018", 500, 1, "Content unavailable", false},
    FaultRow{Fault::unreachable, "", 0, 8, "Cannot be reached", true},
};
static_assert([] {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].fault) != i) return false;
  return true;
}());

constexpr std::array reasons{
    std::pair{Reason::notAllowed, std::string_view("not-allowed")},
    std::pair{Reason::noSuchUser, std::string_view("no-such-user")},
    std::pair{Reason::noSuchVideo, std::string_view("no-such-video")},
    std::pair{Reason::noSuchTask, std::string_view("no-such-task")},
    std::pair{Reason::noSuchContext, std::string_view("no-such-context")},
    std::pair{Reason::videoDeleted, std::string_view("video-deleted")},
    std::pair{Reason::newerRequest, std::string_view("newer-request")},
    std::pair{Reason::noAnswer, std::string_view("no-answer")},
    std::pair{Reason::notVideod, std::string_view("not-videod")},
    std::pair{Reason::ownFile, std::string_view("own-file")},
    std::pair{Reason::uploadLimit, std::string_view("upload-limit")},
    std::pair{Reason::noVideoFormat, std::string_view("no-video-format")},
    std::pair{Reason::wrongPassword, std::string_view("wrong-password")},
};

}  // namespace

std::string_view slugOf(Reason reason) noexcept {
  for (const auto& [known, slug] : reasons)
    if (known == reason) return slug;
  return {};
}

Reason reasonOf(std::string_view slug) noexcept {
  for (const auto& [reason, known] : reasons)
    if (known == slug) return reason;
  return Reason::none;
}

const FaultRow& rowOf(Fault fault) noexcept {
  return table[static_cast<std::size_t>(fault)];
}

std::optional<Fault> faultOf(std::string_view code, int httpStatus) noexcept {
  if (code == "008") return Fault::tooLarge;  // the multipart form sends it with status 400
  for (const FaultRow& row : table)
    if (row.code == code && row.httpStatus == httpStatus && !code.empty()) return row.fault;
  return std::nullopt;
}

std::string_view reasonPhrase(int httpStatus) noexcept {
  switch (httpStatus) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: break;
  }
  for (const FaultRow& row : table)
    if (row.httpStatus == httpStatus) return row.sentence;
  return "Unknown";
}

Error::Error(Fault fault, std::string detail, std::optional<std::chrono::seconds> retryAfter)
    : fault_(fault), detail_(std::move(detail)), retryAfter_(retryAfter) {}

Error noSuchUser(std::string_view name) {
  return Error(Fault::notFound, "user " + std::string(name) + ": not found").because(Reason::noSuchUser);
}

}  // namespace video

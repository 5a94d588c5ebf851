#include "http/routing/error_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>

#include "base/json.hpp"
#include "base/text.hpp"
#include "http/percent_encoding.hpp"

namespace video::http {
namespace {

/// Returns whether a fault is the server's own, so that its detail goes to the log and not to the client.
bool isOurFailure(Fault fault) noexcept {
  return fault == Fault::internal || fault == Fault::databaseFailed || fault == Fault::unreachable;
}

bool isRequestId(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace

void answerError(const Error& error, const ErrorForm& form, Answer& answer) {
  const FaultRow& row = rowOf(error.fault() == Fault::unreachable ? Fault::internal : error.fault());
  std::string detail;
  if (!isOurFailure(error.fault())) {
    if (isUtf8(error.detail()))
      detail = error.detail();
    else
      appendPrintable(detail, error.detail());
  }

  answer.status = form.tooLargeIs400 && row.fault == Fault::tooLarge ? 400 : row.httpStatus;
  answer.set("X-Error-Code", std::string(row.code));
  const std::string_view reason = slugOf(error.reason());
  if (!reason.empty()) answer.set("X-Error-Reason", std::string(reason));
  if (row.httpStatus == 401) answer.set("WWW-Authenticate", "Bearer");
  if (row.httpStatus == 423 || row.httpStatus == 429 || row.httpStatus == 503) {
    const auto seconds = error.retryAfter().value_or(std::chrono::seconds(1)).count();
    answer.set("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1)));
  }
  if ((form.plain || form.head) && !detail.empty()) {
    std::string value;
    appendPrintable(value, detail);
    answer.set("X-Error-Detail", std::move(value));
  }

  const std::string_view sentence =
      row.fault == Fault::malformed && !form.body ? "Request is not correct" : row.sentence;
  std::string body;
  if (form.plain) {
    body = sentence;
    answer.set("Content-Type", "text/plain; charset=utf-8");
  } else {
    body = "{\"error\":";
    appendJsonString(body, sentence);
    body += ",\"error_code\":\"";
    body += row.code;
    body += '"';
    if (!detail.empty()) {
      body += ",\"detail\":";
      appendJsonString(body, detail);
    }
    if (!reason.empty()) {
      body += ",\"reason\":";
      appendJsonString(body, reason);
    }
    body += ",\"request_id\":";
    appendJsonString(body, form.requestId);
    body += '}';
    answer.set("Content-Type", "application/json; charset=utf-8");
  }
  answer.content.clear();
  answer.content.push_back({std::move(body), nullptr, 0, 0});
  answer.headLength.reset();
}

Fault faultOfStatus(int status) noexcept {
  switch (status) {
    case 400: return Fault::malformed;
    case 401: return Fault::unauthenticated;
    case 403: return Fault::forbidden;
    case 404: return Fault::notFound;
    case 409: return Fault::conflict;
    case 412: return Fault::preconditionFailed;
    case 413: return Fault::tooLarge;
    case 429: return Fault::tooMany;
    case 503: return Fault::unavailable;
    case 507: return Fault::diskFull;
    case 502:
    case 504: return Fault::unreachable;
    default: break;
  }
  for (const std::string_view code : {"014", "015"})
    if (const auto fault = faultOf(code, status)) return *fault;
  return status >= 400 && status < 500 ? Fault::malformed : Fault::internal;
}

std::string makeRequestId() {
  static const std::uint64_t seed = [] {
    std::random_device random;
    return std::uint64_t{random()} << 32 | random();
  }();
  static std::atomic<std::uint64_t> counter{0};
  // splitmix64 is a bijection, so IDs of one process can only repeat because they are cut to 60 bits.
  std::uint64_t mixed = seed + counter.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  mixed ^= mixed >> 31;
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string id(12, '\0');
  for (char& c : id) {
    c = alphabet[mixed & 31];
    mixed >>= 5;
  }
  return id;
}

std::string requestIdOf(const Head& head) {
  const std::string_view given = head.header("X-Request-Id");
  return isRequestId(given) ? std::string(given) : makeRequestId();
}

bool hasHeader(const Answer& answer, std::string_view name) noexcept {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [&](const auto& header) { return equalWithoutCase(header.first, name); });
}

std::uint64_t lengthOf(const Answer& answer) noexcept {
  std::uint64_t length = 0;
  for (const Segment& segment : answer.content) length += segment.size();
  return length;
}

}  // namespace video::http

#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace video {

/// What went wrong, as a closed set: one per row of the error table in http-api.md (row 014 has one per status).
/// `unreachable` alone never crosses the wire: it is what the caller's own side says of a server or data directory.
enum class Fault {
  malformed,
  unauthenticated,
  databaseFailed,
  internal,
  forbidden,
  notFound,
  conflict,
  tooLarge,
  tooMany,
  preconditionFailed,
  unavailable,
  diskFull,
  overQuota,
  methodNotAllowed,
  lengthRequired,
  targetTooLong,
  unsupportedMediaType,
  rangeNotSatisfiable,
  expectationFailed,
  headerTooLarge,
  notImplemented,
  versionNotSupported,
  requestTimeout,
  busy,
  versionMismatch,
  unreachable,
};

/// One row of the error table.
struct FaultRow {
  Fault fault;
  std::string_view code;      ///< `error_code` and X-Error-Code, three digits; empty for `unreachable`
  int httpStatus;             ///< 0 for `unreachable`
  int exitStatus;             ///< videoctl's
  std::string_view sentence;  ///< `error` in the body
  bool retryable;             ///< whether the same request may succeed later without a change
};

/// The row of `fault`; never fails.
const FaultRow& rowOf(Fault fault) noexcept;

/// The fault that an answer with this X-Error-Code and HTTP status stands for; nothing where the pair is unknown.
std::optional<Fault> faultOf(std::string_view code, int httpStatus) noexcept;

/// The reason phrase of an HTTP status (RFC 9110 §15); "Unknown" for one that this product does not send.
std::string_view reasonPhrase(int httpStatus) noexcept;

/// What a program may want to know beyond the fault; the detail says the same to a person. A reason is only added.
enum class Reason {
  none,
  notAllowed,     ///< forbidden: the right is missing, whatever is asked
  noSuchUser,     ///< notFound
  noSuchVideo,    ///< notFound
  noSuchTask,     ///< notFound
  noSuchContext,  ///< notFound, of videoctl's own saved servers
  videoDeleted,   ///< conflict: the video is in the trash
  noAnswer,       ///< unreachable: nobody answers at the server's address, or somebody who is not videod
};

/// The reason's text on the wire (`reason`, X-Error-Reason); empty for `none`.
std::string_view slugOf(Reason reason) noexcept;
/// The reason of this text; `none` where it is not known.
Reason reasonOf(std::string_view slug) noexcept;

/// The one exception of this program. `sentence` is the fixed text of the fault, `detail` says which thing and why:
/// it is what a person reads, the same on either side of the wire.
class Error : public std::exception {
 public:
  explicit Error(Fault fault, std::string detail = {}, std::optional<std::chrono::seconds> retryAfter = {});

  Fault fault() const noexcept { return fault_; }
  std::string_view sentence() const noexcept { return rowOf(fault_).sentence; }
  const std::string& detail() const noexcept { return detail_; }
  std::optional<std::chrono::seconds> retryAfter() const noexcept { return retryAfter_; }
  /// Of the request that failed, where it went to a server: what its log has.
  const std::string& requestId() const noexcept { return requestId_; }
  Error& ofRequest(std::string id) noexcept {
    requestId_ = std::move(id);
    return *this;
  }
  Reason reason() const noexcept { return reason_; }
  Error& because(Reason reason) noexcept {
    reason_ = reason;
    return *this;
  }
  /// The detail, or the sentence where there is none.
  const char* what() const noexcept override {
    return detail_.empty() ? rowOf(fault_).sentence.data() : detail_.c_str();
  }

 private:
  Fault fault_;
  std::string detail_;
  std::optional<std::chrono::seconds> retryAfter_;
  std::string requestId_;
  Reason reason_ = Reason::none;
};

}  // namespace video

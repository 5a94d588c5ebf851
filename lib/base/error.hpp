#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace video {

/// What went wrong: one value per row of the error table in http-api.md (row 014 has one per status). `unreachable`
/// is never sent over the wire: it means that the caller cannot reach a server or data directory.
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
  gone,
  targetTooLong,
  unsupportedMediaType,
  rangeNotSatisfiable,
  expectationFailed,
  locked,
  headerTooLarge,
  checksumMismatch,
  notImplemented,
  versionNotSupported,
  requestTimeout,
  busy,
  versionMismatch,
  contentUnavailable,
  unreachable,
};

/// One row of the error table.
struct FaultRow {
  Fault fault;
  std::string_view code;      ///< three digits, sent as `error_code` and X-Error-Code; empty for `unreachable`
  int httpStatus;             ///< 0 for `unreachable`
  int exitStatus;             ///< exit status of videoctl
  std::string_view sentence;  ///< `error` in the body
  bool retryable;             ///< whether the same request may succeed later
};

/// Returns the row of `fault`.
const FaultRow& rowOf(Fault fault) noexcept;

/// Returns the fault for a response with this X-Error-Code and HTTP status; nothing if the pair is unknown.
std::optional<Fault> faultOf(std::string_view code, int httpStatus) noexcept;

/// Returns the reason phrase of an HTTP status (RFC 9110 §15), or "Unknown" for a status that neither videod nor
/// a proxy in front of it usually sends.
std::string_view reasonPhrase(int httpStatus) noexcept;

/// A machine-readable reason that goes with a fault. The detail says the same to people. Reasons are only ever added.
enum class Reason {
  none,
  notAllowed,     ///< forbidden: the caller lacks the right
  noSuchUser,     ///< notFound
  noSuchVideo,    ///< notFound
  noSuchTask,     ///< notFound
  noSuchContext,  ///< notFound: no server profile of this name is saved
  videoDeleted,   ///< conflict: the video is in the trash
  newerRequest,   ///< locked: another client continues the upload
  noAnswer,       ///< unreachable: nothing answers at the server's address
  notVideod,      ///< something else than videod answers there, such as a proxy; the detail says what to look at
  ownFile,        ///< diskFull: while a file of the caller was written, not one of videod
  uploadLimit,    ///< tooLarge: over `stream.max_upload`
  noVideoFormat,  ///< unsupportedMediaType: the file is not in a format of videos that is taken
  wrongPassword,  ///< unauthenticated: the name or the password to sign in with is wrong
};

/// Returns the text of a reason on the wire (`reason`, X-Error-Reason); empty for `none`.
std::string_view slugOf(Reason reason) noexcept;
/// Returns the reason with this text, or `none` if it is not known.
Reason reasonOf(std::string_view slug) noexcept;

/// The only exception type of this program. `sentence` is the fixed text of the fault; `detail` says what is wrong,
/// for people, and is the same on both sides of the wire.
class Error : public std::exception {
 public:
  explicit Error(Fault fault, std::string detail = {}, std::optional<std::chrono::seconds> retryAfter = {});

  Fault fault() const noexcept { return fault_; }
  std::string_view sentence() const noexcept { return rowOf(fault_).sentence; }
  const std::string& detail() const noexcept { return detail_; }
  std::optional<std::chrono::seconds> retryAfter() const noexcept { return retryAfter_; }
  /// Returns the id of the failed request, as in the server's log; empty if no server was involved.
  const std::string& requestId() const noexcept { return requestId_; }
  /// Sets the request id.
  Error& ofRequest(std::string id) noexcept {
    requestId_ = std::move(id);
    return *this;
  }
  /// Replaces the detail by one that says the same and names what it is about.
  Error& named(std::string detail) noexcept {
    detail_ = std::move(detail);
    return *this;
  }
  Reason reason() const noexcept { return reason_; }
  Error& because(Reason reason) noexcept {
    reason_ = reason;
    return *this;
  }
  /// Returns the detail, or the sentence if there is none.
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

/// The error for a user name that no live user has: notFound.
Error noSuchUser(std::string_view name);

}  // namespace video

#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace video::observe {

/// How serious a line is; `off` is only for LogOptions and logs nothing.
enum class LogLevel { debug, info, warning, error, off };
/// The format of a log line: `key=value` pairs, or a JSON object.
enum class LogFormat { logfmt, json };

/// The format of access lines: that of the other lines, one of their formats, or the Combined Log Format of Apache,
/// which goaccess and fail2ban read.
enum class AccessFormat { likeOthers, logfmt, json, common };

/// How client addresses are logged: as they are, as their network (IPv4 /24, IPv6 /48), or not at all.
enum class LogAddress { full, truncated, none };

/// What is logged, and how.
struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;
  bool access = true;  ///< log every request
  LogAddress address = LogAddress::full;
  AccessFormat accessFormat = AccessFormat::likeOthers;
  std::string accessFile{};  ///< regular file or FIFO for the access lines; empty: stderr
};

/// A named value in a log line. Never pass secrets, passwords or query strings.
struct LogField {
  std::string_view name;
  std::string value;
  bool quoted = true;  ///< whether JSON output quotes it as a string

  LogField(std::string_view itsName, std::string text) : name(itsName), value(std::move(text)) {}
  LogField(std::string_view itsName, std::string_view text) : name(itsName), value(text) {}
  LogField(std::string_view itsName, const char* text) : name(itsName), value(text) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> LogField(std::string_view itsName, Number number)
      : name(itsName), value(fmt::to_string(number)), quoted(false) {}
};

/// Who sent a request, for the access log.
struct LoggedCaller {
  std::string user{};        ///< name; empty if nobody in particular
  std::string credential{};  ///< `session:ID` or `token:ID`, with the public ID, or `link`, `operator`; empty if none
};

/// A finished request, for the access log.
struct AccessLine {
  std::string_view operation{};  ///< for example `comments.post`; empty if no route matched
  std::string_view method{};
  std::string_view path{};  ///< the query string is not logged
  int status = 0;
  std::uint64_t bytes = 0;  ///< bytes of the body sent
  std::chrono::microseconds took{0};
  std::string_view requestId{};
  std::string_view address{};     ///< empty on a Unix socket
  std::string_view user{};        ///< see LoggedCaller
  std::string_view credential{};  ///< see LoggedCaller
  std::string_view agent{};       ///< the User-Agent
  int minorVersion = 1;           ///< of HTTP/1.x
};

/// Told of every line at level error, whatever the level of the log: on the thread that logs, which it must not keep
/// waiting. It must not throw, nor log an error itself.
using ErrorObserver = std::function<void(std::string_view message, const std::vector<LogField>& fields)>;

/// Configures the program's logger, which writes to stderr; until then it writes warnings and errors in logfmt, in the
/// calling thread. From then on a thread of the logger writes, which inherits the signal mask of its creator: a reader
/// that stalls delays nobody, lines over 1 MiB that wait are dropped, and a line says afterwards how many. May be
/// called again and from any thread. Throws Error, and changes nothing, if the file for access lines is neither a
/// regular file nor a FIFO (malformed), or cannot be opened (malformed, forbidden).
void setUpLog(const LogOptions& options);

/// Opens the file for access lines again by its name, after it was renamed. Returns false if there is none. Throws as
/// `setUpLog` does; the old file stays in use then. May be called from any thread.
bool reopenLog();

/// Sets who is told of errors; an empty function for nobody. Returns while calls of the old one may still be running.
/// May be called from any thread.
void setErrorObserver(ErrorObserver observer);

/// Returns how many lines at level error there were since the program started, whatever the level of the log. May be
/// called from any thread.
std::uint64_t loggedErrors() noexcept;

/// Returns how many lines were dropped, of stderr and the file, since the program started. May be called from any
/// thread.
std::uint64_t droppedLogLines() noexcept;

/// Writes a line at `level`, with its fields in the given order. May be called from any thread; never throws.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) noexcept;

/// Logs at level debug; see `log`.
inline void debug(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::debug, message, fields);
}
/// Logs at level info; see `log`.
inline void info(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::info, message, fields);
}
/// Logs at level warning; see `log`.
inline void warning(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::warning, message, fields);
}
/// Logs at level error; see `log`.
inline void error(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::error, message, fields);
}

/// Returns a client's address as it may be logged, according to LogOptions::address; empty if not at all. Everything
/// that logs one must use it.
std::string loggedAddress(std::string_view address);

/// Returns whether `logAccess` writes anything, for callers that measure only for the access log.
bool logsAccess() noexcept;

/// Logs a request. Lines are buffered and may reach stderr or the file up to 100 ms later. May be called from any
/// thread; never throws.
void logAccess(const AccessLine& line) noexcept;

/// Returns the text of a line, without a newline. With `journal` it has journald's priority prefix and no time, which
/// journald adds.
std::string formatLine(LogFormat format, bool journal, Time time, LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields);

/// Returns the text of an access line in the Combined Log Format, without a newline. Times are in UTC.
std::string formatCommon(const AccessLine& line, Time time);

}  // namespace video::observe

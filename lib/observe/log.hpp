#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/clock.hpp"

namespace video::observe {

enum class LogLevel { debug, info, warning, error, off };
enum class LogFormat { logfmt, json };

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;
  bool access = true;  ///< a line for each request
};

/// One named value of a log line. Secrets, passwords and query strings never become one.
struct LogField {
  std::string_view name;
  std::string value;
  bool quoted = true;  ///< whether JSON writes it as a string

  LogField(std::string_view itsName, std::string text) : name(itsName), value(std::move(text)) {}
  LogField(std::string_view itsName, std::string_view text) : name(itsName), value(text) {}
  LogField(std::string_view itsName, const char* text) : name(itsName), value(text) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> LogField(std::string_view itsName, Number number)
      : name(itsName), value(fmt::to_string(number)), quoted(false) {}
};

/// One request that was answered, for the access log.
struct AccessLine {
  std::string_view operation{};  ///< `comments.post`; empty where no route matched
  std::string_view method{};
  std::string_view path{};  ///< what follows a `?` is left out
  int status = 0;
  std::uint64_t bytes = 0;  ///< of content sent
  std::chrono::microseconds took{0};
  std::string_view requestId{};
  std::string_view address{};  ///< empty on a Unix socket
};

/// Sets the program's one logger, which writes to stderr. Until then it writes warnings and errors as logfmt.
/// Threads that it starts inherit the caller's signal mask.
void setUpLog(const LogOptions& options);

/// Writes one line `level`, with its fields in order. May be called from any thread; never throws.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) noexcept;

inline void debug(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
  log(LogLevel::error, message, fields);
}

/// Whether `logAccess` writes anything, for who would addMetrics only for its sake.
bool logsAccess() noexcept;

/// Writes a line for a request. It may reach stderr up to 100 ms later, together with others.
void logAccess(const AccessLine& line) noexcept;

/// The text of a line, without its end. `journal`: with journald's priority prefix, and without the time, which
/// journald adds by itself.
std::string formatLine(LogFormat format, bool journal, Time time, LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields);

}  // namespace video::observe

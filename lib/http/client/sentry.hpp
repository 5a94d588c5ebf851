#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "observe/log.hpp"

namespace video::http {

/// Where errors are sent: a DSN of Sentry, `https://KEY@HOST[:PORT][/PREFIX]/PROJECT`.
struct SentryDsn {
  std::string origin;  ///< scheme, host and port
  std::string path;    ///< of the envelope endpoint
  std::string key;     ///< says which project may be written to, and nothing else; never logged

  /// Throws malformed, without the text, if it is not a DSN.
  explicit SentryDsn(const std::string& text);
};

/// Returns `text` without what may be private or secret: paths, IDs, keys, addresses and long words of letters and
/// digits are replaced by `[…]`.
std::string scrubbed(std::string_view text);

/// Returns the event that is sent for an error, as JSON: the message, the error scrubbed, operation, task, code, thread
/// and request ID, and no other field. `id` has 32 hexadecimal digits.
std::string sentryEvent(std::string_view id, Time time, std::string_view message,
                        const std::vector<observe::LogField>& fields);

/// How many errors were sent to Sentry, and how many dropped.
struct SentryCounts {
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
};

/// Sends errors to an endpoint of Sentry or a program like it, from a thread of its own: each in one request, and not
/// again if that fails. Errors that come faster than 30 a minute, or while 100 wait, are dropped. The thread inherits
/// the signal mask of its creator.
class SentryReporter {
 public:
  /// Connects when there is something to send.
  explicit SentryReporter(const SentryDsn& dsn);
  /// Drops what waits. Takes up to the timeout of a request, 5 s, if one is under way.
  ~SentryReporter();
  SentryReporter(const SentryReporter&) = delete;
  SentryReporter& operator=(const SentryReporter&) = delete;

  /// Queues an error. May be called from any thread; never throws.
  void report(std::string_view message, const std::vector<observe::LogField>& fields) noexcept;
  /// Returns the counts so far. May be called from any thread.
  SentryCounts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace video::http

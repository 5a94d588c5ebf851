#pragma once

#include "observe/log.hpp"

namespace video::test {

/// Turns the log off in tests that cause warnings and errors.
struct QuietLog {
  QuietLog() { observe::setUpLog({observe::LogLevel::off, observe::LogFormat::logfmt, false}); }
  ~QuietLog() { observe::setUpLog({observe::LogLevel::warning, observe::LogFormat::logfmt, false}); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;
};

}  // namespace video::test

#pragma once

#include "observe/log.hpp"

namespace video::test {

/// In scope where a test brings about what the log would report.
struct QuietLog {
  QuietLog() { observe::setUpLog({observe::LogLevel::off, observe::LogFormat::logfmt, false}); }
  ~QuietLog() { observe::setUpLog({observe::LogLevel::warning, observe::LogFormat::logfmt, false}); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;
};

}  // namespace video::test

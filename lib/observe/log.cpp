#include "observe/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/json.hpp"
#include "base/text.hpp"
#include "os/files.hpp"

namespace video::observe {
namespace {

constexpr std::string_view accessName = "access";
constexpr std::size_t manyBytes = 32UL * 1024;
constexpr std::array levelNames{"debug", "info", "warning", "error", "off"};
constexpr std::array journalPrefixes{"<7>", "<6>", "<4>", "<3>", ""};
constexpr std::array spdlogLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                                  spdlog::level::off};

std::size_t indexOf(LogLevel level) {
  return static_cast<std::size_t>(level);
}

// Writes to stderr. Lines of the access log are buffered, since a system call for each would cost as much as the
// response itself.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~StderrSink() override {
    flusher_ = {};
    flush();
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const bool wasEmpty = gathered_.empty();
    gathered_.append(message.payload.data(), message.payload.size());
    gathered_ += '\n';
    const bool isAccess = std::string_view(message.logger_name.data(), message.logger_name.size()) == accessName;
    if (!isAccess || gathered_.size() >= manyBytes) {
      flush_();
    } else if (wasEmpty) {
      if (!flusher_.joinable())
        flusher_ = std::jthread([this](const std::stop_token& stop) {
          while (!tryFlushLater(stop)) continue;
        });
      filled_.notify_one();
    }
  }

  void flush_() override {
    // If this fails, nobody reads stderr, and there is nowhere else to report it.
    os::tryWriteAll(os::systemFiles(), STDERR_FILENO, gathered_);
    gathered_.clear();
  }

  void set_pattern_(const std::string&) override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter>) override {}

 private:
  // Whether it came to its end; what it throws would end the process, and cannot be logged here.
  bool tryFlushLater(const std::stop_token& stop) noexcept try {
    flushLater(stop);
    return true;
  } catch (...) {
    return false;
  }

  void flushLater(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (filled_.wait(lock, stop, [this] { return !gathered_.empty(); })) {
      filled_.wait_for(lock, stop, std::chrono::milliseconds{100}, [] { return false; });
      flush_();
    }
  }

  std::string gathered_;
  std::condition_variable_any filled_;
  std::jthread flusher_;
};

// Whether stderr is connected to journald, which passes the device and inode of its stream in JOURNAL_STREAM.
bool isJournal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

struct Logger {
  std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
  spdlog::logger program{"videod", sink};
  spdlog::logger access{std::string(accessName), sink};
  std::atomic<LogFormat> format = LogFormat::logfmt;
  const bool journal = isJournal();

  Logger() {
    program.set_level(spdlog::level::warn);
    access.set_level(spdlog::level::off);
  }
};

Logger& logger() {
  static Logger one;
  return one;
}

void appendQuoted(std::string& out, std::string_view text) {
  if (isUtf8(text)) return appendJsonString(out, text);
  std::string ascii(text);
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7e; }, '?');
  appendJsonString(out, ascii);
}

void appendValue(std::string& out, std::string_view text) {
  const auto isPlain = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\'; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), isPlain))
    out += text;
  else
    appendQuoted(out, text);
}

}  // namespace

std::string formatLine(LogFormat format, bool journal, Time time, LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string line;
  line.reserve(256);
  if (journal) line += journalPrefixes[indexOf(level)];
  if (format == LogFormat::json) {
    line += '{';
    if (!journal) line += fmt::format(R"("time":"{}",)", formatTime(time));
    line += fmt::format(R"("level":"{}","msg":)", levelNames[indexOf(level)]);
    appendQuoted(line, message);
    for (const LogField& field : fields) {
      line += ',';
      appendQuoted(line, field.name);
      line += ':';
      if (field.quoted)
        appendQuoted(line, field.value);
      else
        line += field.value;
    }
    line += '}';
    return line;
  }
  if (!journal) line += fmt::format("time={} ", formatTime(time));
  line += fmt::format("level={} msg=", levelNames[indexOf(level)]);
  appendValue(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    appendValue(line, field.value);
  }
  return line;
}

void setUpLog(const LogOptions& options) {
  Logger& to = logger();
  to.format = options.format;
  to.program.set_level(spdlogLevels[indexOf(options.level)]);
  to.access.set_level(options.access ? spdlog::level::info : spdlog::level::off);
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) noexcept try {
  Logger& to = logger();
  const auto spdlogLevel = spdlogLevels[indexOf(level)];
  if (level == LogLevel::off || !to.program.should_log(spdlogLevel)) return;
  const std::string line = formatLine(to.format, to.journal, systemClock().now(), level, message, fields);
  to.program.log(spdlogLevel, spdlog::string_view_t(line.data(), line.size()));
} catch (const std::exception&) {
  // Out of memory: a line that cannot be written must not end the work it reports.
}

bool logsAccess() noexcept {
  return logger().access.should_log(spdlog::level::info);
}

void logAccess(const AccessLine& line) noexcept try {
  if (!logsAccess()) return;
  Logger& to = logger();
  const std::string text = formatLine(to.format, to.journal, systemClock().now(), LogLevel::info, "request",
                                      {{"op", line.operation},
                                       {"method", line.method},
                                       {"path", line.path.substr(0, line.path.find('?'))},
                                       {"status", line.status},
                                       {"bytes", line.bytes},
                                       {"ms", static_cast<double>(line.took.count()) / 1000},
                                       {"request_id", line.requestId},
                                       {"address", line.address},
                                       {"user", line.user},
                                       {"credential", line.credential},
                                       {"agent", line.agent}});
  to.access.log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
} catch (const std::exception&) {
  // See `log`.
}

}  // namespace video::observe

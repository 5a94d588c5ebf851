#include "observe/log.hpp"

#include <spdlog/logger.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include "base/address.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/log_sink.hpp"

namespace video::observe {
namespace {

constexpr std::array levelNames{"debug", "info", "warning", "error", "off"};
constexpr std::array journalPrefixes{"<7>", "<6>", "<4>", "<3>", ""};
constexpr std::array spdlogLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                                  spdlog::level::off};

std::size_t indexOf(LogLevel level) {
  return static_cast<std::size_t>(level);
}

// Whether stderr is connected to journald, which passes the device and inode of its stream in JOURNAL_STREAM.
bool isJournal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

struct Logger {
  std::atomic<LogFormat> format = LogFormat::logfmt;
  std::atomic<AccessFormat> accessFormat = AccessFormat::likeOthers;
  const bool journal = isJournal();
  std::atomic<LogLevel> level = LogLevel::warning;
  std::atomic<LogAddress> address = LogAddress::full;
  std::atomic<bool> hasAccessFile = false;
  std::atomic<std::uint64_t> errors = 0;
  std::mutex observerMutex;
  std::shared_ptr<const ErrorObserver> observer;  // guarded by the mutex
  std::shared_ptr<LogSink> sink = std::make_shared<LogSink>([](std::uint64_t lines) {
    warning("log lines were dropped: nobody read them in time", {{"lines", lines}});
  });
  std::shared_ptr<LogSink> fileSink = std::make_shared<LogSink>([](std::uint64_t lines) {
    warning("access log lines were dropped: the file could not be written", {{"lines", lines}});
  });
  spdlog::logger program{"videod", sink};
  spdlog::logger access{std::string(LogSink::accessName), sink};
  spdlog::logger accessFile{std::string(LogSink::accessName), fileSink};

  Logger() {
    program.set_level(spdlog::level::warn);
    access.set_level(spdlog::level::off);
    fileSink->beThreaded();
  }
  ~Logger() {
    // While the loggers are there: what was dropped is reported through them.
    fileSink->end();
    sink->end();
  }
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;
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

// As Apache and nginx do: what could end a quoted string or a line is written as \xHH.
void appendEscaped(std::string& out, std::string_view text) {
  for (const char c : text)
    if (c < ' ' || c > '~' || c == '"' || c == '\\')
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
}

void tellObserver(Logger& to, std::string_view message, std::initializer_list<LogField> fields) {
  std::shared_ptr<const ErrorObserver> observer;
  {
    const std::lock_guard lock(to.observerMutex);
    observer = to.observer;
  }
  if (observer) (*observer)(message, {fields.begin(), fields.end()});
}

// The format of an access line, but for `common`.
LogFormat formatOf(AccessFormat format, LogFormat others) {
  return format == AccessFormat::likeOthers ? others
         : format == AccessFormat::json     ? LogFormat::json
                                            : LogFormat::logfmt;
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

std::string formatCommon(const AccessLine& line, Time time) {
  const auto orDash = [](std::string_view text) { return text.empty() ? std::string_view("-") : text; };
  std::string out(orDash(line.address));
  out += " - ";
  appendEscaped(out, orDash(line.user));
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  out += fmt::format(" [{:02}/{}/{}:{:02}:{:02}:{:02} +0000] \"", parts.tm_mday,
                     months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900, parts.tm_hour,
                     parts.tm_min, parts.tm_sec);
  if (line.method.empty()) {
    out += '-';
  } else {
    appendEscaped(out, line.method);
    out += ' ';
    appendEscaped(out, line.path.substr(0, line.path.find('?')));
    out += fmt::format(" HTTP/1.{}", line.minorVersion);
  }
  out += fmt::format("\" {} {} \"-\" \"", line.status, line.bytes);
  appendEscaped(out, orDash(line.agent));
  return out + '"';
}

void setUpLog(const LogOptions& options) {
  Logger& to = logger();
  if (!options.accessFile.empty()) to.fileSink->setFile(options.accessFile);
  to.sink->beThreaded();
  to.format = options.format;
  to.accessFormat = options.accessFormat;
  to.level = options.level;
  to.address = options.address;
  to.hasAccessFile = !options.accessFile.empty();
  to.program.set_level(spdlogLevels[indexOf(options.level)]);
  to.access.set_level(options.access ? spdlog::level::info : spdlog::level::off);
}

bool reopenLog() {
  Logger& to = logger();
  if (!to.hasAccessFile) return false;
  to.fileSink->reopen();
  return true;
}

void setErrorObserver(ErrorObserver observer) {
  Logger& to = logger();
  auto next = observer ? std::make_shared<const ErrorObserver>(std::move(observer)) : nullptr;
  const std::lock_guard lock(to.observerMutex);
  to.observer = std::move(next);
}

std::uint64_t loggedErrors() noexcept {
  return logger().errors;
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) noexcept try {
  Logger& to = logger();
  if (level == LogLevel::error) {
    ++to.errors;
    tellObserver(to, message, fields);
  }
  const auto spdlogLevel = spdlogLevels[indexOf(level)];
  if (level == LogLevel::off || !to.program.should_log(spdlogLevel)) return;
  const std::string line = formatLine(to.format, to.journal, systemClock().now(), level, message, fields);
  to.program.log(spdlogLevel, spdlog::string_view_t(line.data(), line.size()));
} catch (const std::exception&) {
  // Out of memory: a line that cannot be written must not end the work it reports.
}

std::uint64_t droppedLogLines() noexcept {
  return logger().sink->dropped() + logger().fileSink->dropped();
}

std::string loggedAddress(std::string_view address) {
  switch (logger().address.load()) {
    case LogAddress::full: return std::string(address);
    case LogAddress::truncated: return truncatedAddress(address);
    case LogAddress::none: break;
  }
  return {};
}

bool logsAccess() noexcept {
  return logger().access.should_log(spdlog::level::info);
}

void logAccess(const AccessLine& line) noexcept try {
  if (!logsAccess()) return;
  Logger& to = logger();
  const bool inFile = to.hasAccessFile;
  const bool journal = to.journal && !inFile;
  const std::string address = loggedAddress(line.address);
  std::string text;
  if (to.accessFormat == AccessFormat::common) {
    AccessLine shown = line;
    shown.address = address;
    text = journal ? journalPrefixes[indexOf(LogLevel::info)] : "";
    text += formatCommon(shown, systemClock().now());
  } else {
    text = formatLine(formatOf(to.accessFormat, to.format), journal, systemClock().now(), LogLevel::info, "request",
                      {{"op", line.operation},
                       {"method", line.method},
                       {"path", line.path.substr(0, line.path.find('?'))},
                       {"status", line.status},
                       {"bytes", line.bytes},
                       {"ms", static_cast<double>(line.took.count()) / 1000},
                       {"request_id", line.requestId},
                       {"address", address},
                       {"user", line.user},
                       {"credential", line.credential},
                       {"agent", line.agent}});
  }
  (inFile ? to.accessFile : to.access).log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
} catch (const std::exception&) {
  // See `log`.
}

}  // namespace video::observe

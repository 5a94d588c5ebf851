#include "observe/log.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/address.hpp"
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

// Writes to stderr: until `beThreaded` in the calling thread, from then on in a thread of its own, so that a reader
// that stalls delays nobody. Lines of the access log are gathered, since a system call for each would cost as much as
// the response itself.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `describe` returns the line that reports how many lines were dropped; empty: no report.
  explicit StderrSink(std::function<std::string(std::uint64_t)> describe) : describe_(std::move(describe)) {}
  ~StderrSink() override { writer_ = {}; }

  void beThreaded() noexcept { isThreaded_ = true; }
  std::uint64_t dropped() const noexcept { return dropped_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::size_t size = message.payload.size() + 1;
    if (waiting_.size() + inFlight_ + size > mostWaiting) {
      ++dropped_;
      return;
    }
    const bool wasEmpty = waiting_.empty();
    waiting_.append(message.payload.data(), message.payload.size());
    waiting_ += '\n';
    const bool isAccess = std::string_view(message.logger_name.data(), message.logger_name.size()) == accessName;
    const bool wasUrgent = std::exchange(isUrgent_, isUrgent_ || !isAccess || waiting_.size() >= manyBytes);
    if (!isThreaded_ && !writer_.joinable()) return writeHere();
    if (!writer_.joinable())
      writer_ = std::jthread([this](const std::stop_token& stop) {
        while (!tryWriteLater(stop)) continue;
      });
    if (wasEmpty || isUrgent_ != wasUrgent) filled_.notify_one();
  }

  void flush_() override {}
  void set_pattern_(const std::string&) override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter>) override {}

 private:
  static constexpr std::size_t mostWaiting = 1UL << 20;
  static constexpr std::chrono::seconds mostAtEnd{1};  // to write the remaining lines when the program ends

  void writeHere() {
    // If this fails, nobody reads stderr, and there is nowhere else to report it.
    os::tryWriteAll(os::systemFiles(), STDERR_FILENO, waiting_);
    waiting_.clear();
    isUrgent_ = false;
  }

  // Whether it came to its end; what it throws would end the process, and cannot be logged here.
  bool tryWriteLater(const std::stop_token& stop) noexcept try {
    writeLater(stop);
    return true;
  } catch (...) {
    return false;
  }

  void writeLater(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (filled_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
      filled_.wait_for(lock, stop, std::chrono::milliseconds{100}, [this] { return isUrgent_; });
      isUrgent_ = false;
      const std::string taken = std::exchange(waiting_, {});
      inFlight_ = taken.size();
      lock.unlock();
      const std::size_t written = write(taken, stop);
      lock.lock();
      inFlight_ = 0;
      dropped_ += static_cast<std::uint64_t>(
          std::count(taken.begin() + static_cast<std::ptrdiff_t>(written), taken.end(), '\n'));
      const std::uint64_t unsaid = dropped_ - said_;
      if (unsaid == 0 || written < taken.size()) continue;
      said_ += unsaid;
      if (const std::string line = describe_(unsaid); !line.empty()) waiting_ += line + '\n';
      isUrgent_ = true;
    }
  }

  // Writes as soon as stderr takes it. Returns how much was written before it failed, or the program was to end and
  // nobody read.
  static std::size_t write(std::string_view text, const std::stop_token& stop) {
    struct stat is {};
    const bool isFile = ::fstat(STDERR_FILENO, &is) == 0 && S_ISREG(is.st_mode);
    std::optional<std::chrono::steady_clock::time_point> end;
    std::size_t written = 0;
    while (written < text.size()) {
      if (stop.stop_requested() && !end) end = std::chrono::steady_clock::now() + mostAtEnd;
      if (end && std::chrono::steady_clock::now() >= *end) break;
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      if (::poll(&ready, 1, 100) <= 0) continue;  // a signal says nothing about stderr
      // The amount that a pipe with free space accepts in one write.
      const std::size_t some = isFile ? text.size() : PIPE_BUF;
      const ssize_t now =
          os::systemFiles().write(STDERR_FILENO, text.data() + written, std::min(some, text.size() - written));
      if (now < 0 && errno != EINTR && errno != EAGAIN) break;
      if (now > 0) written += static_cast<std::size_t>(now);
    }
    return written;
  }

  const std::function<std::string(std::uint64_t)> describe_;
  std::string waiting_;
  bool isUrgent_ = false;     // whether what waits is written without delay
  std::size_t inFlight_ = 0;  // bytes that the writer has taken
  std::atomic<bool> isThreaded_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::uint64_t said_ = 0;  // of those
  std::condition_variable_any filled_;
  std::jthread writer_;
};

// Whether stderr is connected to journald, which passes the device and inode of its stream in JOURNAL_STREAM.
bool isJournal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

struct Logger {
  std::atomic<LogFormat> format = LogFormat::logfmt;
  const bool journal = isJournal();
  std::atomic<LogLevel> level = LogLevel::warning;
  std::atomic<LogAddress> address = LogAddress::full;
  std::shared_ptr<StderrSink> sink =
      std::make_shared<StderrSink>([this](std::uint64_t dropped) { return describe(dropped); });
  spdlog::logger program{"videod", sink};
  spdlog::logger access{std::string(accessName), sink};

  std::string describe(std::uint64_t dropped) const {
    if (level > LogLevel::warning) return {};
    return formatLine(format, journal, systemClock().now(), LogLevel::warning,
                      "log lines were dropped: nobody read them in time", {{"lines", dropped}});
  }

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
  to.sink->beThreaded();
  to.format = options.format;
  to.level = options.level;
  to.address = options.address;
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

std::uint64_t droppedLogLines() noexcept {
  return logger().sink->dropped();
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
  const std::string text = formatLine(to.format, to.journal, systemClock().now(), LogLevel::info, "request",
                                      {{"op", line.operation},
                                       {"method", line.method},
                                       {"path", line.path.substr(0, line.path.find('?'))},
                                       {"status", line.status},
                                       {"bytes", line.bytes},
                                       {"ms", static_cast<double>(line.took.count()) / 1000},
                                       {"request_id", line.requestId},
                                       {"address", loggedAddress(line.address)},
                                       {"user", line.user},
                                       {"credential", line.credential},
                                       {"agent", line.agent}});
  to.access.log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
} catch (const std::exception&) {
  // See `log`.
}

}  // namespace video::observe

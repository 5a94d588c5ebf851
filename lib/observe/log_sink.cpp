#include "observe/log_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "os/files.hpp"

namespace video::observe {
namespace {

constexpr std::size_t manyBytes = 32UL * 1024;
constexpr std::size_t mostWaiting = 1UL << 20;
constexpr std::chrono::seconds mostAtEnd{1};  // to write the remaining lines when the program ends
constexpr std::chrono::milliseconds gathering{100};
constexpr mode_t fileMode = 0640;

[[noreturn]] void refuseFile(const std::string& path, std::string_view why, Fault fault = Fault::malformed) {
  throw Error(fault, fmt::format("log.access: {}: {}", path, why));
}

}  // namespace

LogSink::File LogSink::open(const std::string& path) {
  // Without O_NONBLOCK, a FIFO without a reader would stop the daemon here.
  Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, fileMode));
  const int failure = errno;
  if (!file && failure == ENXIO) {  // a FIFO without a reader; or a socket, which is refused
    struct stat is {};
    if (::stat(path.c_str(), &is) == 0 && S_ISFIFO(is.st_mode)) return nullptr;
  }
  if (!file) refuseFile(path, std::strerror(failure), failure == EACCES ? Fault::forbidden : Fault::malformed);
  struct stat is {};
  if (::fstat(file.number(), &is) != 0 || !(S_ISREG(is.st_mode) || S_ISFIFO(is.st_mode)))
    refuseFile(path, "is neither a regular file nor a FIFO");
  return std::make_shared<const Descriptor>(std::move(file));
}

void LogSink::setFile(const std::string& path) {
  File file = open(path);
  const std::lock_guard lock(mutex_);
  path_ = path;
  file_ = std::move(file);
}

void LogSink::reopen() {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    path = path_;
  }
  if (!path.empty()) setFile(path);
}

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
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

void LogSink::writeHere() {
  // If this fails, nobody reads stderr, and there is nowhere else to report it.
  os::tryWriteAll(os::systemFiles(), file_ ? file_->number() : STDERR_FILENO, waiting_);
  waiting_.clear();
  isUrgent_ = false;
}

// Whether it came to its end; what it throws would end the process, and cannot be logged here.
bool LogSink::tryWriteLater(const std::stop_token& stop) noexcept try {
  writeLater(stop);
  return true;
} catch (...) {
  return false;
}

void LogSink::writeLater(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (filled_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    filled_.wait_for(lock, stop, gathering, [this] { return isUrgent_; });
    isUrgent_ = false;
    const std::string taken = std::exchange(waiting_, {});
    inFlight_ = taken.size();
    const std::string path = path_;
    File file = file_;
    lock.unlock();
    const std::size_t written = write(taken, path, file, stop);
    lock.lock();
    if (path == path_ && !file_) file_ = std::move(file);
    inFlight_ = 0;
    dropped_ +=
        static_cast<std::uint64_t>(std::count(taken.begin() + static_cast<std::ptrdiff_t>(written), taken.end(), '\n'));
    const std::uint64_t unsaid = dropped_ - said_;
    if (unsaid == 0 || written < taken.size()) continue;
    said_ += unsaid;
    lock.unlock();
    report_(unsaid);
    lock.lock();
  }
}

// Writes as soon as the file takes it. Returns how much was written before it failed, or the program was to end and
// nobody read.
std::size_t LogSink::write(std::string_view text, const std::string& path, File& file, const std::stop_token& stop) {
  if (!path.empty() && !file) try {
      file = open(path);
    } catch (const Error&) {
      // It was there before; whoever removed it has to say so with SIGUSR1.
    }
  if (!path.empty() && !file) return 0;
  const int number = file ? file->number() : STDERR_FILENO;
  struct stat is {};
  const bool isFile = ::fstat(number, &is) == 0 && S_ISREG(is.st_mode);
  if (file && torn_ == file.get() && os::tryWriteAll(os::systemFiles(), number, "\n") != 0) return 0;
  torn_ = nullptr;
  std::optional<std::chrono::steady_clock::time_point> end;
  std::size_t written = 0;
  while (written < text.size()) {
    if (stop.stop_requested() && !end) end = std::chrono::steady_clock::now() + mostAtEnd;
    if (end && std::chrono::steady_clock::now() >= *end) break;
    pollfd ready{number, POLLOUT, 0};
    if (::poll(&ready, 1, 100) <= 0) continue;  // a signal says nothing about the file
    // The amount that a pipe with free space accepts in one write.
    const std::size_t some = isFile ? text.size() : PIPE_BUF;
    const ssize_t now = os::systemFiles().write(number, text.data() + written, std::min(some, text.size() - written));
    if (now < 0 && errno != EINTR && errno != EAGAIN) break;
    if (now > 0) written += static_cast<std::size_t>(now);
  }
  if (isFile && written > 0 && text[written - 1] != '\n') torn_ = file.get();
  return written;
}

}  // namespace video::observe

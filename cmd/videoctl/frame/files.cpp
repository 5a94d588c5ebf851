#include "frame/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "frame/file_opener.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

constexpr std::size_t pieceSize = 256 * 1024;

volatile std::sig_atomic_t signalCame = 0;
int signalBell = -1;  // an eventfd that becomes readable when a signal arrives

// Reads to the end of the file. Throws if there are more than `most` bytes.
std::string readAll(int descriptor, std::size_t most, const std::string& name) {
  std::string text;
  std::vector<char> piece(16 * 1024);
  for (;;) {
    const ssize_t count = ::read(descriptor, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throwFileError(name, errno);
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > most) throw Error(Fault::malformed, fmt::format("{}: larger than {} bytes", name, most));
  }
}

std::string withoutNewline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

// Waits until `descriptor` is readable or a signal arrives. A plain read would miss a signal that came just before it.
void waitForInput(int descriptor) {
  pollfd ready[2] = {{descriptor, POLLIN, 0}, {signalBell, POLLIN, 0}};
  while (::poll(ready, 2, -1) < 0 && errno == EINTR) {
  }
}

Error interrupted() {
  return Error(Fault::unavailable, "interrupted");
}

// Passes on what `read` reads, until it returns 0.
template <class Read>
void pushPieces(const std::string& path, const ByteSink& sink, const Read& read) {
  std::vector<std::byte> piece(pieceSize);
  for (;;) {
    const std::span<std::byte> room = sink.room();
    const std::span<std::byte> to = room.empty() ? std::span(piece) : room;
    const ssize_t count = read(to);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throwFileError(path, errno);
    if (count == 0) return;
    sink(to.first(static_cast<std::size_t>(count)));
  }
}

}  // namespace

std::optional<std::string> fromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

void writeFile(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const int error = os::tryWriteAll(os::systemFiles(), descriptor, text); error != 0) throwFileError(path, error);
}

void leaveStandardFiles() {
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, standard);
}

std::string readSecretFile(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throwFileError(path, errno);
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(path, errno);
  if (S_ISREG(what.st_mode) && (what.st_mode & 077) != 0)
    throw Error(Fault::forbidden, fmt::format("{}: others can read it: run chmod 600 on it", path.string()));
  return readAll(file.number(), 64 * 1024, path.string());
}

std::string readInput(std::size_t most) {
  return withoutNewline(readAll(STDIN_FILENO, most, "standard input"));
}

std::string withLineFeeds(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

std::string readTextFile(const std::filesystem::path& path, std::size_t most) {
  const Descriptor file = FileOpener().open(path);
  return withLineFeeds(withoutNewline(readAll(file.number(), most, path.string())));
}

std::uint64_t positionOf(const Descriptor& file) noexcept {
  const off_t at = ::lseek(file.number(), 0, SEEK_CUR);
  return at > 0 ? static_cast<std::uint64_t>(at) : 0;
}

ByteSource sourceOf(const Descriptor& file, const std::string& path) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(path, errno);
  if (S_ISDIR(what.st_mode)) throwFileError(path, EISDIR);
  if (S_ISREG(what.st_mode)) {
    const std::uint64_t begin = positionOf(file);
    const auto end = static_cast<std::uint64_t>(what.st_size);
    ByteSource source;
    source.size = end - std::min(begin, end);
    source.repeatable = true;
    source.push = [number = file.number(), path, begin, end, was = identityOf(what)](const ByteSink& sink) {
      std::uint64_t at = begin;
      const auto requireUnchanged = [&] {
        struct stat now {};
        if (::fstat(number, &now) != 0) throwFileError(path, errno);
        if (identityOf(now) != was) throw Error(Fault::conflict, fmt::format("{}: changed while it was read", path));
      };
      const auto read = [&](std::span<std::byte> to) -> ssize_t {
        if (SignalNote::came() != 0) throw interrupted();
        const ssize_t count = ::pread(number, to.data(), to.size(), static_cast<off_t>(at));
        if (count < 0) return count;
        at += static_cast<std::uint64_t>(count);
        // Before the last bytes are passed on: who has them may act on them.
        if (count == 0 || at >= end) requireUnchanged();
        return count;
      };
      pushPieces(path, sink, read);
    };
    return source;
  }
  ByteSource source;
  source.push = [number = file.number(), path](const ByteSink& sink) {
    pushPieces(path, sink, [&](std::span<std::byte> to) {
      waitForInput(number);
      if (SignalNote::came() != 0) throw interrupted();
      return ::read(number, to.data(), to.size());
    });
  };
  return source;
}

ByteSource sourceOf(const Descriptor& file, const std::string& path, std::uint64_t offset, std::uint64_t size) {
  ByteSource source;
  source.size = size;
  source.repeatable = true;
  source.push = [number = file.number(), path, offset, size](const ByteSink& sink) {
    std::uint64_t done = 0;
    pushPieces(path, sink, [&](std::span<std::byte> to) {
      if (SignalNote::came() != 0) throw interrupted();
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), size - done));
      const ssize_t count = ::pread(number, to.data(), most, static_cast<off_t>(offset + done));
      if (count > 0) done += static_cast<std::uint64_t>(count);
      return count;
    });
  };
  return source;
}

void pushAll(const Content& content, std::string_view what, const ByteSink& sink) {
  std::vector<std::byte> piece(1024 * 1024);
  for (std::uint64_t done = 0; done < content.meta.size;) {
    const std::size_t count = content.reader->read(done, piece);
    if (count == 0) throw Error(Fault::internal, fmt::format("{}: ended unexpectedly", what));
    sink(std::span(piece).first(count));
    done += count;
  }
}

std::string identityOf(const struct stat& what) {
  return fmt::format("{}:{}:{}:{}.{:09}", what.st_dev, what.st_ino, what.st_size, what.st_mtim.tv_sec,
                     what.st_mtim.tv_nsec);
}

std::string identityOf(const Descriptor& file, const std::string& path) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(path, errno);
  return identityOf(what);
}

SignalNote::SignalNote() : bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  signalBell = bell_.number();
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    const int before = errno;
    signalCame = signal;
    ::eventfd_write(signalBell, 1);
    errno = before;
  };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  struct sigaction before {};
  ::sigaction(SIGHUP, nullptr, &before);
  notesHangup_ = before.sa_handler != SIG_IGN;
  if (notesHangup_) ::sigaction(SIGHUP, &action, nullptr);
}

SignalNote::~SignalNote() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  if (notesHangup_) std::signal(SIGHUP, SIG_DFL);
  signalBell = -1;
}

int SignalNote::came() noexcept {
  return signalCame;
}

}  // namespace video::ctl

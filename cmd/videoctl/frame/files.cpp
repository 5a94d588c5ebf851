#include "frame/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

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

// The reply of FileOpener's child: an errno, and a descriptor if that is 0.
struct FileAnswer {
  int reason = EIO;
  iovec piece{&reason, sizeof reason};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{nullptr, 0, &piece, 1, room, sizeof room, 0};

  FileAnswer() = default;
  FileAnswer(const FileAnswer&) = delete;
  FileAnswer& operator=(const FileAnswer&) = delete;
};

}  // namespace

// What FileOpener's child is asked: to open a file, to do so unless it is a symbolic link or cannot be removed, to do
// so without following any below a folder, to open a folder or make it for somebody, or to remove a name of the file
// with this device and inode.
enum class FileWork { open, openToMove, openBelow, makeFolder, remove };
struct FileOrder {
  FileWork work = FileWork::open;
  std::size_t folder = 0;  // length of its path
  dev_t device = 0;
  ino_t inode = 0;
  uid_t user = 0;
  gid_t group = 0;
  char path[PATH_MAX] = {};
};

namespace {

// Returns 0, or errno; ESTALE if the name is another file's.
int removeName(const char* path, dev_t device, ino_t inode) {
  struct stat is {};
  if (::lstat(path, &is) != 0) return errno;
  if (is.st_dev != device || is.st_ino != inode) return ESTALE;
  return ::unlink(path) == 0 ? 0 : errno;
}

// Returns 0, or errno if the folder of a file does not let it be removed.
int checkRemovable(const std::string& path, const Descriptor& file) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const char* const name = folder.empty() ? "." : folder.c_str();
  if (::faccessat(AT_FDCWD, name, W_OK | X_OK, AT_EACCESS) != 0) return errno;
  struct statx of {};
  struct stat is {};
  if (::statx(AT_FDCWD, name, 0, STATX_MODE | STATX_UID, &of) != 0 || ::fstat(file.number(), &is) != 0) return errno;
  const uid_t user = ::geteuid();
  const bool isSticky = (of.stx_mode & S_ISVTX) != 0 && user != 0 && user != of.stx_uid && user != is.st_uid;
  const bool isFixed = (of.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
  return isSticky || isFixed ? EPERM : 0;
}

// Opens a file by its path below the folder with the first bytes of it. Returns 0, or errno.
int openInFolder(const std::string& path, std::size_t folder, Descriptor& file) {
  Descriptor at(::open(path.substr(0, folder).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t from = folder + 1; at;) {
    const std::size_t slash = path.find('/', from);
    const std::string name = path.substr(from, slash == std::string::npos ? slash : slash - from);
    if (slash == std::string::npos) {
      file = Descriptor(::openat(at.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      return file ? 0 : errno;
    }
    at = Descriptor(::openat(at.number(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    from = slash + 1;
  }
  return errno;
}

// Opens a folder, or makes it. Returns 0, or errno.
int openOrMake(const FileOrder& order, Descriptor& folder) {
  std::string path = order.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::error_code problem;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, problem);
  if (problem) return problem.value();
  const bool isMade = ::mkdir(path.c_str(), 0777) == 0;
  if (!isMade && errno != EEXIST) return errno;
  // What was made is given away only if no link has taken its place.
  Descriptor opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (isMade ? O_NOFOLLOW : 0)));
  if (!opened) return errno;
  if (isMade && ::geteuid() == 0 && ::fchown(opened.number(), order.user, order.group) != 0) return errno;
  folder = std::move(opened);
  return 0;
}

// Opens a file for reading. Returns 0, or errno.
int openFor(const FileOrder& order, Descriptor& file) {
  if (order.work == FileWork::makeFolder) return openOrMake(order, file);
  if (order.work == FileWork::openBelow) return openInFolder(order.path, order.folder, file);
  const bool toMove = order.work == FileWork::openToMove;
  const char* const path = order.path;
  file = Descriptor(::open(path, O_RDONLY | O_CLOEXEC | (toMove ? O_NOFOLLOW : 0)));
  if (!file) return errno;
  const int reason = toMove ? checkRemovable(path, file) : 0;
  if (reason != 0) file.reset();
  return reason;
}

// The loop of FileOpener's child: receives an order, replies with an errno, and a descriptor if it opened a file.
void openForParent(int socket) {
  FileOrder order;
  for (ssize_t count; (count = ::recv(socket, &order, sizeof order, 0)) > 0 || (count < 0 && errno == EINTR);) {
    if (count < 0) continue;
    FileAnswer answer;
    Descriptor file;
    answer.reason =
        order.work == FileWork::remove ? removeName(order.path, order.device, order.inode) : openFor(order, file);
    cmsghdr* const control = CMSG_FIRSTHDR(&answer.message);
    const int number = file.number();
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof number);
    std::memcpy(CMSG_DATA(control), &number, sizeof number);
    if (!file) answer.message.msg_controllen = 0;
    if (::sendmsg(socket, &answer.message, MSG_NOSIGNAL) < 0) return;
  }
}

bool setPath(FileOrder& order, const std::filesystem::path& path) {
  if (path.native().size() >= sizeof order.path) return false;
  path.native().copy(order.path, sizeof order.path - 1);
  return true;
}

// Returns the errno of the reply.
int askChild(int child, const std::filesystem::path& path, FileOrder order, FileAnswer& answer) {
  if (!setPath(order, path)) return ENAMETOOLONG;
  if (::send(child, &order, sizeof order, MSG_NOSIGNAL) < 0) return errno;
  if (::recvmsg(child, &answer.message, MSG_CMSG_CLOEXEC) != sizeof answer.reason) return EIO;
  return answer.reason;
}

// The work of PartFile's child: reads one order, writes one reply (an errno).
void keepRights(int orders, int answers, const std::filesystem::path& part) {
  std::string order;
  char letter = 0;
  while (::read(orders, &letter, 1) == 1 && letter != '\0') order += letter;
  if (order.empty()) {
    struct stat now {};
    if (::stat(part.c_str(), &now) == 0 && now.st_size == 0) ::unlink(part.c_str());
    return;
  }
  const std::string target = order.substr(1);
  const unsigned how = order[0] == 'k' ? RENAME_NOREPLACE : 0U;
  const int reason = os::tryPlaceFile(os::systemFiles(), AT_FDCWD, part, target, how);
  if (::write(answers, &reason, sizeof reason) < 0) return;
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

std::string readTextFile(const std::filesystem::path& path, std::size_t most) {
  const Descriptor file = FileOpener().open(path);
  std::string text = withoutNewline(readAll(file.number(), most, path.string()));
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

ByteSource sourceOf(const Descriptor& file, const std::string& path) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(path, errno);
  if (S_ISDIR(what.st_mode)) throwFileError(path, EISDIR);
  if (S_ISREG(what.st_mode)) {
    ByteSource source = sourceOf(file, path, 0, UINT64_MAX);
    source.size = static_cast<std::uint64_t>(what.st_size);
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

std::string identityOf(const struct stat& what) {
  return fmt::format("{}:{}:{}:{}.{:09}", what.st_dev, what.st_ino, what.st_size, what.st_mtim.tv_sec,
                     what.st_mtim.tv_nsec);
}

std::string identityOf(const Descriptor& file, const std::string& path) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(path, errno);
  return identityOf(what);
}

FileOpener::FileOpener() {
  if (::geteuid() != 0) return;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throwFileError("socketpair", errno);
  child_ = Descriptor(ends[0]);
  const Descriptor its(ends[1]);
  pid_ = ::fork();
  if (pid_ < 0) throwFileError("fork", errno);
  if (pid_ > 0) return;
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  child_.reset();
  leaveStandardFiles();
  openForParent(its.number());
  ::_exit(0);
}

FileOpener::~FileOpener() {
  child_.reset();
  while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Descriptor FileOpener::open(const std::filesystem::path& path) const {
  return openWith(path, {});
}

Descriptor FileOpener::openToMove(const std::filesystem::path& path) const {
  try {
    FileOrder order;
    order.work = FileWork::openToMove;
    return openWith(path, order);
  } catch (const Error& error) {
    std::error_code none;
    if (std::filesystem::is_symlink(path, none))
      throw Error(Fault::malformed, fmt::format("{}: is a symbolic link, which --move does not follow", path.string()));
    throw Error(error.fault(), fmt::format("{}; --move must read and remove it", error.detail()));
  }
}

Descriptor FileOpener::openBelow(const std::filesystem::path& folder, const std::string& path) const {
  FileOrder order;
  order.work = FileWork::openBelow;
  order.folder = folder.native().size();
  return openWith(folder.native() + '/' + path, order);
}

Descriptor FileOpener::openOrMakeFolder(const std::filesystem::path& path, uid_t user, gid_t group) const {
  FileOrder order;
  order.work = FileWork::makeFolder;
  order.user = user;
  order.group = group;
  return openWith(path, order);
}

Descriptor FileOpener::openWith(const std::filesystem::path& path, FileOrder order) const {
  if (!child_) {
    Descriptor file;
    const int reason = setPath(order, path) ? openFor(order, file) : ENAMETOOLONG;
    if (reason != 0) throwFileError(path, reason);
    return file;
  }
  FileAnswer answer;
  if (const int reason = askChild(child_.number(), path, order, answer); reason != 0) throwFileError(path, reason);
  int number = -1;
  if (const cmsghdr* control = CMSG_FIRSTHDR(&answer.message); control != nullptr)
    std::memcpy(&number, CMSG_DATA(control), sizeof number);
  Descriptor file(number);
  if (!file) throwFileError(path, EMFILE);  // the kernel drops a descriptor that exceeds the limit
  return file;
}

void FileOpener::remove(const std::filesystem::path& path, const Descriptor& file) const {
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) throwFileError(path, errno);
  FileOrder order;
  order.work = FileWork::remove;
  order.device = is.st_dev;
  order.inode = is.st_ino;
  FileAnswer answer;
  const int reason =
      child_ ? askChild(child_.number(), path, order, answer) : removeName(path.c_str(), order.device, order.inode);
  if (reason == ESTALE)
    throw Error(Fault::conflict, fmt::format("{}: no longer names the uploaded file", path.string()));
  if (reason != 0) throwFileError(path, reason);
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

PartFile::PartFile(std::filesystem::path part)
    : part_(std::move(part)), file_(::open(part_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (!file_) throwFileError(part_, errno);
  if (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0 || !os::isSameFile(file_.number(), AT_FDCWD, part_))
    throw Error(Fault::busy, fmt::format("{}: another download is writing to it", part_.string()));
  int orders[2];
  int answers[2];
  if (::pipe2(orders, O_CLOEXEC) != 0) throwFileError(part_, errno);
  orders_ = Descriptor(orders[1]);
  const Descriptor childOrders(orders[0]);
  if (::pipe2(answers, O_CLOEXEC) != 0) throwFileError(part_, errno);
  answers_ = Descriptor(answers[0]);
  const Descriptor childAnswers(answers[1]);
  child_ = ::fork();
  if (child_ < 0) throwFileError(part_, errno);
  if (child_ == 0) {
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
    orders_.reset();
    answers_.reset();
    leaveStandardFiles();
    keepRights(childOrders.number(), childAnswers.number(), part_);
    ::_exit(0);
  }
}

PartFile::~PartFile() {
  orders_.reset();
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void PartFile::clear() {
  if (::ftruncate(file_.number(), 0) != 0) throwFileError(part_, errno);
}

void PartFile::place(const std::filesystem::path& target, bool keepOld) {
  if (::fsync(file_.number()) != 0) throwFileError(part_, errno);
  const std::string order = (keepOld ? "k" : "r") + target.string();
  writeFile(orders_.number(), std::as_bytes(std::span(order.c_str(), order.size() + 1)), target);
  int reason = EIO;
  if (::read(answers_.number(), &reason, sizeof reason) != sizeof reason) reason = EIO;
  if (reason != 0) throwFileError(target, reason);
}

}  // namespace video::ctl

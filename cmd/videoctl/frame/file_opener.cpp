#include "frame/file_opener.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frame/files.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

namespace fs = std::filesystem;

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

bool isStill(const char* path, dev_t device, ino_t inode, struct stat& is) {
  return ::lstat(path, &is) == 0 && is.st_dev == device && is.st_ino == inode;
}

// Returns 0, or errno; ESTALE if the name is another file's.
int removeName(const char* path, dev_t device, ino_t inode) {
  struct stat is {};
  if (::lstat(path, &is) != 0) return errno;
  if (is.st_dev != device || is.st_ino != inode) return ESTALE;
  return ::unlink(path) == 0 ? 0 : errno;
}

// Returns 0, or errno if the folder of a file does not let it be removed.
int checkRemovable(const fs::path& path, const Descriptor& file) {
  const std::string folder = path.parent_path().string();
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

int openAs(const char* path, int flags, Descriptor& file) {
  file = Descriptor(::open(path, flags | O_CLOEXEC, 0666));
  return file ? 0 : errno;
}

// Opens a regular file. Nothing else is: to open a FIFO or a device would have effects.
int openRegularFile(const char* path, Descriptor& file) {
  if (const int reason = openAs(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, file); reason != 0) return reason;
  struct stat is {};
  if (::fstat(file.number(), &is) == 0 && S_ISREG(is.st_mode)) return 0;
  file.reset();
  return EEXIST;
}

// Opens a file by its path below a folder, without following symbolic links there. Returns 0, or errno.
int openInFolder(const char* folder, std::string_view path, Descriptor& file) {
  Descriptor at(::open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
  while (at) {
    const std::size_t slash = path.find('/');
    const std::string name(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      file = Descriptor(::openat(at.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      return file ? 0 : errno;
    }
    at = Descriptor(::openat(at.number(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    path.remove_prefix(slash + 1);
  }
  return errno;
}

// Opens a folder, or makes it for somebody. Returns 0, or errno.
int openOrMake(std::string path, uid_t user, gid_t group, Descriptor& folder) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::error_code problem;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, problem);
  if (problem) return problem.value();
  const bool isMade = ::mkdir(path.c_str(), 0777) == 0;
  if (!isMade && errno != EEXIST) return errno;
  // What was made is given away only if no link has taken its place.
  Descriptor opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (isMade ? O_NOFOLLOW : 0)));
  if (!opened) return errno;
  if (isMade && ::geteuid() == 0 && ::fchown(opened.number(), user, group) != 0) return errno;
  folder = std::move(opened);
  return 0;
}

constexpr int foreignPart = EMLINK;

// Opens a part file, which is made if it is not there. Returns 0, or errno: foreignPart if others can write to it too.
int openOwnPart(const char* path, Descriptor& file) {
  constexpr int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  int reason = openAs(path, flags | O_CREAT | O_EXCL, file);
  if (reason != EEXIST) return reason;
  reason = openAs(path, flags, file);
  if (reason != 0) return reason == ENOENT ? EWOULDBLOCK : reason;  // somebody has just renamed or removed it
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) return errno;
  if (!S_ISREG(is.st_mode)) return EEXIST;
  return is.st_nlink > 1 || is.st_uid != ::geteuid() ? foreignPart : 0;
}

// Gives a finished file the owner, group and mode of the one that it replaces. Where that is not possible, as mostly
// for others than root, it stays ours.
void makeLike(const char* path, dev_t device, ino_t inode, const struct stat& replaced) {
  Descriptor file;
  struct stat is {};
  if (openAs(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, file) != 0 || ::fstat(file.number(), &is) != 0) return;
  if (is.st_dev != device || is.st_ino != inode) return;
  constexpr auto same = static_cast<uid_t>(-1);
  if (is.st_uid != replaced.st_uid || is.st_gid != replaced.st_gid)
    if (::fchown(file.number(), replaced.st_uid, replaced.st_gid) != 0 &&
        ::fchown(file.number(), same, replaced.st_gid) != 0)
      return;
  ::fchmod(file.number(), replaced.st_mode & 0777);
}

// Gives a finished file its name. Returns 0, or errno.
int placeAs(const std::string& part, const std::string& target, bool replaces) {
  os::FileSystem& files = os::systemFiles();
  if (replaces) return os::tryPlaceFile(files, AT_FDCWD, part, target);
  const int reason = os::tryPlaceFile(files, AT_FDCWD, part, target, RENAME_NOREPLACE);
  if (reason != EINVAL && reason != ENOSYS) return reason;
  // NFS, among others, cannot do both at once. A new link does not replace anything either, and where there are no
  // links, nearly nobody takes the name meanwhile.
  if (::linkat(AT_FDCWD, part.c_str(), AT_FDCWD, target.c_str(), 0) == 0) {
    ::unlink(part.c_str());
    const fs::path folder = fs::path(target).parent_path();
    return os::trySyncFolder(files, AT_FDCWD, folder.empty() ? "." : folder.string());
  }
  if (errno == EEXIST) return EEXIST;
  struct stat is {};
  if (::lstat(target.c_str(), &is) == 0) return EEXIST;
  return os::tryPlaceFile(files, AT_FDCWD, part, target);
}

// Whether a finished file may take this name: 0, or errno.
int checkTarget(const char* target, bool replaces, struct stat& is) {
  if (::lstat(target, &is) != 0) return errno == ENOENT ? 0 : errno;
  return replaces && S_ISREG(is.st_mode) ? 0 : EEXIST;
}

std::optional<int> numberAt(std::string_view text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

constexpr std::uint64_t bitOf(unsigned capability) {
  return 1ULL << capability;
}

}  // namespace

void keepOnly(FileRights rights) noexcept {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  std::uint64_t kept = bitOf(CAP_DAC_READ_SEARCH);
  if (rights != FileRights::read) kept |= bitOf(CAP_DAC_OVERRIDE) | bitOf(CAP_FOWNER);
  if (rights == FileRights::write) kept |= bitOf(CAP_CHOWN);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> has{};
  if (::syscall(SYS_capget, &header, has.data()) != 0) return;
  for (std::size_t i = 0; i < has.size(); ++i) {
    const auto mask = static_cast<std::uint32_t>(kept >> 32 * i);
    has[i].permitted &= mask;
    has[i].effective &= mask;
    has[i].inheritable = 0;
  }
  ::syscall(SYS_capset, &header, has.data());
}

std::optional<int> ownDescriptorOf(const fs::path& given) {
  constexpr int mostLinks = 40;  // as many as the kernel follows
  fs::path path = given;
  for (int links = 0; links < mostLinks; ++links) {
    const std::string text = path.lexically_normal().string();
    constexpr std::array<std::pair<std::string_view, int>, 3> standard{
        {{"/dev/stdin", STDIN_FILENO}, {"/dev/stdout", STDOUT_FILENO}, {"/dev/stderr", STDERR_FILENO}}};
    for (const auto& [name, number] : standard)
      if (text == name) return number;
    for (const std::string& folder :
         {std::string("/dev/fd/"), std::string("/proc/self/fd/"), fmt::format("/proc/{}/fd/", ::getpid())})
      if (text.starts_with(folder)) return numberAt(std::string_view(text).substr(folder.size()));
    std::error_code failed;
    const fs::path next = fs::read_symlink(path, failed);
    if (failed) return std::nullopt;
    path = path.parent_path() / next;
  }
  return std::nullopt;
}

struct FileOpener::Order {
  Work work = Work::open;
  bool replaces = false;
  dev_t device = 0;
  ino_t inode = 0;
  uid_t user = 0;
  gid_t group = 0;
  char path[PATH_MAX] = {};
  char target[PATH_MAX] = {};
};

// The part files that are open, which the child removes in the end if they are empty.
struct FileOpener::Parts {
  struct Part {
    std::string path;
    dev_t device;
    ino_t inode;
  };
  std::vector<Part> all;

  void add(const char* path, const Descriptor& file) {
    struct stat is {};
    if (::fstat(file.number(), &is) == 0) all.push_back({path, is.st_dev, is.st_ino});
  }
  void forget(const char* path) {
    std::erase_if(all, [&](const Part& part) { return part.path == path; });
  }
  void removeEmpty(const char* path) {
    struct stat is {};
    for (const Part& part : all)
      if (part.path == path && isStill(path, part.device, part.inode, is) && is.st_size == 0) ::unlink(path);
    forget(path);
  }
};

// Does one piece of work. Returns 0, or errno.
int FileOpener::carryOut(const Order& order, Descriptor& file, Parts& parts) {
  struct stat is {};
  switch (order.work) {
    case Work::open: return openAs(order.path, O_RDONLY, file);
    case Work::openBelow: return openInFolder(order.path, order.target, file);
    case Work::openToMove: {
      int reason = openAs(order.path, O_RDONLY | O_NOFOLLOW, file);
      if (reason == 0) reason = checkRemovable(order.path, file);
      if (reason != 0) file.reset();
      return reason;
    }
    case Work::openRegular: return openRegularFile(order.path, file);
    case Work::makeFolder: return openOrMake(order.path, order.user, order.group, file);
    case Work::remove: return removeName(order.path, order.device, order.inode);
    case Work::openPart: {
      if (const int reason = checkTarget(order.target, order.replaces, is); reason != 0) return reason;
      const bool isThere = is.st_nlink > 0;
      int problem = openOwnPart(order.path, file);
      // The lock is the parent's too: it belongs to the open file.
      if (problem == 0 &&
          (::flock(file.number(), LOCK_EX | LOCK_NB) != 0 || !os::isSameFile(file.number(), AT_FDCWD, order.path)))
        problem = EWOULDBLOCK;
      if (problem == 0 && isThere && ::fchmod(file.number(), is.st_mode & 0777) != 0) problem = errno;
      if (problem != 0)
        file.reset();
      else
        parts.add(order.path, file);
      return problem;
    }
    case Work::place: {
      if (!isStill(order.path, order.device, order.inode, is)) return ESTALE;
      struct stat replaced {};
      if (const int reason = checkTarget(order.target, order.replaces, replaced); reason != 0) return reason;
      if (replaced.st_nlink > 0) makeLike(order.path, order.device, order.inode, replaced);
      const int reason = placeAs(order.path, order.target, order.replaces);
      if (reason == 0) parts.forget(order.path);
      return reason;
    }
    case Work::removeEmpty: parts.removeEmpty(order.path); return 0;
  }
  return EINVAL;
}

// The loop of the child: receives an order, replies with an errno, and a descriptor if it opened a file.
void FileOpener::serve(int socket) {
  Order order;
  Parts parts;
  for (ssize_t count; (count = ::recv(socket, &order, sizeof order, 0)) > 0 || (count < 0 && errno == EINTR);) {
    if (count < 0) continue;
    FileAnswer answer;
    Descriptor file;
    answer.reason = carryOut(order, file, parts);
    cmsghdr* const control = CMSG_FIRSTHDR(&answer.message);
    const int number = file.number();
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof number);
    std::memcpy(CMSG_DATA(control), &number, sizeof number);
    if (!file) answer.message.msg_controllen = 0;
    if (::sendmsg(socket, &answer.message, MSG_NOSIGNAL) < 0) break;
  }
  while (!parts.all.empty()) parts.removeEmpty(std::string(parts.all.back().path).c_str());
}

FileOpener::FileOpener(FileRights rights) {
  if (::geteuid() != 0 && rights != FileRights::write) return;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throwFileError("socketpair", errno);
  child_ = Descriptor(ends[0]);
  Descriptor its(ends[1]);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throwFileError("fork", errno);
  if (pid_ > 0) return;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  // It may wait for the other end of a FIFO, for ever.
  if (rights != FileRights::write) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (rights != FileRights::write && ::getppid() != parent) ::_exit(0);
  leaveStandardFiles();
  constexpr int socket = STDERR_FILENO + 1;
  if (its.number() != socket) ::dup2(its.number(), socket);
  ::syscall(SYS_close_range, static_cast<unsigned>(socket) + 1, ~0U, 0U);
  keepOnly(rights);
  serve(socket);
  ::_exit(0);
}

FileOpener::~FileOpener() {
  child_.reset();
  while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

FileOpener::Order FileOpener::orderOf(Work work, const fs::path& path, const Descriptor* file, const fs::path& target,
                                      bool replaces) const {
  Order order;
  if (path.native().size() >= sizeof order.path) throwFileError(path, ENAMETOOLONG);
  if (target.native().size() >= sizeof order.target) throwFileError(target, ENAMETOOLONG);
  order.work = work;
  order.replaces = replaces;
  path.native().copy(order.path, sizeof order.path - 1);
  target.native().copy(order.target, sizeof order.target - 1);
  if (file == nullptr) return order;
  struct stat is {};
  if (::fstat(file->number(), &is) != 0) throwFileError(path, errno);
  order.device = is.st_dev;
  order.inode = is.st_ino;
  return order;
}

// Has an order carried out. Returns 0, or errno.
int FileOpener::ask(const Order& order, Descriptor& file) const {
  if (!child_) {
    Parts none;
    return carryOut(order, file, none);
  }
  FileAnswer answer;
  if (::send(child_.number(), &order, sizeof order, MSG_NOSIGNAL) < 0) return errno;
  ssize_t count = 0;
  while ((count = ::recvmsg(child_.number(), &answer.message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (count != sizeof answer.reason) return EIO;
  if (answer.reason != 0) return answer.reason;
  if (const cmsghdr* control = CMSG_FIRSTHDR(&answer.message); control != nullptr) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(control), sizeof number);
    file = Descriptor(number);
  }
  const bool opens = order.work != Work::remove && order.work != Work::place && order.work != Work::removeEmpty;
  return opens && !file ? EMFILE : 0;  // the kernel drops a descriptor that exceeds the limit
}

Descriptor FileOpener::open(const fs::path& path) const {
  Descriptor file;
  if (const auto own = ownDescriptorOf(path)) {
    file = Descriptor(::fcntl(*own, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!file) throwFileError(path, errno == EBADF ? ENOENT : errno);
    return file;
  }
  if (const int reason = ask(orderOf(Work::open, path), file); reason != 0) throwFileError(path, reason);
  return file;
}

Descriptor FileOpener::openBelow(const fs::path& folder, const std::string& path) const {
  Descriptor file;
  if (const int reason = ask(orderOf(Work::openBelow, folder, nullptr, path), file); reason != 0)
    throwFileError(folder / path, reason);
  return file;
}

Descriptor FileOpener::openOrMakeFolder(const fs::path& path, uid_t user, gid_t group) const {
  Descriptor folder;
  Order order = orderOf(Work::makeFolder, path);
  order.user = user;
  order.group = group;
  if (const int reason = ask(order, folder); reason != 0) throwFileError(path, reason);
  return folder;
}

Descriptor FileOpener::openToMove(const fs::path& path) const {
  Descriptor file;
  const int reason = ask(orderOf(Work::openToMove, path), file);
  if (reason == 0) return file;
  std::error_code none;
  if (fs::is_symlink(path, none))
    throw Error(Fault::malformed, fmt::format("{}: is a symbolic link, which --move does not follow", path.string()));
  try {
    throwFileError(path, reason);
  } catch (const Error& error) {
    throw Error(error.fault(), fmt::format("{}; --move must read and remove it", error.detail()));
  }
}

void FileOpener::remove(const fs::path& path, const Descriptor& file) const {
  Descriptor none;
  const int reason = ask(orderOf(Work::remove, path, &file), none);
  if (reason == ESTALE)
    throw Error(Fault::conflict, fmt::format("{}: no longer names the uploaded file", path.string()));
  if (reason != 0) throwFileError(path, reason);
}

Descriptor FileOpener::openIfRegular(const fs::path& path) const {
  Descriptor file;
  const int reason = ask(orderOf(Work::openRegular, path), file);
  if (reason == ENOENT) return {};
  if (reason != 0) throwFileError(path, reason == ELOOP || reason == ENXIO ? EEXIST : reason);
  return file;
}

Descriptor FileOpener::openPart(const fs::path& part, const fs::path& target, bool replaces) const {
  Descriptor file;
  std::error_code failed;
  const int reason = ask(orderOf(Work::openPart, part, nullptr, target, replaces), file);
  if (reason == EWOULDBLOCK)
    throw Error(Fault::locked, fmt::format("{}: another program is writing to it", part.string()));
  if (reason == foreignPart)
    throw Error(Fault::conflict,
                fmt::format("{}: is not used, because it belongs to another user or has another name too; remove it",
                            part.string()));
  if (reason == EEXIST && !replaces && fs::is_regular_file(fs::symlink_status(target, failed)))
    throw Error(Fault::conflict, fmt::format("{}: exists; --overwrite replaces it", target.string()));
  if (reason == EEXIST) throwFileError(target, reason);
  if (reason != 0) throwFileError(part, reason);
  return file;
}

void FileOpener::place(const fs::path& part, const Descriptor& file, const fs::path& target, bool replaces) const {
  Descriptor none;
  const int reason = ask(orderOf(Work::place, part, &file, target, replaces), none);
  if (reason == ESTALE) throw Error(Fault::conflict, fmt::format("{}: no longer is the file written", part.string()));
  if (reason != 0) throwFileError(target, reason);
}

void FileOpener::removeEmpty(const fs::path& part, const Descriptor& file) const noexcept try {
  Descriptor none;
  struct stat is {};
  if (::fstat(file.number(), &is) != 0 || is.st_size != 0) return;
  ask(orderOf(Work::removeEmpty, part), none);
} catch (const std::exception&) {
  // It stays.
}

}  // namespace video::ctl

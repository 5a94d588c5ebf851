#include "store/backup_folder.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "observe/log.hpp"
#include "os/errors.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/backup_manifest.hpp"

namespace video::store {
namespace {

constexpr std::string_view unfinishedStart = ".backup-";
constexpr char placeOrder = 'p';

bool isUnfinishedName(std::string_view name) {
  return name.starts_with(unfinishedStart);
}

// 2026-11-27T031500Z
bool isTaskName(std::string_view name) {
  constexpr std::string_view form = "0000-00-00T000000Z";
  return name.size() == form.size() && std::equal(name.begin(), name.end(), form.begin(), [](char c, char wanted) {
           return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
         });
}

// When the set was finished, by the time of its manifest; nothing if it is not a finished set.
std::optional<timespec> finishedAt(int parent, const std::string& name) {
  struct stat is {};
  if (::fstatat(parent, fmt::format("{}/{}", name, BackupManifest::name).c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(is.st_mode))
    return std::nullopt;
  return is.st_mtim;
}

// Removes a folder that nobody fills; of two who want to remove it, one does.
void removeAbandonedSet(os::FileSystem& files, int parent, const std::string& name) {
  const Descriptor folder(files.openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
  if (!folder || !os::tryLock(folder.number(), LOCK_EX) || !os::isSameFile(folder.number(), parent, name)) return;
  os::removeTree(files, parent, name);
}

}  // namespace

BackupFolder::BackupFolder(os::FileSystem& files, const std::filesystem::path& path, std::optional<Owner> owner)
    : files_(files), path_(std::filesystem::absolute(path).lexically_normal()) {
  while (!path_.has_filename() && path_.has_relative_path()) path_ = path_.parent_path();
  name_ = path_.filename().string();
  if (name_.empty() || name_ == "." || name_ == ".." || isUnfinishedName(name_))
    throw Error(Fault::malformed, fmt::format("{}: is not a name for a backup", path.string()));
  const std::filesystem::path in = path_.parent_path();
  parent_ = Descriptor(files_.openat(AT_FDCWD, in.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!parent_) os::throwFileError(in, errno);
  removeLeftovers();
  struct stat is {};
  if (::fstatat(parent_.number(), name_.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0) os::throwFileError(path_, EEXIST);
  make(owner);
  newest_ = findNewest();
  if (owner) startChild();
}

BackupFolder::~BackupFolder() {
  if (child_ > 0) {
    orders_.reset();
    waitForChild();  // it removes the folder
    return;
  }
  if (isPlaced_ || !folder_) return;
  try {
    os::removeTree(files_, parent_.number(), unfinished_);
  } catch (const std::exception& error) {
    observe::warning("an unfinished backup could not be removed", {{"path", unfinished_}, {"error", error.what()}});
  }
}

void BackupFolder::make(std::optional<Owner> owner) {
  for (;;) {
    const std::string name = fmt::format("{}{}", unfinishedStart, makeRandomHex(8));
    if (files_.mkdirat(parent_.number(), name.c_str(), 0700) != 0) os::throwFileError(path_, errno);
    Descriptor folder(
        files_.openat(parent_.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
    const int error = errno;
    // Whoever removes what others left may have taken it for that, as long as it was not locked.
    if (!folder && error == ENOENT) continue;
    if (!folder) {
      files_.rmdirat(parent_.number(), name.c_str());
      os::throwFileError(path_, error);
    }
    unfinished_ = name;
    os::lock(folder.number());
    if (!os::isSameFile(folder.number(), parent_.number(), name)) continue;
    folder_ = std::move(folder);
    if (owner && ::fchown(folder_.number(), owner->user, owner->group) != 0) {
      const int refused = errno;
      files_.rmdirat(parent_.number(), name.c_str());
      folder_.reset();
      os::throwFileError(path_, refused);
    }
    return;
  }
}

void BackupFolder::removeLeftovers() const {
  for (const std::string& name : os::listNames(files_, parent_.number(), path_.parent_path().string()))
    if (isUnfinishedName(name)) removeAbandonedSet(files_, parent_.number(), name);
}

Descriptor BackupFolder::findNewest() const {
  std::string newest;
  timespec at{};
  for (const std::string& name : os::listNames(files_, parent_.number(), path_.parent_path().string())) {
    if (name.front() == '.') continue;
    const auto finished = finishedAt(parent_.number(), name);
    if (!finished || std::pair(finished->tv_sec, finished->tv_nsec) < std::pair(at.tv_sec, at.tv_nsec)) continue;
    newest = name;
    at = *finished;
  }
  if (newest.empty()) return {};
  return Descriptor(
      files_.openat(parent_.number(), newest.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
}

int BackupFolder::tryPlace() const {
  const auto rename = [&](unsigned flags) {
    return files_.renameat2(parent_.number(), unfinished_.c_str(), parent_.number(), name_.c_str(), flags) == 0;
  };
  // Without RENAME_NOREPLACE, a rename replaces at most an empty folder.
  if (!rename(RENAME_NOREPLACE) && ((errno != EINVAL && errno != ENOSYS) || !rename(0)))
    return errno == ENOTEMPTY ? EEXIST : errno;
  return os::trySyncFolder(files_, parent_.number(), ".");
}

void BackupFolder::place() {
  int error = 0;
  if (child_ > 0) {
    error = ::send(orders_.number(), &placeOrder, 1, MSG_NOSIGNAL) == 1 ? 0 : errno;
    if (error == 0) error = waitForChild();
  } else {
    error = tryPlace();
  }
  if (error != 0) os::throwFileError(path_, error);
  isPlaced_ = true;
}

void BackupFolder::startChild() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) os::throwFileError("socketpair", errno);
  orders_ = Descriptor(ends[0]);
  const Descriptor its(ends[1]);
  child_ = ::fork();
  if (child_ < 0) os::throwFileError("fork", errno);
  if (child_ > 0) return;
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  orders_.reset();
  // The caller's pipes must end when the program ends.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
  serveParent(its.number());
}

// Without an order, as when the parent was killed, it removes the folder.
void BackupFolder::serveParent(int orders) const {
  char order = 0;
  ssize_t got = 0;
  while ((got = ::read(orders, &order, 1)) < 0 && errno == EINTR) {
  }
  const int error = got == 1 && order == placeOrder ? tryPlace() : ECANCELED;
  if (error != 0) try {
      os::removeTree(files_, parent_.number(), unfinished_);
    } catch (const std::exception&) {
      // The next backup removes it.
    }
  ::_exit(error);
}

// Its exit status is the errno; none is greater than 255.
int BackupFolder::waitForChild() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  folder_.reset();
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

std::string backupNameOf(std::int64_t unixSeconds) {
  return fmt::format("{:%Y-%m-%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(unixSeconds)));
}

void keepNewestBackups(os::FileSystem& files, const std::filesystem::path& path, std::size_t keep) {
  const Descriptor parent(files.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!parent) os::throwFileError(path, errno);
  std::vector<std::string> names = os::listNames(files, parent.number(), path.string());
  std::erase_if(names,
                [&](const std::string& name) { return !isTaskName(name) || !finishedAt(parent.number(), name); });
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i + keep < names.size(); ++i) {
    // A set of which only a part is left must not look like a finished one.
    const std::string aside = fmt::format("{}{}", unfinishedStart, makeRandomHex(8));
    if (files.renameat2(parent.number(), names[i].c_str(), parent.number(), aside.c_str(), 0) != 0)
      os::throwErrno(errno, names[i]);
    os::removeTree(files, parent.number(), aside);
  }
}

}  // namespace video::store

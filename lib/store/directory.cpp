#include "store/directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "os/copy_on_write.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/schema.hpp"

namespace video::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::array folders{"blobs", "incoming", "derived", "lost+found", "held"};
// Marks a folder that a restore fills, until all of it is there.
constexpr const char* restoringName = "restoring";
// What a creation that was cut short may have left behind.
constexpr std::array unfinished{"video.db.new", "video.db.new-wal", "video.db.new-shm", "video.db.new-journal",
                                "restoring.new"};
// Files that writing, purging and tasks open. Created with the directory, since a full disk may have no inodes
// left.
constexpr std::array lockFiles{"LOCK", "NEXT", "WRITE", "OWNERS", "scheduler.lock", "deleted-users", "BACKUP"};

bool lockWithin(int file, int operation, std::chrono::milliseconds within) {
  const SteadyClock::time_point deadline = SteadyClock::now() + within;
  std::chrono::milliseconds pause{1};
  while (!os::tryLock(file, operation)) {
    if (SteadyClock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{50});
  }
  return true;
}

bool hasFile(int folder, const char* name) {
  struct stat is {};
  if (::fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    os::throwErrno(errno, name);
  }
  return S_ISREG(is.st_mode);
}

bool hasDatabase(int folder) {
  return hasFile(folder, "video.db");
}

// Throws if a restore fills the folder, or has filled a part of it.
void refuseRestoring(os::FileSystem& files, int root, const std::string& name) {
  if (!hasFile(root, restoringName)) return;
  const Descriptor lock = os::openIfThere(files, root, "LOCK", O_RDWR);
  if (lock && !os::tryLock(lock.number(), LOCK_SH))
    throw Error(Fault::busy, name + ": a backup is being restored there");
  throw Error(Fault::conflict,
              name + ": a restore was cut off: run `videoctl data restore` again, or remove this folder");
}

void requireNothingElse(const std::filesystem::path& path) {
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    const auto isIn = [&](const auto& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
    if (!isIn(folders) && !isIn(unfinished) && !isIn(lockFiles) && !isIn(Reserve::names))
      throw Error(Fault::conflict, fmt::format("{}: holds \"{}\" and no video.db: not empty, and not a data directory",
                                               path.string(), name));
  }
}

// `isFilled`: the directory is being created, so that all folders are new, or left by a creation that was killed.
void makeFolders(os::FileSystem& files, int root, bool isFilled) {
  for (const char* folder : folders) {
    const bool isNew = os::makeFolder(files, root, folder);
    // A lost+found made by the file system belongs to root and may not be accessible.
    if (!isNew && std::string_view(folder) == "lost+found") continue;
    const Descriptor opened = os::openFolder(files, root, folder);
    if (isNew || isFilled) os::setCopyOnWrite(opened.number(), true);  // contents keep their checksums
  }
}

std::string origins(const std::filesystem::path& path, std::string_view origin) {
  return origin.empty() ? path.string() : fmt::format("{} (from {})", path.string(), origin);
}

Error refusal(int error, const std::string& name) {
  switch (error) {
    case EACCES:
    case EPERM:
      return Error(Fault::forbidden,
                   name + ": permission denied: join group videod and use the running daemon, or sudo");
    case EROFS: return Error(Fault::unreachable, name + ": the file system is read-only");
    case ENOENT: return Error(Fault::unreachable, name + ": no such data directory: run `videoctl data init`");
    case ENOTDIR: return Error(Fault::unreachable, name + ": not a directory");
    case ENOSPC:
    case EDQUOT: return Error(Fault::diskFull, name + ": no space left");
    case EMFILE:
    case ENFILE: return Error(Fault::unavailable, name + ": too many open files");
    default: return Error(Fault::unreachable, fmt::format("{}: {}", name, std::generic_category().message(error)));
  }
}

void syncFolder(os::FileSystem& files, const std::filesystem::path& path) {
  if (const int error = os::trySyncFolder(files, AT_FDCWD, path.string()); error != 0)
    throw refusal(error, path.string());
}

// Creates the folder and its parents if they are missing.
void makeRoot(os::FileSystem& files, const std::filesystem::path& path) {
  std::vector<std::filesystem::path> missing;
  std::error_code problem;
  for (auto folder = std::filesystem::absolute(path); !std::filesystem::exists(folder, problem) && !problem;
       folder = folder.parent_path())
    missing.push_back(folder);
  if (missing.empty()) return;
  for (auto folder = missing.rbegin(); folder != missing.rend(); ++folder) {
    const mode_t mode = folder + 1 == missing.rend() ? 0750 : 0777;
    if (files.mkdirat(AT_FDCWD, folder->c_str(), mode) != 0 && errno != EEXIST) throw refusal(errno, path.string());
    syncFolder(files, folder->parent_path());
  }
  const Descriptor made(files.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!made || files.fchmod(made.number(), 0750) != 0) throw refusal(errno, path.string());
}

// If others can write there, they can replace contents, links and accounts.
void requireOwnerAlone(int root, const std::filesystem::path& path) {
  for (const char* name : {".", "blobs", "incoming", "derived", "lost+found", "held", "video.db", "signing.key"}) {
    struct stat is {};
    if (::fstatat(root, name, &is, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(is.st_mode) || (is.st_mode & (S_IWGRP | S_IWOTH)) == 0) continue;
    const std::string file = (std::string_view(name) == "." ? path : path / name).string();
    throw Error(Fault::forbidden, fmt::format("{}: others may write to it (mode {:04o}): run `chmod go-w {}`", file,
                                              is.st_mode & 07777U, file));
  }
}

Descriptor openRoot(const std::filesystem::path& path, const std::string& name) {
  Descriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root || ::faccessat(root.number(), ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) throw refusal(errno, name);
  return root;
}

// What a full disk can do to a process, although video.db-shm has its blocks. Only what is mapped to be written counts,
// which video.db is not. Call it before SQLite has that file open: closing a descriptor of it drops SQLite's locks.
std::string riskOf(int root, const std::filesystem::path& path) {
  if (!os::isBtrfs(root)) return {};
  utsname system{};
  if (::uname(&system) != 0 || !os::canWriteInPlace(system.release))
    return fmt::format(
        "{}: on btrfs with Linux {}: a full disk may kill processes (SIGBUS); Linux 6.17 or later prevents this",
        path.string(), system.release);
  constexpr const char* memory = "video.db-shm";
  const Descriptor shared(::openat(root, memory, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (shared && os::copiesOnWrite(shared.number()))
    return fmt::format("{}: copied on write: a full disk may end processes (SIGBUS); stop videod and remove that file",
                       (path / memory).string());
  if (!shared && os::copiesOnWrite(root))
    return fmt::format("{}: copied on write: a full disk may end processes (SIGBUS); `chattr +C` is refused here",
                       path.string());
  return {};
}

void removeUnfinished(os::FileSystem& files, int root) {
  for (const char* left : unfinished) os::removeFile(files, root, left);
}

// Makes an empty folder a data directory; its LOCK is held.
void fill(os::FileSystem& files, int root, const std::filesystem::path& path, std::uint64_t freeSpaceFloor) {
  // One that was killed may have made the folder, and not reached this.
  syncFolder(files, std::filesystem::canonical(path).parent_path());
  makeFolders(files, root, true);
  for (const char* file : lockFiles) os::openOrMake(files, root, file, O_RDWR);
  removeUnfinished(files, root);
  try {
    makeDatabase(std::filesystem::canonical(path) / "video.db.new");
    for (const char* left : unfinished)
      if (std::string_view(left) != unfinished.front()) os::removeFile(files, root, left);
    // The first opening may already need it.
    Reserve(files, root).make(freeSpaceFloor);
    // video.db gets its name last: if it exists, everything else does.
    os::placeMadeFile(files, root, unfinished.front(), "video.db");
  } catch (...) {
    for (const char* left : unfinished) files.unlinkat(root, left);
    Reserve(files, root).release();
    throw;
  }
}

}  // namespace

struct DataDirectory::State {
  State(os::FileSystem& its, Descriptor opened) : files(its), root(std::move(opened)) {}

  os::FileSystem& files;
  Descriptor root;
  std::filesystem::path path;
  std::filesystem::path database;
  std::string name;  // includes the origin
  std::string risk;
  std::chrono::milliseconds lockTimeout;
  Descriptor lock;
  Reserve reserve{files, root.number()};
  ProcessLeases leases{files, root.number()};
  SigningKey signingKey{files, root.number()};
  DeletedUsers deletedUsers{files, root.number(), reserve};
};

void DataDirectory::create(const std::filesystem::path& path, os::FileSystem& files, std::uint64_t freeSpaceFloor) {
  makeRoot(files, path);
  const Descriptor root = openRoot(path, path.string());
  requireOwnerAlone(root.number(), path);
  refuseRestoring(files, root.number(), path.string());
  if (!hasDatabase(root.number())) requireNothingElse(path);
  os::setCopyOnWrite(root.number(), false);
  if (!hasDatabase(root.number())) {
    const Descriptor lock = os::openOrMake(files, root.number(), "LOCK", O_RDWR);
    if (!lockWithin(lock.number(), LOCK_EX, std::chrono::seconds{10}))
      throw Error(Fault::busy, path.string() + ": another process is making a data directory there");
    if (!hasDatabase(root.number())) return fill(files, root.number(), path, freeSpaceFloor);
  }
  removeUnfinished(files, root.number());
  try {
    schemaOf(std::filesystem::canonical(path) / "video.db");
  } catch (const Error& error) {
    if (error.fault() == Fault::diskFull) return;  // whoever opens it gives the reserve up, and notes that
    if (error.fault() == Fault::unreachable) throw Error(Fault::conflict, error.detail());
    throw;
  }
}

void DataDirectory::createFrom(const std::filesystem::path& path, const std::function<void(int root)>& restore,
                               os::FileSystem& files, std::uint64_t freeSpaceFloor) {
  makeRoot(files, path);
  const Descriptor root = openRoot(path, path.string());
  const int folder = root.number();
  requireOwnerAlone(folder, path);
  const auto lockIt = [&](const Descriptor& lock) {
    if (!os::tryLock(lock.number(), LOCK_EX)) throw Error(Fault::busy, path.string() + ": in use");
  };
  if (!hasFile(folder, restoringName)) {
    if (hasDatabase(folder)) {
      lockIt(os::openOrMake(files, folder, "LOCK", O_RDWR));
      throw Error(Fault::conflict, path.string() + ": is a data directory already; restore into a new folder");
    }
    requireNothingElse(path);
  }
  os::setCopyOnWrite(folder, false);
  const Descriptor lock = os::openOrMake(files, folder, "LOCK", O_RDWR);
  lockIt(lock);
  if (hasDatabase(folder) && !hasFile(folder, restoringName))
    throw Error(Fault::conflict, path.string() + ": has become a data directory meanwhile");
  const auto removeAll = [&] {
    for (const std::string& name : os::listNames(files, folder, path.string()))
      if (name != "LOCK" && name != restoringName && name != "lost+found") os::removeTree(files, folder, name);
  };
  os::writeFile(files, folder, restoringName, "`videoctl data restore` fills this folder.\n", 0640);
  try {
    removeAll();
    syncFolder(files, std::filesystem::canonical(path).parent_path());
    makeFolders(files, folder, true);
    for (const char* file : lockFiles) os::openOrMake(files, folder, file, O_RDWR);
    restore(folder);
    for (const char* left : unfinished)
      if (std::string_view(left) != unfinished.front()) os::removeFile(files, folder, left);
    Reserve(files, folder).make(freeSpaceFloor);
    os::placeMadeFile(files, folder, unfinished.front(), "video.db");
  } catch (...) {
    try {
      removeAll();
      os::removeFile(files, folder, restoringName);
    } catch (const std::exception&) {
      // The mark stays, and the next restore removes the rest.
    }
    throw;
  }
  os::removeFile(files, folder, restoringName);
  os::sync(files, folder, path.string());
}

std::shared_ptr<DataDirectory> DataDirectory::open(const std::filesystem::path& path, Hold hold,
                                                   std::string_view origin, std::chrono::milliseconds lockTimeout,
                                                   os::FileSystem& files) {
  std::string described = origins(path, origin);
  auto state = std::make_unique<State>(files, openRoot(path, described));
  state->path = std::filesystem::absolute(path);
  state->name = std::move(described);
  state->lockTimeout = lockTimeout;
  const int root = state->root.number();
  refuseRestoring(files, root, state->name);
  if (!hasDatabase(root))
    throw Error(Fault::unreachable,
                state->name + ": not a data directory (no video.db in it): run `videoctl data init`");
  requireOwnerAlone(root, path);
  std::error_code problem;
  const std::filesystem::path canonical = std::filesystem::canonical(path, problem);
  if (problem) throw refusal(problem.value(), state->name);
  state->database = canonical / "video.db";
  state->lock = os::openOrMake(files, root, "LOCK", O_RDWR);
  if (!lockWithin(state->lock.number(), hold == Hold::shared ? LOCK_SH : LOCK_EX, lockTimeout))
    throw Error(Fault::busy, hold == Hold::shared
                                 ? state->name + ": locked by another process (init, migrate, restore or repair)"
                                 : state->name + ": in use: stop videod and every videoctl on it first");
  state->risk = riskOf(root, state->path);
  const auto look = [&files, root, database = state->database] {
    schemaOf(database);
    makeFolders(files, root, false);
  };
  state->signingKey.removeUnfinished();
  const std::string name = state->name;
  const std::shared_ptr<DataDirectory> opened(new DataDirectory(std::move(state)));
  try {
    opened->reserve().runWithRoom(look);
  } catch (const Error& error) {
    throw Error(error.fault() == Fault::internal ? Fault::unreachable : error.fault(),
                fmt::format("{}: {}", name, error.detail()));
  }
  return opened;
}

void DataDirectory::becomeOwner(const std::filesystem::path& path) {
  struct stat is {};
  if (::stat(path.c_str(), &is) != 0) {
    if (errno == ENOENT) return;  // nothing has been created yet
    throw refusal(errno, path.string());
  }
  if (::geteuid() == is.st_uid) return;
  if (::geteuid() != 0)
    throw Error(Fault::forbidden,
                path.string() + ": belongs to another user: join group videod and use the running daemon, or sudo");
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(is.st_uid, &entry, buffer.data(), buffer.size(), &found);
  const int groups = found != nullptr ? ::initgroups(found->pw_name, is.st_gid) : ::setgroups(1, &is.st_gid);
  if (groups != 0 || ::setresgid(is.st_gid, is.st_gid, is.st_gid) != 0 ||
      ::setresuid(is.st_uid, is.st_uid, is.st_uid) != 0)
    throw Error(Fault::forbidden,
                fmt::format("{}: cannot become its owner: {}", path.string(), std::generic_category().message(errno)));
}

DataDirectory::DataDirectory(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataDirectory::~DataDirectory() = default;

void DataDirectory::share() {
  if (!lockWithin(state_->lock.number(), LOCK_SH, state_->lockTimeout))
    throw Error(Fault::busy, state_->name + ": locked by another process (init, migrate, restore or repair)");
}

const std::filesystem::path& DataDirectory::path() const {
  return state_->path;
}
int DataDirectory::descriptor() const {
  return state_->root.number();
}
std::filesystem::path DataDirectory::databasePath() const {
  return state_->database;
}

std::uint64_t DataDirectory::freeSpace() const {
  return os::freeSpace(state_->files, state_->root.number(), state_->name);
}

const std::string& DataDirectory::risk() const {
  return state_->risk;
}

os::FileSystem& DataDirectory::files() const {
  return state_->files;
}
Reserve& DataDirectory::reserve() {
  return state_->reserve;
}
ProcessLeases& DataDirectory::leases() {
  return state_->leases;
}
SigningKey& DataDirectory::signingKey() {
  return state_->signingKey;
}
DeletedUsers& DataDirectory::deletedUsers() {
  return state_->deletedUsers;
}

}  // namespace video::store

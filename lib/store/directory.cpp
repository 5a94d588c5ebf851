#include "store/directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/schema.hpp"

namespace video::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::array folders{"blobs", "incoming", "lost+found"};
// What a creation that was cut short may have left behind.
constexpr std::array unfinished{"LOCK", "video.db.new", "video.db.new-wal", "video.db.new-shm", "video.db.new-journal"};

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

bool hasDatabase(int folder) {
  struct stat is {};
  if (::fstatat(folder, "video.db", &is, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    os::throwErrno(errno, "video.db");
  }
  return S_ISREG(is.st_mode);
}

void requireNothingElse(const std::filesystem::path& path) {
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (std::find(folders.begin(), folders.end(), name) == folders.end() &&
        std::find(unfinished.begin(), unfinished.end(), name) == unfinished.end())
      throw Error(Fault::conflict, fmt::format("{}: holds \"{}\" and no video.db: not empty, and not a data directory",
                                               path.string(), name));
  }
}

void makeFolders(os::FileSystem& files, int root) {
  for (const char* folder : folders) {
    // A file system's own lost+found is root's and stays so.
    if (!os::makeFolder(files, root, folder) && std::string_view(folder) != "lost+found")
      os::openFolder(files, root, folder);
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
    case ENOENT: return Error(Fault::unreachable, name + ": there is no such data directory: run `videoctl data init`");
    case ENOTDIR: return Error(Fault::unreachable, name + ": not a directory");
    default: return Error(Fault::unreachable, fmt::format("{}: {}", name, std::generic_category().message(error)));
  }
}

// What others may write to, they could replace: the contents, the links, the accounts.
void requireOwnerAlone(int root, const std::filesystem::path& path) {
  for (const char* name : {".", "blobs", "incoming", "derived", "lost+found", "video.db", "signing.key"}) {
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

}  // namespace

struct DataDirectory::State {
  State(os::FileSystem& its, Descriptor opened) : files(its), root(std::move(opened)) {}

  os::FileSystem& files;
  Descriptor root;
  std::filesystem::path path;
  std::filesystem::path database;
  std::string name;  // with its origin
  std::chrono::milliseconds lockTimeout;
  Descriptor lock;
  Reserve reserve{files, root.number()};
  ProcessLeases leases{files, root.number()};
  SigningKey signingKey{files, root.number()};
};

void DataDirectory::create(const std::filesystem::path& path, os::FileSystem& files) {
  std::error_code problem;
  if (!std::filesystem::exists(path, problem) && !problem) {
    std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), problem);
    if (problem || (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST))
      throw refusal(problem ? problem.value() : errno, path.string());
    const Descriptor made(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::fchmod(made.number(), 0750) != 0) throw refusal(errno, path.string());
  }
  const Descriptor root = openRoot(path, path.string());
  requireOwnerAlone(root.number(), path);
  if (!hasDatabase(root.number())) {
    requireNothingElse(path);
    const Descriptor lock = os::openOrMake(files, root.number(), "LOCK", O_RDWR);
    if (!lockWithin(lock.number(), LOCK_EX, std::chrono::seconds{10}))
      throw Error(Fault::busy, path.string() + ": another process is making a data directory there");
    if (!hasDatabase(root.number())) {
      makeFolders(files, root.number());
      for (const char* left : unfinished)
        if (std::string_view(left) != "LOCK") os::removeFile(files, root.number(), left);
      makeDatabase(std::filesystem::canonical(path) / "video.db.new");
      // The name video.db comes last: where it stands, all of it stands.
      return os::placeMadeFile(files, root.number(), "video.db.new", "video.db");
    }
  }
  try {
    schemaOf(std::filesystem::canonical(path) / "video.db");
  } catch (const Error& error) {
    if (error.fault() == Fault::unreachable) throw Error(Fault::conflict, error.detail());
    throw;
  }
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
                                 ? state->name + ": another process has it to itself (init, migrate, restore or repair)"
                                 : state->name + ": in use: stop videod and every videoctl on it first");
  const auto look = [&files, root, database = state->database] {
    schemaOf(database);
    makeFolders(files, root);
  };
  const std::string name = state->name;
  const std::shared_ptr<DataDirectory> opened(new DataDirectory(std::move(state)));
  try {
    try {
      look();
    } catch (const Error&) {
      // The first who opens the database on a full disk needs some room beside it.
      if (opened->freeSpace() >= Reserve::least || opened->reserve().release() == 0) throw;
      look();
    }
  } catch (const Error& error) {
    throw Error(error.fault() == Fault::internal ? Fault::unreachable : error.fault(),
                fmt::format("{}: {}", name, error.detail()));
  }
  return opened;
}

void DataDirectory::becomeOwner(const std::filesystem::path& path) {
  struct stat is {};
  if (::stat(path.c_str(), &is) != 0) {
    if (errno == ENOENT) return;  // there is nothing to touch yet
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
    throw Error(Fault::busy, state_->name + ": another process has it to itself (init, migrate, restore or repair)");
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

}  // namespace video::store

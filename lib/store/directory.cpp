#include "store/directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "store/files.hpp"
#include "store/schema.hpp"

namespace video::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t reserveSize = 64ULL << 20;
// Once given up it must hold what a checkpoint moves (the log, Writer's logLimit), or deletes fail after it.
constexpr std::uint64_t leastReserve = 8ULL << 20;
constexpr std::size_t keySize = 32;
constexpr std::array folders{"blobs", "incoming", "lost+found"};
// What a creation that was cut short may have left behind.
constexpr std::array unfinished{"LOCK", "video.db.new", "video.db.new-wal", "video.db.new-shm", "video.db.new-journal"};

bool lockWithin(int file, int operation, std::chrono::milliseconds within) {
  const SteadyClock::time_point deadline = SteadyClock::now() + within;
  std::chrono::milliseconds pause{1};
  while (!tryLock(file, operation)) {
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
    throwErrno(errno, "video.db");
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

void makeFolders(int root) {
  for (const char* folder : folders) {
    // A file system's own lost+found is root's and stays so.
    if (!makeFolder(root, folder) && std::string_view(folder) != "lost+found") openFolder(root, folder);
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

Descriptor openRoot(const std::filesystem::path& path, const std::string& name) {
  Descriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root || ::faccessat(root.number(), ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) throw refusal(errno, name);
  return root;
}

std::string makeKey() {
  std::string key(keySize, '\0');
  if (::getrandom(key.data(), key.size(), 0) != keySize) throwErrno(errno, "getrandom");
  return key;
}

/// A key in a file of its own, on disk; gone with this object unless it was renamed.
struct KeyFile {
  KeyFile(int in, std::string_view key) : root(in), name("signing.key." + makeRandomHex(8)) {
    const Descriptor file = makeFile(root, name, O_WRONLY, 0600);
    try {
      writeAll(file.number(), key, "signing.key");
      sync(file.number(), "signing.key");
    } catch (...) {
      ::unlinkat(root, name.c_str(), 0);
      throw;
    }
  }
  ~KeyFile() { ::unlinkat(root, name.c_str(), 0); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  int root;
  std::string name;
};

}  // namespace

struct DataDirectory::State {
  std::filesystem::path path;
  std::filesystem::path database;
  std::string name;  // with its origin
  std::chrono::milliseconds lockTimeout;
  Descriptor root;
  Descriptor lock;
  mutable std::mutex mutex;
  mutable Descriptor probe;  // an open file description of its own: F_OFD_GETLK does not see its own locks
  Descriptor owners;
  std::int64_t ownerByte = 0;
};

void DataDirectory::create(const std::filesystem::path& path) {
  std::error_code problem;
  if (!std::filesystem::exists(path, problem) && !problem) {
    std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), problem);
    if (problem || (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST))
      throw refusal(problem ? problem.value() : errno, path.string());
    const Descriptor made(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::fchmod(made.number(), 0750) != 0) throw refusal(errno, path.string());
  }
  const Descriptor root = openRoot(path, path.string());
  if (!hasDatabase(root.number())) {
    requireNothingElse(path);
    const Descriptor lock = openOrMake(root.number(), "LOCK", O_RDWR);
    if (!lockWithin(lock.number(), LOCK_EX, std::chrono::seconds{10}))
      throw Error(Fault::busy, path.string() + ": another process is making a data directory there");
    if (!hasDatabase(root.number())) {
      makeFolders(root.number());
      for (const char* left : unfinished)
        if (std::string_view(left) != "LOCK") ::unlinkat(root.number(), left, 0);
      makeDatabase(std::filesystem::canonical(path) / "video.db.new");
      fixOwnerAndMode(root.number(), "video.db.new");
      // The name video.db comes last: where it stands, all of it stands.
      if (::renameat(root.number(), "video.db.new", root.number(), "video.db") != 0) throwErrno(errno, "video.db");
      sync(root.number(), path.string());
      return;
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
                                                   std::string_view origin, std::chrono::milliseconds lockTimeout) {
  auto state = std::make_unique<State>();
  state->path = std::filesystem::absolute(path);
  state->name = origins(path, origin);
  state->lockTimeout = lockTimeout;
  state->root = openRoot(path, state->name);
  const int root = state->root.number();
  if (!hasDatabase(root))
    throw Error(Fault::unreachable,
                state->name + ": not a data directory (no video.db in it): run `videoctl data init`");
  std::error_code problem;
  const std::filesystem::path canonical = std::filesystem::canonical(path, problem);
  if (problem) throw refusal(problem.value(), state->name);
  state->database = canonical / "video.db";
  state->lock = openOrMake(root, "LOCK", O_RDWR);
  if (!lockWithin(state->lock.number(), hold == Hold::shared ? LOCK_SH : LOCK_EX, lockTimeout))
    throw Error(Fault::busy, hold == Hold::shared
                                 ? state->name + ": another process has it to itself (init, migrate, restore or repair)"
                                 : state->name + ": in use: stop videod and every videoctl on it first");
  const auto look = [root, database = state->database] {
    schemaOf(database);
    makeFolders(root);
  };
  const std::string name = state->name;
  const std::shared_ptr<DataDirectory> opened(new DataDirectory(std::move(state)));
  try {
    try {
      look();
    } catch (const Error&) {
      // The first who opens the database on a full disk needs some room beside it.
      if (opened->freeSpace() >= leastReserve || opened->releaseReserve() == 0) throw;
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
  struct statvfs is {};
  if (::fstatvfs(state_->root.number(), &is) != 0) throwErrno(errno, state_->name);
  return std::uint64_t{is.f_bavail} * is.f_frsize;
}

std::uint64_t DataDirectory::releaseReserve() {
  const int root = state_->root.number();
  struct stat is {};
  if (::fstatat(root, "reserve", &is, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  return ::unlinkat(root, "reserve", 0) == 0 ? static_cast<std::uint64_t>(is.st_size) : 0;
}

bool DataDirectory::makeReserve(std::uint64_t floor) {
  const std::lock_guard lock(state_->mutex);
  const int root = state_->root.number();
  struct stat is {};
  const bool stands = ::fstatat(root, "reserve", &is, AT_SYMLINK_NOFOLLOW) == 0;
  if (stands && std::cmp_greater_equal(is.st_size, leastReserve)) return true;
  const std::uint64_t free = freeSpace();
  const std::uint64_t size = std::clamp(free / 8, leastReserve, reserveSize);
  if (free < floor + 2 * size) return false;
  ::unlinkat(root, "reserve", 0);
  const Descriptor made = makeFile(root, "reserve", O_WRONLY);
  if (made && ::posix_fallocate(made.number(), 0, static_cast<off_t>(size)) == 0) return true;
  ::unlinkat(root, "reserve", 0);
  return false;
}

std::int64_t DataDirectory::ownerByte() {
  const std::lock_guard lock(state_->mutex);
  if (state_->ownerByte != 0) return state_->ownerByte;
  Descriptor owners = openOrMake(state_->root.number(), "OWNERS", O_RDWR);
  for (;;) {
    // A byte drawn from 2^62 is in effect never used again: a lease of a dead process cannot seem to be another's.
    std::int64_t byte = 0;
    if (::getrandom(&byte, sizeof byte, 0) != sizeof byte) throwErrno(errno, "getrandom");
    byte &= (std::int64_t{1} << 62) - 1;
    if (byte == 0) continue;
    struct flock wanted {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    wanted.l_start = byte;
    wanted.l_len = 1;
    if (::fcntl(owners.number(), F_OFD_SETLK, &wanted) == 0) {
      state_->owners = std::move(owners);
      return state_->ownerByte = byte;
    }
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) throwErrno(errno, "OWNERS");
  }
}

bool DataDirectory::isOwnerAlive(std::int64_t byte) const {
  if (byte <= 0) return false;
  const std::lock_guard lock(state_->mutex);
  if (!state_->probe) state_->probe = openOrMake(state_->root.number(), "OWNERS", O_RDWR);
  struct flock asked {};
  asked.l_type = F_WRLCK;
  asked.l_whence = SEEK_SET;
  asked.l_start = byte;
  asked.l_len = 1;
  if (::fcntl(state_->probe.number(), F_OFD_GETLK, &asked) != 0) throwErrno(errno, "OWNERS");
  return asked.l_type != F_UNLCK;
}

std::string DataDirectory::signingKey() {
  const int root = state_->root.number();
  for (;;) {
    if (const Descriptor file = openIfThere(root, "signing.key", O_RDONLY)) {
      std::string key(keySize + 1, '\0');
      const ssize_t size = ::read(file.number(), key.data(), key.size());
      if (size != keySize) throw Error(Fault::internal, "signing.key: must be 32 bytes");
      return key.substr(0, keySize);
    }
    const KeyFile made(root, makeKey());
    if (::linkat(root, made.name.c_str(), root, "signing.key", 0) != 0 && errno != EEXIST)
      throwErrno(errno, "signing.key");
    sync(root, "signing.key");
  }
}

void DataDirectory::rotateSigningKey() {
  setSigningKey(makeKey());
}

void DataDirectory::setSigningKey(std::string_view key) {
  if (key.size() != keySize) throw Error(Fault::malformed, "signing.key: must be 32 bytes");
  const int root = state_->root.number();
  if (openIfThere(root, "signing.key", O_RDONLY) && signingKey() == key) return;
  const KeyFile made(root, key);
  if (::renameat(root, made.name.c_str(), root, "signing.key") != 0) throwErrno(errno, "signing.key");
  sync(root, "signing.key");
}

}  // namespace video::store

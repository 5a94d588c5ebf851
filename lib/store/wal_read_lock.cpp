#include "store/wal_read_lock.hpp"

#include <chrono>
#include <cstdlib>
#include <exception>
#include <system_error>

#include "observe/guarded.hpp"

namespace video::store {
namespace {

constexpr std::chrono::milliseconds tick{20};

// The WAL index's header as 32-bit words (sqlite.org/walformat.html, "The WAL-Index Header").
constexpr std::size_t changeWord = 2;    // transaction counter
constexpr std::size_t checksumWord = 6;  // checksum of the last frame; distinguishes equal counters after a recovery

// Returns SQLite's own mapping of the WAL index. Opening the file again would drop SQLite's POSIX locks when that
// descriptor is closed.
const std::uint32_t* mapWalIndex(SqliteConnection& connection) {
  connection.control("PRAGMA user_version");  // the first read creates the mapping
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  volatile void* region = nullptr;
  constexpr int regionSize = 32 * 1024;
  const int code = file->pMethods->xShmMap(file, 0, regionSize, 0, &region);
  if (code != SQLITE_OK || region == nullptr) connection.fail(code == SQLITE_OK ? SQLITE_CANTOPEN : code);
  return static_cast<const std::uint32_t*>(const_cast<const void*>(region));
}

}  // namespace

WalReadLock::WalReadLock(const std::filesystem::path& database, const StoreOptions& options, SqlTexts& texts)
    : database_(database), options_(options), texts_(texts) {}

void WalReadLock::open() {
  const std::lock_guard lock(mutex_);
  if (walIndex_ != nullptr) return;
  connection_.emplace(database_, SqliteConnection::Kind::reader, options_, texts_);
  walIndex_ = mapWalIndex(*connection_);
}

std::uint64_t WalReadLock::version() {
  if (walIndex_ == nullptr) open();
  const std::uint32_t* const index = walIndex_;
  const std::uint64_t change = __atomic_load_n(index + changeWord, __ATOMIC_ACQUIRE);
  return change | std::uint64_t{__atomic_load_n(index + checksumWord, __ATOMIC_RELAXED)} << 32;
}

WalReadLock::~WalReadLock() {
  {
    const std::lock_guard lock(sleeping_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void WalReadLock::refresh() noexcept {
  const std::lock_guard lock(mutex_);
  if (!awake_ || walIndex_ == nullptr) return;
  hold();
  if (!calm_) connection_->rollBack();
}

void WalReadLock::release() noexcept {
  const std::lock_guard lock(mutex_);
  if (walIndex_ != nullptr) connection_->rollBack();
}

void WalReadLock::hold() noexcept {
  connection_->rollBack();
  // Errors are ignored: without the lock reads are only slower, and readers report their own errors.
  sqlite3_exec(connection_->handle(), "BEGIN", nullptr, nullptr, nullptr);
  sqlite3_exec(
      connection_->handle(), "PRAGMA data_version",
      [](void* version, int, char** values, char**) {
        *static_cast<std::int64_t*>(version) = std::atoll(values[0]);
        return 0;
      },
      &version_, nullptr);
}

void WalReadLock::wake() noexcept {
  try {
    const std::lock_guard lock(sleeping_);
    if (!thread_.joinable())
      thread_ = std::jthread([this] { observe::guarded("the WAL read lock", [this] { run(); }); });
  } catch (const std::system_error&) {
    // Without the thread reads are only slower.
  }
  woken_.notify_one();
}

bool WalReadLock::tryOpen() noexcept {
  try {
    open();
    return true;
  } catch (const std::exception&) {
    return false;  // reads are only slower
  }
}

void WalReadLock::run() {
  std::unique_lock sleeping(sleeping_);
  awake_ = true;
  while (!stopping_) {
    if (read_.exchange(false)) {
      if (tryOpen()) {
        const std::lock_guard lock(mutex_);
        const std::int64_t before = version_;
        hold();
        calm_ = version_ == before;
        if (!calm_) connection_->rollBack();
      }
    } else {
      awake_ = false;  // before the release, so that refresh does not take the lock again
      release();
      woken_.wait(sleeping, [this] { return stopping_ || read_; });
      awake_ = true;
    }
    woken_.wait_for(sleeping, tick, [this] { return stopping_; });
  }
}

}  // namespace video::store

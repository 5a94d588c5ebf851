#include "store/writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/error.hpp"
#include "base/waiting.hpp"
#include "observe/guarded.hpp"
#include "observe/log.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/directory.hpp"
#include "store/schema.hpp"

namespace video::store {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

thread_local bool writing = false;

constexpr std::size_t batchLimit = 256;
constexpr milliseconds batchTime{20};  // after this time other processes get their turn
constexpr int logLimit = 1000;         // pages
constexpr int logMuchTooLong = 4000;   // pages
constexpr int restartPatience = 100;   // ms

std::string messageOf(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown";
  }
}

bool lockUntil(int file, std::chrono::steady_clock::time_point deadline, const std::atomic<bool>& stop) {
  microseconds pause{20};
  while (!os::tryLock(file, LOCK_EX)) {
    if (stop || std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause + pause / 4, microseconds{500});
  }
  return true;
}

}  // namespace

bool insideWrite() noexcept {
  return writing;
}

WriteLock::WriteLock(const DataDirectory& directory)
    : next_(os::openOrMake(directory.files(), directory.descriptor(), "NEXT", O_RDWR)),
      write_(os::openOrMake(directory.files(), directory.descriptor(), "WRITE", O_RDWR)) {}

bool WriteLock::take(std::chrono::steady_clock::time_point deadline, const std::atomic<bool>& stop) {
  if (!lockUntil(next_.number(), deadline, stop)) return false;
  const bool taken = lockUntil(write_.number(), deadline, stop);
  ::flock(next_.number(), LOCK_UN);
  return taken;
}

void WriteLock::release() noexcept {
  ::flock(write_.number(), LOCK_UN);
}

Writer::Writer(std::shared_ptr<DataDirectory> directory, const StoreOptions& options, SqlTexts& texts,
               WalReadLock& walReadLock)
    : directory_(std::move(directory)),
      options_(options),
      texts_(texts),
      walReadLock_(walReadLock),
      writeLock_(*directory_),
      restartAt_(logMuchTooLong),
      reserveTried_(SteadyClock::now()),
      lastGood_(SteadyClock::now()) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::submit(Purpose purpose, const std::function<void(Transaction&)>& work) {
  if (writing) throw std::logic_error("a write inside a write would deadlock");
  if (purpose == Purpose::grow) requireSpace(0);
  Operation operation{.kind = Kind::work, .purpose = purpose, .work = &work, .since = SteadyClock::now()};
  wait(operation);
  if (operation.failure) std::rethrow_exception(operation.failure);
}

void Writer::checkpoint() {
  if (writing) throw std::logic_error("a checkpoint inside a write would deadlock");
  Operation operation{.kind = Kind::checkpoint, .purpose = Purpose::keep, .work = nullptr, .since = SteadyClock::now()};
  wait(operation);
  if (operation.failure) std::rethrow_exception(operation.failure);
}

std::string Writer::whyNotReady() {
  if (ready_ && SteadyClock::now() - lastGood_.load() < seconds{5}) return {};
  Operation operation{.kind = Kind::probe, .purpose = Purpose::keep, .work = nullptr, .since = SteadyClock::now()};
  wait(operation);
  if (!operation.failure && ready_) return {};
  const std::lock_guard lock(mutex_);
  if (!ready_) return whyNot_;
  return messageOf(operation.failure);
}

void Writer::notReady(std::string why) {
  const std::lock_guard lock(mutex_);
  whyNot_ = std::move(why);
  ready_ = false;
}

void Writer::requireSpace(std::uint64_t more) {
  // Space freed by releasing the reserve is for deletes and sign-ins, not for growth.
  const std::uint64_t needed = options_.freeSpaceFloor + more + directory_->reserve().given();
  const SteadyClock::time_point now = SteadyClock::now();
  const SteadyClock::time_point seen = spaceSeen_;
  if (seen != SteadyClock::time_point::min() && now - seen < seconds{1} && space_ >= needed) return;
  const std::uint64_t free = directory_->freeSpace();
  space_ = free;
  spaceSeen_ = now;
  if (free < needed)
    throw Error(Fault::diskFull, fmt::format("data directory: only {} bytes are free, {} are needed", free, needed));
}

WriterCounters Writer::counters() const {
  WriterCounters counters{operations_, commits_, failedBatches_};
  for (std::size_t at = 0; at < batches_.size(); ++at) counters.batches[at] = batches_[at];
  return counters;
}

void Writer::wait(Operation& operation) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw Error(Fault::unavailable, "database: shutting down");
    if (!thread_.joinable()) startThread();  // not in the constructor: a process that only reads needs no thread
    if (queue_.empty()) wake_.notify_one();
    queue_.push_back(&operation);
  }
  const Waiting waiting;
  operation.answer.wait();
}

void Writer::startThread() {
  thread_ = std::jthread([this] {
    Batch batch;
    const auto runUntilStopped = [&] {
      try {
        run(batch);
      } catch (...) {
        notReady(messageOf(std::current_exception()));
        throw;
      }
    };
    while (!observe::guarded("the writer", runUntilStopped)) recover(batch);
  });
}

void Writer::run(Batch& batch) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) break;
    const SteadyClock::time_point deadline = queue_.front()->since + options_.lockTimeout;
    lock.unlock();
    const bool taken = writeLock_.take(deadline, stopping_);
    lock.lock();
    if (taken && !stopping_) {
      take(batch);
      lock.unlock();
      process(batch);
      lock.lock();
      continue;
    }
    if (taken) writeLock_.release();
    if (stopping_) break;
    const Error busy(Fault::busy, "another process is writing to the data directory");
    while (!queue_.empty() && queue_.front()->since + options_.lockTimeout <= SteadyClock::now()) {
      fail(*queue_.front(), busy);
      queue_.pop_front();
    }
  }
  const Error stopped(Fault::unavailable, "database: shutting down");
  for (Operation* operation : queue_) fail(*operation, stopped);
  queue_.clear();
}

void Writer::fail(Operation& operation, const Error& error) noexcept {
  operation.failure = std::make_exception_ptr(error);
  operation.answer.give();
}

void Writer::recover(Batch& batch) noexcept {
  writing = false;
  ready_ = false;
  failedCommitInLog_ = true;
  connection_.reset();  // rolls back what was not committed
  writeLock_.release();
  // Some operations may have been committed, so the error does not say whether they were.
  const Error failed(Fault::internal, "the writer failed");
  const Batch taken = std::exchange(batch, {});
  const std::lock_guard lock(mutex_);
  // Operations that were put off are back in the queue.
  for (Operation* operation : taken)
    if (std::find(queue_.begin(), queue_.end(), operation) == queue_.end()) fail(*operation, failed);
  // Waiting operations fail too: they may hit the same error, and retrying could go on forever.
  for (Operation* operation : queue_) fail(*operation, failed);
  queue_.clear();
}

void Writer::take(Batch& batch) {
  batch.clear();
  while (!queue_.empty() && batch.size() < batchLimit) {
    if (queue_.front()->kind == Kind::checkpoint && !batch.empty()) break;
    batch.push_back(queue_.front());
    queue_.pop_front();
    if (batch.back()->kind == Kind::checkpoint) break;
  }
}

void Writer::process(Batch& batch) {
  logPages_ = 0;
  if (batch.front()->kind == Kind::checkpoint) {
    moveLog(*batch.front());
  } else {
    runBatch(batch, true);
    Batch again;
    for (Operation* operation : batch)
      if (operation->full && operation->purpose == Purpose::keep) again.push_back(operation);
    if (!again.empty()) {
      directory_->reserve().release();
      for (Operation* operation : again) {
        operation->failure = nullptr;
        operation->full = false;
      }
      runBatch(again, false);
    }
    if (failedCommitInLog_) overwriteFailedCommit();
  }

  // Shortening the log costs two syncs, so callers get their results first. The write lock is kept: the log cannot
  // become empty while another process writes.
  const bool logIsLong = connection_ && logPages_ >= logLimit && options_.checkpoints == Checkpoints::own;
  if (!logIsLong) writeLock_.release();
  if (logPages_ != 0) walReadLock_.refresh();
  for (Operation* operation : std::exchange(batch, {})) operation->answer.give();
  if (logIsLong) {
    walReadLock_.release();
    shortenLog();
    writeLock_.release();
    walReadLock_.refresh();
  } else if (connection_ && logPages_ != 0) {
    restartAt_ = logMuchTooLong;
  }

  // Whoever released it: this process while it opened, or another one that has ended.
  if (SteadyClock::now() - reserveTried_ >= options_.reserveEvery) makeReserve();
}

void Writer::makeReserve() noexcept {
  reserveTried_ = SteadyClock::now();
  try {
    directory_->reserve().make(options_.freeSpaceFloor);
  } catch (const std::exception& failure) {
    observe::warning("the reserve could not be recreated", {{"error", failure.what()}});
  }
}

void Writer::shortenLog() {
  sqlite3* const its = connection_->handle();
  sqlite3_wal_checkpoint_v2(its, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (logPages_ < restartAt_) return;
  // As long as readers overlap, the log cannot restart. Wait a short time for the current ones to finish.
  sqlite3_busy_timeout(its, restartPatience);
  const int found = sqlite3_wal_checkpoint_v2(its, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  sqlite3_busy_timeout(its, static_cast<int>(options_.lockTimeout.count()));
  restartAt_ = found == SQLITE_OK ? logMuchTooLong : logPages_ + logMuchTooLong;
}

SqliteConnection& Writer::connection() {
  if (!connection_) {
    connection_ = std::make_unique<SqliteConnection>(directory_->databasePath(), SqliteConnection::Kind::writer,
                                                     options_, texts_);
    sqlite3_wal_hook(
        connection_->handle(),
        [](void* pages, sqlite3*, const char*, int count) {
          *static_cast<int*>(pages) = count;
          return SQLITE_OK;
        },
        &logPages_);
  }
  return *connection_;
}

void Writer::runBatch(Batch& batch, bool mayPutOff) {
  std::size_t reached = 0;
  std::ptrdiff_t good = 0;
  try {
    SqliteConnection& its = connection();
    its.forgetFailure();
    its.control("BEGIN IMMEDIATE");
    const SteadyClock::time_point began = SteadyClock::now();
    while (reached < batch.size() && (reached == 0 || !mayPutOff || SteadyClock::now() - began < batchTime))
      runOne(*batch[reached++]);
    good = std::count_if(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(reached),
                         [](const Operation* one) { return !one->failure; });
    // A COMMIT would write even the pages that ROLLBACK TO restored.
    if (good > 0)
      commit(its);
    else
      its.control("ROLLBACK");
  } catch (const Error& error) {
    return giveUp(batch, error);
  }
  if (reached < batch.size()) {
    const std::lock_guard lock(mutex_);
    queue_.insert(queue_.begin(), batch.begin() + static_cast<std::ptrdiff_t>(reached), batch.end());
    batch.resize(reached);
  }
  if (good == 0) return;
  operations_ += static_cast<std::uint64_t>(good);
  ++commits_;
  std::size_t size = 0;
  while (size < WriterCounters::batchSizes.size() && static_cast<double>(good) > WriterCounters::batchSizes[size])
    ++size;
  ++batches_[size];
  lastGood_ = SteadyClock::now();
}

void Writer::commit(SqliteConnection& its) {
  logPages_ = 0;
  its.control("COMMIT");
  if (logPages_ == 0) return;  // nothing was written, so the commit says nothing about the disk
  ready_ = true;
  failedCommitInLog_ = false;
}

void Writer::runOne(Operation& operation) {
  SqliteConnection& its = *connection_;
  its.forgetFailure();
  its.control("SAVEPOINT operation");
  writing = true;
  try {
    if (operation.kind == Kind::work)
      (*operation.work)(its.transaction());
    else if (!ready_)
      touch(its);
  } catch (...) {
    operation.failure = std::current_exception();
  }
  writing = false;
  operation.full = operation.failure && its.failure() && its.failure()->fault() == Fault::diskFull;
  // SQLite may have rolled back the whole transaction; the statements that follow would each be committed on their own.
  if (!its.isInTransaction())
    throw its.failure() ? Error(*its.failure()) : Error(Fault::databaseFailed, "an operation ended the transaction");
  if (operation.failure) its.control("ROLLBACK TO operation");
  its.control("RELEASE operation");
}

void Writer::giveUp(Batch& batch, const Error& error) {
  for (Operation* operation : batch) {
    operation->failure = std::make_exception_ptr(error);  // one each: they are rethrown on different threads
    operation->full = error.fault() == Fault::diskFull;
  }
  ++failedBatches_;
  if (connection_) connection_->rollBack();
  if (error.fault() == Fault::busy) return;
  failedCommitInLog_ = true;
  notReady(error.what());
  if (connection_ && connection_->isBroken()) connection_.reset();
}

void Writer::touch(SqliteConnection& its) {
  its.control(fmt::format("PRAGMA user_version = {}", latestSchema()));
}

void Writer::overwriteFailedCommit() {
  try {
    SqliteConnection& its = connection();
    its.control("BEGIN IMMEDIATE");
    touch(its);
    commit(its);
  } catch (const Error&) {
    if (connection_) connection_->rollBack();
    if (connection_ && connection_->isBroken()) connection_.reset();
  }
}

void Writer::moveLog(Operation& operation) {
  for (bool again = false;; again = true) {
    SqliteConnection* its = nullptr;
    try {
      its = &connection();
      sqlite3_busy_timeout(its->handle(), 200);  // do not wait long for readers
      walReadLock_.release();
      its->control("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const Error& error) {
      operation.full = error.fault() == Fault::diskFull;
      operation.failure = operation.full && !again ? nullptr : std::current_exception();
    }
    if (its != nullptr) sqlite3_busy_timeout(its->handle(), static_cast<int>(options_.lockTimeout.count()));
    if (connection_ && connection_->isBroken()) connection_.reset();
    if (again || !operation.full) return;
    operation.full = false;
    directory_->reserve().release();
  }
}

}  // namespace video::store

#pragma once

#include <semaphore.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "os/descriptor.hpp"
#include "store/database.hpp"
#include "store/sqlite_connection.hpp"
#include "store/wal_read_lock.hpp"

namespace video::store {

/// The write lock, which processes take in turn: lock NEXT, then WRITE, then release NEXT for the next process.
class WriteLock {
 public:
  explicit WriteLock(const DataDirectory& directory);
  /// Returns false if the lock was not obtained by `deadline`, or once `stop` is set.
  bool take(std::chrono::steady_clock::time_point deadline, const std::atomic<bool>& stop);
  void release() noexcept;

 private:
  Descriptor next_;
  Descriptor write_;
};

/// The thread of a Database that writes. It commits all waiting operations together (group commit). May be called from
/// any thread.
class Writer {
 public:
  Writer(std::shared_ptr<DataDirectory> directory, const StoreOptions& options, SqlTexts& texts,
         WalReadLock& walReadLock);
  /// Completes the batch in progress; waiting operations fail with `unavailable`.
  ~Writer();

  void submit(Purpose purpose, const std::function<void(Transaction&)>& work);
  void checkpoint();
  std::string whyNotReady();
  void requireSpace(std::uint64_t more);
  WriterCounters counters() const;

 private:
  using SteadyClock = std::chrono::steady_clock;
  enum class Kind { work, probe, checkpoint };
  /// The result of an operation, set once. Waits on a semaphore without spinning, since a commit always takes longer.
  class Answer {
   public:
    Answer() { ::sem_init(&given_, 0, 0); }
    ~Answer() { ::sem_destroy(&given_); }
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    void give() { ::sem_post(&given_); }
    void wait() {
      while (::sem_wait(&given_) != 0) continue;
    }

   private:
    sem_t given_;
  };
  struct Operation {
    Kind kind;
    Purpose purpose;
    const std::function<void(Transaction&)>* work;
    SteadyClock::time_point since;
    std::exception_ptr failure{};
    bool full = false;
    Answer answer{};
  };
  using Batch = std::vector<Operation*>;

  void wait(Operation& operation);
  void startThread();
  void run(Batch& batch);
  void notReady(std::string why);
  /// After an exception from `run`: answers all operations and starts again. Not ready until a write succeeds.
  void recover(Batch& batch) noexcept;
  static void fail(Operation& operation, const Error& error) noexcept;
  void take(Batch& batch);
  void process(Batch& batch);
  /// Runs the operations in one transaction and commits it. If `mayPutOff`, operations that do not fit into the time
  /// limit go back to the queue.
  void runBatch(Batch& batch, bool mayPutOff);
  void runOne(Operation& operation);
  void commit(SqliteConnection& its);
  void giveUp(Batch& batch, const Error& error);
  static void touch(SqliteConnection& its);
  /// Overwrites the frames that a failed COMMIT left in the log; after a crash, recovery would treat them as committed.
  void overwriteFailedCommit();
  void moveLog(Operation& operation);
  /// Checkpoints the log so that the next write starts at its beginning.
  void shortenLog();
  SqliteConnection& connection();
  void makeReserve() noexcept;

  const std::shared_ptr<DataDirectory> directory_;
  const StoreOptions options_;
  SqlTexts& texts_;
  WalReadLock& walReadLock_;
  WriteLock writeLock_;
  std::unique_ptr<SqliteConnection> connection_;
  int logPages_ = 0;  ///< length of the log after the last commit that wrote
  int restartAt_;     ///< log length in pages above which shortenLog waits for readers
  bool failedCommitInLog_ = false;
  SteadyClock::time_point reserveTried_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Operation*> queue_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ready_{true};
  std::string whyNot_;  ///< while it is not
  std::atomic<SteadyClock::time_point> lastGood_;
  std::atomic<SteadyClock::time_point> spaceSeen_{SteadyClock::time_point::min()};
  std::atomic<std::uint64_t> space_{0};
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> failedBatches_{0};
  std::array<std::atomic<std::uint64_t>, std::tuple_size_v<decltype(WriterCounters::batches)>> batches_{};
  std::jthread thread_;
};

}  // namespace video::store

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "access/cache.hpp"
#include "base/clock.hpp"
#include "store/database.hpp"

namespace video::access {

/// Writes down what requests leave behind (a session extended, a token used, an expired session seen) on a thread of
/// its own, many in one operation, so that no request waits for it or fails with it. The thread is made when first
/// needed.
class DeferredWrites {
 public:
  /// What is written for a secret; `time` is the session's new expiry, or the moment of the request.
  struct Note {
    enum class What { extended, used, expired };
    What what;
    SecretKey key;
    Time time;
  };

  DeferredWrites(store::Database& database, Cache& cache);
  /// Writes what still waits.
  ~DeferredWrites();

  /// Takes a note for writing, or drops it where thousands wait: the secret's next use brings another.
  void add(const Note& note) noexcept;

 private:
  void serve(const std::stop_token& stop);
  bool write(const std::deque<Note>& notes) noexcept;

  store::Database& database_;
  Cache& cache_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Note> queue_;
  std::jthread thread_;
};

}  // namespace video::access

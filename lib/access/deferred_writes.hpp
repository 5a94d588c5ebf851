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

/// Records the effects of requests (a session extended, a token used, an expired session seen) on a separate thread,
/// many in one operation, so that no request waits for them or fails because of them. The thread is started when first
/// needed.
class DeferredWrites {
 public:
  /// An effect to record; `time` is the session's new expiry, otherwise the time of the request.
  struct Note {
    enum class What { extended, used, expired };
    What what;
    SecretKey key;
    Time time;
  };

  DeferredWrites(store::Database& database, Cache& cache);
  /// Writes what is still queued.
  ~DeferredWrites();

  /// Queues a note. Drops it if thousands are queued; the next use of the secret adds another.
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

#include "access/deferred_writes.hpp"

#include <algorithm>
#include <vector>

#include "access/rows.hpp"
#include "observe/guarded.hpp"

namespace video::access {
namespace {

constexpr std::size_t mostQueued = 8192;
constexpr std::size_t batch = 500;

}  // namespace

DeferredWrites::DeferredWrites(store::Database& database, Cache& cache) : database_(database), cache_(cache) {}

DeferredWrites::~DeferredWrites() = default;

void DeferredWrites::add(const Note& note) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    if (queue_.size() >= mostQueued) return;
    if (!thread_.joinable())
      thread_ = std::jthread([this](const std::stop_token& stop) {
        while (!observe::guarded("deferred writes", [&] { serve(stop); })) {
          const std::scoped_lock again(mutex_);
          queue_.clear();  // the next use of each secret is recorded again
        }
      });
    queue_.push_back(note);
  } catch (const std::exception&) {
    return;  // out of memory or threads, which must not fail the request
  }
  arrived_.notify_one();
}

void DeferredWrites::serve(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, stop, [this] { return !queue_.empty(); });
    if (queue_.empty()) return;
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), batch));
    const std::deque<Note> notes(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
    lock.unlock();
    const bool written = write(notes);
    lock.lock();
    if (!written && stop.stop_requested()) return;
  }
}

bool DeferredWrites::write(const std::deque<Note>& notes) noexcept {
  try {
    std::vector<const Note*> extended;
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      extended.clear();
      for (const Note& note : notes) {
        const std::string hash = rows::hexOf(note.key);
        switch (note.what) {
          case Note::What::extended:
            if (rows::extendSession(transaction, hash, note.time) > 0) extended.push_back(&note);
            break;
          case Note::What::used: rows::useToken(transaction, hash, note.time); break;
          case Note::What::expired: rows::removeExpiredSession(transaction, hash, note.time); break;
        }
      }
    });
    for (const Note* note : extended) cache_.extend(note->key, note->time);
    return true;
  } catch (const std::exception&) {
    return false;  // already logged by the store; the next use of each secret tries again
  }
}

}  // namespace video::access

#include "store/keeper.hpp"

#include <chrono>
#include <cstdlib>

namespace video::store {
namespace {

constexpr std::chrono::milliseconds tick{20};

}  // namespace

Keeper::Keeper(const std::filesystem::path& database, const Options& options, SqlTexts& texts)
    : connection_(database, Connection::Kind::reader, options, texts), thread_([this] { run(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(sleeping_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void Keeper::refresh() noexcept {
  const std::lock_guard lock(mutex_);
  if (!awake_) return;
  hold();
  if (!calm_) connection_.rollBack();
}

void Keeper::release() noexcept {
  const std::lock_guard lock(mutex_);
  connection_.rollBack();
}

void Keeper::hold() noexcept {
  connection_.rollBack();
  // A failure here costs speed and nothing else; the readers report their own.
  sqlite3_exec(connection_.handle(), "BEGIN", nullptr, nullptr, nullptr);
  sqlite3_exec(
      connection_.handle(), "PRAGMA data_version",
      [](void* version, int, char** values, char**) {
        *static_cast<std::int64_t*>(version) = std::atoll(values[0]);
        return 0;
      },
      &version_, nullptr);
}

void Keeper::wake() noexcept {
  { const std::lock_guard lock(sleeping_); }
  woken_.notify_one();
}

void Keeper::run() {
  std::unique_lock sleeping(sleeping_);
  while (!stopping_) {
    if (read_.exchange(false)) {
      const std::lock_guard lock(mutex_);
      const std::int64_t before = version_;
      hold();
      calm_ = version_ == before;
      if (!calm_) connection_.rollBack();
    } else {
      awake_ = false;  // first, so that no refresh takes the lock again
      release();
      woken_.wait(sleeping, [this] { return stopping_ || read_; });
      awake_ = true;
    }
    woken_.wait_for(sleeping, tick, [this] { return stopping_; });
  }
}

}  // namespace video::store

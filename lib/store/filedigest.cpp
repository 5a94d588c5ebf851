#include "store/filedigest.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <memory>
#include <system_error>

#include "base/error.hpp"

namespace video::store {
namespace {

constexpr std::uint64_t longFile = 8ULL << 20;
constexpr std::uint64_t step = 256 * 1024;

// More would take the processors from those who write.
std::atomic<int>& seats() {
  static std::atomic<int> free = static_cast<int>(std::thread::hardware_concurrency() / 2);
  return free;
}

}  // namespace

FileDigest::~FileDigest() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  ++seats();
}

void FileDigest::add(std::span<const std::byte> bytes) {
  if (!thread_.joinable()) {
    hash_.add(bytes);
    size_ += bytes.size();
    if (size_ >= longFile && size_ - bytes.size() < longFile) begin();
    return;
  }
  const std::uint64_t before = size_;
  size_ += bytes.size();
  if (before / step == size_ / step) return;
  {
    const std::scoped_lock lock(mutex_);
    ready_ = size_;
  }
  changed_.notify_one();
}

void FileDigest::begin() {
  bool begun = seats().fetch_sub(1) > 0;
  try {
    if (begun) thread_ = std::jthread([this, from = size_](const std::stop_token& stop) { run(stop, from); });
  } catch (const std::system_error&) {
    begun = false;  // no thread to be had: the writer goes on by itself
  }
  if (!begun) ++seats();
}

void FileDigest::run(const std::stop_token& stop, std::uint64_t done) {
  std::unique_lock lock(mutex_);
  try {
    const auto room = std::make_unique<std::byte[]>(step);
    while (changed_.wait(lock, stop, [&] { return ended_ || ready_ > done; }) && ready_ > done) {
      const std::uint64_t to = std::min(ready_, done + step);
      lock.unlock();
      const bool good = read(done, to, {room.get(), step});
      lock.lock();
      done = to;
      if (good) continue;
      failed_ = true;
      return;
    }
  } catch (const std::exception&) {
    if (!lock) lock.lock();
    failed_ = true;
  }
}

bool FileDigest::read(std::uint64_t from, std::uint64_t to, std::span<std::byte> room) {
  while (from < to) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(to - from, room.size()));
    const ssize_t got = ::pread(file_, room.data(), wanted, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    hash_.add(room.first(static_cast<std::size_t>(got)));
    from += static_cast<std::uint64_t>(got);
  }
  return true;
}

std::string FileDigest::finish() {
  if (thread_.joinable()) {
    {
      const std::scoped_lock lock(mutex_);
      ready_ = size_;
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
    ++seats();
  }
  if (failed_) throw Error(Fault::internal, "what was uploaded could not be read back");
  return hash_.hex();
}

}  // namespace video::store

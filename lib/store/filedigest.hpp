#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "base/sha256.hpp"

namespace video::store {

/// SHA-256 of a file while it is being written. A long one is read back and hashed by a thread of its own, so that it
/// costs its writer no time; as many have one as there are pairs of processors. One thread at a time.
class FileDigest {
 public:
  /// Of an empty file that is open for reading too, and outlives this.
  explicit FileDigest(int file) : file_(file) {}
  ~FileDigest();
  FileDigest(const FileDigest&) = delete;
  FileDigest& operator=(const FileDigest&) = delete;
  /// `bytes` have been appended to the file.
  void add(std::span<const std::byte> bytes);
  /// Lower-case hex, once: waits for the thread. Throws internal where the file could not be read back.
  std::string finish();

 private:
  void begin();
  void run(const std::stop_token& stop, std::uint64_t done);
  /// Reads back and hashes [from, to); false where that could not be done.
  bool read(std::uint64_t from, std::uint64_t to, std::span<std::byte> room);

  const int file_;
  Sha256 hash_;  // the thread's while there is one
  std::uint64_t size_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t ready_ = 0;  // how much the thread may read
  bool ended_ = false;
  bool failed_ = false;
  std::jthread thread_;
};

}  // namespace video::store

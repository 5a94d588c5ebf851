#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.hpp"
#include "os/file_system.hpp"

namespace video::store {

/// The hash of the first `size` bytes of a content.
struct HashedPart {
  Sha256 hash;
  std::uint64_t size = 0;
};

/// Writes content to its file and hashes it. A fast upload uses the pipeline: one thread writes with O_DIRECT and
/// another hashes, with 8 MiB of blocks as buffer. The process has a single pipeline, taken by the first fast upload
/// that finds it free; other uploads write and hash in the calling thread. One thread at a time.
class ContentWriter {
 public:
  /// Writes to the file `file`, which must outlive this object and must not have another writer; `name` is used in
  /// errors. The file has the bytes that `before` has hashed, and is positioned behind them. An upload is fast if 8 MiB
  /// of it arrive in less than `fast`; it is no longer fast if they take four times as long.
  ContentWriter(os::FileSystem& files, int file, std::string name, HashedPart before = {},
                std::chrono::milliseconds fast = std::chrono::milliseconds{125});
  ~ContentWriter();
  ContentWriter(const ContentWriter&) = delete;
  ContentWriter& operator=(const ContentWriter&) = delete;
  /// Appends bytes, which may reach the file later. Throws the error of this or an earlier write: diskFull, internal.
  void write(std::string_view bytes);
  /// Returns the pipeline's memory for the next bytes: bytes that are received there and then passed to `write` are not
  /// copied. Empty if there is no pipeline. Throws as `write` does.
  std::span<std::byte> room();
  /// Returns the number of bytes written so far.
  std::uint64_t size() const noexcept { return size_; }
  /// Returns how many bytes are certainly in the file (not yet synced). Does not wait.
  std::uint64_t written() const;
  /// Waits until all bytes are in the file (not yet synced) and returns their hash. Throws as `write` does.
  HashedPart pause();
  /// Waits until all bytes are in the file (not yet synced) and returns their SHA-256 in lower-case hex. Call it once.
  /// Throws as `write` does.
  std::string finish();

 private:
  class Pipeline;

  void take(std::string_view bytes);
  void put(std::string_view bytes);
  void changeGear();
  void leavePipeline();
  void flush();

  os::FileSystem& files_;
  const int file_;
  const std::string name_;
  const std::chrono::milliseconds fast_;
  Sha256 hash_;  // used by the pipeline while there is one
  std::uint64_t size_ = 0;
  std::string piece_;
  std::chrono::steady_clock::time_point stepBegan_;  // of 8 MiB
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace video::store

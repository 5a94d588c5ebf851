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

/// Writes a content to its file and hashes it on the way. One that comes fast is taken over by a pipeline: a thread
/// that writes past the page cache (O_DIRECT) and one that hashes, behind 8 MiB of blocks. There is one pipeline in a
/// process, for whoever is fast when it is free; the others write and hash in the thread that calls. One thread at a
/// time.
class ContentWriter {
 public:
  /// Into an empty file, which outlives this and is written by nobody else meanwhile; `name` is for errors. A content
  /// is fast while 8 MiB of it come in less than `fast`, and no longer when they take four times as long.
  ContentWriter(os::FileSystem& files, int file, std::string name,
                std::chrono::milliseconds fast = std::chrono::milliseconds{125});
  ~ContentWriter();
  ContentWriter(const ContentWriter&) = delete;
  ContentWriter& operator=(const ContentWriter&) = delete;
  /// Appends; the bytes reach the file now or later. Throws what these or earlier ones met: diskFull, internal.
  void write(std::string_view bytes);
  /// Where the pipeline has the next bytes: those that are put there, at its front, and then written are not copied.
  /// Empty where there is no pipeline. Throws as write does.
  std::span<std::byte> room();
  /// How many bytes were given.
  std::uint64_t size() const noexcept { return size_; }
  /// Returns when all bytes are in the file, which is not synced: their SHA-256 as lower-case hex. Once. Throws as
  /// write does.
  std::string finish();

 private:
  class Pipeline;

  void take(std::string_view bytes);
  void put(std::string_view bytes);
  void changeGear();
  void leavePipeline();

  os::FileSystem& files_;
  const int file_;
  const std::string name_;
  const std::chrono::milliseconds fast_;
  Sha256 hash_;  // the pipeline's while there is one
  std::uint64_t size_ = 0;
  std::string piece_;
  std::chrono::steady_clock::time_point stepBegan_;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace video::store

#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "os/descriptor.hpp"
#include "os/file_system.hpp"

namespace video::store {

/// Opens a file for reading by its path below a folder, with `/`, without following symbolic links. Returns an empty
/// descriptor if there is none. Throws Error.
Descriptor openBelow(os::FileSystem& files, int folder, std::string_view path);

/// Keeps little of a file that is being written waiting in memory: of its first `end` bytes, starts writing those after
/// `started`, and waits for those before. Does so only once that is worth it. Returns the bytes that are on their way.
/// Errors show at the sync.
std::uint64_t paceWriting(int file, std::uint64_t started, std::uint64_t end) noexcept;

/// Writes what of a file waits in memory to the disk, and waits for that. Errors show at the sync.
void waitUntilWritten(int file) noexcept;

/// Writes many large files into a folder and those below it, with their owner, in a way that leaves the disk to others:
/// little waits in memory to be written, nothing stays in the page cache, and syncs are done for many files together.
/// All is durable after `flush`. Throws Error. For one thread.
class FolderFiller {
 public:
  /// Both must outlive this object.
  FolderFiller(os::FileSystem& files, int folder) : files_(files), folder_(folder) {}

  /// Begins a file, in folders that are created. Returns false if it exists.
  bool begin(const std::string& path);
  /// Makes the file share the bytes of another one. Returns false if the file system cannot.
  bool clone(int from);
  void write(std::span<const std::byte> bytes);
  /// Waits until what was written of the file is on its disk, though it may not be durable yet.
  void settle() noexcept;
  void end();
  /// Removes the file that was begun last, also after `end`.
  void remove(const std::string& path);
  /// Gives a file of another folder a second name at `path`. Returns false if it is not there with this size, or the
  /// file system cannot.
  bool link(int other, const std::string& path, std::uint64_t size);
  /// Syncs what was written, and all folders.
  void flush();

 private:
  const Descriptor& folderOf(std::string_view path);
  void syncFiles();

  os::FileSystem& files_;
  int folder_;
  std::map<std::string, Descriptor, std::less<>> shards_;  // at most one level deep
  Descriptor inner_;                                       // a folder in one of them
  std::string innerName_;
  Descriptor file_;
  std::string name_;
  std::uint64_t written_ = 0;  // bytes of the file
  std::uint64_t started_ = 0;  // of them, on their way to the disk
  std::vector<Descriptor> ended_;
  std::uint64_t endedBytes_ = 0;
};

}  // namespace video::store

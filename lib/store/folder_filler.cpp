#include "store/folder_filler.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "os/copy_on_write.hpp"
#include "os/files.hpp"

namespace video::store {
namespace {

constexpr std::uint64_t mostUnwritten = 8ULL << 20;  // bytes that wait in memory
constexpr std::size_t mostUnsyncedFiles = 64;
constexpr std::uint64_t mostUnsyncedBytes = 64ULL << 20;

}  // namespace

Descriptor openBelow(os::FileSystem& files, int folder, std::string_view path) {
  Descriptor opened;
  for (;;) {
    const std::size_t slash = path.find('/');
    const int at = opened ? opened.number() : folder;
    const std::string name(path.substr(0, slash));
    if (slash == std::string_view::npos) return os::openIfThere(files, at, name, O_RDONLY | O_NONBLOCK);
    opened = os::openIfThere(files, at, name, O_RDONLY | O_DIRECTORY);
    if (!opened) return {};
    path.remove_prefix(slash + 1);
  }
}

std::uint64_t paceWriting(int file, std::uint64_t started, std::uint64_t end) noexcept {
  if (end < started + mostUnwritten) return started;
  // Waits for the bytes before these, so that at most twice as many wait.
  if (started > 0) {
    const auto before = static_cast<off_t>(started);
    ::sync_file_range(file, 0, before,
                      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    ::posix_fadvise(file, 0, before, POSIX_FADV_DONTNEED);
  }
  ::sync_file_range(file, static_cast<off_t>(started), static_cast<off_t>(end - started), SYNC_FILE_RANGE_WRITE);
  return end;
}

void waitUntilWritten(int file) noexcept {
  ::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

// There are few folders at the top, and in them either few (blobs/) or one for each file (derived/).
const Descriptor& FolderFiller::folderOf(std::string_view path) {
  const std::size_t last = path.rfind('/');
  static const Descriptor none;
  if (last == std::string_view::npos) return none;
  const std::string_view folder = path.substr(0, last);
  const std::size_t first = folder.find('/');
  const std::string top(folder.substr(0, first));
  auto found = shards_.find(top);
  if (found == shards_.end()) {
    os::makeFolder(files_, folder_, top);
    found = shards_.emplace(top, os::openFolder(files_, folder_, top)).first;
  }
  if (first == std::string_view::npos) return found->second;
  if (top == "blobs") {
    auto shard = shards_.find(folder);
    if (shard == shards_.end()) {
      const std::string name(folder.substr(first + 1));
      os::makeFolder(files_, found->second.number(), name);
      shard = shards_.emplace(std::string(folder), os::openFolder(files_, found->second.number(), name)).first;
    }
    return shard->second;
  }
  if (innerName_ != folder) {
    if (inner_) os::sync(files_, inner_.number(), innerName_);
    const std::string name(folder.substr(first + 1));
    os::makeFolder(files_, found->second.number(), name);
    inner_ = os::openFolder(files_, found->second.number(), name);
    innerName_ = folder;
  }
  return inner_;
}

bool FolderFiller::begin(const std::string& path) {
  const Descriptor& in = folderOf(path);
  name_ = path;
  file_ = os::makeFile(files_, in ? in.number() : folder_, path.substr(path.rfind('/') + 1), O_RDWR);
  written_ = started_ = 0;
  return static_cast<bool>(file_);
}

bool FolderFiller::clone(int from) {
  return os::cloneFile(from, file_.number());
}

void FolderFiller::write(std::span<const std::byte> bytes) {
  os::writeAll(files_, file_.number(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name_);
  written_ += bytes.size();
  started_ = paceWriting(file_.number(), started_, written_);
}

void FolderFiller::settle() noexcept {
  if (file_) waitUntilWritten(file_.number());
}

void FolderFiller::end() {
  endedBytes_ += written_;
  ended_.push_back(std::move(file_));
  if (ended_.size() >= mostUnsyncedFiles || endedBytes_ >= mostUnsyncedBytes) syncFiles();
}

void FolderFiller::syncFiles() {
  for (const Descriptor& file : ended_) {
    os::sync(files_, file.number(), name_);
    ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED);
  }
  ended_.clear();
  endedBytes_ = 0;
}

void FolderFiller::remove(const std::string& path) {
  const Descriptor& in = folderOf(path);
  os::removeFile(files_, in ? in.number() : folder_, path.substr(path.rfind('/') + 1));
}

bool FolderFiller::link(int other, const std::string& path, std::uint64_t size) {
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  Descriptor from;
  try {
    from = openBelow(files_, other, path);
  } catch (const Error& error) {
    if (error.fault() == Fault::unavailable) throw;  // too many open files
    return false;                                    // one bad entry of an earlier set must not stop all later ones
  }
  struct stat is {};
  if (!from || ::fstat(from.number(), &is) != 0 || !S_ISREG(is.st_mode) || std::cmp_not_equal(is.st_size, size))
    return false;
  const Descriptor& in = folderOf(path);
  Descriptor its;
  if (slash != std::string::npos) {
    its = Descriptor(files_.openat(other, path.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
    if (!its || !os::isSameFile(from.number(), its.number(), name)) return false;
  }
  return files_.linkat(its ? its.number() : other, name.c_str(), in ? in.number() : folder_, name.c_str()) == 0;
}

void FolderFiller::flush() {
  syncFiles();
  if (inner_) os::sync(files_, inner_.number(), innerName_);
  for (const auto& [name, folder] : shards_) os::sync(files_, folder.number(), name);
  os::sync(files_, folder_, "the folder");
}

}  // namespace video::store

#include "store/derived_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/directory.hpp"
#include "store/held_files.hpp"

namespace video::store {
namespace {

constexpr std::string_view derived = "derived";
constexpr std::string_view unfinishedEnd = ".new";

// IDs come from rows, but a folder's name may be anything.
bool isFolderName(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos;
}

class DerivedReader : public ContentReader {
 public:
  explicit DerivedReader(Descriptor file) : file_(std::make_shared<const Descriptor>(std::move(file))) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    const ssize_t got = ::pread(file_->number(), to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0) throw Error(Fault::contentUnavailable, "content: cannot be read");
    return static_cast<std::size_t>(got);
  }
  std::shared_ptr<const Descriptor> file() const override { return file_; }

 private:
  std::shared_ptr<const Descriptor> file_;
};

}  // namespace

Descriptor DerivedFiles::openFolder() const {
  return os::openFolder(directory_.files(), directory_.descriptor(), std::string(derived));
}

Descriptor DerivedFiles::openFolder(const VideoId& video) const {
  if (!isFolderName(video.text)) return {};
  const Descriptor all = openFolder();
  return os::openIfThere(directory_.files(), all.number(), video.text, O_RDONLY | O_DIRECTORY);
}

Descriptor DerivedFiles::makeFolder(const VideoId& video) {
  const Descriptor all = openFolder();
  if (os::makeFolder(directory_.files(), all.number(), video.text)) os::sync(directory_.files(), all.number(), derived);
  return os::openFolder(directory_.files(), all.number(), video.text);
}

Descriptor DerivedFiles::write(const VideoId& video, const std::string& name, std::string_view bytes) {
  Descriptor file = begin(video, name);
  try {
    os::writeAll(directory_.files(), file.number(), bytes, name);
    finish(video, name, file);
  } catch (...) {
    abandon(video, name);
    throw;
  }
  return file;
}

Descriptor DerivedFiles::begin(const VideoId& video, const std::string& name) {
  constexpr int mostAttempts = 10;
  for (int attempt = 1;; ++attempt) {
    const Descriptor folder = makeFolder(video);
    Descriptor file = tryMakeFile(folder.number(), name + std::string(unfinishedEnd), attempt == mostAttempts);
    if (!file) continue;
    os::lock(file.number());
    if (os::isSameFile(file.number(), folder.number(), name + std::string(unfinishedEnd))) return file;
  }
}

// Others may remove the folder while it is empty, and the file while it is not locked.
Descriptor DerivedFiles::tryMakeFile(int folder, const std::string& name, bool isLast) try {
  Descriptor file = os::makeFile(directory_.files(), folder, name, O_RDWR);
  if (!file) throw Error(Fault::internal, name + ": exists already");
  return file;
} catch (const Error&) {
  struct stat is {};
  const bool isRemoved = ::fstat(folder, &is) == 0 && is.st_nlink == 0;
  if (isLast || !isRemoved) throw;
  return {};
}

void DerivedFiles::finish(const VideoId& video, const std::string& name, const Descriptor& file) {
  os::sync(directory_.files(), file.number(), name);
  const Descriptor folder = openFolder(video);
  if (!folder) os::throwErrno(ENOENT, name);
  const int error = os::tryPlaceFile(directory_.files(), folder.number(), name + std::string(unfinishedEnd), name);
  if (error != 0) os::throwErrno(error, name);
}

void DerivedFiles::abandon(const VideoId& video, const std::string& name) noexcept try {
  remove(video, name + std::string(unfinishedEnd));
} catch (const std::exception&) {
  // removeUnused removes it.
}

std::optional<Content> DerivedFiles::find(const VideoId& video, const std::string& name) const {
  const Descriptor folder = openFolder(video);
  if (!folder) return std::nullopt;
  Descriptor file = os::openIfThere(directory_.files(), folder.number(), name, O_RDONLY);
  struct stat is {};
  if (!file || ::fstat(file.number(), &is) != 0) return std::nullopt;
  Content content;
  content.meta.size = static_cast<std::uint64_t>(is.st_size);
  const std::size_t start = name.find('-') + 1;
  content.meta.etag = fmt::format("\"{}\"", name.substr(start, name.find('.', start) - start));
  content.meta.modified = Time{std::chrono::seconds{is.st_mtim.tv_sec}};
  content.reader = std::make_shared<DerivedReader>(std::move(file));
  return content;
}

void DerivedFiles::remove(const VideoId& video, const std::string& name) {
  const Descriptor folder = openFolder(video);
  if (!folder) return;
  removeFile(folder.number(), name, BackupLock::isHeld(directory_));
  removeFolder(video);
}

// A backup has pictures only; the rest is made again.
void DerivedFiles::removeFile(int folder, const std::string& name, bool isHeld) {
  removeOrHold(directory_, folder, name, isHeld && name.starts_with("thumbnail-"));
}

void DerivedFiles::removeAll(const VideoId& video) {
  os::FileSystem& files = directory_.files();
  const bool isHeld = BackupLock::isHeld(directory_);
  // One that is written at the same time may come in between.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const Descriptor folder = openFolder(video);
    if (!folder) return;
    for (const std::string& name : os::listNames(files, folder.number(), video.text))
      removeFile(folder.number(), name, isHeld);
    const Descriptor all = openFolder();
    if (files.rmdirat(all.number(), video.text.c_str()) == 0 || errno == ENOENT)
      return os::sync(files, all.number(), derived);
    if (errno != ENOTEMPTY && errno != EEXIST) os::throwErrno(errno, video.text);
  }
  os::throwErrno(ENOTEMPTY, video.text);
}

std::vector<VideoId> DerivedFiles::list() const {
  std::vector<VideoId> videos;
  for (std::string& name : os::listNames(directory_.files(), openFolder().number(), derived))
    if (isFolderName(name)) videos.push_back({std::move(name)});
  return videos;
}

std::size_t DerivedFiles::removeUnused(const VideoId& video, const std::function<bool(const std::string&)>& isUsed) {
  os::FileSystem& files = directory_.files();
  const Descriptor folder = openFolder(video);
  if (!folder) return 0;
  std::size_t removed = 0;
  for (const std::string& name : os::listNames(files, folder.number(), video.text)) {
    struct stat is {};
    if (::fstatat(folder.number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode)) continue;
    const Descriptor file = os::openIfThere(files, folder.number(), name, O_RDONLY);
    // One that is locked is being written, or is about to be named by a row.
    if (!file || !os::tryLock(file.number(), LOCK_EX) || !os::isSameFile(file.number(), folder.number(), name) ||
        isUsed(name))
      continue;
    removeFile(folder.number(), name, BackupLock::isHeld(directory_));
    ++removed;
  }
  removeFolder(video);
  return removed;
}

// Fails if it is not empty.
void DerivedFiles::removeFolder(const VideoId& video) {
  directory_.files().rmdirat(openFolder().number(), video.text.c_str());
}

}  // namespace video::store

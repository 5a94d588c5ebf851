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

void DerivedFiles::write(const VideoId& video, const std::string& name, std::string_view bytes) {
  const Descriptor folder = makeFolder(video);
  os::writeFile(directory_.files(), folder.number(), name, bytes, 0640);
}

Descriptor DerivedFiles::begin(const VideoId& video, const std::string& name) {
  const Descriptor folder = makeFolder(video);
  Descriptor file = os::makeFile(directory_.files(), folder.number(), name + std::string(unfinishedEnd), O_RDWR);
  if (!file) throw Error(Fault::internal, name + ": exists already");
  os::lock(file.number());
  return file;
}

void DerivedFiles::finish(const VideoId& video, const std::string& name, const Descriptor& file) {
  const Descriptor folder = makeFolder(video);
  os::sync(directory_.files(), file.number(), name);
  if (const int error = os::tryPlaceFile(directory_.files(), folder.number(), name + std::string(unfinishedEnd), name);
      error != 0)
    os::throwErrno(error, name);
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
  os::removeFile(directory_.files(), folder.number(), name);
  directory_.files().rmdirat(openFolder().number(), video.text.c_str());  // fails if it is not empty
}

void DerivedFiles::removeAll(const VideoId& video) {
  os::FileSystem& files = directory_.files();
  // One that is written at the same time may come in between.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const Descriptor folder = openFolder(video);
    if (!folder) return;
    for (const std::string& name : os::listNames(files, folder.number(), video.text))
      os::removeFile(files, folder.number(), name);
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

std::vector<std::string> DerivedFiles::list(const VideoId& video, Time moment) const {
  const Descriptor folder = openFolder(video);
  if (!folder) return {};
  std::vector<std::string> names = os::listNames(directory_.files(), folder.number(), video.text);
  std::erase_if(names, [&](const std::string& name) {
    struct stat is {};
    if (::fstatat(folder.number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode)) return true;
    if (Time{std::chrono::seconds{is.st_mtim.tv_sec}} >= moment) return true;
    if (!name.ends_with(unfinishedEnd)) return false;
    const Descriptor file = os::openIfThere(directory_.files(), folder.number(), name, O_RDONLY);
    return file && !os::tryLock(file.number(), LOCK_EX);
  });
  return names;
}

}  // namespace video::store

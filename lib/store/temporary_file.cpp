#include "store/temporary_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "os/files.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"

namespace video::store {
namespace {

constexpr std::size_t mostInBuffer = 256 * 1024;
constexpr std::string_view what = "temporary file";

class TemporaryReader : public ContentReader {
 public:
  explicit TemporaryReader(std::shared_ptr<const Descriptor> file) : file_(std::move(file)) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    const ssize_t got = ::pread(file_->number(), to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0) throw Error(Fault::internal, "temporary file: cannot be read");
    return static_cast<std::size_t>(got);
  }
  std::shared_ptr<const Descriptor> file() const override { return file_; }

 private:
  std::shared_ptr<const Descriptor> file_;
};

}  // namespace

std::shared_ptr<const Descriptor> makeTemporaryFile(DataDirectory& directory) {
  os::FileSystem& files = directory.files();
  const Descriptor folder = os::openFolder(files, directory.descriptor(), "incoming");
  // If the process is killed in between, the file is removed as an upload that was left behind.
  const std::string name = fmt::format("temporary-{}", makePublicId());
  Descriptor file = os::makeFile(files, folder.number(), name, O_RDWR, 0600);
  os::removeFile(files, folder.number(), name);
  if (!file) throw Error(Fault::internal, "temporary file: exists already");
  return std::make_shared<const Descriptor>(std::move(file));
}

TemporaryWriter::TemporaryWriter(Database& database) : database_(database) {
  database_.requireSpace();
  file_ = makeTemporaryFile(database_.directory());
}

void TemporaryWriter::flushSome() {
  if (buffer_.size() >= mostInBuffer) flush();
}

void TemporaryWriter::flush() {
  database_.requireSpace(buffer_.size());
  os::writeAll(database_.directory().files(), file_->number(), buffer_, what);
  size_ += buffer_.size();
  buffer_.clear();
}

std::shared_ptr<ContentReader> TemporaryWriter::finish() {
  flush();
  return std::make_shared<TemporaryReader>(file_);
}

}  // namespace video::store

#include "exports/archive.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/tar.hpp"
#include "os/files.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/temporary_file.hpp"

namespace video {
namespace {

constexpr std::size_t mostBuffered = 256 * 1024;
constexpr std::string_view temporary = "export";

class ArchiveReader : public ContentReader {
 public:
  ArchiveReader(std::shared_ptr<const Archive> archive, const store::Blobs& blobs)
      : archive_(std::move(archive)), blobs_(blobs) {}

  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    if (offset >= archive_->size) return 0;
    const auto& parts = archive_->parts;
    const auto next = std::upper_bound(parts.begin(), parts.end(), offset,
                                       [](std::uint64_t at, const Archive::Part& part) { return at < part.at; });
    const std::uint64_t end = next == parts.end() ? archive_->size : next->at;
    if (next == parts.begin()) return readFile(*archive_->file, offset, to, end - offset);
    const Archive::Part& part = *std::prev(next);
    if (offset < part.at + part.size) return readContent(part, offset - part.at, to);
    return readFile(*archive_->file, offset - part.before - part.size, to, end - offset);
  }

 private:
  static std::size_t readFile(const Descriptor& file, std::uint64_t offset, std::span<std::byte> to,
                              std::uint64_t most) {
    const ssize_t got =
        ::pread(file.number(), to.data(), static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), most)),
                static_cast<off_t>(offset));
    if (got < 0) throw Error(Fault::contentUnavailable, "export: cannot be read");
    return static_cast<std::size_t>(got);
  }

  std::size_t readContent(const Archive::Part& part, std::uint64_t offset, std::span<std::byte> to) {
    if (part_ != &part) content_ = blobs_.open(part.blob);
    part_ = &part;
    const std::size_t got = content_ ? readFile(*content_, offset, to, part.size - offset) : 0;
    if (got == 0)
      throw Error(Fault::contentUnavailable, "export: a video in it was purged or is damaged: start a new export");
    return got;
  }

  std::shared_ptr<const Archive> archive_;
  const store::Blobs& blobs_;
  const Archive::Part* part_ = nullptr;  // whose content is open
  std::shared_ptr<const Descriptor> content_;
};

}  // namespace

std::shared_ptr<ContentReader> readerOf(std::shared_ptr<const Archive> archive, const store::Blobs& blobs) {
  return std::make_shared<ArchiveReader>(std::move(archive), blobs);
}

ArchiveWriter::ArchiveWriter(store::Database& database, Time now) : database_(database) {
  database_.requireSpace();
  archive_->made = now;
  archive_->file = store::makeTemporaryFile(database_.directory());
}

void ArchiveWriter::put(std::string_view bytes) {
  buffer_ += bytes;
  archive_->size += bytes.size();
  if (buffer_.size() >= mostBuffered) flush();
}

void ArchiveWriter::flush() {
  database_.requireSpace(buffer_.size());
  os::writeAll(database_.directory().files(), archive_->file->number(), buffer_, temporary);
  written_ += buffer_.size();
  buffer_.clear();
}

void ArchiveWriter::add(std::string path, std::string_view bytes) {
  put(tarHeader({std::move(path), bytes.size(), archive_->made}));
  put(bytes);
  put(std::string(tarPadding(bytes.size()), '\0'));
}

void ArchiveWriter::begin(std::string path) {
  path_ = std::move(path);
  headerAt_ = written_ + buffer_.size();
  put(tarHeader({path_, 0, archive_->made}, true));
  begunAt_ = archive_->size;
}

void ArchiveWriter::append(std::string_view bytes) {
  put(bytes);
}

void ArchiveWriter::end() {
  const std::uint64_t size = archive_->size - begunAt_;
  put(std::string(tarPadding(size), '\0'));
  flush();
  const int file = archive_->file->number();
  if (::lseek(file, static_cast<off_t>(headerAt_), SEEK_SET) < 0) os::throwErrno(errno, temporary);
  os::writeAll(database_.directory().files(), file, tarHeader({path_, size, archive_->made}, true), temporary);
  if (::lseek(file, static_cast<off_t>(written_), SEEK_SET) < 0) os::throwErrno(errno, temporary);
}

void ArchiveWriter::addContent(std::string path, std::string blob, std::uint64_t size, Time modified) {
  put(tarHeader({std::move(path), size, modified}));
  const auto& parts = archive_->parts;
  const std::uint64_t before = parts.empty() ? 0 : parts.back().before + parts.back().size;
  archive_->parts.push_back({archive_->size, size, before, std::move(blob)});
  archive_->size += size;
  put(std::string(tarPadding(size), '\0'));
}

std::shared_ptr<const Archive> ArchiveWriter::finish() {
  put(tarEnd());
  flush();
  return std::move(archive_);
}

}  // namespace video

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/tar.hpp"
#include "observe/log.hpp"
#include "os/files.hpp"
#include "store/backup_writer.hpp"
#include "store/folder_filler.hpp"
#include "store/temporary_file.hpp"

namespace video::store {
namespace {

std::span<const std::byte> asBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class FolderSink : public BackupSink {
 public:
  explicit FolderSink(BackupFolder& folder) : folder_(folder), filler_(folder.files(), folder.number()) {
    for (const Descriptor& set : folder.earlier()) {
      try {
        const Descriptor file = openBelow(folder.files(), set.number(), BackupManifest::name);
        if (!file) continue;
        known_ = readManifest(file, "an earlier backup").files;
        earlier_ = set.number();
        break;
      } catch (const Error& error) {
        observe::warning("nothing is shared with an earlier backup, which cannot be read", {{"error", error.what()}});
      }
    }
    std::sort(known_.begin(), known_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  }

  std::shared_ptr<const Descriptor> makeDatabase() override {
    database_ = std::make_shared<const Descriptor>(os::makeFile(folder_.files(), folder_.number(), "video.db", O_RDWR));
    return database_;
  }
  bool takeDatabase() override {
    os::sync(folder_.files(), database_->number(), "video.db");
    return false;
  }
  bool begin(const std::string& path, std::uint64_t, Time) override { return filler_.begin(path); }
  bool clone(int from) override { return filler_.clone(from); }
  void write(std::span<const std::byte> bytes) override { filler_.write(bytes); }
  void settle() noexcept override { filler_.settle(); }
  void end() override { filler_.end(); }

  const BackupEntry* find(const std::string& path) const override {
    const auto found =
        std::lower_bound(known_.begin(), known_.end(), path,
                         [](const BackupEntry& entry, const std::string& wanted) { return entry.path < wanted; });
    return found != known_.end() && found->path == path ? &*found : nullptr;
  }
  Descriptor openEarlier(const BackupEntry& entry) override try {
    return openBelow(folder_.files(), earlier_, entry.path);
  } catch (const Error& error) {
    if (error.fault() == Fault::unavailable) throw;  // too many open files
    return {};
  }
  bool link(const BackupEntry& entry) override { return filler_.link(earlier_, entry.path, entry.size); }

  void finish(const BackupManifest& manifest) override {
    filler_.begin(BackupManifest::name);
    manifest.write([&](std::string_view piece) { filler_.write(asBytes(piece)); });
    filler_.end();
    filler_.flush();
    folder_.place();
  }

 private:
  BackupFolder& folder_;
  FolderFiller filler_;
  std::shared_ptr<const Descriptor> database_;
  std::vector<BackupEntry> known_;  // of the newest set that can be read, by path
  int earlier_ = -1;                // that set
};

class TarSink : public BackupSink {
 public:
  TarSink(DataDirectory& directory, std::string name, std::function<void(std::span<const std::byte>)> write)
      : directory_(directory), name_(std::move(name)), write_(std::move(write)) {}

  std::shared_ptr<const Descriptor> makeDatabase() override { return makeTemporaryFile(directory_); }
  bool takeDatabase() override { return true; }
  bool begin(const std::string& path, std::uint64_t size, Time modified) override {
    write_(asBytes(tarHeader({name_ + '/' + path, size, modified})));
    size_ = size;
    return true;
  }
  void write(std::span<const std::byte> bytes) override { write_(bytes); }
  void end() override { pad(); }
  void finish(const BackupManifest& manifest) override {
    std::uint64_t size = 0;
    manifest.write([&](std::string_view piece) { size += piece.size(); });
    begin(BackupManifest::name, size, manifest.head.time);
    manifest.write([&](std::string_view piece) { write_(asBytes(piece)); });
    pad();
    write_(asBytes(tarEnd()));
  }

 private:
  void pad() {
    static constexpr std::array<std::byte, tarBlock> zeros{};
    write_(std::span(zeros).first(tarPadding(size_)));
  }

  DataDirectory& directory_;
  std::string name_;
  std::function<void(std::span<const std::byte>)> write_;
  std::uint64_t size_ = 0;
};

}  // namespace

std::unique_ptr<BackupSink> makeFolderSink(BackupFolder& folder) {
  return std::make_unique<FolderSink>(folder);
}

std::unique_ptr<BackupSink> makeTarSink(DataDirectory& directory, std::string name,
                                        std::function<void(std::span<const std::byte>)> write) {
  return std::make_unique<TarSink>(directory, std::move(name), std::move(write));
}

}  // namespace video::store

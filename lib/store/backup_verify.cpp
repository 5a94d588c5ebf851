#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string_view>
#include <system_error>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/tar.hpp"
#include "os/errors.hpp"
#include "os/files.hpp"
#include "store/backup_reader.hpp"
#include "store/folder_filler.hpp"
#include "store/online_copy.hpp"

namespace video::store {
namespace {

constexpr std::size_t verifyPiece = 1U << 20;

// Compares a set with its manifest, file by file.
class Comparison {
 public:
  explicit Comparison(BackupManifest manifest) : manifest_(std::move(manifest)) {
    for (const BackupEntry& entry : manifest_.files) left_.emplace(entry.path, &entry);
  }

  const BackupManifest& manifest() const { return manifest_; }

  void add(std::string_view path, std::uint64_t size, std::string_view sha256) {
    const auto found = left_.find(path);
    if (found == left_.end()) return addProblem("extra", path, "is not in the manifest");
    const BackupEntry& entry = *found->second;
    left_.erase(found);
    if (size != entry.size)
      addProblem("damaged", path, fmt::format("has {} bytes, not {}", size, entry.size));
    else if (sha256 != entry.sha256)
      addProblem("damaged", path, "has another SHA-256 than recorded");
  }
  void addDamaged(std::string_view path, std::string_view why) {
    const auto found = left_.find(path);
    if (found != left_.end()) left_.erase(found);
    addProblem("damaged", path, why);
  }
  bool isListed(std::string_view path) const { return left_.contains(path); }

  BackupVerified finish() {
    for (const auto& [path, entry] : left_) addProblem("missing", path, "is in the manifest, but not there");
    for (const BackupFinding& known : manifest_.head.problems)
      addProblem(known.kind, known.path, known.detail + " (when the backup was made)");
    std::sort(problems_.begin(), problems_.end(),
              [](const BackupFinding& a, const BackupFinding& b) { return a.path < b.path; });
    return {manifest_.head, std::move(problems_)};
  }

 private:
  void addProblem(std::string_view kind, std::string_view path, std::string_view detail) {
    problems_.push_back({std::string(kind), std::string(path), std::string(detail)});
  }

  BackupManifest manifest_;
  std::map<std::string_view, const BackupEntry*, std::less<>> left_;
  std::vector<BackupFinding> problems_;
};

// Walks through the folders of a set.
class SetWalk {
 public:
  SetWalk(const std::filesystem::path& path, const BackupProgress& progress)
      : progress_(progress), root_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), piece_(verifyPiece) {
    if (!root_) os::throwFileError(path, errno);
    const Descriptor file = openBelow(files_, root_.number(), BackupManifest::name);
    const std::filesystem::path name = path / BackupManifest::name;
    if (!file) throw Error(Fault::notFound, fmt::format("{}: is not a backup (no manifest.json in it)", path.string()));
    comparison_.emplace(readManifest(file, name.string()));
  }

  BackupVerified run() {
    walk(root_, "");
    checkDatabase();
    return comparison_->finish();
  }

 private:
  void walk(const Descriptor& folder, const std::string& path) {
    std::vector<std::string> names = os::listNames(files_, folder.number(), path);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const std::string its = path + name;
      if (its == BackupManifest::name) continue;
      struct stat is {};
      if (::fstatat(folder.number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) os::throwErrno(errno, its);
      if (S_ISDIR(is.st_mode))
        walk(os::openFolder(files_, folder.number(), name), its + '/');
      else if (!S_ISREG(is.st_mode) || !comparison_->isListed(its))
        comparison_->add(its, 0, "");  // extra, or not what it was
      else
        hashFile(folder, name, its);
    }
  }

  void hashFile(const Descriptor& folder, const std::string& name, const std::string& path) {
    Sha256 hash;
    std::uint64_t size = 0;
    try {
      const Descriptor file = os::openIfThere(files_, folder.number(), name, O_RDONLY);
      for (;;) {
        const ssize_t got = ::pread(file.number(), piece_.data(), piece_.size(), static_cast<off_t>(size));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) os::throwErrno(errno, path);
        if (got == 0) break;
        hash.add(std::span(piece_).first(static_cast<std::size_t>(got)));
        size += static_cast<std::uint64_t>(got);
        done_ += static_cast<std::uint64_t>(got);
        if (progress_) progress_(done_, comparison_->manifest().head.bytes);
      }
      ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED);
    } catch (const Error& error) {
      if (error.fault() == Fault::unavailable) throw;
      return comparison_->addDamaged(path, error.detail());
    }
    comparison_->add(path, size, hash.hex());
  }

  // Its bytes may be as they were written, and the database was damaged even then.
  void checkDatabase() {
    const Descriptor file = openBelow(files_, root_.number(), "video.db");
    if (!file) return;
    std::string answer;
    try {
      SQLite::Database database = openUnchanging(file);
      answer = database.execAndGet("PRAGMA integrity_check(1)").getString();
    } catch (const std::exception& error) {
      answer = error.what();
    }
    if (answer != "ok") comparison_->addDamaged("video.db", "integrity check: " + answer);
  }

  os::FileSystem& files_ = os::systemFiles();
  const BackupProgress& progress_;
  Descriptor root_;
  std::optional<Comparison> comparison_;
  std::vector<std::byte> piece_;
  std::uint64_t done_ = 0;
};

}  // namespace

BackupVerified verifyBackup(const std::filesystem::path& path, const BackupProgress& progress) {
  return SetWalk(path, progress).run();
}

BackupVerified verifyBackupArchive(
    const std::function<void(const std::function<void(std::span<const std::byte>)>&)>& push) {
  struct Found {
    std::uint64_t size;
    std::string sha256;
  };
  std::map<std::string, Found> found;
  const auto refuse = [](std::string_view why) {
    throw Error(Fault::malformed, fmt::format("archive: is not a backup: {}", why));
  };
  std::string manifest;
  std::string top;  // the folder that all is in
  std::string path;
  std::optional<Sha256> hash;
  std::uint64_t size = 0;
  TarReader reader({[&](const TarEntry& entry) {
                      const std::size_t slash = entry.path.find('/');
                      if (!isPlainPath(entry.path) || slash == std::string::npos)
                        refuse(fmt::format("has the file \"{}\"", entry.path));
                      if (top.empty()) top = entry.path.substr(0, slash);
                      if (entry.path.substr(0, slash) != top) refuse("is more than one folder");
                      path = entry.path.substr(slash + 1);
                      if (found.contains(path) || (path == BackupManifest::name && !manifest.empty()))
                        refuse(fmt::format("has \"{}\" twice", path));
                      hash.emplace();
                      size = 0;
                    },
                    [&](std::span<const std::byte> bytes) {
                      size += bytes.size();
                      hash->add(bytes);
                      if (path != BackupManifest::name) return;
                      if (manifest.size() + bytes.size() > BackupManifest::mostBytes)
                        refuse("its manifest is too long");
                      manifest.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                    },
                    [&] {
                      if (path != BackupManifest::name) found[path] = {size, hash->hex()};
                    }});
  push([&](std::span<const std::byte> piece) { reader.add(piece); });
  reader.finish();
  if (manifest.empty()) refuse("has no manifest.json");
  Comparison comparison(parseManifest(manifest));
  for (const auto& [name, its] : found) comparison.add(name, its.size, its.sha256);
  return comparison.finish();
}

}  // namespace video::store

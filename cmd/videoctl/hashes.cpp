#include "hashes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <fstream>

#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

std::filesystem::path cachePath() {
  if (const auto folder = fromEnvironment("XDG_CACHE_HOME")) return std::filesystem::path(*folder) / "videoctl/hashes";
  if (const auto home = fromEnvironment("HOME")) return std::filesystem::path(*home) / ".cache/videoctl/hashes";
  return {};
}

}  // namespace

HashCache::HashCache() : path_(cachePath()) {
  std::ifstream file(path_);
  for (std::string key, digest; std::getline(file, key, ' ') && std::getline(file, digest);)
    if (digest.size() == 64) known_[key] = digest;
}

std::string HashCache::of(const Descriptor& file, const std::string& path) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(path, errno);
  const std::string key = identityOf(what);
  const bool isWhole = positionOf(file) == 0;
  if (const auto found = known_.find(key); found != known_.end() && isWhole) return found->second;
  Sha256 hash;
  sourceOf(file, path).push([&](std::span<const std::byte> bytes) { hash.add(bytes); });
  const std::string digest = hash.hex();
  // A file changed a moment ago could change again without a new mtime.
  if (isWhole && std::time(nullptr) - what.st_mtim.tv_sec > 2) {
    known_[key] = digest;
    changed_ = true;
  }
  return digest;
}

void HashCache::save() const {
  if (!changed_ || path_.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(path_.parent_path(), failed);
  std::string text;
  for (const auto& [key, digest] : known_) text += fmt::format("{} {}\n", key, digest);
  try {
    os::writeFile(os::systemFiles(), AT_FDCWD, replaceable(path_), text, 0600);
  } catch (const Error&) {
    // The files are hashed again next time.
  }
}

}  // namespace video::ctl

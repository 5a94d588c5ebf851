#include "upload_record.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "frame/files.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"

namespace video::ctl {

/// The content of a record.
struct KeptUpload {
  std::string server;
  std::string path;
  UploadId upload;
  VideoId video;
  Time expires{};
};

}  // namespace video::ctl

namespace video {
template <>
struct Fields<ctl::KeptUpload> {
  static constexpr std::tuple list{
      Field{"server", &ctl::KeptUpload::server, "URL, or path of the socket"},
      Field{"path", &ctl::KeptUpload::path, "the file"},
      Field{"upload_id", &ctl::KeptUpload::upload, "its upload"},
      Field{"video_id", &ctl::KeptUpload::video, "the video that was created for it"},
      Field{"expires", &ctl::KeptUpload::expires, "when the upload expires if nothing more arrives"},
  };
};
}  // namespace video

namespace video::ctl {
namespace {

// How long after `expires` a record is removed. Not at once: each byte that arrives gives the upload more time.
constexpr std::chrono::hours outdatedAfter{7 * 24};

std::filesystem::path stateFolder() {
  if (const auto folder = fromEnvironment("XDG_STATE_HOME")) return std::filesystem::path(*folder) / "videoctl/uploads";
  if (const auto home = fromEnvironment("HOME")) return std::filesystem::path(*home) / ".local/state/videoctl/uploads";
  return {};
}

std::string nameFor(const std::string& server, const std::string& key) {
  Sha256 hash;
  const std::string text = server + '\0' + key;
  hash.add(std::as_bytes(std::span(text)));
  return hash.hex();
}

bool isName(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Each record has a byte of one file, so that no lock files are left behind.
off_t byteOf(const std::string& name) {
  constexpr std::size_t digits = 15;
  return static_cast<off_t>(std::stoll(name.substr(0, digits), nullptr, 16));
}

std::optional<KeptUpload> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    return fromJson<KeptUpload>(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

UploadRecord::UploadRecord(const std::string& server, const std::string& key, const std::string& path)
    : server_(server), path_(path), folder_(stateFolder()), name_(nameFor(server, key)) {
  bool isFree = true;
  try {
    if (folder_.empty()) return;
    std::filesystem::create_directories(folder_);
    locks_ = os::openOrMake(os::systemFiles(), AT_FDCWD, folder_ / "locks", O_RDWR, 0600);
    isFree = os::tryLockBytes(locks_.number(), F_WRLCK, byteOf(name_));
    if (isFree) removeOld();
  } catch (const std::exception&) {
    folder_.clear();
  }
  if (!isFree) throw Error(Fault::conflict, fmt::format("{}: another process is uploading it", path));
}

std::optional<UploadRef> UploadRecord::find() const {
  if (folder_.empty()) return std::nullopt;
  const auto kept = read(folder_ / name_);
  return kept ? std::optional(UploadRef{kept->upload}) : std::nullopt;
}

bool UploadRecord::save(const ResumableUpload& upload) const {
  if (folder_.empty()) return false;
  try {
    const KeptUpload kept{repairedUtf8(server_), repairedUtf8(std::filesystem::absolute(path_).string()), upload.id,
                          upload.video, upload.expires};
    os::writeFile(os::systemFiles(), AT_FDCWD, folder_ / name_, toJson(kept) + '\n', 0600);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void UploadRecord::remove() const {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove(folder_ / name_, ignored);
}

void UploadRecord::removeOld() const {
  const Time now = systemClock().now();
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!isName(name) || name == name_) continue;
    const auto kept = read(entry.path());
    if (kept && kept->expires + outdatedAfter > now) continue;
    const Descriptor lock = os::openOrMake(os::systemFiles(), AT_FDCWD, folder_ / "locks", O_RDWR, 0600);
    if (!os::tryLockBytes(lock.number(), F_WRLCK, byteOf(name))) continue;
    std::error_code ignored;
    std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace video::ctl

#pragma once

#include <sys/mount.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "catch.hpp"

namespace video {

/// A new folder below /tmp, which is removed with its contents.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = "/tmp/video-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A small file system, mounted on a new folder; unmounted on destruction.
class SmallDisk {
 public:
  /// `size` is in the syntax of tmpfs, such as `6m`.
  explicit SmallDisk(const std::string& size)
      : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, ("mode=0750,size=" + size).c_str()) == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// Returns false, and reports the test as skipped, if mounting is not permitted.
  bool isMounted() const {
    if (!mounted_) WARN("skipped: a tmpfs cannot be mounted here");
    return mounted_;
  }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return folder_ / name; }

 private:
  TempDirectory folder_;
  bool mounted_;
};

}  // namespace video

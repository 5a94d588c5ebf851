#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "os/descriptor.hpp"
#include "temp.hpp"

namespace video {

/// A small file system of any type in a file, mounted on a folder; gone with its owner.
class LoopDisk {
 public:
  /// `make` is a command that makes the file system in the image whose path is put behind it: "mkfs.ext4 -q".
  explicit LoopDisk(const std::string& make, off_t size) {
    const std::string image = folder_ / "image";
    const Descriptor file(::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const std::string mount = (folder_ / "mounted").string();
    std::filesystem::create_directory(mount);
    mounted_ = ::ftruncate(file.number(), size) == 0 &&
               std::system((make + ' ' + image + " >/dev/null 2>&1 && mount -o loop " + image + ' ' + mount +
                            " >/dev/null 2>&1")
                               .c_str()) == 0;
  }
  ~LoopDisk() {
    if (mounted_) ::umount2((folder_ / "mounted").c_str(), MNT_DETACH);
  }
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  bool isMounted() const { return mounted_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return folder_ / "mounted" / name; }

 private:
  TempDirectory folder_;
  bool mounted_ = false;
};

}  // namespace video

#include "os/copy_on_write.hpp"

#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <charconv>
#include <utility>

namespace video::os {

bool isBtrfs(int file) noexcept {
  struct statfs is {};
  return ::fstatfs(file, &is) == 0 && is.f_type == BTRFS_SUPER_MAGIC;
}

bool copiesOnWrite(int file) noexcept {
  int flags = 0;
  return isBtrfs(file) && (::ioctl(file, FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_NOCOW_FL) == 0);
}

bool cloneFile(int from, int to) noexcept {
  return ::ioctl(to, FICLONE, from) == 0;
}

bool canWriteInPlace(std::string_view release) noexcept {
  std::pair version{0, 0};
  const char* const end = release.data() + release.size();
  const auto [point, problem] = std::from_chars(release.data(), end, version.first);
  if (problem == std::errc() && point != end && *point == '.') std::from_chars(point + 1, end, version.second);
  return version >= std::pair{6, 17};
}

void setCopyOnWrite(int folder, bool on) noexcept {
  int flags = 0;
  if (!isBtrfs(folder) || ::ioctl(folder, FS_IOC_GETFLAGS, &flags) != 0) return;
  const int wanted = on ? flags & ~FS_NOCOW_FL : flags | FS_NOCOW_FL;
  if (wanted != flags) ::ioctl(folder, FS_IOC_SETFLAGS, &wanted);
}

}  // namespace video::os

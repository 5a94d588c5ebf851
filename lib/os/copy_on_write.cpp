#include "os/copy_on_write.hpp"

#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

namespace video::os {

bool isBtrfs(int file) noexcept {
  struct statfs is {};
  return ::fstatfs(file, &is) == 0 && is.f_type == BTRFS_SUPER_MAGIC;
}

bool copiesOnWrite(int folder) noexcept {
  int flags = 0;
  return isBtrfs(folder) && (::ioctl(folder, FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_NOCOW_FL) == 0);
}

void setCopyOnWrite(int folder, bool on) noexcept {
  int flags = 0;
  if (!isBtrfs(folder) || ::ioctl(folder, FS_IOC_GETFLAGS, &flags) != 0) return;
  const int wanted = on ? flags & ~FS_NOCOW_FL : flags | FS_NOCOW_FL;
  if (wanted != flags) ::ioctl(folder, FS_IOC_SETFLAGS, &wanted);
}

}  // namespace video::os

#pragma once

#include <string_view>

namespace video::os {

/// Returns whether an open file or folder is on btrfs.
bool isBtrfs(int file) noexcept;

/// Returns whether an open file is copied on write; for a folder, whether files created in it are. So it is on btrfs,
/// without the flag FS_NOCOW_FL. Memory that is mapped from such a file may need disk space with every write, and ends
/// the process (SIGBUS) where there is none.
bool copiesOnWrite(int file) noexcept;

/// Makes an empty file share the bytes of another one, each to change its own, which copies nothing. Returns false, and
/// does nothing, if the file system cannot.
bool cloneFile(int from, int to) noexcept;

/// Returns whether this release of Linux, as `uname` names it, may write to memory mapped from a file on btrfs without
/// reserving disk space: from 6.17 on, if the file is not copied on write and has its blocks. Earlier ones always
/// reserve some (btrfs_page_mkwrite; mended by commit 6599716de2d6).
bool canWriteInPlace(std::string_view release) noexcept;

/// Sets whether files that will be created in a folder are copied on write, and so have checksums. Only btrfs has the
/// choice; elsewhere, and where it is refused, nothing changes.
void setCopyOnWrite(int folder, bool on) noexcept;

}  // namespace video::os

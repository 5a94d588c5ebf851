#pragma once

namespace video::os {

/// Returns whether an open file or folder is on btrfs.
bool isBtrfs(int file) noexcept;

/// Returns whether files created in a folder are copied on write: on btrfs, unless the folder has the flag FS_NOCOW_FL.
/// Memory that is mapped from such a file may need disk space with every write, and ends the process (SIGBUS) where
/// there is none.
bool copiesOnWrite(int folder) noexcept;

/// Sets whether files that will be created in a folder are copied on write, and so have checksums. Only btrfs has the
/// choice; elsewhere, and where it is refused, nothing changes.
void setCopyOnWrite(int folder, bool on) noexcept;

}  // namespace video::os

#pragma once

#include <chrono>
#include <string>

#include "os/descriptor.hpp"
#include "store/directory.hpp"

namespace video::store {

/// The lock of a running backup, a byte of the file `BACKUP` of a data directory: as long as it is held, files that no
/// row names any more are moved to `held/` instead of being unlinked, since the backup's state of the database may name
/// them. Take it before that state is read. For one thread.
class BackupLock {
 public:
  /// `directory` must outlive this object. Throws busy if another backup of this directory still runs after `timeout`.
  BackupLock(DataDirectory& directory, std::chrono::milliseconds timeout);
  /// Releases the lock and empties `held/`.
  ~BackupLock();
  BackupLock(const BackupLock&) = delete;
  BackupLock& operator=(const BackupLock&) = delete;
  /// Returns whether a backup of the directory is running, in any process.
  static bool isHeld(const DataDirectory& directory);

 private:
  DataDirectory& directory_;
  Descriptor file_;
};

/// Removes `file` from `folder`, or, if `isHeld`, moves it to `held/`. No row that is committed may name it, and
/// `isHeld` must have been asked after that. A file that is gone is no error. Throws Error.
void removeOrHold(DataDirectory& directory, int folder, const std::string& file, bool isHeld);

/// Opens a file that was moved to `held/`. Returns an empty descriptor if there is none.
Descriptor openHeld(const DataDirectory& directory, const std::string& file);

/// Empties `held/`, unless a backup is running. Failures are logged.
void emptyHeld(DataDirectory& directory) noexcept;

}  // namespace video::store

#include "store/held_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/waiting.hpp"
#include "observe/log.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"

namespace video::store {
namespace {

constexpr const char* backupLockName = "BACKUP";
constexpr const char* heldName = "held";

}  // namespace

BackupLock::BackupLock(DataDirectory& directory, std::chrono::milliseconds timeout)
    : directory_(directory), file_(os::openOrMake(directory.files(), directory.descriptor(), backupLockName, O_RDWR)) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::chrono::milliseconds pause{1};
  while (!os::tryLockBytes(file_.number(), F_WRLCK, 0)) {
    if (std::chrono::steady_clock::now() >= deadline)
      throw Error(Fault::busy, directory.path().string() + ": another backup of it is running");
    const Waiting forTheOther;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::milliseconds{50});
  }
}

BackupLock::~BackupLock() {
  file_.reset();
  emptyHeld(directory_);
}

bool BackupLock::isHeld(const DataDirectory& directory) {
  const Descriptor file = os::openIfThere(directory.files(), directory.descriptor(), backupLockName, O_RDWR);
  return file && os::isByteLocked(file.number(), 0);
}

void removeOrHold(DataDirectory& directory, int folder, const std::string& file, bool isHeld) {
  os::FileSystem& files = directory.files();
  if (!isHeld) return os::removeFile(files, folder, file);
  os::makeFolder(files, directory.descriptor(), heldName);
  const Descriptor held = os::openFolder(files, directory.descriptor(), heldName);
  if (files.renameat2(folder, file.c_str(), held.number(), file.c_str(), 0) == 0 || errno == ENOENT) return;
  // A full disk must not keep anything from being deleted; the backup then says what it misses.
  if (errno != ENOSPC && errno != EDQUOT) os::throwErrno(errno, file);
  os::removeFile(files, folder, file);
}

Descriptor openHeld(const DataDirectory& directory, const std::string& file) {
  const Descriptor held = os::openIfThere(directory.files(), directory.descriptor(), heldName, O_RDONLY | O_DIRECTORY);
  if (!held) return {};
  return os::openIfThere(directory.files(), held.number(), file, O_RDONLY);
}

void emptyHeld(DataDirectory& directory) noexcept try {
  os::FileSystem& files = directory.files();
  const Descriptor held = os::openIfThere(files, directory.descriptor(), heldName, O_RDONLY | O_DIRECTORY);
  if (!held) return;
  // In this order: a backup that begins after the look does not name what was there before it.
  const std::vector<std::string> names = os::listNames(files, held.number(), heldName);
  if (names.empty() || BackupLock::isHeld(directory)) return;
  for (const std::string& name : names) os::removeFile(files, held.number(), name);
} catch (const std::exception& error) {
  observe::warning("the folder held could not be emptied", {{"error", error.what()}});
}

}  // namespace video::store

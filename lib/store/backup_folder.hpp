#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "os/descriptor.hpp"
#include "os/file_system.hpp"

namespace video::store {

/// A folder that is to become a backup set: made beside it under another name, locked while it is being filled, with
/// mode 0700. A process that is killed leaves that folder, which the next one beside it removes. For one thread.
class BackupFolder {
 public:
  /// Whom the set shall belong to, if not to this process.
  struct Owner {
    uid_t user;
    gid_t group;
  };

  /// Prepares the set `path`, with the rights of the caller, who may give them up afterwards: what needs them later is
  /// left to a child process if there is an `owner`. Throws Error: conflict if `path` exists, notFound if the folder
  /// that it is to be in is missing, forbidden.
  BackupFolder(os::FileSystem& files, const std::filesystem::path& path, std::optional<Owner> owner = {});
  /// Removes the folder, unless it was placed.
  ~BackupFolder();
  BackupFolder(const BackupFolder&) = delete;
  BackupFolder& operator=(const BackupFolder&) = delete;

  os::FileSystem& files() const { return files_; }
  int number() const { return folder_.number(); }
  const std::filesystem::path& path() const { return path_; }
  /// Returns the newest finished set beside it; an empty descriptor if there is none.
  const Descriptor& newest() const { return newest_; }
  /// Gives the folder, whose files are synced, the name of the set. Throws conflict if that exists by now.
  void place();

 private:
  void make(std::optional<Owner> owner);
  int tryPlace() const;
  void removeLeftovers() const;
  Descriptor findNewest() const;
  void startChild();
  void serveParent(int orders) const;
  int waitForChild();

  os::FileSystem& files_;
  std::filesystem::path path_;
  std::string name_;
  std::string unfinished_;
  Descriptor parent_;
  Descriptor folder_;
  Descriptor newest_;
  Descriptor orders_;  // socket to the child that kept the rights
  int child_ = -1;
  bool isPlaced_ = false;
};

/// Returns the name of a set made at this moment by the task: `2026-11-27T031500Z`.
std::string backupNameOf(std::int64_t unixSeconds);

/// Removes the finished sets with such names in the folder `path`, except the `keep` newest. Throws Error.
void keepNewestBackups(os::FileSystem& files, const std::filesystem::path& path, std::size_t keep);

}  // namespace video::store

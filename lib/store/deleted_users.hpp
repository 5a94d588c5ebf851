#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "os/file_system.hpp"
#include "store/reserve.hpp"

namespace video::store {

/// The list of users who were deleted from a data directory: the file `deleted-users`, one ID and creation time a
/// line, nothing else of them. It is not part of a backup, so that an older database that is put back does not revive
/// them. All functions may be called from any thread and any process.
class DeletedUsers {
 public:
  /// All must outlive this object; `folder` is the open data directory.
  DeletedUsers(os::FileSystem& files, int folder, Reserve& reserve)
      : files_(files), folder_(folder), reserve_(reserve) {}

  /// Appends a user who was created at `created`, durably, unless the user was among the last to be appended. An ID
  /// alone would not do: after an older database is put back, another user may get it. If the disk is full, releases
  /// the reserve. Throws Error.
  void add(UserId user, Time created);
  /// A place in the list, between two lines.
  struct Place {
    std::int64_t bytes = 0;  ///< before it
    std::int64_t hash = 0;   ///< of the last of them
    bool operator==(const Place&) const = default;
  };
  /// Calls `visit` for each user in the list after `from`, oldest first, or for all if `from` is not a place in this
  /// list. Lines that are damaged are skipped. Returns the place after the last whole line. Throws Error.
  Place forEach(const Place& from, const std::function<void(UserId user, Time created)>& visit) const;

 private:
  void append(const std::string& line);

  os::FileSystem& files_;
  int folder_;
  Reserve& reserve_;
};

}  // namespace video::store

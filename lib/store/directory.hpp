#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "os/file_system.hpp"
#include "store/deleted_users.hpp"
#include "store/process_leases.hpp"
#include "store/reserve.hpp"
#include "store/signing_key.hpp"

namespace video::store {

/// How the LOCK of a data directory is held: by all processes that use it, or exclusively by one (init, migrate,
/// restore).
enum class Hold { shared, exclusive };

/// An open data directory (storage.md): its layout, its owner and its LOCK. Every path below it is opened relative to
/// one descriptor, without following symbolic links. May be used from any thread.
class DataDirectory {
 public:
  /// Creates a data directory in a folder that is missing or empty, with a reserve if more than `freeSpaceFloor` bytes
  /// remain free (by default none); an existing data directory is left as it is. Throws Error: conflict (the folder
  /// contains something else), unreachable, forbidden (also if others may write to it).
  static void create(const std::filesystem::path& path, os::FileSystem& files = os::systemFiles(),
                     std::uint64_t freeSpaceFloor = 1ULL << 62);

  /// Makes a data directory in a folder that is missing or empty, or in which this was cut off before, of what
  /// `restore` puts below the folder `root`: contents in `blobs/`, and the database `video.db.new`. All or nothing:
  /// until it is complete, the file `restoring` keeps everybody from opening it. Throws what `restore` throws; conflict
  /// (the folder contains something else), busy (in use), unreachable, forbidden.
  static void createFrom(const std::filesystem::path& path, const std::function<void(int root)>& restore,
                         os::FileSystem& files, std::uint64_t freeSpaceFloor);

  /// Opens a data directory and takes its LOCK. Throws Error: unreachable (missing, or not a data directory; the
  /// message names `origin`, where the path came from), forbidden (also if others may write to the directory, a folder
  /// in it, the database or the signing key), busy (others hold the LOCK for longer than `lockTimeout`), conflict (a
  /// restore was cut off there).
  static std::shared_ptr<DataDirectory> open(const std::filesystem::path& path, Hold hold, std::string_view origin = {},
                                             std::chrono::milliseconds lockTimeout = std::chrono::seconds{10},
                                             os::FileSystem& files = os::systemFiles());

  /// For direct mode: if run as root, switches the whole process to the owner of the directory (initgroups, setresgid,
  /// setresuid) before anything in it is touched. Throws forbidden for users who are neither root nor the owner.
  static void becomeOwner(const std::filesystem::path& path);

  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  /// Converts an exclusive LOCK into a shared one, for example after a migration. Throws busy if another process took
  /// it in between.
  void share();

  const std::filesystem::path& path() const;
  int descriptor() const;
  std::filesystem::path databasePath() const;

  /// Returns the bytes that are free for this process on the directory's file system.
  std::uint64_t freeSpace() const;

  /// Returns what the file system could not guarantee when the directory was opened, for the log; empty if nothing.
  const std::string& risk() const;

  /// Returns the interface for all access to files below the directory.
  os::FileSystem& files() const;
  Reserve& reserve();
  ProcessLeases& leases();
  SigningKey& signingKey();
  DeletedUsers& deletedUsers();

 private:
  struct State;
  explicit DataDirectory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace video::store

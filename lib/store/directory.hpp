#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "os/file_system.hpp"
#include "store/process_leases.hpp"
#include "store/reserve.hpp"
#include "store/signing_key.hpp"

namespace video::store {

/// How the LOCK of a data directory is held: by all who use it, or by one process alone (init, migrate, restore).
enum class Hold { shared, exclusive };

/// An open data directory (storage.md): its layout, its owner and its LOCK. Every path below it is opened relative to
/// one descriptor, without following symbolic links. May be used from any thread.
class DataDirectory {
 public:
  /// Makes a data directory in a folder that is missing or empty; one with a `video.db` of ours is left as it is.
  /// Throws Error: conflict (something else is in it), unreachable, forbidden.
  static void create(const std::filesystem::path& path, os::FileSystem& files = os::systemFiles());

  /// Opens one and holds its LOCK. Throws Error: unreachable (missing, or no data directory; the sentence names
  /// `origin`, where the path came from), forbidden, busy (LOCK is held otherwise for longer than `lockTimeout`).
  static std::shared_ptr<DataDirectory> open(const std::filesystem::path& path, Hold hold, std::string_view origin = {},
                                             std::chrono::milliseconds lockTimeout = std::chrono::seconds{10},
                                             os::FileSystem& files = os::systemFiles());

  /// In direct mode: as root, becomes the owner of the directory for the whole process (initgroups, setresgid,
  /// setresuid), before anything is touched; throws forbidden for anyone who is neither root nor the owner.
  static void becomeOwner(const std::filesystem::path& path);

  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  /// Turns an exclusive LOCK into a shared one, as after a migration. Throws busy where another took it in between.
  void share();

  const std::filesystem::path& path() const;
  int descriptor() const;
  std::filesystem::path databasePath() const;

  /// Bytes free to this process on the directory's file system.
  std::uint64_t freeSpace() const;

  /// What everything below it is done through.
  os::FileSystem& files() const;
  Reserve& reserve();
  ProcessLeases& leases();
  SigningKey& signingKey();

 private:
  struct State;
  explicit DataDirectory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace video::store

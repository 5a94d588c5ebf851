#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace video::store {

enum class Hold { shared, exclusive };

/// A data directory that this process has open (storage.md): its layout, its owner, its locks. Every path below it is
/// reached by openat from one descriptor, without following links. May be used from any thread.
class DataDirectory {
 public:
  /// Makes a data directory in a folder that is missing or empty; one with a `video.db` of ours is left as it is.
  /// Throws Error: conflict (something else is in it), unreachable, forbidden.
  static void create(const std::filesystem::path& path);

  /// Opens one and holds its LOCK. Throws Error: unreachable (missing, or no data directory; the sentence names
  /// `origin`, where the path came from), forbidden, busy (LOCK is held otherwise for longer than `lockTimeout`).
  static std::shared_ptr<DataDirectory> open(const std::filesystem::path& path, Hold hold, std::string_view origin = {},
                                             std::chrono::milliseconds lockTimeout = std::chrono::seconds{10});

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
  /// Gives up the reserve; how many bytes it held, 0 where there was none.
  std::uint64_t releaseReserve();
  /// Makes the reserve (64 MiB; on a small disk an eighth of what is free, 8 MiB at least) where space allows: never
  /// below `floor` bytes free. Whether one stands now.
  bool makeReserve(std::uint64_t floor);

  /// The number of this process's locked byte in OWNERS; taken at the first call.
  std::int64_t ownerByte();
  /// Whether the process that took this byte still lives (its lock is held).
  bool isOwnerAlive(std::int64_t byte) const;

  /// The key that signs links, 32 bytes; made at the first call where none exists (signing.key, 0600).
  std::string signingKey();
  /// Puts a new key in its place, whole or not at all.
  void rotateSigningKey();
  /// The same with a key that was given; leaves the file as it is where it holds this one. Throws malformed unless it
  /// has 32 bytes.
  void setSigningKey(std::string_view key);

 private:
  struct State;
  explicit DataDirectory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace video::store

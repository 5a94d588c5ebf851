#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

namespace video::store {

class DataDirectory;

/// The folders below `blobs/` that this process has synced, so that their names survive a power loss.
using SyncedShards = std::array<std::atomic<bool>, 256>;

/// An upload in progress: the file `incoming/NAME`, flocked by this object. Unless `finish` and then `keep` are called,
/// the destructor removes what was written. One thread at a time.
class Incoming {
 public:
  Incoming(Incoming&&) noexcept;
  ~Incoming();
  /// Makes `file` itself the content, under a second name, instead of a copy of it. Its bytes must then all be given to
  /// `write`, which only hashes them. Returns false, and does nothing, if that is not possible: the file must be on the
  /// file system of the data directory, belong to this process's user, and have no other name.
  bool adopt(std::shared_ptr<const Descriptor> file);
  /// Appends bytes and updates size and SHA-256. Throws diskFull.
  void write(std::span<const std::byte> piece);
  /// Returns memory to receive the next bytes into, which saves a copy; empty if there is none.
  std::span<std::byte> room();
  std::uint64_t size() const;
  /// Returns the first bytes (at most 4096), from which the media type is detected.
  std::string_view front() const;
  /// Syncs the file, renames it to a new, unique blob name (a random ID + `.extension`), and syncs the folders. Returns
  /// the blob's name. Size and hash are final afterwards. Throws conflict if an adopted file has changed meanwhile.
  std::string finish(std::string_view extension);
  /// Returns the SHA-256 of the content in lower-case hex. Call it after `finish`.
  std::string sha256() const;
  /// Keeps the blob. Call it in the transaction that stores the blob's row.
  void keep();

 private:
  friend class Blobs;
  struct State;
  explicit Incoming(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A removal: of a blob, of an upload, or of both; either name may be empty.
struct Removal {
  std::string blob;
  std::string incoming;
  std::string failure{};  ///< why the removal failed; empty if it succeeded
};

/// The store of finished contents, which never change, and of uploads in progress. May be used from any thread.
class Blobs {
 public:
  explicit Blobs(std::shared_ptr<DataDirectory> directory);
  ~Blobs();
  /// Starts an upload under a name chosen by videod (a video's ID). Throws conflict if any process has an upload of
  /// this name in progress. A file left by a process that died is emptied and reused.
  Incoming begin(std::string_view name);
  /// Returns whether an upload of this name is in progress in any process.
  bool isUnderWay(std::string_view name) const;
  /// Opens a blob for reading with pread. Readers of the same blob share one descriptor. Returns null if there is no
  /// such blob.
  std::shared_ptr<const Descriptor> open(std::string_view blob) const;
  /// Returns the path of a blob below `blobs/`.
  static std::string pathOf(std::string_view blob);

  /// Removes files, syncs each folder once, and records which removals failed. A file that is already gone is not a
  /// failure.
  void remove(std::span<Removal> all);
  /// Removes `incoming/NAME` unless an upload holds it. Before that, under the upload's lock, calls `before`. Returns
  /// whether it was removed.
  bool removeIncoming(std::string_view name, const std::function<void()>& before = {});
  /// Removes files in `incoming/` that killed processes left behind.
  void removeAbandoned();

  /// Returns the names in `incoming/` that were last written before `moment`.
  std::vector<std::string> listIncoming(Time moment) const;
  /// Returns the names of the folders below `blobs/`.
  std::vector<std::string> listFolders() const;
  /// Returns the names of files in one of these folders that were last written before `moment`.
  std::vector<std::string> listFiles(const std::string& folder, Time moment) const;
  /// Moves a file into `lost+found/`, under a new name if its name is taken there. Does nothing if an upload holds the
  /// file, or if `isKnown`, called under the upload's lock, returns that it belongs to a row. Returns whether it was
  /// moved.
  bool quarantine(const std::string& folder, const std::string& file, const std::function<bool()>& isKnown);

 private:
  struct Reading;
  std::shared_ptr<DataDirectory> directory_;
  std::shared_ptr<SyncedShards> syncedShards_;
  std::unique_ptr<Reading> reading_;
};

}  // namespace video::store

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
#include "base/error.hpp"
#include "os/descriptor.hpp"
#include "store/content_writer.hpp"

namespace video::store {

class DataDirectory;

/// The folders below `blobs/` that this process has synced, so that their names survive a power loss.
using SyncedShards = std::array<std::atomic<bool>, 256>;

/// An upload in progress: the file `incoming/NAME`, flocked by this object. Unless `finish` and then `keep` are called,
/// the destructor removes what was written; of an upload that can be resumed it keeps it. One thread at a time.
class Incoming {
 public:
  Incoming(Incoming&&) noexcept;
  ~Incoming();
  /// Makes `file` itself the content, under a second name, instead of a copy of it. Its bytes must then all be given to
  /// `write`, which only hashes them. Returns false, and does nothing, if that is not possible: the file must be on the
  /// file system of the data directory, belong to this process's user, have no other name, and be open for writing
  /// nowhere (which needs leases, fcntl(2)).
  bool adopt(std::shared_ptr<const Descriptor> file);
  /// Appends bytes and updates size and SHA-256. Throws diskFull.
  void write(std::span<const std::byte> piece);
  /// Returns memory to receive the next bytes into, which saves a copy; empty if there is none.
  std::span<std::byte> room();
  std::uint64_t size() const;
  static constexpr std::size_t frontSize = 64 * 1024;
  /// Returns the first bytes (at most `frontSize`), from which the media type is detected.
  std::string_view front() const;
  /// Syncs the bytes that are in the file already, and returns how many: so many survive a crash. Once a sync has
  /// failed, every later one throws: the system may have dropped what it could not write.
  std::uint64_t sync();
  /// Returns how many bytes certainly survive a crash.
  std::uint64_t synced() const;
  /// Waits until all bytes are in the file, syncs it, and returns their hash. Nothing may be written afterwards.
  HashedPart pause();
  /// Cuts off everything after the first `size` bytes. Nothing may be written afterwards.
  void cut(std::uint64_t size);
  /// Has the destructor remove what was written of an upload that can be resumed.
  void drop();
  /// Syncs the file, renames it to a new, unique blob name (a random ID + `.extension`), and syncs the folders. Returns
  /// the blob's name. Size and hash are final afterwards. Throws conflict if an adopted file has changed meanwhile.
  std::string finish(std::string_view extension);
  /// Returns whether an adopted file has become the store's alone since its row was committed: it has no other name,
  /// and nobody has opened it, or waits to open it, for writing.
  bool isAlone() const;
  /// Gives an adopted file back: a copy of it becomes the blob. Does nothing if the blob is not kept. Call it after the
  /// row was committed, if not `isAlone`. Throws diskFull; conflict if the file has changed.
  void replaceByCopy();
  /// Returns the SHA-256 of the content in lower-case hex. Call it after `finish`.
  std::string sha256() const;
  /// Keeps the blob. Call it in the transaction that stores the blob's row.
  void keep();
  /// Says that this transaction has failed: an upload that can be resumed is kept too. The blob is removed only if it
  /// `isCertain` that no row has it, because a crash can bring back what a COMMIT has written before it failed.
  void unkeep(bool isCertain);

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
  /// Continues an upload that can be resumed behind its first `size` bytes, which the file must have, or starts it.
  /// Bytes after them are cut off, but before that `confirm` is called, under the upload's lock, with the size that the
  /// file has. Those that `hashed` has not hashed are read again; it is brought up to date, also if
  /// `isStopped`, asked now and then, ends that. Throws locked if a process has an upload of this name in progress, or
  /// if stopped.
  Incoming resume(std::string_view name, std::uint64_t size, HashedPart& hashed, const std::function<bool()>& isStopped,
                  const std::function<void(std::uint64_t there)>& confirm = {});
  /// Returns the size of `incoming/NAME`; 0 if there is none.
  std::uint64_t incomingSize(std::string_view name) const;
  /// Returns whether an upload of this name is in progress in any process.
  bool isUnderWay(std::string_view name) const;
  /// Opens a blob for reading with pread. Readers of the same blob share one descriptor. Returns null if there is no
  /// such blob.
  std::shared_ptr<const Descriptor> open(std::string_view blob) const;
  /// Returns whether a blob can have this name; then it is a plain file name.
  static bool isName(std::string_view blob);
  /// Returns the path of a blob below `blobs/`.
  static std::string pathOf(std::string_view blob);

  /// Removes files that no committed row names, syncs each folder once, and records which removals failed. A file that
  /// is already gone is not a failure. While a backup runs, they are moved to `held/`, for it may need them.
  void remove(std::span<Removal> all);
  /// Removes `incoming/NAME` unless an upload holds it, or `mayRemove`, which is called under the upload's lock,
  /// returns false. Returns whether it was removed.
  bool removeIncoming(std::string_view name, const std::function<bool()>& mayRemove = {});
  /// Removes files in `incoming/` that killed processes left behind, except those for whose name `isKept` returns true.
  void removeAbandoned(const std::function<bool(const std::string& name)>& isKept);

  /// Returns the names in `incoming/` that were last written before `moment`.
  std::vector<std::string> listIncoming(Time moment) const;
  /// Returns the names of the folders below `blobs/`.
  std::vector<std::string> listFolders() const;
  /// Returns the names of files in one of these folders that were last written before `moment`.
  std::vector<std::string> listFiles(const std::string& folder, Time moment) const;
  /// Returns whether an upload holds a file in one of these folders, whose row may not be committed yet.
  bool isHeld(const std::string& folder, const std::string& file) const;
  /// What became of a file that belongs to no row.
  enum class Swept { no, moved, unlinked };
  /// Moves a file into `lost+found/`, under a new name if its name is taken there; unlinks one that has another name
  /// elsewhere. Does nothing if an upload holds the file, or if `isKnown`, called under the upload's lock, returns that
  /// it belongs to a row.
  Swept quarantine(const std::string& folder, const std::string& file, const std::function<bool()>& isKnown);

 private:
  struct Reading;

  /// Opens or creates and locks `incoming/NAME`, calls `confirm`, which may be null, with its size, and cuts it to
  /// `size`. Throws `taken` if it is locked.
  std::unique_ptr<Incoming::State> take(std::string_view name, std::uint64_t size, const Error& taken,
                                        const std::function<void(std::uint64_t there)>& confirm);

  std::shared_ptr<DataDirectory> directory_;
  std::shared_ptr<SyncedShards> syncedShards_;
  std::unique_ptr<Reading> reading_;
  std::atomic<bool> hasHeld_{false};  ///< this process has moved files to `held/`
};

}  // namespace video::store

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/sha256.hpp"
#include "store/backup_folder.hpp"
#include "store/backup_manifest.hpp"
#include "store/held_files.hpp"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace video::store {

class OnlineCopy;

/// Where the files of a backup set go, one after the other. Throws Error. For one thread.
class BackupSink {
 public:
  virtual ~BackupSink() = default;
  /// Returns the empty file that the database is copied to, to be read afterwards.
  virtual std::shared_ptr<const Descriptor> makeDatabase() = 0;
  /// Says that the database is complete. Returns whether its bytes must be written as those of any other file.
  virtual bool takeDatabase() = 0;
  /// Begins a file. Returns false if it exists already.
  virtual bool begin(const std::string& path, std::uint64_t size, Time modified) = 0;
  /// Makes the file share the bytes of another one, which are not written then. Returns false if that is not possible.
  virtual bool clone(int /*from*/) { return false; }
  /// Writes the next bytes of the file.
  virtual void write(std::span<const std::byte> bytes) = 0;
  /// Waits until nothing of it waits to be written to the disk.
  virtual void settle() noexcept {}
  /// Ends the file.
  virtual void end() = 0;
  /// Returns what an earlier set says about a file; null if nothing.
  virtual const BackupEntry* find(const std::string& /*path*/) const { return nullptr; }
  /// Opens a file of the earlier set, for reading; an empty descriptor if that is not possible.
  virtual Descriptor openEarlier(const BackupEntry& /*entry*/) { return {}; }
  /// Shares a file with the earlier set. Returns false if it is not there as the entry says, or that is not possible.
  virtual bool link(const BackupEntry& /*entry*/) { return false; }
  /// Ends the set with its manifest.
  virtual void finish(const BackupManifest& manifest) = 0;
};

/// Writes the set into a folder and places it. `folder` must outlive it.
std::unique_ptr<BackupSink> makeFolderSink(BackupFolder& folder);

/// Writes the set as a tar archive, all below the folder `name`, and calls `write` with its bytes. The copy of the
/// database is a file without a name in `directory`, which must outlive the sink.
std::unique_ptr<BackupSink> makeTarSink(DataDirectory& directory, std::string name,
                                        std::function<void(std::span<const std::byte>)> write);

/// Makes a backup set of a data directory while everything goes on: the database as it is at one moment, and the
/// contents and pictures that this state of it names. What it shares with an earlier set is not read, but for a part
/// that changes from day to day: what is damaged there is copied again. While others write to the database, it uses the
/// disk a quarter of the time. In steps, each of them short. Throws Error. For one thread.
class BackupWriter {
 public:
  /// What was written so far.
  struct Tally {
    Time time{};  ///< of the state of the database
    std::int64_t schema = 0;
    std::int64_t files = 0;
    std::int64_t reused = 0;       ///< of them, shared with an earlier set
    std::uint64_t bytes = 0;       ///< of all files
    std::uint64_t bytesOfAll = 0;  ///< what `bytes` will be in the end, about; 0 if not known yet
    std::int64_t pauses = 0;       ///< how often it left the disk to others
    std::vector<BackupFinding> problems{};
  };

  /// Takes the lock of a backup; throws busy if another one still runs after `lockTimeout`, versionMismatch if the
  /// database has another schema than this program. Before it writes to the file system of the data directory, it calls
  /// `requireSpace` with how many bytes about. All must outlive this object.
  BackupWriter(DataDirectory& directory, BackupSink& sink, const Clock& clock, std::chrono::milliseconds lockTimeout,
               std::function<void(std::uint64_t bytes)> requireSpace);
  ~BackupWriter();
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;

  /// Does the next step. Returns false once the set is finished.
  bool step();
  const Tally& tally() const { return tally_; }

 private:
  struct Current;

  void paceDatabase();
  bool othersWrite();
  void leaveDiskToOthers();
  void openList();
  void beginDatabase();
  bool beginNext();
  void beginContent(const std::string& path, const std::string& name, const std::string& sha256);
  void beginCopy(const std::string& path, const std::string& name, const std::string& sha256);
  bool tryReuse(const std::string& path, const std::string& name, const std::string& sha256);
  bool share(const BackupEntry& entry);
  bool isDue(const std::string& sha256) const;
  Descriptor openContent(const std::string& path, const std::string& name, std::string& failure) const;
  void copyPiece();
  void endFile();
  void addFile(BackupEntry entry);
  void addProblem(std::string kind, const std::string& path, std::string detail);
  void finish();

  DataDirectory& directory_;
  BackupSink& sink_;
  BackupLock lock_;
  Tally tally_;
  BackupManifest manifest_;
  std::shared_ptr<const Descriptor> file_;  // the copy of the database
  std::unique_ptr<OnlineCopy> copy_;
  std::unique_ptr<SQLite::Database> list_;
  std::unique_ptr<SQLite::Statement> contents_;
  std::unique_ptr<SQLite::Statement> pictures_;
  std::unique_ptr<Current> current_;
  std::vector<std::byte> piece_;
  std::function<void(std::uint64_t)> requireSpace_;  // does nothing for another file system
  std::uint64_t started_ = 0;  // bytes of the copy of the database that are on their way to the disk
  std::chrono::steady_clock::time_point pieceBegan_{};
  std::chrono::steady_clock::time_point writtenTo_{};  // when others were last seen to write to the database
  std::int64_t logTime_ = 0;                           // of the write-ahead log, ns
  std::int64_t logSize_ = 0;
  bool isShort_ = false;  // the next piece
  bool isFinished_ = false;
};

}  // namespace video::store

#pragma once

#include <cstdint>
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

/// A content on its way in: `incoming/NAME`, flocked by this object. Unless `finish` was called and `keep` after it,
/// everything it wrote is removed with it. One thread at a time.
class Incoming {
 public:
  Incoming(Incoming&&) noexcept;
  ~Incoming();
  /// Appends; counts size and SHA-256 on the way. Throws diskFull.
  void write(std::span<const std::byte> piece);
  /// Memory for the next piece, which need not be copied if it was put there; empty where there is none.
  std::span<std::byte> room();
  std::uint64_t size() const;
  /// The first bytes (at most 4096), for finding out what it is.
  std::string_view front() const;
  /// fsync, then rename to a blob name never used before (random id + `.extension`), then fsync of the folders.
  /// Returns the blob's name; hash and size are final.
  std::string finish(std::string_view extension);
  /// SHA-256 of what was written, lower-case hex; after finish.
  std::string sha256() const;
  /// The row points at the blob now: it stays.
  void keep();

 private:
  friend class Blobs;
  struct State;
  explicit Incoming(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What is to go: a content, and what was on its way in; either may be empty.
struct Removal {
  std::string blob;
  std::string incoming;
  std::string failure{};  ///< why it is still there; empty where it is gone
};

/// Finished contents, immutable, and uploads under way. May be used from any thread.
class Blobs {
 public:
  explicit Blobs(std::shared_ptr<DataDirectory> directory);
  ~Blobs();
  /// Begins an upload under a name of ours (a video's id). Throws conflict where one is under way in any process.
  /// A stale file of a dead uploader is emptied and taken over.
  Incoming begin(std::string_view name);
  /// Whether an upload under this name holds its lock, in any process.
  bool isUnderWay(std::string_view name) const;
  /// Opens a blob for reading, at offsets of the reader's own: those who read at one time share it. Null where there is
  /// none.
  std::shared_ptr<const Descriptor> open(std::string_view blob) const;
  /// Where a blob stands, below `blobs/`.
  static std::string pathOf(std::string_view blob);

  /// Removes them, syncs each folder once, and notes what failed; what is gone already is no fault.
  void remove(std::span<Removal> all);
  /// Removes `incoming/NAME` where nobody holds it; whether it did.
  bool removeIncoming(std::string_view name);
  /// Removes whatever a killed process left in `incoming/`.
  void removeAbandoned();

  /// Names in `incoming/` last written to before `moment`.
  std::vector<std::string> listIncoming(Time moment) const;
  /// The folders below `blobs/`.
  std::vector<std::string> listFolders() const;
  /// Names of files in one of them last written to before `moment`.
  std::vector<std::string> listFiles(const std::string& folder, Time moment) const;
  /// Moves one into `lost+found/`, under another name where there is one of its name.
  void quarantine(const std::string& folder, const std::string& file);

 private:
  struct Reading;
  std::shared_ptr<DataDirectory> directory_;
  std::unique_ptr<Reading> reading_;
};

}  // namespace video::store
